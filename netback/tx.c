// SPDX-License-Identifier: GPL-2.0
/* The bridged path, guest to bridge: frames are copied out of granted pages. */
#include "grant.h"
#include "queue.h"
#include "vif.h"

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>

#include <xen/events.h>
#include <xen/interface/io/netchannel2.h>
#include <xen/page.h>

/*
 * Bytes of a frame that go to the linear area: every header that the stack or
 * a NIC may want to see in one piece.  Small frames fit whole and need no page.
 */
#define TX_HEAD 256

/* Pieces that a frame is cut into: 64 KiB by 32 bytes, less than any TCP sends. */
#define TX_MAX_SEGS 2048

/**
 * struct tx_parse - one frame while it is read from the ring
 * @req: its slots, copied out; lengths as netif.h gives them
 * @nr: slots found; may exceed the room in @req, the frame is dropped then
 * @gso: the GSO extra info, if @has_gso
 * @has_gso: whether there was one
 * @is_mcast: no frame, but changes of the multicast filter
 * @refused: one of the changes could not be made
 * @bad: drop this frame
 */
struct tx_parse {
	struct xen_netif_tx_request req[NC2B_FRAME_SLOTS];
	unsigned int nr;
	struct xen_netif_extra_info gso;
	bool has_gso;
	bool is_mcast;
	bool refused;
	bool bad;
};

static void tx_respond(struct nc2b_queue *q, u16 id, s16 status)
{
	struct xen_netif_tx_response *rsp;

	rsp = RING_GET_RESPONSE(&q->tx, q->tx.rsp_prod_pvt++);
	rsp->id = id;
	rsp->status = status;
}

static void tx_push(struct nc2b_queue *q)
{
	int notify;

	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&q->tx, notify);
	if (notify)
		notify_remote_via_irq(q->tx_irq);
}

/* A change of the multicast filter comes in the guise of a frame. */
static void tx_mcast(struct nc2b_queue *q, struct tx_parse *f,
		     const struct xen_netif_extra_info *info)
{
	f->is_mcast = true;
	if (info->type == XEN_NETIF_EXTRA_TYPE_MCAST_DEL)
		nc2b_mcast_del(&q->vif->mcast, info->u.mcast.addr);
	else if (nc2b_mcast_add(&q->vif->mcast, info->u.mcast.addr))
		f->refused = true;
}

/* Read the extra info slots behind a frame's first; 0 or -EPROTO. */
static int tx_extras(struct nc2b_queue *q, struct tx_parse *f, u32 *avail)
{
	/* A slot of the ring is as large as the larger of the two. */
	union {
		struct xen_netif_tx_request slot;
		struct xen_netif_extra_info info;
	} extra;

	do {
		if (!*avail)
			return -EPROTO;
		(*avail)--;
		RING_COPY_REQUEST(&q->tx, q->tx.req_cons++, &extra.slot);
		tx_respond(q, 0, XEN_NETIF_RSP_NULL);
		if (!extra.info.type || extra.info.type >= XEN_NETIF_EXTRA_TYPE_MAX)
			return -EPROTO;
		if (extra.info.type == XEN_NETIF_EXTRA_TYPE_GSO) {
			f->gso = extra.info;
			f->has_gso = true;
		} else if (extra.info.type == XEN_NETIF_EXTRA_TYPE_MCAST_ADD ||
			   extra.info.type == XEN_NETIF_EXTRA_TYPE_MCAST_DEL) {
			tx_mcast(q, f, &extra.info);
		}
	} while (extra.info.flags & XEN_NETIF_EXTRA_FLAG_MORE);
	return 0;
}

/*
 * Read one whole frame's slots.  What is wrong with the frame alone sets
 * f->bad; what makes the ring itself unbelievable is an error.
 */
static int tx_parse(struct nc2b_queue *q, struct tx_parse *f, u32 avail)
{
	struct xen_netif_tx_request req;
	u32 rest = 0, i;
	int err;

	f->nr = 0;
	f->bad = false;
	f->has_gso = false;
	f->is_mcast = false;
	f->refused = false;
	do {
		if (!avail)
			return -EPROTO;
		avail--;
		RING_COPY_REQUEST(&q->tx, q->tx.req_cons++, &req);
		if (f->nr < NC2B_FRAME_SLOTS) {
			f->req[f->nr++] = req;
		} else {
			tx_respond(q, req.id, XEN_NETIF_RSP_ERROR);
			f->bad = true;
		}
		if (f->nr == 1 && req.flags & XEN_NETTXF_extra_info) {
			err = tx_extras(q, f, &avail);
			if (err)
				return err;
		}
	} while (req.flags & XEN_NETTXF_more_data);

	/* The first slot's size is that of the whole frame. */
	for (i = 1; i < f->nr; i++)
		rest += f->req[i].size;
	if (f->bad || f->is_mcast)
		return 0;
	if (rest >= f->req[0].size || f->req[0].size < ETH_HLEN) {
		f->bad = true;
		return 0;
	}
	for (i = 0; i < f->nr; i++) {
		u32 size = i ? f->req[i].size : f->req[0].size - rest;

		if (!size || f->req[i].offset + size > XEN_PAGE_SIZE)
			f->bad = true;
	}
	return 0;
}

