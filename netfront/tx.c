// SPDX-License-Identifier: GPL-2.0
/*
 * Transmit on the bridged path.
 *
 * The linear part of a frame lies in slab memory or shares its page with other
 * frames, so it is copied into pages that are granted for good.  Pages of a
 * frame are granted as they are, unless the frame is so short that copying
 * costs less than a grant.
 */
#include "queue.h"

#include <linux/etherdevice.h>
#include <linux/nospec.h>
#include <linux/skbuff.h>

#include <xen/interface/io/netchannel2.h>

#include "netdev.h"

/* Room that the next frame may need: its slots and an extra info. */
#define ROOM	(NC2F_MAX_SLOTS + 1)

/* Slots that can be used now: each takes a ring entry and an id. */
static u32 room(const struct nc2f_queue *q)
{
	u32 entries = NC2F_RING_SIZE - (READ_ONCE(q->tx.req_prod_pvt) -
					READ_ONCE(q->tx.rsp_cons));
	/* Pairs with the release in free_frame(): the ids have been written. */
	u32 ids = smp_load_acquire(&q->tx_free_put) - READ_ONCE(q->tx_free_got);

	return min(entries, ids);
}

static struct netdev_queue *txq_of(struct nc2f_queue *q)
{
	return netdev_get_tx_queue(q->nf->dev, q->id);
}

static u32 pages_of(u32 offset, u32 len)
{
	return (offset_in_page(offset) + len + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* Slots that a frame takes if its pages are granted; 0 if they must not be. */
static u32 count_slots(const struct sk_buff *skb)
{
	u32 slots = pages_of(0, skb_headlen(skb));
	int i;

	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];
		struct page *page = skb_frag_page(frag);

		if (!sendpage_ok(page) || !nc2f_grant_ours(page))
			return 0;
		slots += pages_of(skb_frag_off(frag), skb_frag_size(frag));
	}
	return slots;
}

/**
 * struct tx_frame - a frame on its way onto the ring
 * @q: the queue
 * @head: id of its first slot
 * @last: id of its last slot so far
 * @at: place of its last request on the ring
 * @req: that request; written once it is known whether another follows
 * @slots: slots so far
 */
struct tx_frame {
	struct nc2f_queue *q;
	u16 head;
	u16 last;
	RING_IDX at;
	struct xen_netif_tx_request req;
	u32 slots;
};

static void flush(struct tx_frame *f, u16 flags)
{
	f->req.flags |= flags;
	*RING_GET_REQUEST(&f->q->tx, f->at) = f->req;
}

/* Begins another slot of the frame; returns its id. */
static u16 add_slot(struct tx_frame *f)
{
	struct nc2f_queue *q = f->q;
	u16 id = q->tx_free[q->tx_free_got & (NC2F_RING_SIZE - 1)];
	struct nc2f_tx_slot *s = &q->tx_slot[id];

	WRITE_ONCE(q->tx_free_got, q->tx_free_got + 1);
	if (f->slots++) {
		flush(f, XEN_NETTXF_more_data);
		q->tx_slot[f->last].next = id;
	} else {
		f->head = id;
	}
	f->last = id;
	f->at = q->tx.req_prod_pvt++;
	s->skb = NULL;
	s->head = f->head;
	s->has_frag = false;
	s->is_mcast = false;
	return id;
}

/*
 * From here on the back's answers count.  What they find must stand before: a back
 * that lies may answer what it has not been shown.  @skb: freed with the last one.
 */
static void hand_over(const struct tx_frame *f, struct sk_buff *skb)
{
	struct nc2f_tx_slot *slots = f->q->tx_slot;
	u16 id = f->head, next;
	u32 n;

	slots[id].skb = skb;
	slots[id].slots = f->slots;
	slots[id].left = f->slots;
	for (n = f->slots; n; n--, id = next) {
		/* Once the last one has been answered they may be another frame's. */
		next = slots[id].next;
		/* Pairs with the acquire in done_one(). */
		smp_store_release(&slots[id].busy, true);
	}
}

static void add_copy(struct tx_frame *f, const struct sk_buff *skb, u32 from, u32 len)
{
	u16 id = add_slot(f);
	struct nc2f_gpage *hdr = &f->q->tx_slot[id].hdr;

	skb_copy_bits(skb, from, page_address(hdr->page), len);
	f->req = (struct xen_netif_tx_request){ .gref = hdr->ref, .id = id, .size = len };
}

static void add_page(struct tx_frame *f, struct page *page, u32 offset, u32 len)
{
	u16 id = add_slot(f);
	struct nc2f_tx_slot *s = &f->q->tx_slot[id];

	s->has_frag = true;
	nc2f_grant_begin(s->frag, f->q->domid, page, true);
	f->req = (struct xen_netif_tx_request){
		.gref = s->frag, .id = id, .offset = offset, .size = len,
	};
}

