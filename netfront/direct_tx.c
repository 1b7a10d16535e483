// SPDX-License-Identifier: GPL-2.0
/*
 * Transmit on the direct path: frames are copied into pages that the NIC can
 * read, slot by slot.  The NIC fills in checksums and cuts large frames.
 */
#include "direct.h"

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netpoll.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <net/ip6_checksum.h>

#include "netdev.h"
#include "txrule.h"

/* Room that the next frame may need. */
#define ROOM	XEN_NC2_TX_MAX_SLOTS

/* Fills in what the NIC must know of the headers; false if it cannot do it. */
static bool set_csum(const struct sk_buff *skb, struct xen_nc2_tx *e)
{
	int l2 = skb_network_offset(skb);
	int l4 = skb_checksum_start_offset(skb);

	if (l2 < ETH_HLEN || l2 > 22 || l4 - l2 < (int)sizeof(struct iphdr) ||
	    l4 - l2 > 255)
		return false;
	e->flags |= XEN_NC2_TX_CSUM;
	e->l2_len = l2;
	e->l3_len = l4 - l2;
	if (vlan_get_protocol(skb) == htons(ETH_P_IPV6))
		e->flags |= XEN_NC2_TX_IPV6;
	if (skb->csum_offset == offsetof(struct udphdr, check))
		e->flags |= XEN_NC2_TX_UDP;
	else if (skb->csum_offset != offsetof(struct tcphdr, check))
		return false;
	return true;
}

static bool set_tso(const struct sk_buff *skb, struct xen_nc2_tx *e)
{
	u32 l4 = e->l2_len + e->l3_len;

	if (e->flags & XEN_NC2_TX_UDP || !skb_is_gso_tcp(skb))
		return false;
	if (l4 + sizeof(struct tcphdr) > skb_headlen(skb))
		return false;
	e->flags |= XEN_NC2_TX_TSO;
	e->mss = skb_shinfo(skb)->gso_size;
	e->l4_len = tcp_hdrlen(skb);
	return l4 + e->l4_len <= skb_headlen(skb);
}

/*
 * A NIC that cuts a frame adds each segment's length to the checksum itself
 * and fills in the lengths of the IP header.  The copy in the slot is changed,
 * never the skb, which may be shared.
 */
static void adapt_headers(void *data, const struct xen_nc2_tx *e)
{
	struct tcphdr *th = data + e->l2_len + e->l3_len;

	if (e->flags & XEN_NC2_TX_IPV6) {
		struct ipv6hdr *ip6 = data + e->l2_len;

		ip6->payload_len = 0;
		th->check = ~csum_ipv6_magic(&ip6->saddr, &ip6->daddr, 0, IPPROTO_TCP, 0);
	} else {
		struct iphdr *ip = data + e->l2_len;

		ip->tot_len = 0;
		ip->check = 0;
		th->check = ~csum_tcpudp_magic(ip->saddr, ip->daddr, 0, IPPROTO_TCP, 0);
	}
}

/* Decides what the NIC is to do with the frame; false: it can do nothing. */
static bool offload(struct sk_buff *skb, struct xen_nc2_tx *e)
{
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return !skb_is_gso(skb);
	if (set_csum(skb, e))
		return !skb_is_gso(skb) || set_tso(skb, e);
	if (skb_is_gso(skb))
		return false;
	/* Headers of a kind that the NIC does not know. */
	memset(e, 0, sizeof(*e));
	return !skb_checksum_help(skb);
}

/* As offload(); false: the frame is lost. */
static bool plan(struct nc2f_direct *d, struct sk_buff *skb, struct xen_nc2_tx *e)
{
	return offload(skb, e) &&
	       nc2f_txrule_ok(e, skb->len, READ_ONCE(d->block.sh->back.max_mtu));
}

