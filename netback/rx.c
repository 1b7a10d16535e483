// SPDX-License-Identifier: GPL-2.0
/* The bridged path, bridge to guest: frames are copied into granted pages. */
#include "grant.h"
#include "queue.h"
#include "vif.h"

#include <linux/skbuff.h>
#include <linux/unaligned.h>

#include <xen/events.h>
#include <xen/interface/io/netchannel2.h>
#include <xen/page.h>

/**
 * struct rx_out - one frame while it is laid into the guest's buffers
 * @op: next free copy
 * @slot: next free response
 * @headroom: bytes to leave free in front of the frame
 * @req: the buffer being filled
 * @fill: bytes in it so far
 * @rsp: its response, until it is complete
 * @to: where that goes
 * @cur: its slot
 */
struct rx_out {
	u16 op;
	u16 slot;
	u16 headroom;
	struct xen_netif_rx_request req;
	u32 fill;
	struct xen_netif_rx_response rsp;
	struct xen_netif_rx_response *to;
	struct nc2b_rx_slot *cur;
};

/* Slots of the guest's that a frame takes. */
static u32 rx_slots(const struct sk_buff *skb, u32 headroom)
{
	return DIV_ROUND_UP(headroom + skb->len, XEN_PAGE_SIZE) + skb_is_gso(skb) +
	       nc2b_rx_cb(skb)->hashed + !!headroom;
}

/* Pages that @len bytes at @offset touch: each is a copy of its own. */
static u32 rx_pages(u32 offset, u32 len)
{
	return len ? DIV_ROUND_UP(offset_in_page(offset) + len, PAGE_SIZE) : 0;
}

static u32 rx_ops_one(const struct sk_buff *skb)
{
	u32 i, n = rx_pages(offset_in_page(skb->data), skb_headlen(skb));

	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		n += rx_pages(skb_frag_off(frag), skb_frag_size(frag));
	}
	return n;
}

/* Copies that a frame takes at most: each slot's end cuts one in two. */
static u32 rx_ops(const struct sk_buff *skb, u32 headroom)
{
	const struct sk_buff *part;
	u32 n = rx_ops_one(skb) + rx_slots(skb, headroom);

	skb_walk_frags(skb, part)
		n += rx_ops_one(part);
	return n;
}

/**
 * nc2b_rx_enqueue - take a frame for the guest
 * @q: the queue
 * @skb: the frame; consumed
 *
 * Any context that ndo_start_xmit may run in.  Bytes that wait are bounded: at
 * the bound the netdev's queue is stopped, and what comes all the same is
 * dropped.  It is not stopped for a guest that stands still: else its qdisc, which may
 * hold a hundred times as much, would fill up again after each ten seconds.
 */
void nc2b_rx_enqueue(struct nc2b_queue *q, struct sk_buff *skb)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->vif->dev, q->id);
	struct nc2b_rx_cb *cb = nc2b_rx_cb(skb);
	unsigned long flags;
	bool full, stands;

	cb->cost = max(skb->len, skb->truesize / 4);
	cb->hashed = nc2b_ctrl_hash(&q->vif->ctrl, skb, &cb->hash, &cb->type);
	spin_lock_irqsave(&q->backlog.lock, flags);
	stands = test_bit(NC2B_RX_STANDS, &q->flags);
	full = q->backlog_bytes >= (stands ? 1 : 2) * NC2B_RXQ_BYTES;
	if (!full) {
		q->backlog_bytes += cb->cost;
		/* The frame is whole before rx_head() finds it, which takes no lock. */
		smp_wmb();
		__skb_queue_tail(&q->backlog, skb);
	} else {
		nc2b_queue_inc(q, &q->in_sync, NC2B_RX_DROP_FULL);
	}
	if (q->backlog_bytes >= NC2B_RXQ_BYTES && !stands)
		netif_tx_stop_queue(txq);
	spin_unlock_irqrestore(&q->backlog.lock, flags);

	/* The poll knows of those that wait. */
	if (full)
		dev_kfree_skb_any_reason(skb, SKB_DROP_REASON_FULL_RING);
	else
		napi_schedule(&q->rx_napi);
}

