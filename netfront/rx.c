// SPDX-License-Identifier: GPL-2.0
/* Receive on the bridged path. */
#include "queue.h"

#include <linux/etherdevice.h>
#include <linux/skbuff.h>
#include <linux/unaligned.h>

#include <net/page_pool/helpers.h>

#include <xen/interface/io/netchannel2.h>

#include "hdr.h"
#include "netdev.h"
#include "xdp.h"

/* A frame no longer than this is copied whole and its page kept. */
#define COPYBREAK	256
/* Free buffers that are worth publishing. */
#define REFILL_BATCH	16
/* How long to wait for memory when there is too little to receive with. */
#define REFILL_DELAY	(HZ / 10)

/**
 * struct rx_frame - a frame under construction
 * @skb: what there is of it; NULL if it is to be dropped
 * @why: counter of the reason to drop it
 * @flags: flags of its first response
 * @gso_size: payload bytes in a segment, 0 if it is not to be cut
 * @gso_type: XEN_NETIF_GSO_TYPE_*
 * @hash: the back's hash of it
 * @hash_type: what @hash is over, PKT_HASH_TYPE_NONE if there is none
 * @headroom: bytes that the back has left in front of it
 * @prog: program that is to look at it, or NULL
 * @lie: what the back has done that it must not; NULL if nothing
 */
struct rx_frame {
	struct sk_buff *skb;
	enum nc2f_rx_stat why;
	u16 flags;
	u16 gso_size;
	u8 gso_type;
	u32 hash;
	enum pkt_hash_types hash_type;
	u16 headroom;
	struct bpf_prog *prog;
	const char *lie;
};

static bool fill_one(struct nc2f_queue *q, u16 id)
{
	struct nc2f_rx_buf *buf = &q->rx_buf[id];
	struct xen_netif_rx_request req = { .id = id, .gref = buf->ref };
	RING_IDX at = q->rx.req_prod_pvt;

	if (!buf->page) {
		buf->page = page_pool_alloc_pages(q->pages, GFP_ATOMIC | __GFP_NOWARN |
						  __GFP_ZERO);
		if (!buf->page)
			return false;
		/*
		 * It comes back with what was done in it: pointers of what a program
		 * redirects, or what IPsec has decrypted in its place.
		 */
		if (q->nf->bounce)
			clear_page(page_address(buf->page));
		nc2f_grant_begin(buf->ref, q->domid, buf->page, false);
	}
	*RING_GET_REQUEST(&q->rx, at) = req;
	q->rx_pos[at & (NC2F_RING_SIZE - 1)] = id;
	q->rx.req_prod_pvt = at + 1;
	return true;
}

/**
 * nc2f_rx_refill - give the back buffers to receive into
 * @q: the queue
 */
void nc2f_rx_refill(struct nc2f_queue *q)
{
	RING_IDX old = q->rx_shown;
	RING_IDX new;

	while (q->rx_nr_free && fill_one(q, q->rx_free[q->rx_nr_free - 1]))
		q->rx_nr_free--;
	new = q->rx.req_prod_pvt;
	/* The back waits for room for its largest frame, and the frame's hash. */
	if (new - q->rx.rsp_cons <= NC2F_MAX_SLOTS + 1)
		schedule_delayed_work(&q->refill, REFILL_DELAY);
	if (new == old)
		return;
	q->rx_shown = new;
	/* Requests before the index; pairs with the back's read barrier. */
	virt_wmb();
	WRITE_ONCE(q->rx.sring->req_prod, new);
	/* Index before event field; pairs with the barrier of a back that sleeps. */
	virt_mb();
	if (new - READ_ONCE(q->rx.sring->req_event) < new - old)
		nc2f_irq_notify(q->split ? &q->rx_irq : &q->tx_irq);
}

/* The buffer stays granted and goes back to the ring as it is. */
static void keep(struct nc2f_queue *q, u16 id)
{
	q->rx_free[q->rx_nr_free++] = id;
}

/* Takes the next response off the ring; returns the id of its buffer. */
static u16 next(struct nc2f_queue *q, struct xen_netif_rx_response *rsp)
{
	RING_IDX at = q->rx.rsp_cons++;

	RING_COPY_RESPONSE(&q->rx, at, rsp);
	return q->rx_pos[at & (NC2F_RING_SIZE - 1)];
}