static void add_frags(struct tx_frame *f, const struct sk_buff *skb)
{
	int i;

	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];
		struct page *page = skb_frag_page(frag);
		u32 offset = skb_frag_off(frag);
		u32 len = skb_frag_size(frag);

		page += offset >> PAGE_SHIFT;
		offset = offset_in_page(offset);
		while (len) {
			u32 n = min_t(u32, len, PAGE_SIZE - offset);

			add_page(f, page++, offset, n);
			len -= n;
			offset = 0;
		}
	}
}

static u8 gso_type(const struct sk_buff *skb)
{
	if (skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4)
		return XEN_NC2_GSO_TYPE_UDP;
	return skb_shinfo(skb)->gso_type & SKB_GSO_TCPV6 ? XEN_NETIF_GSO_TYPE_TCPV6 :
							   XEN_NETIF_GSO_TYPE_TCPV4;
}

/* Says how to cut the frame; goes right behind its first request. */
static void add_gso(struct tx_frame *f, const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct xen_netif_extra_info gso = {
		.type = XEN_NETIF_EXTRA_TYPE_GSO,
		.u.gso.size = shinfo->gso_size,
		.u.gso.type = gso_type(skb),
	};
	struct nc2f_queue *q = f->q;

	memcpy(RING_GET_REQUEST(&q->tx, q->tx.req_prod_pvt++), &gso, sizeof(gso));
	nc2f_stats_tx_gso(&q->nf->stats[q->id], shinfo->gso_segs);
}

static u16 first_flags(const struct sk_buff *skb)
{
	u16 flags = 0;

	if (skb->ip_summed == CHECKSUM_PARTIAL)
		flags = XEN_NETTXF_csum_blank | XEN_NETTXF_data_validated;
	else if (skb->ip_summed == CHECKSUM_UNNECESSARY)
		flags = XEN_NETTXF_data_validated;
	if (skb_is_gso(skb))
		flags |= XEN_NETTXF_extra_info;
	return flags;
}

/*
 * Puts a frame on the ring; @copy: how much of it to copy, the rest are whole
 * pages.  The first request carries the length of the frame, not of its slot.
 */
static void put_frame(struct nc2f_queue *q, struct sk_buff *skb, u32 copy)
{
	u32 n = min_t(u32, copy, PAGE_SIZE);
	struct tx_frame f = { .q = q };
	u32 done;

	add_copy(&f, skb, 0, n);
	f.req.size = skb->len;
	f.req.flags = first_flags(skb);
	if (skb_is_gso(skb))
		add_gso(&f, skb);
	for (done = n; done < copy; done += n) {
		n = min_t(u32, copy - done, PAGE_SIZE);
		add_copy(&f, skb, done, n);
	}
	if (copy < skb->len)
		add_frags(&f, skb);
	flush(&f, 0);
	skb_tx_timestamp(skb);
	/* Frames whose pages are not granted are done with. */
	if (copy == skb->len) {
		dev_consume_skb_any(skb);
		skb = NULL;
	}
	hand_over(&f, skb);
}

/**
 * nc2f_tx_publish - show the back what has been put onto the ring
 * @q: the queue
 *
 * Under the lock of the tx queue.
 */
void nc2f_tx_publish(struct nc2f_queue *q)
{
	RING_IDX old = q->tx_shown;
	RING_IDX new = q->tx.req_prod_pvt;

	if (old == new)
		return;
	WRITE_ONCE(q->tx_shown, new);
	/*
	 * Requests, and what has been shown, before the index; pairs with the back's
	 * read barrier, and by way of its answer with ours in nc2f_tx_work().
	 */
	virt_wmb();
	WRITE_ONCE(q->tx.sring->req_prod, new);
	/* Index before event field; pairs with the barrier of a back that sleeps. */
	virt_mb();
	if (new - READ_ONCE(q->tx.sring->req_event) < new - old)
		nc2f_irq_notify(&q->tx_irq);
}

/* Stops the sender when the next frame might not fit; returns whether it did. */
static bool maybe_stop(struct nc2f_queue *q)
{
	struct netdev_queue *txq = txq_of(q);

	if (room(q) >= ROOM)
		return false;
	netif_tx_stop_queue(txq);
	/* Stopped before looking again; pairs with the barrier in nc2f_tx_work(). */
	smp_mb();
	if (room(q) >= ROOM) {
		netif_tx_start_queue(txq);
		return false;
	}
	nc2f_stats_tx_inc(&q->nf->stats[q->id], NC2F_TX_STOPS);
	return true;
}