/**
 * nc2b_rx_filtered - count and free a frame that the guest does not want
 * @q: the queue
 * @skb: the frame; consumed
 *
 * Any context that ndo_start_xmit may run in.  No drop: the guest asked for it.
 */
void nc2b_rx_filtered(struct nc2b_queue *q, struct sk_buff *skb)
{
	unsigned long flags;

	spin_lock_irqsave(&q->backlog.lock, flags);
	nc2b_queue_inc(q, &q->in_sync, NC2B_RX_FILTERED);
	spin_unlock_irqrestore(&q->backlog.lock, flags);
	dev_consume_skb_any(skb);
}

/* The frame that is next; only the poll takes it away. */
static struct sk_buff *rx_head(struct nc2b_queue *q)
{
	struct sk_buff *skb = READ_ONCE(q->backlog.next);

	return skb == (struct sk_buff *)&q->backlog ? NULL : skb;
}

static struct sk_buff *rx_dequeue(struct nc2b_queue *q)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->vif->dev, q->id);
	struct sk_buff *skb;
	unsigned long flags;

	spin_lock_irqsave(&q->backlog.lock, flags);
	skb = __skb_dequeue(&q->backlog);
	if (skb)
		q->backlog_bytes -= nc2b_rx_cb(skb)->cost;
	if (netif_tx_queue_stopped(txq) && q->backlog_bytes < NC2B_RXQ_BYTES / 2)
		netif_tx_wake_queue(txq);
	spin_unlock_irqrestore(&q->backlog.lock, flags);
	return skb;
}

/**
 * nc2b_rx_purge - drop every frame that waits for the guest
 * @q: the queue
 *
 * NAPI's own context, or with NAPI disabled.
 */
void nc2b_rx_purge(struct nc2b_queue *q)
{
	struct sk_buff *skb;

	while ((skb = rx_dequeue(q)) != NULL) {
		nc2b_queue_inc(q, &q->rx_sync, NC2B_RX_DROP_STALL);
		kfree_skb_reason(skb, SKB_DROP_REASON_QUEUE_PURGE);
	}
}

/**
 * nc2b_rx_stall - timer: the frame at the head has waited too long
 * @t: &nc2b_queue.stall
 *
 * The frames may hold socket memory of their senders, so that a guest which
 * takes nothing must not keep them for ever.  The poll does the dropping.
 */
void nc2b_rx_stall(struct timer_list *t)
{
	struct nc2b_queue *q = container_of(t, struct nc2b_queue, stall);

	set_bit(NC2B_RX_STALLED, &q->flags);
	napi_schedule(&q->rx_napi);
}

/**
 * nc2b_rx_repoll - timer: look for buffers again
 * @t: &nc2b_queue.repoll
 */
void nc2b_rx_repoll(struct timer_list *t)
{
	struct nc2b_queue *q = container_of(t, struct nc2b_queue, repoll);

	napi_schedule(&q->rx_napi);
}

/*
 * Whether the guest has @need buffers for us.  If not, it will send an event
 * when it has more, or it is one that sends none: then nothing is asked for, and
 * the timer looks.  -EPROTO if its index is beyond the ring.
 */
static int rx_have_slots(struct nc2b_queue *q, u32 need)
{
	struct xen_netif_rx_sring *ring = q->rx.sring;
	u32 prod;
	int tries;

	for (tries = 0; tries < 2; tries++) {
		prod = READ_ONCE(ring->req_prod);
		if (prod - q->rx.req_cons > RING_SIZE(&q->rx))
			return -EPROTO;
		if (prod - q->rx.req_cons >= need) {
			/* Index before the requests. */
			virt_rmb();
			return 1;
		}
		if (!q->vif->rx_notify)
			break;
		WRITE_ONCE(ring->req_event, prod + 1);
		/* Threshold before looking at the index once more. */
		virt_mb();
	}
	return 0;
}

static u16 rx_flags(const struct sk_buff *skb)
{
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		return XEN_NETRXF_csum_blank | XEN_NETRXF_data_validated;
	if (skb->ip_summed == CHECKSUM_UNNECESSARY)
		return XEN_NETRXF_data_validated;
	return 0;
}

