// SPDX-License-Identifier: GPL-2.0
/*
 * nc2-hostile: a guest that lies to the back end, for the lab tests.
 *
 *	insmod nc2-hostile.ko action=NAME
 *
 * Two kinds of action.  One happens at once: it writes into what a running
 * xen-nc2-front shares with the back, behind the front's back; those on the rings
 * of the bridged path, whose names begin with "net-", are in rings.c.  The other
 * lasts as long as the module is loaded and makes the front lie when it connects
 * next: load, then have the front bind its device anew; or it is a storm of events
 * ("storm-endless", storm.c), which begins at once.
 *
 * Knows the front from inside, so it must be built from the same sources.
 */
#include <linux/etherdevice.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>

#include <xen/events.h>

#include "direct.h"
#include "hostile.h"
#include "netdev.h"
#include "queue.h"

static char *action = "";
module_param(action, charp, 0444);
MODULE_PARM_DESC(action, "What to do");

static char *key = "";
module_param(key, charp, 0444);
MODULE_PARM_DESC(key, "For action=key: the xenstore key to falsify");

static char *value = "";
module_param(value, charp, 0444);
MODULE_PARM_DESC(value, "For action=key: what to write there");

static void notify(struct nc2f_direct *d)
{
	notify_remote_via_irq(d->irq.irq);
}

static void fill_put(struct nc2f_direct *d, u16 page, u16 offset)
{
	struct xen_nc2_ring_hdr *hdr = &d->block.sh->fill;
	struct xen_nc2_fill *ring = d->block.fill;

	ring[hdr->prod & d->fill.mask] = (struct xen_nc2_fill){ page, offset };
	/* Entries before the index. */
	smp_store_release(&hdr->prod, hdr->prod + 1);
}

static void fill_page(struct nc2f_direct *d)
{
	fill_put(d, d->block.params.pool_pages, 0);
}

static void fill_page_max(struct nc2f_direct *d)
{
	fill_put(d, U16_MAX, 0);
}

static void fill_offset(struct nc2f_direct *d)
{
	fill_put(d, 0, 100);
}

static void fill_offset_end(struct nc2f_direct *d)
{
	fill_put(d, 0, XEN_NC2_PAGE_SIZE);
}

/* The back has them all already, and if one is on its way, not its neighbour. */
static void fill_twice(struct nc2f_direct *d)
{
	int i;

	for (i = 0; i < 8; i++)
		fill_put(d, i, 0);
}

static void fill_ahead(struct nc2f_direct *d)
{
	d->block.sh->fill.prod += 100000;
}

static void fill_back(struct nc2f_direct *d)
{
	d->block.sh->fill.prod -= 5;
}

/* One entry, of a frame that would be good but for what @e says. */
static void tx_put(struct nc2f_direct *d, struct xen_nc2_tx e)
{
	struct xen_nc2_ring_hdr *hdr = &d->block.sh->tx;
	u32 slot = hdr->prod & d->tx.mask;
	u8 *frame = page_address(nc2f_block_txpool(&d->block, slot));

	memset(frame, 0, XEN_NC2_PAGE_SIZE);
	eth_broadcast_addr(frame);
	memcpy(frame + ETH_ALEN, d->nf->dev->dev_addr, ETH_ALEN);
	/* Local experimental EtherType: nobody listens. */
	frame[12] = 0x88;
	frame[13] = 0xb5;
	((struct xen_nc2_tx *)d->block.tx)[slot] = e;
	/* Entries before the index. */
	smp_store_release(&hdr->prod, hdr->prod + 1);
}

#define CSUM(l2, l3) \
	.flags = XEN_NC2_TX_CSUM, .l2_len = (l2), .l3_len = (l3)
#define TSO(size, l4) \
	.flags = XEN_NC2_TX_TSO, .l2_len = 14, .l3_len = 20, .l4_len = (l4), .mss = (size)