static void take_hash(struct rx_frame *f, const struct xen_netif_extra_info *extra)
{
	if (extra->u.hash.algorithm != XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ)
		return;
	switch (extra->u.hash.type) {
	case _XEN_NETIF_CTRL_HASH_TYPE_IPV4:
	case _XEN_NETIF_CTRL_HASH_TYPE_IPV6:
		f->hash_type = PKT_HASH_TYPE_L3;
		break;
	case _XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP:
	case _XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP:
		f->hash_type = PKT_HASH_TYPE_L4;
		break;
	default:
		return;
	}
	f->hash = get_unaligned_le32(extra->u.hash.value);
}

static void take_extras(struct nc2f_queue *q, struct rx_frame *f, RING_IDX end)
{
	struct xen_netif_extra_info extra;
	RING_IDX at;

	do {
		if (q->rx.rsp_cons == end) {
			f->lie = "extra info is missing";
			return;
		}
		at = q->rx.rsp_cons++;
		RING_COPY_RESPONSE(&q->rx, at, &extra);
		keep(q, q->rx_pos[at & (NC2F_RING_SIZE - 1)]);
		if (!extra.type || extra.type >= XEN_NETIF_EXTRA_TYPE_MAX) {
			f->lie = "unknown extra info";
			return;
		}
		if (extra.type == XEN_NETIF_EXTRA_TYPE_GSO) {
			f->gso_size = extra.u.gso.size;
			f->gso_type = extra.u.gso.type;
		} else if (extra.type == XEN_NETIF_EXTRA_TYPE_HASH) {
			take_hash(f, &extra);
		} else if (extra.type == XEN_NETIF_EXTRA_TYPE_XDP) {
			f->headroom = extra.u.xdp.headroom;
		}
	} while (extra.flags & XEN_NETIF_EXTRA_FLAG_MORE);
}

static void drop(struct nc2f_queue *q, struct rx_frame *f, u16 id, enum nc2f_rx_stat why)
{
	keep(q, id);
	dev_kfree_skb_any_reason(f->skb, nc2f_rx_reason(why));
	f->skb = NULL;
	f->why = why;
}

/* Begins the skb; returns how many bytes of the frame it took, 0 without memory. */
static u32 begin(struct nc2f_queue *q, struct rx_frame *f, const void *data, u32 len,
		 struct nc2f_rx_batch *b)
{
	u32 pull = len <= COPYBREAK ? len : nc2f_hdr_len(data, len);

	f->skb = napi_alloc_skb(q->napi, COPYBREAK);
	if (!f->skb)
		return 0;
	skb_put_data(f->skb, data, pull);
	b->n[NC2F_RX_COPIED] += pull;
	return pull;
}

/* Gives a page of ours to the skb. */
static void add_page(struct rx_frame *f, struct page *page, u32 offset, u32 len)
{
	skb_add_rx_frag(f->skb, skb_shinfo(f->skb)->nr_frags, page, offset, len, PAGE_SIZE);
	skb_mark_for_recycle(f->skb);
}

/* Takes the page out of a buffer, which the back cannot write to any more. */
static struct page *take_page(struct nc2f_queue *q, struct rx_frame *f, u16 id)
{
	struct nc2f_rx_buf *buf = &q->rx_buf[id];
	struct page *page = buf->page;

	if (!nc2f_grant_end(buf->ref)) {
		f->lie = "a receive page is still in use";
		drop(q, f, id, NC2F_RX_DROP_BAD);
		return NULL;
	}
	buf->page = NULL;
	keep(q, id);
	return page;
}

/* Adds the bytes of one buffer to the frame; @first: there are none yet. */
static void add(struct nc2f_queue *q, struct rx_frame *f, u16 id, u32 offset, u32 len,
		bool first, struct nc2f_rx_batch *b)
{
	struct page *page = q->rx_buf[id].page;
	u32 pull = 0;

	if (first) {
		pull = begin(q, f, page_address(page) + offset, len, b);
		if (!pull)
			return drop(q, f, id, NC2F_RX_DROP_NOMEM);
	}
	if (pull == len)
		return keep(q, id);
	if (skb_shinfo(f->skb)->nr_frags == MAX_SKB_FRAGS)
		return drop(q, f, id, NC2F_RX_DROP_BAD);
	page = take_page(q, f, id);
	if (page)
		add_page(f, page, offset + pull, len - pull);
}

