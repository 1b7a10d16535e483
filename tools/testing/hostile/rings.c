// SPDX-License-Identifier: GPL-2.0
/*
 * nc2-hostile: lies on the rings of the bridged path, which are those of netif.h.
 *
 * What is put onto a ring is entered in the front's own books, so that the front
 * takes the back's answer for a good one: it is the back that is looked at.
 */
#include "hostile.h"

#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <net/ip.h>

#include <xen/events.h>
#include <xen/interface/io/netchannel2.h>

#include "ctrl.h"
#include "netdev.h"
#include "queue.h"

/* To everybody, and nobody listens: a local experimental EtherType. */
static void write_frame(struct nc2f_queue *q, u8 *frame)
{
	memset(frame, 0, PAGE_SIZE);
	eth_broadcast_addr(frame);
	memcpy(frame + ETH_ALEN, q->nf->dev->dev_addr, ETH_ALEN);
	frame[12] = 0x88;
	frame[13] = 0xb5;
}

/*
 * One slot, which is a frame of its own for the front; @req.gref 0: a good page.
 * Returns what is in that page.
 */
static u8 *put(struct nc2f_queue *q, struct xen_netif_tx_request req)
{
	u16 id = q->tx_free[q->tx_free_got & (NC2F_RING_SIZE - 1)];
	struct nc2f_tx_slot *s = &q->tx_slot[id];

	WRITE_ONCE(q->tx_free_got, q->tx_free_got + 1);
	write_frame(q, page_address(s->hdr.page));
	s->skb = NULL;
	s->head = id;
	s->slots = 1;
	s->left = 1;
	s->has_frag = false;
	s->is_mcast = false;
	s->busy = true;
	req.id = id;
	if (!req.gref)
		req.gref = s->hdr.ref;
	*RING_GET_REQUEST(&q->tx, q->tx.req_prod_pvt++) = req;
	return page_address(s->hdr.page);
}

static void put_extra(struct nc2f_queue *q, struct xen_netif_extra_info extra)
{
	memcpy(RING_GET_REQUEST(&q->tx, q->tx.req_prod_pvt++), &extra, sizeof(extra));
}

static void publish(struct nc2f_queue *q)
{
	q->tx_shown = q->tx.req_prod_pvt;
	/* Requests before the index. */
	virt_wmb();
	WRITE_ONCE(q->tx.sring->req_prod, q->tx_shown);
}

static const struct {
	const char *name;
	struct xen_netif_tx_request req;
} singles[] = {
	/* The one that is none: it shows that the others are put as they should be. */
	{ "net-good", { .size = ETH_ZLEN } },
	{ "net-empty", { .size = 0 } },
	{ "net-short", { .size = ETH_HLEN - 1 } },
	{ "net-long", { .size = U16_MAX } },
	{ "net-offset", { .size = ETH_ZLEN, .offset = XEN_PAGE_SIZE - ETH_ZLEN + 1 } },
	{ "net-offset-max", { .size = ETH_ZLEN, .offset = U16_MAX } },
	{ "net-csum", { .size = ETH_ZLEN, .flags = XEN_NETTXF_csum_blank } },
	{ "net-ref", { .size = ETH_ZLEN, .gref = U32_MAX } },
	{ "net-unfinished", { .size = ETH_ZLEN, .flags = XEN_NETTXF_more_data } },
	{ "net-extra-none", { .size = ETH_ZLEN, .flags = XEN_NETTXF_extra_info } },
};

/* A frame of @n slots of 60 bytes; @end: there is a last one. */
static void put_slots(struct nc2f_queue *q, int n, bool end)
{
	struct xen_netif_tx_request req = { .size = ETH_ZLEN * n };
	int i;

	for (i = 0; i < n; i++) {
		req.flags = i < n - 1 || !end ? XEN_NETTXF_more_data : 0;
		put(q, req);
		req.size = ETH_ZLEN;
	}
	publish(q);
}

static void slots_most(struct nc2f_queue *q)
{
	put_slots(q, XEN_NETIF_NR_SLOTS_MIN, true);
}

static void slots_more(struct nc2f_queue *q)
{
	put_slots(q, XEN_NETIF_NR_SLOTS_MIN + 1, true);
}

static void slots_many(struct nc2f_queue *q)
{
	put_slots(q, 100, true);
}

static void slots_endless(struct nc2f_queue *q)
{
	put_slots(q, 100, false);
}

/* The first slot tells the length of the frame; what follows is longer. */
static void sum(struct nc2f_queue *q)
{
	put(q, (struct xen_netif_tx_request){ .size = 100, .flags = XEN_NETTXF_more_data });
	put(q, (struct xen_netif_tx_request){ .size = 200 });
	publish(q);
}