static const struct {
	const char *name;
	struct xen_nc2_tx e;
} tx_lies[] = {
	{ "tx-empty", { .len = 0 } },
	{ "tx-long", { .len = 5000 } },
	{ "tx-short", { .len = ETH_HLEN - 1 } },
	{ "tx-l2-none", { .len = 100, CSUM(0, 20) } },
	{ "tx-l2-long", { .len = 1000, CSUM(255, 20) } },
	{ "tx-l3-short", { .len = 100, CSUM(14, 3) } },
	{ "tx-l3-long", { .len = 100, CSUM(14, 255) } },
	{ "tx-l4-none", { .len = 1000, TSO(500, 0) } },
	{ "tx-l4-long", { .len = 1000, TSO(500, 255) } },
	{ "tx-l4-out", { .len = 50, TSO(500, 20) } },
	{ "tx-mss-none", { .len = 1000, TSO(0, 20) } },
	{ "tx-mss-small", { .len = 1000, TSO(XEN_NC2_TX_MIN_MSS - 1, 20) } },
	{ "tx-mss-large", { .len = XEN_NC2_PAGE_SIZE, TSO(U16_MAX, 20) } },
};

static const struct xen_nc2_tx *tx_lie;

static void tx_one(struct nc2f_direct *d)
{
	tx_put(d, *tx_lie);
}

/* A frame that no segmentation makes smaller. */
static void tx_giant(struct nc2f_direct *d)
{
	struct xen_nc2_tx e = { .len = XEN_NC2_PAGE_SIZE };
	int i;

	for (i = 0; i < 5; i++) {
		e.flags = i < 4 ? XEN_NC2_TX_MORE : 0;
		tx_put(d, e);
	}
}

/* An IPv6 header is longer than this. */
static void tx_l3_ipv6(struct nc2f_direct *d)
{
	struct xen_nc2_tx e = { .len = 100, CSUM(14, 20) };

	e.flags |= XEN_NC2_TX_IPV6;
	tx_put(d, e);
}

static void tx_udp_tso(struct nc2f_direct *d)
{
	struct xen_nc2_tx e = { .len = 1000, TSO(500, 20) };

	e.flags |= XEN_NC2_TX_UDP;
	tx_put(d, e);
}

static void tx_endless(struct nc2f_direct *d)
{
	u32 i;

	for (i = 0; i <= d->tx.mask; i++)
		tx_put(d, (struct xen_nc2_tx){ .len = 100, .flags = XEN_NC2_TX_MORE });
}

/* Begun and never finished: legal, and nobody must wait for its end. */
static void tx_unfinished(struct nc2f_direct *d)
{
	tx_put(d, (struct xen_nc2_tx){ .len = 100, .flags = XEN_NC2_TX_MORE });
}

static void tx_ahead(struct nc2f_direct *d)
{
	d->block.sh->tx.prod += d->tx.mask + 2;
}

static void tx_back(struct nc2f_direct *d)
{
	d->block.sh->tx.prod--;
}

/* The back must not care: its completions go where its own index says. */
static void comp_cons(struct nc2f_direct *d)
{
	d->block.sh->comp.cons += 100000;
	d->block.sh->comp.prod_event = d->block.sh->comp.prod - 1;
}

static void storm(struct nc2f_direct *d)
{
	int i;

	for (i = 0; i < 100000; i++) {
		notify(d);
		cond_resched();
	}
}

static void filter_odd(struct nc2f_direct *d)
{
	d->block.sh->front.filter_seq |= 1;
}

static void filter_churn(struct nc2f_direct *d)
{
	int i;

	for (i = 0; i < 20000; i++) {
		d->block.sh->front.filter_seq += 2;
		notify(d);
		cond_resched();
	}
}

static void mc_count(struct nc2f_direct *d)
{
	struct xen_nc2_shared *sh = d->block.sh;

	memset(sh->mc, 0xff, sizeof(sh->mc));
	sh->front.mc_count = U32_MAX;
	sh->front.filter_seq += 2;
}

static void promisc(struct nc2f_direct *d)
{
	d->block.sh->front.flags |= XEN_NC2_FRONT_PROMISC;
	d->block.sh->front.filter_seq += 2;
}

/* A front says PROMISC with it, for backs that do not know this one. */
static void other_mac(struct nc2f_direct *d)
{
	d->block.sh->front.flags |= XEN_NC2_FRONT_OTHER_MAC;
	d->block.sh->front.filter_seq += 2;
}

static void mtu_huge(struct nc2f_direct *d)
{
	d->block.sh->front.mtu = U32_MAX;
	d->block.sh->front.filter_seq += 2;
}

static void mtu_none(struct nc2f_direct *d)
{
	d->block.sh->front.mtu = 0;
	d->block.sh->front.filter_seq += 2;
}

static void path_lie(struct nc2f_direct *d)
{
	d->block.sh->front.path = 0xdead;
}

