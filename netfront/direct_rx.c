// SPDX-License-Identifier: GPL-2.0
/*
 * Receive on the direct path.
 *
 * A frame stays where the NIC wrote it, but for headers that the stack wants in
 * the skb: the skb holds a reference on the page.  We hold one for ever, so a page with one
 * reference left is ours to give to the NIC again.
 */
#include "direct.h"

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/skbuff.h>

#include "hdr.h"
#include "netdev.h"

/* A frame no longer than this is copied whole and its buffer posted at once. */
#define COPYBREAK	256
/* A frame of several parts that is copied whole; more than any jumbo frame. */
#define COPY_MAX	9728
/* Held buffers to look at in one poll: more than a poll can add. */
#define SCAN		(2 * NAPI_POLL_WEIGHT)
/*
 * The stack gives pages back nearly in order: after so many that are still in
 * use the rest most likely is as well.  Short of buffers it is worth a look.
 */
#define MISSES		4

static bool page_idle(void *arg, u32 page)
{
	const struct nc2f_block *b = arg;

	return page_ref_count(nc2f_block_pool(b, page)) == 1;
}

/**
 * nc2f_direct_fill - put all free buffers onto the fill ring
 * @d: the direct path
 *
 * The ring has an entry for each buffer, so there is always room.
 */
void nc2f_direct_fill(struct nc2f_direct *d)
{
	int id;

	while ((id = nc2f_pool_post(&d->pool)) >= 0) {
		struct xen_nc2_fill e = {
			.page = nc2f_pool_page(&d->pool, id),
			.offset = nc2f_pool_offset(&d->pool, id),
		};

		nc2f_prod_fill(&d->fill, e);
	}
}

static void *data_of(struct nc2f_direct *d, const struct xen_nc2_comp *c)
{
	return page_address(nc2f_block_pool(&d->block, c->page)) + c->offset;
}

/* Leaves the bytes in the buffer; @from: how many have been copied. */
static void add_page(struct nc2f_direct *d, struct sk_buff *skb, u32 id,
		     const struct xen_nc2_comp *c, u32 from)
{
	struct page *page = nc2f_block_pool(&d->block, c->page);

	get_page(page);
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, c->offset + from,
			c->len - from, d->pool.buf_size);
	nc2f_pool_hold(&d->pool, id);
}

/* Begins a frame with its first buffer; returns NULL for want of memory. */
static struct sk_buff *begin(struct nc2f_direct *d, u32 id, const struct xen_nc2_comp *c,
			     struct nc2f_rx_batch *b)
{
	bool more = c->flags & XEN_NC2_COMP_MORE;
	bool starved = nc2f_pool_starved(&d->pool);
	bool whole = starved || (c->len <= COPYBREAK && !more);
	void *data = data_of(d, c);
	u32 copy = whole ? c->len : nc2f_hdr_len(data, c->len);
	struct sk_buff *skb;

	skb = napi_alloc_skb(d->napi, !whole ? NC2F_HDR_MAX : more ? COPY_MAX : c->len);
	if (!skb)
		return NULL;
	skb_put_data(skb, data, copy);
	b->n[NC2F_RX_COPIED] += copy;
	b->n[NC2F_RX_STARVED] += starved;
	if (copy == c->len)
		nc2f_pool_drop(&d->pool, id);
	else
		add_page(d, skb, id, c, copy);
	return skb;
}

/* Adds a further buffer to a frame; false if it does not fit. */
static bool go_on(struct nc2f_direct *d, struct sk_buff *skb, u32 id,
		  const struct xen_nc2_comp *c, struct nc2f_rx_batch *b)
{
	/* A frame that is being copied goes on being copied. */
	if (!skb_is_nonlinear(skb) && skb_tailroom(skb) >= c->len) {
		skb_put_data(skb, data_of(d, c), c->len);
		b->n[NC2F_RX_COPIED] += c->len;
		nc2f_pool_drop(&d->pool, id);
		return true;
	}
	if (skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS)
		return false;
	add_page(d, skb, id, c, 0);
	return true;
}

static void set_offloads(struct nc2f_direct *d, struct sk_buff *skb,
			 const struct xen_nc2_comp *c)
{
	netdev_features_t features = d->nf->dev->features;
	bool good = c->flags & XEN_NC2_COMP_CSUM_OK && features & NETIF_F_RXCSUM;

	/* GRO hands out the skb of a frame that it has merged as that one left it. */
	skb->ip_summed = good ? CHECKSUM_UNNECESSARY : CHECKSUM_NONE;
	skb->csum_level = 0;
	skb_clear_hash(skb);
	if (c->flags & XEN_NC2_COMP_VLAN)
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), c->vlan);
	if (c->flags & XEN_NC2_COMP_HASH && features & NETIF_F_RXHASH)
		skb_set_hash(skb, c->hash, PKT_HASH_TYPE_L4);
}

/* Why a frame with this header is not for the stack, or NC2F_RX_FRAMES. */
static enum nc2f_rx_stat judge(const struct net_device *dev, const struct ethhdr *eth)
{
	/* The NIC's switch may send our own broadcasts back to us. */
	if (ether_addr_equal(eth->h_source, dev->dev_addr))
		return NC2F_RX_DROP_OWN_MAC;
	if (!is_multicast_ether_addr(eth->h_dest) &&
	    !ether_addr_equal(eth->h_dest, dev->dev_addr) && !(dev->flags & IFF_PROMISC))
		return NC2F_RX_DROP_NOT_MINE;
	return NC2F_RX_FRAMES;
}