static void slot_empty(struct nc2f_queue *q)
{
	put(q, (struct xen_netif_tx_request){ .size = 100, .flags = XEN_NETTXF_more_data });
	put(q, (struct xen_netif_tx_request){ .size = 0 });
	publish(q);
}

static void with_extra(struct nc2f_queue *q, struct xen_netif_extra_info extra)
{
	put(q, (struct xen_netif_tx_request){ .size = 1000, .flags = XEN_NETTXF_extra_info });
	put_extra(q, extra);
	publish(q);
}

static void extra_type(struct nc2f_queue *q)
{
	with_extra(q, (struct xen_netif_extra_info){ .type = 99 });
}

static void extra_more(struct nc2f_queue *q)
{
	with_extra(q, (struct xen_netif_extra_info){
		.type = XEN_NETIF_EXTRA_TYPE_GSO, .flags = XEN_NETIF_EXTRA_FLAG_MORE,
		.u.gso.type = XEN_NETIF_GSO_TYPE_TCPV4, .u.gso.size = 500,
	});
}

/* No lie; the back has no use for it. */
static const struct xen_netif_extra_info a_hash = {
	.type = XEN_NETIF_EXTRA_TYPE_HASH,
	.u.hash.type = _XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP,
	.u.hash.algorithm = XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ,
	.u.hash.value = { 1, 2, 3, 4 },
};

static void hash(struct nc2f_queue *q)
{
	with_extra(q, a_hash);
}

static void gso_none(struct nc2f_queue *q)
{
	with_extra(q, (struct xen_netif_extra_info){
		.type = XEN_NETIF_EXTRA_TYPE_GSO, .u.gso.type = XEN_NETIF_GSO_TYPE_TCPV4,
	});
}

static void gso_type(struct nc2f_queue *q)
{
	with_extra(q, (struct xen_netif_extra_info){
		.type = XEN_NETIF_EXTRA_TYPE_GSO, .u.gso.type = 9, .u.gso.size = 500,
	});
}

/* To be cut, and no TCP. */
static void gso_odd(struct nc2f_queue *q)
{
	with_extra(q, (struct xen_netif_extra_info){
		.type = XEN_NETIF_EXTRA_TYPE_GSO, .u.gso.type = XEN_NETIF_GSO_TYPE_TCPV6,
		.u.gso.size = 500,
	});
}

/*
 * A frame of @len bytes by IPv4, with that header behind IP's, said to be cut as @gso;
 * a hash follows if that says that there is more.
 */
static void with_ip(struct nc2f_queue *q, struct iphdr ip, const void *header, u32 size,
		    u16 len, struct xen_netif_extra_info gso)
{
	u8 *frame;

	frame = put(q, (struct xen_netif_tx_request){
		.size = len, .flags = XEN_NETTXF_extra_info | XEN_NETTXF_csum_blank,
	});
	ip.version = 4;
	ip.ihl = 5;
	ip.ttl = 1;
	ip.tot_len = htons(len - ETH_HLEN);
	frame[12] = ETH_P_IP >> 8;
	frame[13] = ETH_P_IP & 0xff;
	memcpy(frame + ETH_HLEN, &ip, sizeof(ip));
	memcpy(frame + ETH_HLEN + sizeof(ip), header, size);
	gso.type = XEN_NETIF_EXTRA_TYPE_GSO;
	put_extra(q, gso);
	if (gso.flags & XEN_NETIF_EXTRA_FLAG_MORE)
		put_extra(q, a_hash);
	publish(q);
}

/* TCP, with a header of @doff words, said to be cut as @type at @size. */
static void with_tcp(struct nc2f_queue *q, u8 doff, u8 type, u16 size)
{
	const struct tcphdr tcp = { .doff = doff, .ack = 1 };

	with_ip(q, (struct iphdr){ .protocol = IPPROTO_TCP }, &tcp, sizeof(tcp), 3000,
		(struct xen_netif_extra_info){ .u.gso.type = type, .u.gso.size = size });
}

/* @payload bytes of UDP, to be cut at @size; @part: said to be a part of a datagram. */
static void with_udp(struct nc2f_queue *q, u16 payload, u16 size, bool part)
{
	const struct udphdr udp = { .len = htons(sizeof(udp) + payload) };

	with_ip(q, (struct iphdr){
			.protocol = IPPROTO_UDP, .frag_off = part ? htons(IP_MF) : 0,
		}, &udp, sizeof(udp), ETH_HLEN + sizeof(struct iphdr) + sizeof(udp) + payload,
		(struct xen_netif_extra_info){
			.u.gso.type = XEN_NC2_GSO_TYPE_UDP, .u.gso.size = size,
		});
}

static void udp_good(struct nc2f_queue *q)
{
	with_udp(q, 3000, 1000, false);
}

/* Nothing to be cut. */
static void udp_head(struct nc2f_queue *q)
{
	with_udp(q, 0, 1000, false);
}