/* Copies the frame into slots; @e: the first one's entry but for its length. */
static void put_frame(struct nc2f_direct *d, const struct sk_buff *skb, struct xen_nc2_tx *e)
{
	u32 first = d->tx.prod & d->tx.mask;
	u32 from = 0;

	do {
		struct page *page = nc2f_block_txpool(&d->block, d->tx.prod & d->tx.mask);
		u32 n = min_t(u32, skb->len - from, XEN_NC2_PAGE_SIZE);

		skb_copy_bits(skb, from, page_address(page), n);
		if (e->flags & XEN_NC2_TX_TSO)
			adapt_headers(page_address(page), e);
		from += n;
		e->len = n;
		e->flags |= from < skb->len ? XEN_NC2_TX_MORE : 0;
		d->tx_bytes[d->tx.prod & d->tx.mask] = 0;
		nc2f_prod_tx(&d->tx, e);
		*e = (struct xen_nc2_tx){};
	} while (from < skb->len);
	d->tx_bytes[first] = skb->len;
}

/* Sees what the back has sent; under tx_lock.  Returns the number of slots. */
static u32 reap(struct nc2f_direct *d)
{
	struct netdev_queue *txq = netdev_get_tx_queue(d->nf->dev, 0);
	u32 frames = 0, bytes = 0, slots;
	int n = nc2f_prod_reap(&d->tx);

	if (n < 0) {
		nc2f_direct_break(d, "more frames sent than there were");
		return 0;
	}
	slots = n;
	for (; n; n--) {
		u32 len = d->tx_bytes[d->tx_seen++ & d->tx.mask];

		frames += !!len;
		bytes += len;
	}
	if (frames)
		netdev_tx_completed_queue(txq, frames, bytes);
	return slots;
}

static void wake(struct nc2f_direct *d)
{
	if (!d->tx_stopped || nc2f_prod_room(&d->tx) < 2 * ROOM || !READ_ONCE(d->nf->live))
		return;
	d->tx_stopped = false;
	netif_tx_wake_all_queues(d->nf->dev);
}

/* Asks for an event, or sees to it that the back's progress is noticed now. */
static void arm(struct nc2f_direct *d)
{
	if (nc2f_prod_arm(&d->tx))
		napi_schedule(d->napi);
}

static void maybe_stop(struct nc2f_direct *d, struct netdev_queue *txq)
{
	/* XDP sends to a stopped queue as well: that is no further stop. */
	bool stopped = netif_tx_queue_stopped(txq);

	if (nc2f_prod_room(&d->tx) >= ROOM)
		return;
	reap(d);
	if (nc2f_prod_room(&d->tx) >= ROOM)
		return;
	netif_tx_stop_queue(txq);
	d->tx_stopped = true;
	if (!stopped)
		nc2f_stats_tx_inc(nc2f_direct_stats(d->nf), NC2F_TX_STOPS);
}

static void publish(struct nc2f_direct *d)
{
	if (nc2f_prod_publish(&d->tx))
		nc2f_irq_notify(&d->irq);
	arm(d);
}

/**
 * nc2f_direct_xmit - send a frame by the direct path
 * @d: the direct path
 * @skb: the frame; consumed unless NETDEV_TX_BUSY is returned
 * @queue: the netdev's tx queue that it comes from
 *
 * Under the lock of that tx queue.
 *
 * Return: NETDEV_TX_OK, or NETDEV_TX_BUSY if the ring is full or the path not direct.
 */