static void rx_next_slot(struct nc2b_queue *q, struct rx_out *o, u16 flags)
{
	RING_COPY_REQUEST(&q->rx, q->rx.req_cons++, &o->req);
	o->to = RING_GET_RESPONSE(&q->rx, q->rx.rsp_prod_pvt++);
	o->rsp = (struct xen_netif_rx_response){ .id = o->req.id, .flags = flags };
	o->fill = 0;
	o->cur = &q->slots[o->slot++];
	o->cur->op = o->op;
	o->cur->nr_ops = 0;
	o->cur->last = false;
}

/* The slot is full, or it is the last: the shared page is written, and never read. */
static void rx_end_slot(struct rx_out *o)
{
	*o->to = o->rsp;
}

/* Stands behind the first slot, whose buffer goes on being filled. */
static void rx_extra_slot(struct nc2b_queue *q, struct rx_out *o,
			  const struct xen_netif_extra_info *extra)
{
	q->rx.req_cons++;
	memcpy(RING_GET_RESPONSE(&q->rx, q->rx.rsp_prod_pvt++), extra, sizeof(*extra));
	q->slots[o->slot].nr_ops = 0;
	q->slots[o->slot++].last = false;
}

static u8 rx_gso_type(const struct sk_buff *skb)
{
	if (skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4)
		return XEN_NC2_GSO_TYPE_UDP;
	return skb_shinfo(skb)->gso_type & SKB_GSO_TCPV6 ? XEN_NETIF_GSO_TYPE_TCPV6 :
							   XEN_NETIF_GSO_TYPE_TCPV4;
}

static void rx_gso_slot(struct nc2b_queue *q, struct rx_out *o,
			const struct sk_buff *skb, bool more)
{
	struct xen_netif_extra_info extra = {
		.type = XEN_NETIF_EXTRA_TYPE_GSO,
		.flags = more ? XEN_NETIF_EXTRA_FLAG_MORE : 0,
		.u.gso.size = skb_shinfo(skb)->gso_size,
		.u.gso.type = rx_gso_type(skb),
	};

	rx_extra_slot(q, o, &extra);
}

static void rx_hash_slot(struct nc2b_queue *q, struct rx_out *o,
			 const struct nc2b_rx_cb *cb)
{
	struct xen_netif_extra_info extra = {
		.type = XEN_NETIF_EXTRA_TYPE_HASH,
		.flags = o->headroom ? XEN_NETIF_EXTRA_FLAG_MORE : 0,
		.u.hash.type = cb->type,
		.u.hash.algorithm = XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ,
	};

	put_unaligned_le32(cb->hash, extra.u.hash.value);
	rx_extra_slot(q, o, &extra);
}

/*
 * The frame begins behind the headroom, as offset says; the stock front takes
 * that from the extra info alone.  Slots that follow have no headroom.
 */
static void rx_headroom_slot(struct nc2b_queue *q, struct rx_out *o)
{
	const struct xen_netif_extra_info extra = {
		.type = XEN_NETIF_EXTRA_TYPE_XDP,
		.u.xdp.headroom = o->headroom,
	};

	o->rsp.offset = o->headroom;
	o->fill = o->headroom;
	rx_extra_slot(q, o, &extra);
}

/* Lay @len bytes of @page at @offset into the guest's buffers. */
static void rx_put(struct nc2b_queue *q, struct rx_out *o, struct page *page,
		   u32 offset, u32 len)
{
	u32 chunk;

	for (; len; len -= chunk, offset += chunk) {
		if (o->fill == XEN_PAGE_SIZE) {
			o->rsp.flags |= XEN_NETRXF_more_data;
			rx_end_slot(o);
			rx_next_slot(q, o, 0);
		}
		chunk = min_t(u32, len, XEN_PAGE_SIZE - o->fill);
		chunk = min_t(u32, chunk, PAGE_SIZE - offset_in_page(offset));
		nc2b_copy_to_guest(&q->rx_ops[o->op++], q->vif->domid,
				   o->req.gref, o->fill,
				   page + (offset >> PAGE_SHIFT),
				   offset_in_page(offset), chunk);
		o->fill += chunk;
		o->rsp.status = o->fill - o->rsp.offset;
		o->cur->nr_ops++;
	}
}