/* One more than there may be. */
static void udp_many(struct nc2f_queue *q)
{
	with_udp(q, 20 * XEN_NC2_GSO_UDP_MAX_SEGS + 1, 20, false);
}

static void udp_part(struct nc2f_queue *q)
{
	with_udp(q, 3000, 1000, true);
}

/*
 * 3000 bytes of UDP by IPv6, to be cut at 1000, behind a header with options for the
 * destination.  @next: what is said to stand behind that.
 */
static void with_options(struct nc2f_queue *q, u8 next)
{
	const struct udphdr udp = { .len = htons(sizeof(udp) + 3000) };
	/* One option that says nothing, four bytes long. */
	const u8 options[8] = { next, 0, 1, 4 };
	const struct ipv6hdr ip = {
		.version = 6, .nexthdr = IPPROTO_DSTOPTS, .hop_limit = 1,
		.payload_len = htons(sizeof(options) + sizeof(udp) + 3000),
	};
	u8 *at;

	at = put(q, (struct xen_netif_tx_request){
		.size = ETH_HLEN + sizeof(ip) + sizeof(options) + sizeof(udp) + 3000,
		.flags = XEN_NETTXF_extra_info | XEN_NETTXF_csum_blank,
	});
	at[12] = ETH_P_IPV6 >> 8;
	at[13] = ETH_P_IPV6 & 0xff;
	at += ETH_HLEN;
	memcpy(at, &ip, sizeof(ip));
	at += sizeof(ip);
	memcpy(at, options, sizeof(options));
	memcpy(at + sizeof(options), &udp, sizeof(udp));
	put_extra(q, (struct xen_netif_extra_info){
		.type = XEN_NETIF_EXTRA_TYPE_GSO,
		.u.gso.type = XEN_NC2_GSO_TYPE_UDP, .u.gso.size = 1000,
	});
	publish(q);
}

/* Linux cuts it before it comes to a front; another kernel need not. */
static void udp_options(struct nc2f_queue *q)
{
	with_options(q, IPPROTO_UDP);
}

/* The rest of the frame, all zeroes, is one header of options after the other. */
static void udp_chain(struct nc2f_queue *q)
{
	with_options(q, IPPROTO_HOPOPTS);
}

static void gso_good(struct nc2f_queue *q)
{
	with_tcp(q, 5, XEN_NETIF_GSO_TYPE_TCPV4, 1000);
}

static void gso_hash(struct nc2f_queue *q)
{
	const struct tcphdr tcp = { .doff = 5, .ack = 1 };

	with_ip(q, (struct iphdr){ .protocol = IPPROTO_TCP }, &tcp, sizeof(tcp), 3000,
		(struct xen_netif_extra_info){
			.flags = XEN_NETIF_EXTRA_FLAG_MORE,
			.u.gso.type = XEN_NETIF_GSO_TYPE_TCPV4, .u.gso.size = 1000,
		});
}

/* A byte in each piece. */
static void gso_tiny(struct nc2f_queue *q)
{
	with_tcp(q, 5, XEN_NETIF_GSO_TYPE_TCPV4, 1);
}

static void gso_other(struct nc2f_queue *q)
{
	with_tcp(q, 5, XEN_NETIF_GSO_TYPE_TCPV6, 1000);
}

/* Datagrams of TCP. */
static void gso_udp(struct nc2f_queue *q)
{
	with_tcp(q, 5, XEN_NC2_GSO_TYPE_UDP, 1000);
}

/* A TCP header shorter than any. */
static void gso_head(struct nc2f_queue *q)
{
	with_tcp(q, 2, XEN_NETIF_GSO_TYPE_TCPV4, 1000);
}

static void tx_ahead(struct nc2f_queue *q)
{
	q->tx.sring->req_prod += 1000;
}

static void tx_back(struct nc2f_queue *q)
{
	q->tx.sring->req_prod--;
}

static void rx_ahead(struct nc2f_queue *q)
{
	q->rx.sring->req_prod += 1000;
}

static void rx_back(struct nc2f_queue *q)
{
	q->rx.sring->req_prod = q->rx.sring->rsp_prod - 5;
}

/* The buffers that are filled next are not the guest's to give. */
static void rx_ref(struct nc2f_queue *q)
{
	RING_IDX at = q->rx.sring->rsp_prod;
	int i;

	for (i = 0; i < 8; i++)
		RING_GET_REQUEST(&q->rx, at + i)->gref = U32_MAX;
}

static void ctrl_ahead(struct nc2f_queue *q)
{
	struct nc2f_ctrl *c = q->nf->ctrl;

	if (!c)
		return;
	c->ring.sring->req_prod += 1000;
	notify_remote_via_irq(c->irq.irq);
}