/* Lets the program look at a frame, and adds what it wants to be received. */
static void add_xdp(struct nc2f_queue *q, struct rx_frame *f, u16 id, u32 offset, u32 len,
		    struct nc2f_rx_batch *b)
{
	struct page *page = take_page(q, f, id);
	u32 pull;

	if (!page)
		return;
	f->why = nc2f_xdp_run(q, f->prog, page, &offset, &len, b);
	if (f->why != NC2F_RX_XDP_PASS)
		return;
	b->n[NC2F_RX_XDP_PASS]++;
	pull = begin(q, f, page_address(page) + offset, len, b);
	if (!pull)
		f->why = NC2F_RX_DROP_NOMEM;
	if (pull && pull < len)
		add_page(f, page, offset + pull, len - pull);
	else
		page_pool_recycle_direct(q->pages, page);
}

/*
 * The stock back says that a frame with headroom begins where its page does,
 * and counts the headroom as part of each slot.  Others say where it begins.
 */
static void cut_headroom(struct rx_frame *f, struct xen_netif_rx_response *rsp)
{
	if (rsp->status <= 0)
		return;
	if (rsp->status < f->headroom) {
		f->lie = "a slot is shorter than its headroom";
		return;
	}
	rsp->offset = f->headroom;
	rsp->status -= f->headroom;
}

/* Takes one frame off the ring; there is at least one response before @end. */
static void take_frame(struct nc2f_queue *q, struct rx_frame *f, RING_IDX end,
		       struct nc2f_rx_batch *b)
{
	struct xen_netif_rx_response rsp;
	bool first = true;
	bool cut;
	u16 id;

	id = next(q, &rsp);
	f->flags = rsp.flags;
	if (rsp.flags & XEN_NETRXF_extra_info)
		take_extras(q, f, end);
	cut = f->headroom && !rsp.offset;
	for (;;) {
		if (cut)
			cut_headroom(f, &rsp);
		if (rsp.id != id)
			f->lie = "a response has the wrong id";
		else if (rsp.status > 0 && rsp.offset + rsp.status > XEN_PAGE_SIZE)
			f->lie = "a frame goes beyond its page";
		if (f->lie)
			return drop(q, f, id, NC2F_RX_DROP_BAD);
		if (rsp.status < 0)
			drop(q, f, id, NC2F_RX_DROP_BACK);
		else if (!rsp.status || (!first && !f->skb))
			keep(q, id);
		else if (f->prog && rsp.flags & XEN_NETRXF_more_data)
			drop(q, f, id, NC2F_RX_DROP_XDP);
		else if (f->prog)
			add_xdp(q, f, id, rsp.offset, rsp.status, b);
		else
			add(q, f, id, rsp.offset, rsp.status, first, b);
		first = false;
		if (!(rsp.flags & XEN_NETRXF_more_data) || f->lie)
			return;
		if (q->rx.rsp_cons == end) {
			f->lie = "a frame has no end";
			return;
		}
		id = next(q, &rsp);
	}
}

/* No size stands for something else, and no frame is longer than IP can say. */
static bool set_gso(struct rx_frame *f)
{
	struct skb_shared_info *shinfo = skb_shinfo(f->skb);

	if (f->gso_size == GSO_BY_FRAGS || f->skb->len > XEN_NETIF_MAX_TX_SIZE)
		return false;
	switch (f->gso_type) {
	case XEN_NETIF_GSO_TYPE_TCPV4:
		shinfo->gso_type = SKB_GSO_TCPV4;
		break;
	case XEN_NETIF_GSO_TYPE_TCPV6:
		shinfo->gso_type = SKB_GSO_TCPV6;
		break;
	case XEN_NC2_GSO_TYPE_UDP:
		shinfo->gso_type = SKB_GSO_UDP_L4;
		break;
	default:
		return false;
	}
	/* Whoever cuts it must check the headers: the back has not. */
	shinfo->gso_type |= SKB_GSO_DODGY;
	shinfo->gso_size = f->gso_size;
	return true;
}