static bool frame_good(const struct nc2f_dev *nf, struct sk_buff *skb)
{
	if (skb->len < ETH_HLEN || skb->len > XEN_NETIF_MAX_TX_SIZE)
		return false;
	if (!nf->can_sg && skb->len > PAGE_SIZE)
		return false;
	/*
	 * Features may have changed since the stack looked at them.  It has
	 * checked frames of doubtful origin, which keep their mark.
	 */
	return !skb_is_gso(skb) ||
	       !netif_needs_gso(skb, netif_skb_features(skb) | NETIF_F_GSO_ROBUST);
}

/**
 * nc2f_tx_xmit - send a frame by the bridged path
 * @q: the queue
 * @skb: the frame; consumed unless NETDEV_TX_BUSY is returned
 *
 * Under the lock of the tx queue.
 *
 * Return: NETDEV_TX_OK, or NETDEV_TX_BUSY if the ring is full.
 */
netdev_tx_t nc2f_tx_xmit(struct nc2f_queue *q, struct sk_buff *skb)
{
	struct nc2f_stats *st = &q->nf->stats[q->id];
	u32 len = skb->len;
	u32 copy = len;
	u32 slots;
	bool stopped;

	if (!frame_good(q->nf, skb)) {
		nc2f_stats_tx_inc(st, NC2F_TX_DROP_BAD);
		dev_kfree_skb_any_reason(skb, nc2f_tx_reason(skb));
		nc2f_tx_publish(q);
		return NETDEV_TX_OK;
	}
	if (maybe_stop(q)) {
		nc2f_tx_publish(q);
		return NETDEV_TX_BUSY;
	}
	if (len > PAGE_SIZE && !q->nf->bounce && skb_headlen(skb) >= ETH_HLEN) {
		slots = count_slots(skb);
		if (slots && slots <= NC2F_MAX_SLOTS)
			copy = skb_headlen(skb);
	}
	put_frame(q, skb, copy);
	nc2f_stats_tx(st, len, copy);
	stopped = maybe_stop(q);
	if (stopped || !netdev_xmit_more())
		nc2f_tx_publish(q);
	return NETDEV_TX_OK;
}

/**
 * nc2f_tx_mcast - tell the back of a change of our multicast list
 * @q: the queue
 * @add: the group is wanted, or no longer
 * @addr: its address
 *
 * Under the lock of the tx queue.  What is sent has the guise of a frame with
 * an extra info; nc2f_mcast_answered() is called when the back has answered.
 *
 * Return: false if the ring has no room beside that for a frame.
 */
bool nc2f_tx_mcast(struct nc2f_queue *q, bool add, const u8 *addr)
{
	struct xen_netif_extra_info info = {
		.type = add ? XEN_NETIF_EXTRA_TYPE_MCAST_ADD : XEN_NETIF_EXTRA_TYPE_MCAST_DEL,
	};
	struct tx_frame f = { .q = q };
	struct nc2f_tx_slot *s;
	u16 id;

	if (room(q) < ROOM + 2)
		return false;
	id = add_slot(&f);
	s = &q->tx_slot[id];
	s->is_mcast = true;
	f.req = (struct xen_netif_tx_request){
		.gref = s->hdr.ref, .id = id, .flags = XEN_NETTXF_extra_info,
	};
	memcpy(info.u.mcast.addr, addr, ETH_ALEN);
	memcpy(RING_GET_REQUEST(&q->tx, q->tx.req_prod_pvt++), &info, sizeof(info));
	flush(&f, 0);
	nc2f_mcast_sent(q->nf);
	hand_over(&f, NULL);
	nc2f_tx_publish(q);
	return true;
}

/**
 * nc2f_tx_copy - put a frame of one slot onto the ring
 * @q: the queue
 * @data: the frame, with its checksums
 * @len: its length
 *
 * Under the lock of the tx queue.  The caller publishes.  A sender that finds
 * less room than it needs then stops its queue as usual.
 *
 * Return: false if there is no room or the frame does not fit.
 */
bool nc2f_tx_copy(struct nc2f_queue *q, const void *data, u32 len)
{
	struct nc2f_stats *st = &q->nf->stats[q->id];
	struct tx_frame f = { .q = q };
	struct nc2f_gpage *page;
	u16 id;

	if (!room(q) || len < ETH_HLEN || len > PAGE_SIZE) {
		nc2f_stats_tx_inc(st, room(q) ? NC2F_TX_DROP_BAD : NC2F_TX_DROP_FULL);
		return false;
	}
	id = add_slot(&f);
	page = &q->tx_slot[id].hdr;
	memcpy(page_address(page->page), data, len);
	f.req = (struct xen_netif_tx_request){ .gref = page->ref, .id = id, .size = len };
	flush(&f, 0);
	hand_over(&f, NULL);
	nc2f_stats_tx(st, len, len);
	return true;
}

