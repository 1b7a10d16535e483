// SPDX-License-Identifier: GPL-2.0
/* One queue of the bridged path, brought up and down as a unit. */
#include "queue.h"

#include <net/page_pool/helpers.h>

#include <xen/xenbus.h>

#include "netdev.h"
#include "poller.h"

/* Two rings, a header page and a page of the frame for each tx id, rx pages. */
#define GRANTS	(2 + 3 * NC2F_RING_SIZE)

/* Our structures and the wire's pages are the same size. */
static_assert(PAGE_SIZE == XEN_PAGE_SIZE);
static_assert(__CONST_RING_SIZE(xen_netif_rx, XEN_PAGE_SIZE) == NC2F_RING_SIZE);

static irqreturn_t tx_event(int irq, void *arg)
{
	struct nc2f_queue *q = arg;

	nc2f_irq_raise(&q->tx_irq);
	napi_schedule(q->napi);
	return IRQ_HANDLED;
}

static irqreturn_t rx_event(int irq, void *arg)
{
	struct nc2f_queue *q = arg;

	nc2f_irq_raise(&q->rx_irq);
	napi_schedule(q->napi);
	return IRQ_HANDLED;
}

/* Asks for events; returns whether there is work already. */
static bool arm(struct nc2f_queue *q)
{
	WRITE_ONCE(q->rx.sring->rsp_event, q->rx.rsp_cons + 1);
	WRITE_ONCE(q->tx.sring->rsp_event, q->tx.rsp_cons + 1);
	/* Event fields before indexes; pairs with the back's publishing. */
	virt_mb();
	return READ_ONCE(q->rx.sring->rsp_prod) != q->rx.rsp_cons ||
	       READ_ONCE(q->tx.sring->rsp_prod) != q->tx.rsp_cons;
}

static int poll(struct nc2f_queue *q, int budget)
{
	struct napi_struct *napi = q->napi;
	int done = 0;

	if (nc2f_tx_work(q, budget))
		q->tx_irq.worked = true;
	if (budget) {
		done = nc2f_rx_work(q, budget);
		if (done) {
			q->rx_irq.worked = true;
			if (!q->split)
				q->tx_irq.worked = true;
		}
	}
	if (READ_ONCE(q->nf->broken)) {
		/* No EOI: a back that lies is not listened to any more. */
		napi_complete(napi);
		return 0;
	}
	if (done >= budget)
		return budget;
	if (arm(q))
		return budget;
	if (napi_complete_done(napi, done)) {
		nc2f_irq_eoi(&q->tx_irq);
		if (q->split)
			nc2f_irq_eoi(&q->rx_irq);
	}
	return done;
}

/**
 * nc2f_queue_poll - NAPI poll function of a queue
 * @napi: &nc2f_poller.napi
 * @budget: frames at most, 0 from netpoll
 *
 * Return: frames taken.
 */
int nc2f_queue_poll(struct napi_struct *napi, int budget)
{
	struct nc2f_poller *p = container_of(napi, struct nc2f_poller, napi);
	struct nc2f_dev *nf = p->nf;

	/* Pairs with the release in nc2f_netdev_attach(): the queues are whole. */
	if (smp_load_acquire(&nf->live) && p->lane < nf->nr_queues)
		return poll(&nf->queues[p->lane], budget);
	napi_complete(napi);
	return 0;
}

static void refill_work(struct work_struct *work)
{
	struct nc2f_queue *q = container_of(work, struct nc2f_queue, refill.work);

	/* The poll fills the ring; it runs when bottom halves come back. */
	nc2f_queue_wake(q);
}

static int bind_events(struct nc2f_queue *q, bool split)
{
	struct xenbus_device *xdev = q->nf->xdev;
	const char *id = strrchr(xdev->nodename, '/') + 1;
	int err;

	snprintf(q->tx_irq.name, sizeof(q->tx_irq.name), "vif%s-q%u%s", id, q->id,
		 split ? "-tx" : "");
	snprintf(q->rx_irq.name, sizeof(q->rx_irq.name), "vif%s-q%u-rx", id, q->id);
	err = nc2f_irq_bind(&q->tx_irq, xdev, tx_event, q);
	if (err)
		return err;
	/* Without a second channel both directions share the first. */
	q->split = split && !nc2f_irq_bind(&q->rx_irq, xdev, rx_event, q);
	nc2f_poller_irq(q->nf, q->id, q->split ? q->rx_irq.irq : q->tx_irq.irq);
	return 0;
}

static int alloc_rings(struct nc2f_queue *q)
{
	struct xen_netif_tx_sring *txs;
	struct xen_netif_rx_sring *rxs;
	int err;

	err = nc2f_gpage_alloc(&q->txr, 1, &q->grants, q->domid, false);
	if (err)
		return err;
	err = nc2f_gpage_alloc(&q->rxr, 1, &q->grants, q->domid, false);
	if (err)
		return err;
	txs = page_address(q->txr.page);
	rxs = page_address(q->rxr.page);
	XEN_FRONT_RING_INIT(&q->tx, txs, XEN_PAGE_SIZE);
	XEN_FRONT_RING_INIT(&q->rx, rxs, XEN_PAGE_SIZE);
	return 0;
}