/* No lie: it may want its pages back at any time. */
static void go(struct nc2f_direct *d)
{
	d->block.sh->front.flags |= XEN_NC2_FRONT_REVOKE;
}

static void lie_and_go(struct nc2f_direct *d)
{
	go(d);
	fill_twice(d);
}

/* Everything that the front writes, at random; but it does not go. */
static void noise(struct nc2f_direct *d)
{
	struct xen_nc2_shared *sh = d->block.sh;
	int i;

	for (i = 0; i < 500; i++) {
		get_random_bytes(d->block.fill, (d->fill.mask + 1) * sizeof(struct xen_nc2_fill));
		get_random_bytes(d->block.tx, (d->tx.mask + 1) * sizeof(struct xen_nc2_tx));
		get_random_bytes(&sh->front, sizeof(sh->front));
		sh->front.flags &= ~XEN_NC2_FRONT_REVOKE;
		get_random_bytes(sh->mc, sizeof(sh->mc));
		sh->fill.prod += get_random_u32_below(3);
		sh->fill.cons_event = get_random_u32();
		sh->tx.prod += get_random_u32_below(3);
		sh->tx.cons_event = get_random_u32();
		sh->comp.cons = get_random_u32();
		sh->comp.prod_event = get_random_u32();
		notify(d);
		cond_resched();
	}
}

static const struct {
	const char *name;
	void (*act)(struct nc2f_direct *d);
	bool slow;	/* takes long; the front may tidy up in between */
} acts[] = {
	{ "fill-page", fill_page },
	{ "fill-page-max", fill_page_max },
	{ "fill-offset", fill_offset },
	{ "fill-offset-end", fill_offset_end },
	{ "fill-twice", fill_twice },
	{ "fill-ahead", fill_ahead },
	{ "fill-back", fill_back },
	{ "tx-giant", tx_giant },
	{ "tx-l3-ipv6", tx_l3_ipv6 },
	{ "tx-udp-tso", tx_udp_tso },
	{ "tx-endless", tx_endless },
	{ "tx-unfinished", tx_unfinished },
	{ "tx-ahead", tx_ahead },
	{ "tx-back", tx_back },
	{ "comp-cons", comp_cons },
	{ "storm", storm, true },
	{ "filter-odd", filter_odd },
	{ "filter-churn", filter_churn, true },
	{ "mc-count", mc_count },
	{ "promisc", promisc },
	{ "other-mac", other_mac },
	{ "mtu-huge", mtu_huge },
	{ "mtu-none", mtu_none },
	{ "path-lie", path_lie },
	{ "go", go },
	{ "lie-and-go", lie_and_go },
	{ "noise", noise, true },
};

static int act(void (*act)(struct nc2f_direct *d), bool slow)
{
	struct net_device *dev = dev_get_by_name(&init_net, "eth0");
	struct nc2f_dev *nf;
	int err = -ENODEV;

	if (!dev)
		return -ENODEV;
	nf = netdev_priv(dev);
	mutex_lock(&nf->lock);
	if (nf->dev == dev && nf->direct) {
		if (!slow)
			local_bh_disable();
		act(nf->direct);
		notify(nf->direct);
		if (!slow)
			local_bh_enable();
		err = 0;
	}
	mutex_unlock(&nf->lock);
	dev_put(dev);
	return err;
}

/* action=key: xenbus_printf(xbt, dir, key, ...) and xenbus_write(), the same. */
static int falsify(struct kprobe *p, struct pt_regs *regs)
{
	if (!strcmp((const char *)regs->dx, key))
		regs->cx = (unsigned long)value;
	return 0;
}

/* The pool, and nothing else of that kind, has more than a few pages. */
static int pages_to_go;

static int see_pool(struct kprobe *p, struct pt_regs *regs)
{
	u32 nr = regs->si;
	bool readonly = regs->r8 & 0xff;

	if (nr > XEN_NC2_MAX_DIR_PAGES && !readonly)
		pages_to_go = nr / 2;
	return 0;
}

/* One page in the middle of the pool. */
static int grant_readonly(struct kprobe *p, struct pt_regs *regs)
{
	if (pages_to_go && !--pages_to_go)
		regs->cx = 1;
	return 0;
}

static int ring_readonly(struct kprobe *p, struct pt_regs *regs)
{
	regs->r8 = 1;
	return 0;
}

static u32 *directory(struct nc2f_direct *d)
{
	return page_address(d->block.dir[0].page);
}