/*
 * Slots of a frame may be answered in any order, and the first one holds what
 * is known of the frame, so the ids of a frame are freed together.
 */
static void free_frame(struct nc2f_queue *q, u16 id, int budget)
{
	struct nc2f_tx_slot *s = &q->tx_slot[id];
	u32 put = q->tx_free_put;
	u32 n = s->slots;

	if (s->skb)
		napi_consume_skb(s->skb, budget);
	s->skb = NULL;
	for (; n; n--) {
		q->tx_free[put++ & (NC2F_RING_SIZE - 1)] = id;
		id = q->tx_slot[id].next;
	}
	/* Ids before their count; pairs with the acquire in room(). */
	smp_store_release(&q->tx_free_put, put);
}

/* The back has let go of a slot; returns what it has done wrong, or NULL. */
static const char *done_one(struct nc2f_queue *q, const struct xen_netif_tx_response *rsp,
			    int budget)
{
	u16 id = rsp->id;
	struct nc2f_tx_slot *s;

	if (id >= NC2F_RING_SIZE)
		return "a transmit response has a wrong id";
	s = &q->tx_slot[array_index_nospec(id, NC2F_RING_SIZE)];
	/* Pairs with the release in hand_over(). */
	if (!smp_load_acquire(&s->busy))
		return "a transmit response answers no request";
	if (s->has_frag && !nc2f_grant_end(s->frag))
		return "a page of a sent frame is still in use";
	s->has_frag = false;
	s->busy = false;
	if (s->is_mcast)
		nc2f_mcast_answered(q->nf, rsp->status == XEN_NETIF_RSP_OKAY);
	if (!--q->tx_slot[s->head].left)
		free_frame(q, s->head, budget);
	return NULL;
}

/**
 * nc2f_tx_work - take completions off the ring
 * @q: the queue
 * @budget: of the NAPI context, 0 if called from netpoll
 *
 * NAPI context.
 *
 * Return: number of completions.
 */
u32 nc2f_tx_work(struct nc2f_queue *q, int budget)
{
	RING_IDX end = READ_ONCE(q->tx.sring->rsp_prod);
	RING_IDX begin = q->tx.rsp_cons;
	RING_IDX at;
	const char *lie = NULL;

	if (READ_ONCE(q->nf->broken) || end == begin)
		return 0;
	/*
	 * Index before what has been shown, which is no less than what it answers, and
	 * before responses; pairs with the back's write barrier.
	 */
	virt_rmb();
	if (end - begin > READ_ONCE(q->tx_shown) - begin)
		lie = "more responses than requests to transmit";
	for (at = begin; at != end && !lie; at++) {
		struct xen_netif_tx_response rsp;

		RING_COPY_RESPONSE(&q->tx, at, &rsp);
		if (rsp.status != XEN_NETIF_RSP_NULL)
			lie = done_one(q, &rsp, budget);
	}
	WRITE_ONCE(q->tx.rsp_cons, at);
	if (lie) {
		nc2f_netdev_break(q->nf, lie);
		return 0;
	}
	/* Room before looking for a stop; pairs with the one in maybe_stop(). */
	smp_mb();
	if (netif_tx_queue_stopped(txq_of(q)) && READ_ONCE(q->nf->live) && room(q) >= 2 * ROOM)
		netif_tx_wake_queue(txq_of(q));
	return at - begin;
}

/**
 * nc2f_tx_release - give back all frames, pages and grants of transmit
 * @q: the queue, stopped
 *
 * A frame is freed as a whole, or its socket would wait for it; a page of it that
 * the back still uses stays.
 *
 * Return: number of pages that the back still uses; each is kept until it lets go.
 */
u32 nc2f_tx_release(struct nc2f_queue *q)
{
	u32 kept = 0;
	u32 i;

	for (i = 0; i < NC2F_RING_SIZE; i++) {
		struct nc2f_tx_slot *s = &q->tx_slot[i];

		if (s->frag != INVALID_GRANT_REF)
			kept += !nc2f_grant_put(s->frag);
		s->frag = INVALID_GRANT_REF;
		kept += nc2f_gpage_free(&s->hdr, 1);
	}
	/* After all grants: until here the frames hold the pages. */
	for (i = 0; i < NC2F_RING_SIZE; i++) {
		dev_kfree_skb_any(q->tx_slot[i].skb);
		q->tx_slot[i].skb = NULL;
	}
	return kept;
}