static int tx_gso(struct sk_buff *skb, const struct xen_netif_extra_info *gso)
{
	u16 size = gso->u.gso.size;

	if (!size)
		return -EINVAL;
	switch (gso->u.gso.type) {
	case XEN_NETIF_GSO_TYPE_TCPV4:
		skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
		break;
	case XEN_NETIF_GSO_TYPE_TCPV6:
		skb_shinfo(skb)->gso_type = SKB_GSO_TCPV6;
		break;
	case XEN_NC2_GSO_TYPE_UDP:
		skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
		break;
	default:
		return -EINVAL;
	}
	skb_shinfo(skb)->gso_size = size;
	return 0;
}

/* An skb with room for @len bytes: a linear head, the rest in whole pages. */
static struct sk_buff *tx_alloc(struct nc2b_queue *q, u32 len)
{
	u32 head = min_t(u32, len, TX_HEAD), chunk, i = 0;
	struct sk_buff *skb;
	struct page *page;

	skb = napi_alloc_skb(&q->tx_napi, TX_HEAD);
	if (!skb)
		return NULL;
	__skb_put(skb, head);
	for (len -= head; len; len -= chunk) {
		chunk = min_t(u32, len, PAGE_SIZE);
		page = alloc_page(GFP_ATOMIC | __GFP_NOWARN);
		if (!page) {
			kfree_skb(skb);
			return NULL;
		}
		skb_add_rx_frag(skb, i++, page, 0, chunk, PAGE_SIZE);
	}
	return skb;
}

/* Where the bytes at @pos of a frame belong, and how many fit there. */
static void *tx_place(struct sk_buff *skb, u32 pos, u32 *room)
{
	u32 head = skb_headlen(skb);
	skb_frag_t *frag;
	void *to;

	if (pos < head) {
		to = skb->data + pos;
		*room = min_t(u32, head - pos, PAGE_SIZE - offset_in_page(to));
		return to;
	}
	pos -= head;
	/* Every page but the last is full. */
	frag = &skb_shinfo(skb)->frags[pos >> PAGE_SHIFT];
	*room = PAGE_SIZE - offset_in_page(pos);
	return skb_frag_address(frag) + offset_in_page(pos);
}

static u16 tx_copies(struct nc2b_queue *q, const struct tx_parse *f,
		     struct sk_buff *skb, u16 op)
{
	u32 i, done, room, size, rest = 0, pos = 0;
	void *to;

	for (i = 1; i < f->nr; i++)
		rest += f->req[i].size;
	for (i = 0; i < f->nr; i++) {
		size = i ? f->req[i].size : f->req[0].size - rest;
		for (done = 0; done < size; done += room) {
			to = tx_place(skb, pos + done, &room);
			room = min(room, size - done);
			nc2b_copy_from_guest(&q->tx_ops[op++], q->vif->domid,
					     f->req[i].gref,
					     f->req[i].offset + done, to, room);
		}
		pos += size;
	}
	return op;
}

/* Take one frame from the ring: 1: a frame to copy, 0: none, or dropped. */
static int tx_take(struct nc2b_queue *q, u32 avail, struct nc2b_tx_frame *fr,
		   u16 op, u16 slot)
{
	enum nc2b_stat why = NC2B_TX_DROP_BAD;
	struct tx_parse f;
	u32 i;

	if (tx_parse(q, &f, avail)) {
		nc2b_vif_break(q->vif, "a transmit request that breaks the ring's rules");
		return -EPROTO;
	}
	if (f.is_mcast) {
		for (i = 0; i < f.nr; i++)
			tx_respond(q, f.req[i].id, f.refused ? XEN_NETIF_RSP_ERROR :
							       XEN_NETIF_RSP_OKAY);
		return 0;
	}
	if (f.bad)
		goto drop;

	fr->skb = tx_alloc(q, f.req[0].size);
	why = NC2B_TX_DROP_NOMEM;
	if (!fr->skb)
		goto drop;
	why = NC2B_TX_DROP_BAD;
	if (f.has_gso && tx_gso(fr->skb, &f.gso)) {
		kfree_skb_reason(fr->skb, SKB_DROP_REASON_DEV_HDR);
		goto drop;
	}
	fr->first = f.req[0];
	fr->op = op;
	fr->nr_ops = tx_copies(q, &f, fr->skb, op) - op;
	fr->slot = slot;
	fr->nr_slots = f.nr;
	for (i = 0; i < f.nr; i++)
		q->tx_ids[slot + i] = f.req[i].id;
	return 1;

drop:
	for (i = 0; i < f.nr; i++)
		tx_respond(q, f.req[i].id, XEN_NETIF_RSP_ERROR);
	nc2b_queue_inc(q, &q->tx_sync, why);
	return 0;
}