/* Good ones, more than are served in a turn; the front expects no answer. */
static void ctrl_many(struct nc2f_queue *q)
{
	struct nc2f_ctrl *c = q->nf->ctrl;
	int i;

	if (!c)
		return;
	for (i = 0; i < 100; i++) {
		struct xen_netif_ctrl_request req = {
			.id = i, .type = XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS,
		};

		*RING_GET_REQUEST(&c->ring, c->ring.req_prod_pvt++) = req;
	}
	/* Requests before the index. */
	virt_wmb();
	WRITE_ONCE(c->ring.sring->req_prod, c->ring.req_prod_pvt);
	notify_remote_via_irq(c->irq.irq);
}

static void notify(struct nc2f_queue *q)
{
	notify_remote_via_irq(q->tx_irq.irq);
	if (q->split)
		notify_remote_via_irq(q->rx_irq.irq);
}

static void storm(struct nc2f_queue *q)
{
	int i;

	for (i = 0; i < 100000; i++) {
		notify(q);
		cond_resched();
	}
}

/* All that the front writes, at random; the front's books know nothing of it. */
static void noise(struct nc2f_queue *q)
{
	int i;

	for (i = 0; i < 500; i++) {
		get_random_bytes(q->tx.sring->ring, NC2F_RING_SIZE * sizeof(q->tx.sring->ring[0]));
		get_random_bytes(q->rx.sring->ring, NC2F_RING_SIZE * sizeof(q->rx.sring->ring[0]));
		q->tx.sring->req_prod += get_random_u32_below(3);
		q->rx.sring->req_prod += get_random_u32_below(3);
		q->tx.sring->rsp_event = get_random_u32();
		q->rx.sring->rsp_event = get_random_u32();
		notify(q);
		cond_resched();
	}
}

static const struct {
	const char *name;
	void (*act)(struct nc2f_queue *q);
	bool slow;	/* takes long; the front may go on in between */
} acts[] = {
	{ "net-slots-most", slots_most },
	{ "net-slots-more", slots_more },
	{ "net-slots-many", slots_many },
	{ "net-slots-endless", slots_endless },
	{ "net-sum", sum },
	{ "net-slot-empty", slot_empty },
	{ "net-extra-type", extra_type },
	{ "net-extra-more", extra_more },
	{ "net-hash", hash },
	{ "net-gso-none", gso_none },
	{ "net-gso-type", gso_type },
	{ "net-gso-odd", gso_odd },
	{ "net-gso-good", gso_good },
	{ "net-gso-hash", gso_hash },
	{ "net-gso-tiny", gso_tiny },
	{ "net-gso-other", gso_other },
	{ "net-gso-udp", gso_udp },
	{ "net-udp-good", udp_good },
	{ "net-udp-head", udp_head },
	{ "net-udp-many", udp_many },
	{ "net-udp-part", udp_part },
	{ "net-udp-options", udp_options },
	{ "net-udp-chain", udp_chain },
	{ "net-gso-head", gso_head },
	{ "net-tx-ahead", tx_ahead },
	{ "net-tx-back", tx_back },
	{ "net-rx-ahead", rx_ahead },
	{ "net-rx-back", rx_back },
	{ "net-rx-ref", rx_ref },
	{ "net-ctrl-ahead", ctrl_ahead },
	{ "net-ctrl-many", ctrl_many },
	{ "net-storm", storm, true },
	{ "net-noise", noise, true },
};

/* Does the action on the first queue, with its sender locked out; false if unknown. */
static bool act_on(struct nc2f_queue *q, const char *action)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->nf->dev, 0);
	int i;

	for (i = 0; i < ARRAY_SIZE(singles); i++) {
		if (strcmp(action, singles[i].name))
			continue;
		__netif_tx_lock_bh(txq);
		put(q, singles[i].req);
		publish(q);
		notify(q);
		__netif_tx_unlock_bh(txq);
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(acts); i++) {
		if (strcmp(action, acts[i].name))
			continue;
		if (!acts[i].slow)
			__netif_tx_lock_bh(txq);
		acts[i].act(q);
		notify(q);
		if (!acts[i].slow)
			__netif_tx_unlock_bh(txq);
		return true;
	}
	return false;
}

/**
 * nc2h_rings - lie on the rings of the bridged path
 * @action: what to do
 *
 * Return: 0; -EINVAL if there is no such action; -ENODEV without a connection.
 */
int nc2h_rings(const char *action)
{
	struct net_device *dev = dev_get_by_name(&init_net, "eth0");
	struct nc2f_dev *nf;
	int err = -ENODEV;

	if (!dev)
		return err;
	nf = netdev_priv(dev);
	mutex_lock(&nf->lock);
	if (nf->dev == dev && nf->phase == NC2F_UP)
		err = act_on(&nf->queues[0], action) ? 0 : -EINVAL;
	mutex_unlock(&nf->lock);
	dev_put(dev);
	return err;
}
