// SPDX-License-Identifier: GPL-2.0
/* Event channels with a late EOI. */
#include "evtchn.h"

#include <xen/events.h>
#include <xen/interface/event_channel.h>
#include <xen/xenbus.h>

#include <asm/xen/hypercall.h>

/**
 * nc2f_irq_bind - get an event channel for the back to connect to
 * @irq: the event channel; its name is set
 * @xdev: the device
 * @handler: called in hard interrupt context
 * @arg: for @handler
 *
 * May sleep.  Without one the caller may go on, so that it is not xenbus that is asked for
 * it, which would give up the device.
 *
 * Return: 0 or an error.
 */
int nc2f_irq_bind(struct nc2f_irq *irq, struct xenbus_device *xdev,
		  irq_handler_t handler, void *arg)
{
	struct evtchn_alloc_unbound alloc = {
		.dom = DOMID_SELF,
		.remote_dom = xdev->otherend_id,
	};
	int err;

	atomic_set(&irq->pending, 0);
	irq->worked = false;
	err = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);
	if (err)
		return err;
	err = bind_evtchn_to_irqhandler_lateeoi(alloc.port, handler, 0, irq->name, arg);
	if (err < 0) {
		xenbus_free_evtchn(xdev, alloc.port);
		return err;
	}
	irq->evtchn = alloc.port;
	irq->irq = err;
	return 0;
}

/**
 * nc2f_irq_unbind - close an event channel, if it is open
 * @irq: the event channel
 * @arg: as given to nc2f_irq_bind()
 *
 * May sleep.  No handler runs any more on return.
 */
void nc2f_irq_unbind(struct nc2f_irq *irq, void *arg)
{
	if (irq->irq)
		unbind_from_irqhandler(irq->irq, arg);
	irq->irq = 0;
	irq->evtchn = 0;
}

/**
 * nc2f_irq_notify - send an event to the back
 * @irq: the event channel
 */
void nc2f_irq_notify(const struct nc2f_irq *irq)
{
	notify_remote_via_irq(irq->irq);
}

/**
 * nc2f_irq_eoi - allow the next event, if there has been one
 * @irq: the event channel
 */
void nc2f_irq_eoi(struct nc2f_irq *irq)
{
	bool worked;

	if (!atomic_read(&irq->pending))
		return;
	worked = irq->worked;
	irq->worked = false;
	if (atomic_xchg(&irq->pending, 0))
		xen_irq_lateeoi(irq->irq, worked ? 0 : XEN_EOI_FLAG_SPURIOUS);
}