static int alloc_slots(struct nc2f_queue *q)
{
	u32 i;
	int err;

	for (i = 0; i < NC2F_RING_SIZE; i++) {
		err = nc2f_gpage_alloc(&q->tx_slot[i].hdr, 1, &q->grants, q->domid, true);
		if (err)
			return err;
		q->tx_slot[i].frag = nc2f_grants_claim(&q->grants);
		q->tx_free[i] = i;
		q->rx_buf[i].ref = nc2f_grants_claim(&q->grants);
		q->rx_free[i] = i;
	}
	q->tx_free_put = NC2F_RING_SIZE;
	q->rx_nr_free = NC2F_RING_SIZE;
	return 0;
}

static int alloc_pool(struct nc2f_queue *q)
{
	struct page_pool_params params = {
		.pool_size = NC2F_RING_SIZE,
		.nid = NUMA_NO_NODE,
		.dev = &q->nf->xdev->dev,
		.napi = q->napi,
		.netdev = q->nf->dev,
		.queue_idx = q->id,
	};
	struct page_pool *pool = page_pool_create(&params);
	int err;

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	q->pages = pool;
	err = xdp_rxq_info_reg(&q->xdp_rxq, q->nf->dev, q->id, q->napi->napi_id);
	return err ?: xdp_rxq_info_reg_mem_model(&q->xdp_rxq, MEM_TYPE_PAGE_POOL, pool);
}

/**
 * nc2f_queue_create - make a queue
 * @q: the queue, all zero bytes
 * @nf: whose
 * @id: its number
 * @split: whether to have an event channel for each direction
 *
 * May sleep.  The queue is not enabled yet; its receive ring is full.
 *
 * Return: 0 or an error; nothing is left behind then.
 */
int nc2f_queue_create(struct nc2f_queue *q, struct nc2f_dev *nf, u32 id, bool split)
{
	u32 i;
	int err;

	q->nf = nf;
	q->id = id;
	q->domid = nf->xdev->otherend_id;
	q->napi = &nf->pollers[id].napi;
	INIT_DELAYED_WORK(&q->refill, refill_work);
	for (i = 0; i < NC2F_RING_SIZE; i++) {
		q->tx_slot[i].frag = INVALID_GRANT_REF;
		q->rx_buf[i].ref = INVALID_GRANT_REF;
	}
	err = nc2f_grants_reserve(&q->grants, GRANTS);
	if (!err)
		err = alloc_rings(q);
	if (!err)
		err = alloc_slots(q);
	if (!err)
		err = alloc_pool(q);
	if (!err)
		err = bind_events(q, split);
	if (err) {
		nc2f_queue_stop(q);
		nc2f_queue_release(q);
		return err;
	}
	nc2f_rx_refill(q);
	return 0;
}

/**
 * nc2f_queue_wake - have a queue polled
 * @q: the queue; its NAPI context is enabled
 *
 * Process context.  Events may have come while nobody listened.
 */
void nc2f_queue_wake(struct nc2f_queue *q)
{
	local_bh_disable();
	napi_schedule(q->napi);
	local_bh_enable();
}

/**
 * nc2f_queue_kick - tell the back to look at the rings
 * @q: the queue
 */
void nc2f_queue_kick(struct nc2f_queue *q)
{
	nc2f_irq_notify(&q->tx_irq);
	if (q->split)
		nc2f_irq_notify(&q->rx_irq);
}

/**
 * nc2f_queue_stop - first step of the end: nobody here uses the queue any more
 * @q: the queue; its sender is stopped, and no poll finds it any more
 *
 * May sleep.  Two contexts could still hold the queue: the refill work, which is
 * cancelled, and an interrupt, which ends with the event channel.  A poll that
 * either has started finds that the interface is not live.
 */
void nc2f_queue_stop(struct nc2f_queue *q)
{
	cancel_delayed_work_sync(&q->refill);
	nc2f_irq_unbind(&q->tx_irq, q);
	nc2f_irq_unbind(&q->rx_irq, q);
	nc2f_poller_irq(q->nf, q->id, -1);
	if (q->pages)
		nc2f_poller_forget(q->nf, q->id, q->pages);
}

/**
 * nc2f_queue_release - second step: give back everything
 * @q: the queue, stopped
 *
 * May sleep.  To be called when the back has let go of the rings, or after
 * waiting long enough: what it still uses is kept until it lets go, and counted.
 */
void nc2f_queue_release(struct nc2f_queue *q)
{
	u32 kept = 0;

	kept += nc2f_tx_release(q);
	kept += nc2f_rx_release(q);
	if (xdp_rxq_info_is_reg(&q->xdp_rxq))
		xdp_rxq_info_unreg(&q->xdp_rxq);
	if (q->pages)
		page_pool_destroy(q->pages);
	q->pages = NULL;
	kept += nc2f_gpage_free(&q->txr, 1);
	kept += nc2f_gpage_free(&q->rxr, 1);
	nc2f_grants_free(&q->grants);
	atomic_add(kept, &q->nf->pages_kept);
}
