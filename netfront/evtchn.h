/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Event channels with a late EOI: after an event Xen sends no other one until
 * the EOI, which is given only after the work is done.  A peer that sends
 * events without work is slowed down by the kernel.
 */
#ifndef NC2F_EVTCHN_H
#define NC2F_EVTCHN_H

#include <linux/atomic.h>
#include <linux/interrupt.h>

struct xenbus_device;

/**
 * struct nc2f_irq - one event channel
 * @irq: its interrupt, 0 while there is none
 * @evtchn: its port
 * @pending: an event awaits its EOI
 * @worked: work has been found since the last EOI
 * @name: as shown in /proc/interrupts
 *
 * @worked spans more than the last event: work that was found by polling takes
 * the sense from an event that is already on its way, which is no fault of
 * the peer.
 */
struct nc2f_irq {
	unsigned int irq;
	unsigned int evtchn;
	atomic_t pending;
	bool worked;
	char name[32];
};

int nc2f_irq_bind(struct nc2f_irq *irq, struct xenbus_device *xdev,
		  irq_handler_t handler, void *arg);
void nc2f_irq_unbind(struct nc2f_irq *irq, void *arg);
void nc2f_irq_notify(const struct nc2f_irq *irq);
void nc2f_irq_eoi(struct nc2f_irq *irq);

/**
 * nc2f_irq_raise - note that an event has come
 * @irq: the event channel
 *
 * Hard interrupt context.
 */
static inline void nc2f_irq_raise(struct nc2f_irq *irq)
{
	atomic_set(&irq->pending, 1);
	/*
	 * Before the caller looks who is to find it.  Whoever changes that then wakes a
	 * poll or a work, which is a barrier as well, and looks for events.
	 */
	smp_mb__after_atomic();
}

#endif /* NC2F_EVTCHN_H */
