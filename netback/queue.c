// SPDX-License-Identifier: GPL-2.0
#include "queue.h"
#include "compat.h"
#include "grant.h"
#include "vif.h"

#include <linux/interrupt.h>
#include <linux/slab.h>

#include <xen/events.h>
#include <xen/page.h>
#include <xen/xenbus.h>

/**
 * nc2b_queue_add_stats - add the queue's counters to others
 * @q: the queue
 * @sum: NC2B_STATS of them
 *
 * Any context.
 */
void nc2b_queue_add_stats(const struct nc2b_queue *q, u64 *sum)
{
	unsigned int tx, rx, in, i;
	u64 n[NC2B_STATS];

	do {
		tx = u64_stats_fetch_begin(&q->tx_sync);
		rx = u64_stats_fetch_begin(&q->rx_sync);
		in = u64_stats_fetch_begin(&q->in_sync);
		for (i = 0; i < NC2B_STATS; i++)
			n[i] = u64_stats_read(&q->stats[i]);
	} while (u64_stats_fetch_retry(&q->tx_sync, tx) ||
		 u64_stats_fetch_retry(&q->rx_sync, rx) ||
		 u64_stats_fetch_retry(&q->in_sync, in));
	for (i = 0; i < NC2B_STATS; i++)
		sum[i] += n[i];
}

/**
 * nc2b_queue_eoi - tell Xen that an event has been dealt with
 * @q: the queue
 * @which: NC2B_EOI_TX or NC2B_EOI_RX: the caller's direction
 * @worked: the event brought work; if not, Xen delays the next one, which is
 *	what keeps a guest that sends events for nothing from taking the CPU
 *
 * With one event channel for both directions the later of the two says it, for
 * both: an event is for nothing if neither has found work.
 *
 * Return: whether one was due: then @worked has been taken into account.
 */
bool nc2b_queue_eoi(struct nc2b_queue *q, int which, bool worked)
{
	unsigned int irq = which == NC2B_EOI_TX ? q->tx_irq : q->rx_irq;
	bool shared = q->tx_irq == q->rx_irq;
	int old = atomic_read(&q->eoi), new;

	/* One step: an older poll may still be here when the next one comes. */
	do {
		if (!(old & which))
			return false;
		new = old & ~which;
		if (shared && worked)
			new |= NC2B_EOI_WORKED;
		if (!(new & (NC2B_EOI_TX | NC2B_EOI_RX)))
			new = 0;
	} while (!atomic_try_cmpxchg(&q->eoi, &old, new));
	/* The other direction is the later one. */
	if (shared && new)
		return true;
	worked |= old & NC2B_EOI_WORKED;
	xen_irq_lateeoi(irq, worked ? 0 : XEN_EOI_FLAG_SPURIOUS);
	return true;
}

static irqreturn_t tx_event(int irq, void *data)
{
	struct nc2b_queue *q = data;

	atomic_or(NC2B_EOI_TX, &q->eoi);
	napi_schedule(&q->tx_napi);
	return IRQ_HANDLED;
}

static irqreturn_t rx_event(int irq, void *data)
{
	struct nc2b_queue *q = data;

	atomic_or(NC2B_EOI_RX, &q->eoi);
	napi_schedule(&q->rx_napi);
	return IRQ_HANDLED;
}

static irqreturn_t both_event(int irq, void *data)
{
	struct nc2b_queue *q = data;

	atomic_or(NC2B_EOI_TX | NC2B_EOI_RX, &q->eoi);
	napi_schedule(&q->tx_napi);
	napi_schedule(&q->rx_napi);
	return IRQ_HANDLED;
}

static int bind_one(struct nc2b_queue *q, unsigned int evtchn,
		    irq_handler_t handler, const char *name)
{
	return bind_interdomain_evtchn_to_irqhandler_lateeoi(q->vif->xdev, evtchn,
							     handler, 0, name, q);
}