static void rx_put_skb(struct nc2b_queue *q, struct rx_out *o,
		       const struct sk_buff *skb)
{
	u32 i;

	rx_put(q, o, virt_to_page(skb->data), offset_in_page(skb->data),
	       skb_headlen(skb));
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		rx_put(q, o, skb_frag_page(frag), skb_frag_off(frag),
		       skb_frag_size(frag));
	}
}

static void rx_frame(struct nc2b_queue *q, struct rx_out *o, struct sk_buff *skb)
{
	const struct nc2b_rx_cb *cb = nc2b_rx_cb(skb);
	const struct sk_buff *part;

	rx_next_slot(q, o, rx_flags(skb));
	if (skb_is_gso(skb) || cb->hashed || o->headroom)
		o->rsp.flags |= XEN_NETRXF_extra_info;
	if (skb_is_gso(skb))
		rx_gso_slot(q, o, skb, cb->hashed || o->headroom);
	if (cb->hashed)
		rx_hash_slot(q, o, cb);
	if (o->headroom)
		rx_headroom_slot(q, o);
	rx_put_skb(q, o, skb);
	skb_walk_frags(skb, part)
		rx_put_skb(q, o, part);
	rx_end_slot(o);
	q->slots[o->slot - 1].last = true;
}

/* Lay out as many frames as fit in a batch; number of them, or -EPROTO. */
static int rx_collect(struct nc2b_queue *q, int budget, struct rx_out *o,
		      struct sk_buff_head *done)
{
	struct sk_buff *skb;
	int n = 0, have;

	while (n < budget && (skb = rx_head(q)) != NULL) {
		u32 slots = rx_slots(skb, o->headroom);
		u32 ops = rx_ops(skb, o->headroom);

		if (o->op + ops > NC2B_COPY_OPS ||
		    o->slot + slots > NC2B_COPY_OPS) {
			if (n)
				break;
			/* Too scattered for a whole batch: gather it. */
			if (skb_linearize(skb) ||
			    rx_ops(skb, o->headroom) > NC2B_COPY_OPS) {
				kfree_skb_reason(rx_dequeue(q), SKB_DROP_REASON_NOMEM);
				nc2b_queue_inc(q, &q->rx_sync, NC2B_RX_DROP_NOMEM);
				continue;
			}
		}
		have = rx_have_slots(q, slots);
		if (have < 0)
			return have;
		if (!have)
			break;
		rx_frame(q, o, rx_dequeue(q));
		__skb_queue_tail(done, skb);
		n++;
	}
	return n;
}

static void rx_count(struct nc2b_queue *q, u64 frames, u64 bytes, u64 bad)
{
	u64_stats_update_begin(&q->rx_sync);
	u64_stats_add(&q->stats[NC2B_RX_FRAMES], frames);
	u64_stats_add(&q->stats[NC2B_RX_BYTES], bytes);
	u64_stats_add(&q->stats[NC2B_RX_COPIED], bytes);
	u64_stats_add(&q->stats[NC2B_RX_DROP_COPY], bad);
	u64_stats_update_end(&q->rx_sync);
}

static bool rx_copied(struct nc2b_queue *q, const struct nc2b_rx_slot *slot)
{
	u32 i;

	for (i = slot->op; i < slot->op + slot->nr_ops; i++)
		if (q->rx_ops[i].status != GNTST_okay)
			return false;
	return true;
}

/* The copies are done: show the guest its frames. */
static void rx_finish(struct nc2b_queue *q, const struct rx_out *o,
		      struct sk_buff_head *done)
{
	RING_IDX rsp = q->rx.rsp_prod_pvt - o->slot;
	u64 frames = 0, bytes = 0, bad = 0;
	struct sk_buff *skb;
	bool good = true;
	int i, notify;