/* Requests that wait, or -EPROTO. */
static int tx_avail(struct nc2b_queue *q)
{
	u32 avail = READ_ONCE(q->tx.sring->req_prod) - q->tx.req_cons;

	if (avail > RING_SIZE(&q->tx))
		return -EPROTO;
	/* Index before the requests. */
	virt_rmb();
	return avail;
}

/**
 * nc2b_tx_credit - timer: the guest may send again
 * @t: &nc2b_queue.credit
 */
void nc2b_tx_credit(struct timer_list *t)
{
	struct nc2b_queue *q = container_of(t, struct nc2b_queue, credit);

	napi_schedule(&q->tx_napi);
}

/* Whether the guest has used up what it may send; the timer runs then. */
static bool tx_throttle(struct nc2b_queue *q)
{
	u64 wait;

	q->throttled = false;
	if (likely(!READ_ONCE(q->vif->rate.bytes)))
		return false;
	wait = nc2b_rate_wait(&q->vif->rate, ktime_get_ns());
	if (!wait)
		return false;
	q->throttled = true;
	mod_timer(&q->credit, jiffies + nsecs_to_jiffies(wait) + 1);
	return true;
}

/* Read frames from the ring until a batch is full; number of them. */
static int tx_collect(struct nc2b_queue *q, int *budget, u16 *nr_ops)
{
	int n = 0, avail, got;
	u16 op = 0, slot = 0;

	while (*budget && n < NC2B_BATCH && op + NC2B_TX_FRAME_OPS <= NC2B_COPY_OPS) {
		avail = tx_avail(q);
		if (avail < 0) {
			nc2b_vif_break(q->vif, "a transmit index beyond the ring");
			break;
		}
		if (!avail || tx_throttle(q))
			break;
		got = tx_take(q, avail, &q->frames[n], op, slot);
		if (got < 0)
			break;
		/* Whatever was read: a guest's nonsense must not keep the poll going. */
		--*budget;
		if (!got)
			continue;
		if (READ_ONCE(q->vif->rate.bytes))
			nc2b_rate_charge(&q->vif->rate, q->frames[n].skb->len);
		op += q->frames[n].nr_ops;
		slot += q->frames[n].nr_slots;
		n++;
	}
	*nr_ops = op;
	return n;
}

static int tx_checksum(struct sk_buff *skb, const struct xen_netif_tx_request *req)
{
	bool recalculate = false;

	if (req->flags & XEN_NETTXF_csum_blank)
		skb->ip_summed = CHECKSUM_PARTIAL;
	else if (req->flags & XEN_NETTXF_data_validated)
		skb->ip_summed = CHECKSUM_UNNECESSARY;

	/* Segments to cut always have a blank checksum, whatever the front says. */
	if (skb_is_gso(skb) && skb->ip_summed != CHECKSUM_PARTIAL) {
		skb->ip_summed = CHECKSUM_PARTIAL;
		recalculate = true;
	}
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return 0;
	return skb_checksum_setup(skb, recalculate);
}

/*
 * Bytes of all headers of a frame to be cut, whose checksum has been set up; 0 if it is
 * not of the kind that its guest says.
 */
static u32 tx_headers(struct sk_buff *skb)
{
	u32 type = skb_shinfo(skb)->gso_type;

	if (!skb_transport_header_was_set(skb))
		return 0;
	/* What was set up is either TCP or UDP, of either version of IP. */
	if (type & SKB_GSO_UDP_L4)
		return skb->csum_offset == offsetof(struct udphdr, check) ?
		       skb_transport_offset(skb) + sizeof(struct udphdr) : 0;
	if (skb->protocol != (type & SKB_GSO_TCPV6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP)) ||
	    skb->csum_offset != offsetof(struct tcphdr, check) ||
	    tcp_hdrlen(skb) < sizeof(struct tcphdr))
		return 0;
	return skb_tcp_all_headers(skb);
}

/*
 * Whether the frame is what its guest says that is to be cut, and not into more
 * pieces than anybody has a use for: who cuts it, maybe a NIC, believes what stands
 * here.  Its checksum has been set up.
 */