static bool set_csum(struct nc2f_queue *q, struct rx_frame *f, struct nc2f_rx_batch *b)
{
	struct sk_buff *skb = f->skb;
	bool fix = false;

	if (f->flags & XEN_NETRXF_csum_blank) {
		skb->ip_summed = CHECKSUM_PARTIAL;
	} else if (f->gso_size) {
		/* A frame to be cut has a blank checksum, whatever the flag says. */
		b->n[NC2F_RX_CSUM_FIXUP]++;
		skb->ip_summed = CHECKSUM_PARTIAL;
		fix = true;
	} else {
		if (f->flags & XEN_NETRXF_data_validated && q->nf->dev->features & NETIF_F_RXCSUM)
			skb->ip_summed = CHECKSUM_UNNECESSARY;
		return true;
	}
	return !skb_checksum_setup(skb, fix);
}

static void deliver(struct nc2f_queue *q, struct rx_frame *f, struct nc2f_rx_batch *b)
{
	struct sk_buff *skb = f->skb;
	u32 len = skb->len;

	if (!pskb_may_pull(skb, ETH_HLEN))
		goto bad;
	if (f->gso_size && !set_gso(f))
		goto bad;
	skb->protocol = eth_type_trans(skb, q->nf->dev);
	skb_reset_network_header(skb);
	if (!set_csum(q, f, b))
		goto bad;
	if (f->hash_type != PKT_HASH_TYPE_NONE && q->nf->dev->features & NETIF_F_RXHASH)
		skb_set_hash(skb, f->hash, f->hash_type);
	skb_record_rx_queue(skb, q->id);
	b->n[NC2F_RX_FRAMES]++;
	b->n[NC2F_RX_BYTES] += len;
	napi_gro_receive(q->napi, skb);
	return;
bad:
	b->n[NC2F_RX_DROP_BAD]++;
	dev_kfree_skb_any_reason(skb, nc2f_rx_reason(NC2F_RX_DROP_BAD));
}

/**
 * nc2f_rx_work - take frames off the ring
 * @q: the queue
 * @budget: how many, at most
 *
 * NAPI context.
 *
 * Return: number of frames taken, good or bad.
 */
int nc2f_rx_work(struct nc2f_queue *q, int budget)
{
	struct bpf_prog *prog = rcu_dereference_bh(q->nf->xdp_prog);
	struct nc2f_rx_batch b = {};
	RING_IDX end = READ_ONCE(q->rx.sring->rsp_prod);
	int done = 0;

	if (READ_ONCE(q->nf->broken))
		return 0;
	if (end - q->rx.rsp_cons > q->rx_shown - q->rx.rsp_cons) {
		nc2f_netdev_break(q->nf, "more responses than requests to receive");
		return 0;
	}
	/* Index before responses; pairs with the back's write barrier. */
	virt_rmb();
	while (q->rx.rsp_cons != end && done < budget) {
		struct rx_frame f = { .why = NC2F_RX_DROP_BAD, .prog = prog };

		take_frame(q, &f, end, &b);
		done++;
		if (f.lie) {
			dev_kfree_skb_any_reason(f.skb, SKB_DROP_REASON_DEV_HDR);
			nc2f_netdev_break(q->nf, f.lie);
			break;
		}
		if (f.skb)
			deliver(q, &f, &b);
		else
			b.n[f.why]++;
	}
	if (prog)
		nc2f_xdp_flush(q);
	if (q->rx_nr_free >= REFILL_BATCH && !READ_ONCE(q->nf->broken))
		nc2f_rx_refill(q);
	if (done)
		nc2f_stats_rx(&q->nf->stats[q->id], &b);
	return done;
}

/**
 * nc2f_rx_release - give back all pages and grants of receive
 * @q: the queue, stopped
 *
 * The pool takes a page back only if nobody else holds it.  One that the back still
 * uses is no page of the pool any more, so the pool can go.
 *
 * Return: number of pages that the back still uses; each is kept until it lets go.
 */
u32 nc2f_rx_release(struct nc2f_queue *q)
{
	u32 kept = 0;
	u32 i;

	for (i = 0; i < NC2F_RING_SIZE; i++) {
		struct nc2f_rx_buf *buf = &q->rx_buf[i];

		if (buf->ref == INVALID_GRANT_REF)
			continue;
		kept += !nc2f_grant_put(buf->ref);
		if (buf->page)
			page_pool_put_full_page(q->pages, buf->page, false);
		buf->page = NULL;
		buf->ref = INVALID_GRANT_REF;
	}
	return kept;
}