static int dir_unknown(struct kprobe *p, struct pt_regs *regs)
{
	struct nc2f_direct *d = (void *)regs->di;

	directory(d)[d->block.layout.pool + 3] = U32_MAX;
	return 0;
}

static int dir_ring(struct kprobe *p, struct pt_regs *regs)
{
	struct nc2f_direct *d = (void *)regs->di;

	directory(d)[d->block.layout.comp] = U32_MAX;
	return 0;
}

/* The grant of a page that is not ours to give is not to be had: one of none. */
static int dir_none(struct kprobe *p, struct pt_regs *regs)
{
	struct nc2f_direct *d = (void *)regs->di;

	memset(directory(d), 0, XEN_NC2_PAGE_SIZE);
	return 0;
}

static noinline notrace void nothing(void)
{
	barrier();
}

/* The front never hears of a change of path. */
static int skip(struct kprobe *p, struct pt_regs *regs)
{
	regs->ip = (unsigned long)nothing;
	return 1;
}

static noinline notrace int none(void)
{
	barrier();
	return -ENOENT;
}

/* The direct path gets no more of them either. */
static int no_buffer(struct kprobe *p, struct pt_regs *regs)
{
	regs->ip = (unsigned long)none;
	return 1;
}

/* The second queue of the bridged path gets no buffers to receive into. */
static int skip_second(struct kprobe *p, struct pt_regs *regs)
{
	struct nc2f_queue *q = (void *)regs->di;

	return q->id == 1 ? skip(p, regs) : 0;
}

/* Only a probe with this handler may change where the function goes. */
static void after(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static struct {
	const char *name;
	struct kprobe probe;
	bool on;
} probes[] = {
	{ "key", { .symbol_name = "xenbus_printf", .pre_handler = falsify } },
	{ "key", { .symbol_name = "xenbus_write", .pre_handler = falsify } },
	{ "ro-pool", { .symbol_name = "xen_nc2_front:nc2f_gpage_alloc",
		       .pre_handler = see_pool } },
	{ "ro-pool", { .symbol_name = "gnttab_grant_foreign_access_ref",
		       .pre_handler = grant_readonly } },
	{ "ro-rings", { .symbol_name = "xen_nc2_front:nc2f_gpage_alloc_run",
			.pre_handler = ring_readonly } },
	{ "dir-unknown", { .symbol_name = "xen_nc2_front:nc2f_direct_write_keys",
			   .pre_handler = dir_unknown } },
	{ "dir-ring", { .symbol_name = "xen_nc2_front:nc2f_direct_write_keys",
			.pre_handler = dir_ring } },
	{ "dir-none", { .symbol_name = "xen_nc2_front:nc2f_direct_write_keys",
			.pre_handler = dir_none } },
	{ "silent", { .symbol_name = "xen_nc2_front:path_work",
		      .pre_handler = skip, .post_handler = after } },
	{ "fill-silent", { .symbol_name = "xen_nc2_front:nc2f_pool_post",
			   .pre_handler = no_buffer, .post_handler = after } },
	{ "net-deaf-queue", { .symbol_name = "xen_nc2_front:nc2f_rx_refill",
			      .pre_handler = skip_second, .post_handler = after } },
};

static void stop_probes(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].on)
			unregister_kprobe(&probes[i].probe);
}

static int __init hostile_init(void)
{
	int i, err = -EINVAL;

	for (i = 0; i < ARRAY_SIZE(acts); i++)
		if (!strcmp(action, acts[i].name))
			return act(acts[i].act, acts[i].slow);
	for (i = 0; i < ARRAY_SIZE(tx_lies); i++) {
		if (strcmp(action, tx_lies[i].name))
			continue;
		tx_lie = &tx_lies[i].e;
		return act(tx_one, false);
	}
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (strcmp(action, probes[i].name))
			continue;
		err = register_kprobe(&probes[i].probe);
		if (err) {
			pr_err("%s: %d\n", probes[i].probe.symbol_name, err);
			stop_probes();
			return err;
		}
		probes[i].on = true;
	}
	if (!strcmp(action, "storm-endless"))
		return nc2h_storm_start();
	return err == -EINVAL ? nc2h_rings(action) : err;
}
module_init(hostile_init);

static void __exit hostile_exit(void)
{
	stop_probes();
	nc2h_storm_stop();
}
module_exit(hostile_exit);

MODULE_DESCRIPTION("A guest that lies to xen-nc2-back, for tests");
MODULE_LICENSE("GPL");