	for (i = 0; i < o->slot; i++, rsp++) {
		if (!rx_copied(q, &q->slots[i])) {
			RING_GET_RESPONSE(&q->rx, rsp)->status = XEN_NETIF_RSP_ERROR;
			good = false;
		}
		if (!q->slots[i].last)
			continue;
		skb = __skb_dequeue(done);
		if (good) {
			frames++;
			bytes += skb->len;
			consume_skb(skb);
		} else {
			bad++;
			kfree_skb_reason(skb, SKB_DROP_REASON_SKB_UCOPY_FAULT);
		}
		good = true;
	}
	rx_count(q, frames, bytes, bad);
	if (unlikely(test_bit(NC2B_RX_STANDS, &q->flags)))
		clear_bit(NC2B_RX_STANDS, &q->flags);

	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&q->rx, notify);
	if (notify)
		notify_remote_via_irq(q->rx_irq);
}

/* The head of the backlog waits for the guest, or nothing does. */
static void rx_watch_stall(struct nc2b_queue *q, int done)
{
	bool empty = skb_queue_empty_lockless(&q->backlog);

	if (!done && !empty && (timer_pending(&q->stall) ||
				test_bit(NC2B_RX_STALLED, &q->flags)))
		return;
	q->stall_at = jiffies + NC2B_RX_STALL;
	if (empty)
		timer_delete(&q->stall);
	else
		mod_timer(&q->stall, q->stall_at);
}

/*
 * Frames wait for a guest that does not say when it has buffers.  It ends when
 * they have been put there, or dropped by the other timer.
 */
static void rx_watch_buffers(struct nc2b_queue *q)
{
	if (likely(q->vif->rx_notify) || skb_queue_empty_lockless(&q->backlog))
		return;
	nc2b_queue_inc(q, &q->rx_sync, NC2B_RX_REPOLLS);
	mod_timer(&q->repoll, jiffies + NC2B_RX_REPOLL);
}

static bool rx_may_go_on(struct nc2b_queue *q)
{
	struct sk_buff *skb = rx_head(q);

	return skb && rx_have_slots(q, rx_slots(skb, READ_ONCE(q->vif->headroom))) > 0;
}

/* The timer may have fired when the guest took what it was about. */
static bool rx_stalled(struct nc2b_queue *q)
{
	return test_and_clear_bit(NC2B_RX_STALLED, &q->flags) &&
	       time_after_eq(jiffies, q->stall_at) && !rx_may_go_on(q);
}

/**
 * nc2b_rx_poll - NAPI poll function: put frames into the guest's buffers
 * @napi: &nc2b_queue.rx_napi
 * @budget: frames at most
 *
 * Return: frames put.
 */
int nc2b_rx_poll(struct napi_struct *napi, int budget)
{
	struct nc2b_queue *q = container_of(napi, struct nc2b_queue, rx_napi);
	struct sk_buff_head list;
	struct rx_out o;
	int done = 0, n;

	if (rx_stalled(q)) {
		set_bit(NC2B_RX_STANDS, &q->flags);
		nc2b_rx_purge(q);
	} else if (READ_ONCE(q->vif->broken)) {
		nc2b_rx_purge(q);
	}

	while (done < budget && !READ_ONCE(q->vif->broken)) {
		o.op = 0;
		o.slot = 0;
		/* The front may change it at any time, but not within a batch. */
		o.headroom = READ_ONCE(q->vif->headroom);
		__skb_queue_head_init(&list);
		n = rx_collect(q, budget - done, &o, &list);
		if (n < 0)
			nc2b_vif_break(q->vif, "a receive index beyond the ring");
		if (!o.slot)
			break;
		nc2b_grant_copy(q->rx_ops, o.op);
		rx_finish(q, &o, &list);
		done += max(n, 1);
	}
	rx_watch_stall(q, done);
	q->rx_worked |= done > 0;
	if (done >= budget)
		return budget;
	/* All that is looked at comes before the end: another CPU may poll then. */
	if (!READ_ONCE(q->vif->broken) && rx_may_go_on(q))
		return budget;
	rx_watch_buffers(q);
	if (nc2b_queue_eoi(q, NC2B_EOI_RX, q->rx_worked))
		q->rx_worked = false;
	napi_complete_done(napi, done);
	return done;
}
