// SPDX-License-Identifier: GPL-2.0
/*
 * nc2-hostile-back: a back end that lies to a guest, for the lab tests.
 *
 *	insmod nc2-hostile-back.ko dev=vif1.0 action=NAME
 *
 * Writes into what a running xen-nc2-back shares with the guest, behind the
 * back's back, and sends an event.
 *
 * Knows the back from inside, so it must be built from the same sources.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/random.h>

#include <xen/events.h>

#include "direct.h"
#include "vif.h"

static char *dev = "";
module_param(dev, charp, 0444);
MODULE_PARM_DESC(dev, "The interface of the guest to lie to");

static char *action = "";
module_param(action, charp, 0444);
MODULE_PARM_DESC(action, "What to do");

static void comp_put(struct nc2b_direct *d, struct xen_nc2_comp c)
{
	struct xen_nc2_ring_hdr *hdr = &d->block.shared->comp;

	((struct xen_nc2_comp *)d->block.comp)[hdr->prod & d->comp.mask] = c;
	/* Entries before the index. */
	smp_store_release(&hdr->prod, hdr->prod + 1);
}

static void comp_page(struct nc2b_direct *d)
{
	comp_put(d, (struct xen_nc2_comp){ .page = d->block.params.pool_pages, .len = 100 });
}

static void comp_page_max(struct nc2b_direct *d)
{
	comp_put(d, (struct xen_nc2_comp){ .page = U16_MAX, .len = 100 });
}

static void comp_offset(struct nc2b_direct *d)
{
	comp_put(d, (struct xen_nc2_comp){ .offset = 100, .len = 100 });
}

static void comp_offset_end(struct nc2b_direct *d)
{
	comp_put(d, (struct xen_nc2_comp){ .offset = XEN_NC2_PAGE_SIZE, .len = 100 });
}

/* Whoever has the buffer, the second time it is not the back. */
static void comp_twice(struct nc2b_direct *d)
{
	comp_put(d, (struct xen_nc2_comp){ .len = 100 });
	comp_put(d, (struct xen_nc2_comp){ .len = 100 });
}

static void comp_long(struct nc2b_direct *d)
{
	comp_put(d, (struct xen_nc2_comp){ .len = d->block.params.buf_size + 1 });
}

static void comp_longest(struct nc2b_direct *d)
{
	comp_put(d, (struct xen_nc2_comp){ .len = U16_MAX, .flags = XEN_NC2_COMP_MORE });
}

static void comp_empty(struct nc2b_direct *d)
{
	comp_put(d, (struct xen_nc2_comp){ .len = 0 });
}

static void comp_ahead(struct nc2b_direct *d)
{
	d->block.shared->comp.prod += d->comp.mask + 2;
}

static void comp_back(struct nc2b_direct *d)
{
	d->block.shared->comp.prod -= 5;
}

/* A frame that has no end; all its buffers are ones that the back has. */
static void comp_endless(struct nc2b_direct *d)
{
	struct xen_nc2_comp c = { .len = 1000, .flags = XEN_NC2_COMP_MORE };

	for (; c.page < d->block.params.pool_pages; c.page++)
		comp_put(d, c);
}

static void tx_ahead(struct nc2b_direct *d)
{
	d->block.shared->tx.cons += 100;
}

static void tx_back(struct nc2b_direct *d)
{
	d->block.shared->tx.cons -= 1;
}

/* The front must not care. */
static void fill_cons(struct nc2b_direct *d)
{
	d->block.shared->fill.cons += 100000;
	d->block.shared->fill.prod_event = d->block.shared->fill.prod - 1;
}

static void path_lie(struct nc2b_direct *d)
{
	d->block.shared->back.path = 0xdead;
}

static void mtu_none(struct nc2b_direct *d)
{
	d->block.shared->back.max_mtu = 0;
}

static void storm(struct nc2b_direct *d)
{
	int i;

	for (i = 0; i < 20000; i++) {
		notify_remote_via_irq(d->irq);
		cond_resched();
	}
}

/* Everything that the back writes, at random; but it does not revoke. */
static void noise(struct nc2b_direct *d)
{
	struct xen_nc2_shared *sh = d->block.shared;
	int i;

	for (i = 0; i < 500; i++) {
		get_random_bytes(d->block.comp, (d->comp.mask + 1) * sizeof(struct xen_nc2_comp));
		sh->comp.prod += get_random_u32_below(3);
		sh->comp.cons_event = get_random_u32();
		sh->tx.cons += get_random_u32_below(3);
		sh->tx.prod_event = get_random_u32();
		sh->fill.cons = get_random_u32();
		sh->fill.prod_event = get_random_u32();
		sh->back.max_mtu = get_random_u32();
		sh->back.path = get_random_u32_below(2);
		notify_remote_via_irq(d->irq);
		cond_resched();
	}
	sh->back.path = XEN_NC2_PATH_DIRECT;
}

static const struct {
	const char *name;
	void (*act)(struct nc2b_direct *d);
	bool slow;	/* takes long; the back may go on in between */
} acts[] = {
	{ "comp-page", comp_page },
	{ "comp-page-max", comp_page_max },
	{ "comp-offset", comp_offset },
	{ "comp-offset-end", comp_offset_end },
	{ "comp-twice", comp_twice },
	{ "comp-long", comp_long },
	{ "comp-longest", comp_longest },
	{ "comp-empty", comp_empty },
	{ "comp-ahead", comp_ahead },
	{ "comp-back", comp_back },
	{ "comp-endless", comp_endless },
	{ "tx-ahead", tx_ahead },
	{ "tx-back", tx_back },
	{ "fill-cons", fill_cons },
	{ "path-lie", path_lie },
	{ "mtu-none", mtu_none },
	{ "storm", storm, true },
	{ "noise", noise, true },
};

static int tell(struct nc2b_direct *d, int i)
{
	if (!d->attached || !d->direct)
		return -ENOTCONN;
	if (!acts[i].slow)
		local_bh_disable();
	acts[i].act(d);
	notify_remote_via_irq(d->irq);
	if (!acts[i].slow)
		local_bh_enable();
	return 0;
}

static int __init hostile_init(void)
{
	struct net_device *netdev;
	struct nc2b_direct *d;
	int i, err = -EINVAL;

	netdev = dev_get_by_name(&init_net, dev);
	if (!netdev)
		return -ENODEV;
	d = ((struct nc2b_vif *)netdev_priv(netdev))->direct;
	mutex_lock(&d->lock);
	for (i = 0; i < ARRAY_SIZE(acts); i++)
		if (!strcmp(action, acts[i].name))
			err = tell(d, i);
	mutex_unlock(&d->lock);
	dev_put(netdev);
	return err;
}
module_init(hostile_init);

static void __exit hostile_exit(void)
{
}
module_exit(hostile_exit);

MODULE_DESCRIPTION("A back that lies to xen-nc2-front, for tests");
MODULE_LICENSE("GPL");