static int bind_events(struct nc2b_queue *q, const struct nc2b_queue_keys *keys)
{
	const char *dev = q->vif->dev->name;
	int irq;

	if (keys->tx_evtchn == keys->rx_evtchn) {
		snprintf(q->tx_name, sizeof(q->tx_name), "%s-q%u", dev, q->id);
		irq = bind_one(q, keys->tx_evtchn, both_event, q->tx_name);
		if (irq < 0)
			return irq;
		q->tx_irq = irq;
		q->rx_irq = irq;
		return 0;
	}

	snprintf(q->tx_name, sizeof(q->tx_name), "%s-q%u-tx", dev, q->id);
	snprintf(q->rx_name, sizeof(q->rx_name), "%s-q%u-rx", dev, q->id);
	irq = bind_one(q, keys->tx_evtchn, tx_event, q->tx_name);
	if (irq < 0)
		return irq;
	q->tx_irq = irq;
	irq = bind_one(q, keys->rx_evtchn, rx_event, q->rx_name);
	if (irq < 0) {
		unbind_from_irqhandler(q->tx_irq, q);
		return irq;
	}
	q->rx_irq = irq;
	return 0;
}

static void unbind_events(struct nc2b_queue *q)
{
	unbind_from_irqhandler(q->tx_irq, q);
	if (q->rx_irq != q->tx_irq)
		unbind_from_irqhandler(q->rx_irq, q);
}

/*
 * The rings are taken up where the last back left them, so that this module
 * can be unloaded and loaded again under a live guest.  On failure one may be mapped.
 */
static int map_rings(struct nc2b_queue *q, const struct nc2b_queue_keys *keys)
{
	domid_t domid = q->vif->xdev->otherend_id;
	struct xen_netif_tx_sring *txs;
	struct xen_netif_rx_sring *rxs;
	RING_IDX rsp;
	int err;

	err = nc2b_map_ring(&q->tx_map, domid, keys->tx_ref);
	if (err)
		return err;
	txs = nc2b_map_addr(&q->tx_map, 0);
	rsp = READ_ONCE(txs->rsp_prod);
	BACK_RING_ATTACH(&q->tx, txs, rsp, XEN_PAGE_SIZE);

	err = nc2b_map_ring(&q->rx_map, domid, keys->rx_ref);
	if (err)
		return err;
	rxs = nc2b_map_addr(&q->rx_map, 0);
	rsp = READ_ONCE(rxs->rsp_prod);
	BACK_RING_ATTACH(&q->rx, rxs, rsp, XEN_PAGE_SIZE);

	if (READ_ONCE(txs->req_prod) - q->tx.rsp_prod_pvt > RING_SIZE(&q->tx) ||
	    READ_ONCE(rxs->req_prod) - q->rx.rsp_prod_pvt > RING_SIZE(&q->rx))
		return -EIO;
	return 0;
}

/**
 * nc2b_queue_map - make a queue ready to be started
 * @q: all zero
 * @vif: whose
 * @id: its number
 * @keys: what the front wrote for it
 *
 * Process context, and not under RTNL: Xen may have us wait half a minute for a
 * page of the guest's that is paged out.  On failure nothing is left to undo.
 *
 * Return: 0 or a negative error.
 */
int nc2b_queue_map(struct nc2b_queue *q, struct nc2b_vif *vif, unsigned int id,
		   const struct nc2b_queue_keys *keys)
{
	int err = -ENOMEM;

	q->vif = vif;
	q->id = id;
	skb_queue_head_init(&q->backlog);
	timer_setup(&q->stall, nc2b_rx_stall, 0);
	timer_setup(&q->repoll, nc2b_rx_repoll, 0);
	timer_setup(&q->credit, nc2b_tx_credit, 0);
	u64_stats_init(&q->tx_sync);
	u64_stats_init(&q->rx_sync);
	u64_stats_init(&q->in_sync);

	q->tx_ops = kcalloc(NC2B_COPY_OPS, sizeof(*q->tx_ops), GFP_KERNEL);
	q->rx_ops = kcalloc(NC2B_COPY_OPS, sizeof(*q->rx_ops), GFP_KERNEL);
	if (q->tx_ops && q->rx_ops)
		err = map_rings(q, keys);
	if (err)
		nc2b_queue_unmap(q);
	return err;
}