netdev_tx_t nc2f_direct_xmit(struct nc2f_direct *d, struct sk_buff *skb, u16 queue)
{
	struct netdev_queue *txq = netdev_get_tx_queue(d->nf->dev, queue);
	struct nc2f_stats *st = nc2f_direct_stats(d->nf);
	bool more = netdev_xmit_more();
	struct xen_nc2_tx e = {};
	netdev_tx_t ret = NETDEV_TX_OK;
	u32 slot;

	/* netpoll may have interrupted, on this CPU, a sender of another queue. */
	if (!netpoll_tx_running(d->nf->dev))
		spin_lock(&d->tx_lock);
	else if (!spin_trylock(&d->tx_lock))
		return NETDEV_TX_BUSY;
	/* The path has changed since the caller looked, and the pages may be gone. */
	if (unlikely(d->nf->tx_direct != d)) {
		spin_unlock(&d->tx_lock);
		return NETDEV_TX_BUSY;
	}
	if (!plan(d, skb, &e)) {
		nc2f_stats_tx_inc(st, NC2F_TX_DROP_BAD);
		dev_kfree_skb_any_reason(skb, nc2f_tx_reason(skb));
		goto out;
	}
	maybe_stop(d, txq);
	if (nc2f_prod_room(&d->tx) < ROOM) {
		ret = NETDEV_TX_BUSY;
		goto out;
	}
	slot = d->tx.prod & d->tx.mask;
	put_frame(d, skb, &e);
	nc2f_stats_tx(st, skb->len, skb->len);
	if (skb_is_gso(skb))
		nc2f_stats_tx_gso(st, skb_shinfo(skb)->gso_segs);
	skb_tx_timestamp(skb);
	/* Only the first queue's limit is kept; others carry stragglers. */
	if (queue)
		d->tx_bytes[slot] = 0;
	else
		more = !__netdev_tx_sent_queue(txq, skb->len, more);
	dev_consume_skb_any(skb);
	maybe_stop(d, txq);
out:
	if (!more || netif_xmit_stopped(txq))
		publish(d);
	spin_unlock(&d->tx_lock);
	return ret;
}

/**
 * nc2f_direct_drop - lose a frame for which the ring has no room
 * @d: the direct path
 * @skb: a frame that nc2f_direct_xmit() has not taken, and that cannot wait
 *
 * Under the lock of a tx queue.
 */
void nc2f_direct_drop(struct nc2f_direct *d, struct sk_buff *skb)
{
	spin_lock(&d->tx_lock);
	nc2f_stats_tx_inc(nc2f_direct_stats(d->nf), NC2F_TX_DROP_FULL);
	spin_unlock(&d->tx_lock);
	dev_kfree_skb_any_reason(skb, SKB_DROP_REASON_FULL_RING);
}

/**
 * nc2f_direct_push - show the back all frames that are in the ring
 * @d: the direct path
 *
 * Under the lock of a tx queue.
 */
void nc2f_direct_push(struct nc2f_direct *d)
{
	spin_lock(&d->tx_lock);
	publish(d);
	spin_unlock(&d->tx_lock);
}

/**
 * nc2f_direct_tx_work - see what the back has sent
 * @d: the direct path
 * @budget: of the NAPI context, 0 if called from netpoll
 *
 * NAPI context.
 *
 * Return: number of slots that became free.
 */
u32 nc2f_direct_tx_work(struct nc2f_direct *d, int budget)
{
	u32 n;

	/* netpoll may have interrupted, on this CPU, who changes the path. */
	if (budget)
		spin_lock(&d->tx_lock);
	else if (!spin_trylock(&d->tx_lock))
		return 0;
	n = reap(d);
	wake(d);
	spin_unlock(&d->tx_lock);
	return n;
}

/**
 * nc2f_direct_tx_switch - send by the direct path, or by the bridged one, from now on
 * @d: the direct path
 * @direct: which; all tx queues are frozen, or, for the bridged one, stopped for good
 *
 * On return nobody is in the middle of a frame in the ring that is left.  What is in
 * flight there is accounted for no more: what the back has not sent by now it may
 * never send.
 */
void nc2f_direct_tx_switch(struct nc2f_direct *d, bool direct)
{
	spin_lock_bh(&d->tx_lock);
	WRITE_ONCE(d->nf->tx_direct, direct ? d : NULL);
	if (!direct) {
		memset(d->tx_bytes, 0, (d->tx.mask + 1) * sizeof(*d->tx_bytes));
		netdev_tx_reset_queue(netdev_get_tx_queue(d->nf->dev, 0));
		d->tx_stopped = false;
	}
	spin_unlock_bh(&d->tx_lock);
}