/*
 * A frame that fills one buffer, which is nearly every frame of a fast stream:
 * GRO looks at the headers where they lie and, if the frame continues another,
 * moves the page there.  No skb is allocated or freed for it.  Returns false
 * for want of memory.
 */
static bool deliver_page(struct nc2f_direct *d, u32 id, const struct xen_nc2_comp *c,
			 struct nc2f_rx_batch *b)
{
	enum nc2f_rx_stat verdict = judge(d->nf->dev, data_of(d, c));
	struct sk_buff *skb;

	if (verdict != NC2F_RX_FRAMES) {
		b->n[verdict]++;
		nc2f_pool_drop(&d->pool, id);
		return true;
	}
	skb = napi_get_frags(d->napi);
	if (!skb)
		return false;
	add_page(d, skb, id, c, 0);
	set_offloads(d, skb, c);
	skb_record_rx_queue(skb, 0);
	b->n[NC2F_RX_FRAMES]++;
	b->n[NC2F_RX_BYTES] += c->len;
	napi_gro_frags(d->napi);
	return true;
}

static void deliver(struct nc2f_direct *d, struct sk_buff *skb, const struct xen_nc2_comp *c,
		    struct nc2f_rx_batch *b)
{
	struct net_device *dev = d->nf->dev;
	enum nc2f_rx_stat why = NC2F_RX_DROP_BAD;
	u32 len = skb->len;

	if (!pskb_may_pull(skb, ETH_HLEN))
		goto drop;
	why = judge(dev, (struct ethhdr *)skb->data);
	if (why != NC2F_RX_FRAMES)
		goto drop;
	skb->protocol = eth_type_trans(skb, dev);
	set_offloads(d, skb, c);
	skb_record_rx_queue(skb, 0);
	b->n[NC2F_RX_FRAMES]++;
	b->n[NC2F_RX_BYTES] += len;
	napi_gro_receive(d->napi, skb);
	return;
drop:
	b->n[why]++;
	dev_kfree_skb_any_reason(skb, nc2f_rx_reason(why));
}

/* One completion; @c is a private copy and id a buffer of ours again. */
static void handle(struct nc2f_direct *d, u32 id, const struct xen_nc2_comp *c,
		   struct nc2f_rx_batch *b)
{
	bool last = !(c->flags & XEN_NC2_COMP_MORE);
	struct sk_buff *skb = d->skb;
	enum nc2f_rx_stat why = NC2F_RX_DROP_BACK;

	if (d->skip) {
		nc2f_pool_drop(&d->pool, id);
		d->skip = !last;
		return;
	}
	if (c->flags & XEN_NC2_COMP_DROP)
		goto drop;
	if (!skb && last && c->len > COPYBREAK && !nc2f_pool_starved(&d->pool)) {
		why = NC2F_RX_DROP_NOMEM;
		if (!deliver_page(d, id, c, b))
			goto drop;
		return;
	}
	if (!skb) {
		why = NC2F_RX_DROP_NOMEM;
		skb = begin(d, id, c, b);
		if (!skb)
			goto drop;
	} else if (!go_on(d, skb, id, c, b)) {
		why = NC2F_RX_DROP_BAD;
		goto drop;
	}
	d->skb = last ? NULL : skb;
	if (last)
		deliver(d, skb, c, b);
	return;
drop:
	/* A buffer that comes back unused belongs to no frame. */
	if (c->len || skb)
		b->n[why]++;
	dev_kfree_skb_any_reason(skb, nc2f_rx_reason(why));
	d->skb = NULL;
	d->skip = !last;
	nc2f_pool_drop(&d->pool, id);
}

static int take(struct nc2f_direct *d, int n, struct nc2f_rx_batch *b)
{
	int done;

	for (done = 0; done < n; done++) {
		struct xen_nc2_comp c;
		int id;

		nc2f_cons_comp(&d->comp, &c);
		id = nc2f_pool_take(&d->pool, &c);
		if (id < 0) {
			nc2f_direct_break(d, "a completion names no buffer that it has");
			break;
		}
		/* The private copy says what the ledger found right. */
		c.page = nc2f_pool_page(&d->pool, id);
		c.offset = nc2f_pool_offset(&d->pool, id);
		if (!c.len && !(c.flags & XEN_NC2_COMP_DROP)) {
			nc2f_direct_break(d, "a completion is empty");
			nc2f_pool_drop(&d->pool, id);
			break;
		}
		handle(d, id, &c, b);
	}
	return done;
}

/**
 * nc2f_direct_rx - take completions off the ring, give buffers back
 * @d: the direct path
 * @budget: completions to take, at most
 * @notify: set if the back wants an event
 *
 * NAPI context.
 *
 * Return: number of completions.
 */
int nc2f_direct_rx(struct nc2f_direct *d, int budget, bool *notify)
{
	struct nc2f_rx_batch b = {};
	int done = 0;
	int n;

	spin_lock(&d->rx_lock);
	if (d->gone)
		goto out;
	n = nc2f_cons_avail(&d->comp);
	if (n < 0) {
		nc2f_direct_break(d, "more completions than the ring holds");
		goto out;
	}
	nc2f_pool_reap(&d->pool, SCAN, nc2f_pool_starved(&d->pool) ? SCAN : MISSES,
		       page_idle, &d->block);
	done = take(d, min(n, budget), &b);
	if (READ_ONCE(d->broken))
		goto out;
	nc2f_direct_fill(d);
	*notify = nc2f_cons_publish(&d->comp);
	*notify |= nc2f_prod_publish(&d->fill);
out:
	spin_unlock(&d->rx_lock);
	if (done)
		nc2f_stats_rx(nc2f_direct_stats(d->nf), &b);
	return done;
}