/**
 * nc2b_queue_unmap - undo nc2b_queue_map(), whole or in part
 * @q: not started
 *
 * Process context.
 */
void nc2b_queue_unmap(struct nc2b_queue *q)
{
	nc2b_unmap_pages(&q->rx_map);
	nc2b_unmap_pages(&q->tx_map);
	kfree(q->tx_ops);
	kfree(q->rx_ops);
}

/**
 * nc2b_queue_spoil - let no other back take a queue up where it stands
 * @q: mapped, and not started
 *
 * Any back, the stock one too, refuses a ring with more responses than requests, and the
 * front begins anew when it looks.
 */
void nc2b_queue_spoil(struct nc2b_queue *q)
{
	struct xen_netif_tx_sring *txs = q->tx.sring;

	WRITE_ONCE(txs->rsp_prod, READ_ONCE(txs->req_prod) + 1);
}

/**
 * nc2b_queue_start - bring one queue up
 * @q: mapped
 * @keys: what the front wrote for it
 *
 * Process context under RTNL.  On failure the queue is what it was before, but a grace
 * period must pass before it is freed.  The caller schedules both NAPI contexts once the
 * queue can be seen by all.
 *
 * Return: 0 or a negative error.
 */
int nc2b_queue_start(struct nc2b_queue *q, const struct nc2b_queue_keys *keys)
{
	struct net_device *dev = q->vif->dev;
	int err;

	/*
	 * An event may come as soon as its channel is bound, before the number
	 * of its interrupt is known here, and that number is what the poll needs
	 * for the EOI.  So NAPI is enabled last; the caller schedules it then.
	 */
	nc2b_napi_init(dev, &q->tx_napi, nc2b_tx_poll);
	nc2b_napi_init(dev, &q->rx_napi, nc2b_rx_poll);
	err = bind_events(q, keys);
	if (err) {
		nc2b_napi_fini(&q->tx_napi);
		nc2b_napi_fini(&q->rx_napi);
		return err;
	}
	nc2b_napi_start(dev, &q->tx_napi, nc2b_tx_poll);
	nc2b_napi_start(dev, &q->rx_napi, nc2b_rx_poll);
	return 0;
}

static void halt_polls(struct nc2b_queue *q)
{
	nc2b_napi_halt(&q->tx_napi);
	nc2b_napi_halt(&q->rx_napi);
	nc2b_napi_fini(&q->tx_napi);
	nc2b_napi_fini(&q->rx_napi);
}

static void take_down(struct nc2b_queue *q)
{
	unbind_events(q);
	timer_shutdown_sync(&q->stall);
	timer_shutdown_sync(&q->repoll);
	timer_shutdown_sync(&q->credit);
	nc2b_rx_purge(q);
}

/**
 * nc2b_queues_stop - undo nc2b_queue_start()
 * @queues: started; the netdev is not transmitted to, and no one can find them any more
 * @nr: how many
 *
 * Who may still be in a queue, and why each has left when its parts go:
 *
 * 1. ndo_start_xmit: those under way have left after a grace period.  They, and all that
 *    follows, may schedule NAPI, which does nothing once that is halted.
 * 2. NAPI: halting waits for a poll under way, and none can be scheduled after it.
 *    A poll that has said that it is done may do more until the same period has passed.
 * 3. Events: unbinding waits for a running handler.  After NAPI, because a poll ends
 *    with the EOI of the event that it was for, by the number of its interrupt.
 * 4. The timers: shut down after NAPI, because the polls arm them; all they do is
 *    schedule.
 *
 * The one period is for all queues: a guest may have them stopped as often as it likes.
 * Process context under RTNL.
 */
void nc2b_queues_stop(struct nc2b_queue *queues, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		halt_polls(&queues[i]);
	synchronize_net();
	for (i = 0; i < nr; i++)
		take_down(&queues[i]);
}