static int tx_segments(struct sk_buff *skb)
{
	u32 hlen = tx_headers(skb), segs;

	if (!hlen || hlen >= skb->len || !pskb_may_pull(skb, hlen))
		return -EINVAL;
	segs = DIV_ROUND_UP(skb->len - hlen, skb_shinfo(skb)->gso_size);
	if (segs > (skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4 ? XEN_NC2_GSO_UDP_MAX_SEGS :
								TX_MAX_SEGS))
		return -EINVAL;
	if (segs == 1) {
		/* Who cuts would refuse it. */
		skb_gso_reset(skb);
		return 0;
	}
	skb_shinfo(skb)->gso_segs = segs;
	/* The stack looks at the headers again before a NIC does. */
	skb_shinfo(skb)->gso_type |= SKB_GSO_DODGY;
	return 0;
}

/* Make a frame whose bytes have arrived fit for the stack. */
static int tx_finish(struct nc2b_queue *q, struct nc2b_tx_frame *fr)
{
	struct sk_buff *skb = fr->skb;

	skb->protocol = eth_type_trans(skb, q->vif->dev);
	skb_reset_network_header(skb);
	if (tx_checksum(skb, &fr->first))
		return -EINVAL;
	skb_probe_transport_header(skb);
	return skb_is_gso(skb) ? tx_segments(skb) : 0;
}

static bool tx_copied(struct nc2b_queue *q, const struct nc2b_tx_frame *fr)
{
	u32 i;

	for (i = fr->op; i < fr->op + fr->nr_ops; i++)
		if (q->tx_ops[i].status != GNTST_okay)
			return false;
	return true;
}

static void tx_deliver(struct nc2b_queue *q, int n)
{
	u64 frames = 0, bytes = 0, copied = 0, bad = 0, lost = 0, down = 0;
	bool up = netif_running(q->vif->dev);
	LIST_HEAD(list);
	int i, j;

	for (i = 0; i < n; i++) {
		enum skb_drop_reason why = SKB_DROP_REASON_SKB_UCOPY_FAULT;
		struct nc2b_tx_frame *fr = &q->frames[i];
		bool good = tx_copied(q, fr);
		u32 len = fr->skb->len;

		for (j = 0; j < fr->nr_slots; j++)
			tx_respond(q, q->tx_ids[fr->slot + j],
				   good ? XEN_NETIF_RSP_OKAY : XEN_NETIF_RSP_ERROR);
		if (!good) {
			lost++;
		} else if (!up) {
			down++;
			why = SKB_DROP_REASON_DEV_READY;
		} else if (tx_finish(q, fr)) {
			bad++;
			why = SKB_DROP_REASON_DEV_HDR;
		} else {
			frames++;
			bytes += len;
			copied += len;
			list_add_tail(&fr->skb->list, &list);
			continue;
		}
		kfree_skb_reason(fr->skb, why);
	}
	u64_stats_update_begin(&q->tx_sync);
	u64_stats_add(&q->stats[NC2B_TX_FRAMES], frames);
	u64_stats_add(&q->stats[NC2B_TX_BYTES], bytes);
	u64_stats_add(&q->stats[NC2B_TX_COPIED], copied);
	u64_stats_add(&q->stats[NC2B_TX_DROP_BAD], bad);
	u64_stats_add(&q->stats[NC2B_TX_DROP_COPY], lost);
	u64_stats_add(&q->stats[NC2B_TX_DROP_DOWN], down);
	u64_stats_update_end(&q->tx_sync);
	netif_receive_skb_list(&list);
}

/**
 * nc2b_tx_poll - NAPI poll function: take frames from the guest
 * @napi: &nc2b_queue.tx_napi
 * @budget: frames at most, those that are dropped among them
 *
 * Return: frames read.
 */
int nc2b_tx_poll(struct napi_struct *napi, int budget)
{
	struct nc2b_queue *q = container_of(napi, struct nc2b_queue, tx_napi);
	int left = budget, n, more;
	u16 nr_ops;

	q->throttled = false;
	while (left && !READ_ONCE(q->vif->broken)) {
		n = tx_collect(q, &left, &nr_ops);
		if (!n)
			break;
		nc2b_grant_copy(q->tx_ops, nr_ops);
		tx_deliver(q, n);
	}
	tx_push(q);
	q->tx_worked |= left != budget;
	if (!left)
		return budget;

	/*
	 * All that is looked at comes before the end: another CPU may poll then.
	 * A guest that has used up its rate is left alone until the timer.
	 */
	if (!READ_ONCE(q->vif->broken) && !q->throttled) {
		RING_FINAL_CHECK_FOR_REQUESTS(&q->tx, more);
		if (more)
			return budget;
	}
	if (nc2b_queue_eoi(q, NC2B_EOI_TX, q->tx_worked))
		q->tx_worked = false;
	napi_complete_done(napi, budget - left);
	return budget - left;
}
