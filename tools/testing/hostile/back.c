// SPDX-License-Identifier: GPL-2.0
/*
 * nc2-hostile-back: a back end that lies to a guest, for the lab tests.
 *
 *	insmod nc2-hostile-back.ko dev=vif1.0 action=NAME
 *	insmod nc2-hostile-back.ko action=key key=NAME value=TEXT
 *	insmod nc2-hostile-back.ko action=no-room value=PAGES
 *	insmod nc2-hostile-back.ko dev=vif1.0 action=offset value=BYTES
 *	insmod nc2-hostile-back.ko action=slow-key
 *
 * Writes into what a running xen-nc2-back shares with the guest, behind the
 * back's back, and sends an event; names that begin with "net-" are lies on the
 * rings of the bridged path (back_net.c).  Or, as long as the module is loaded, falsifies a
 * key of xenstore that the back writes when a front begins, or has the back believe
 * that Xen cannot map for it so many pages of a guest, or more, at a time, or (action
 * "hold") keeps some pages that the guest has granted to receive into, or (action
 * "slow-key") takes a while to look at a key that the guest may change at any time:
 * /sys/module/nc2_hostile_back/parameters/looks counts how often it was told to.  Action
 * "offset" is no lie: as long as the module is loaded received frames begin so many bytes
 * behind the beginning of their pages, as netif.h allows and no back does without an XDP
 * program.  Nor is "cut-off": whenever a direct path is left that is in the middle of a
 * received frame.
 *
 * Knows the back from inside, so it must be built from the same sources.
 */
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>

#include <xen/events.h>
#include <xen/grant_table.h>
#include <xen/interface/io/netchannel2.h>
#include <xen/page.h>

#include "direct.h"
#include "hostile.h"
#include "queue.h"
#include "vif.h"

static char *dev = "";
module_param(dev, charp, 0444);
MODULE_PARM_DESC(dev, "The interface of the guest to lie to");

static char *action = "";
module_param(action, charp, 0444);
MODULE_PARM_DESC(action, "What to do");

static char *key = "";
module_param(key, charp, 0444);
MODULE_PARM_DESC(key, "For action=key: the xenstore key to falsify");

static char *value = "";
module_param(value, charp, 0444);
MODULE_PARM_DESC(value, "For action=key: what to write there; no-room: pages; offset: bytes");

static unsigned int moved;
module_param(moved, uint, 0444);
MODULE_PARM_DESC(moved, "For action=offset: pages that begin there");

static struct xen_nc2_comp *comp_at(struct nc2b_direct *d, u32 i)
{
	return nc2b_ring_entry(d->comp.pages, i & d->comp.mask, d->comp.size);
}

static void comp_put(struct nc2b_direct *d, struct xen_nc2_comp c)
{
	struct xen_nc2_ring_hdr *hdr = &d->block.shared->comp;

	*comp_at(d, hdr->prod) = c;
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
	u32 i, j;

	for (i = 0; i < 500; i++) {
		for (j = 0; j <= d->comp.mask; j += XEN_NC2_PAGE_SIZE / d->comp.size)
			get_random_bytes(comp_at(d, j), XEN_NC2_PAGE_SIZE);
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

/* The guest is to look at it before the back's next frame takes its place. */
#define SEEN_MS 50

static int tell(struct nc2b_direct *d, int i)
{
	if (!d->attached || !d->direct)
		return -ENOTCONN;
	if (!acts[i].slow)
		local_bh_disable();
	acts[i].act(d);
	notify_remote_via_irq(d->irq);
	if (!acts[i].slow) {
		mdelay(SEEN_MS);
		local_bh_enable();
	}
	return 0;
}

/* xenbus_printf(xbt, dir, key, format, ...) */
static int falsify(struct kprobe *p, struct pt_regs *regs)
{
	if (!strcmp((const char *)regs->dx, key))
		regs->cx = (unsigned long)value;
	return 0;
}

static struct kprobe printing = { .symbol_name = "xenbus_printf", .pre_handler = falsify };

/* The one that is there as long as the module. */
static struct kprobe *probe;

static int probe_with(struct kprobe *p)
{
	int err = register_kprobe(p);

	if (!err)
		probe = p;
	return err;
}

static unsigned int least;

/* nc2b_map_pages(m, domid, refs, nr, readonly): whether to leave it alone. */
static int few_pages(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return (u32)regs->cx < least;
}

/* What it has mapped it is asked to unmap all the same. */
static int no_room(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	regs_set_return_value(regs, -ENOSPC);
	return 0;
}

static struct kretprobe room = {
	.kp.symbol_name = "xen_nc2_back:nc2b_map_pages",
	.entry_handler = few_pages,
	.handler = no_room,
	.maxactive = 8,
};

static bool crowded;

static int crowd(void)
{
	int err = kstrtouint(value, 10, &least);

	if (!err)
		err = register_kretprobe(&room);
	crowded = !err;
	return err;
}

/* How long a look takes in which nothing is read, and xenwatch does nothing else. */
#define LOOK_MS 200

static unsigned int looks;
module_param(looks, uint, 0444);
MODULE_PARM_DESC(looks, "For action=slow-key: how often the back was told of a change");

static bool looking;

/* In the place of mcast_changed(), in xenwatch, of which there is one. */
static void slow_look(void)
{
	msleep(LOOK_MS);
	WRITE_ONCE(looking, false);
}

static int look_instead(struct kprobe *p, struct pt_regs *regs)
{
	WRITE_ONCE(looks, looks + 1);
	WRITE_ONCE(looking, true);
	regs->ip = (unsigned long)slow_look;
	return 1;
}

/* Only a probe with this handler may change where the function goes. */
static void after(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe look = {
	.symbol_name = "xen_nc2_back:mcast_changed",
	.pre_handler = look_instead,
	.post_handler = after,
};

static void speed_up(void)
{
	while (READ_ONCE(looking))
		msleep(20);
	/* The rest of the way out of slow_look(). */
	msleep(100);
}

/*
 * nc2b_direct_forget_tx(d), which runs when the path is left, with the poll stopped and
 * all buffers in the stash: of a frame that takes several the first has been completed.
 */
static int begin_frame(struct kprobe *p, struct pt_regs *regs)
{
	struct nc2b_direct *d = (void *)regs->di;
	struct nc2b_pool *pool = &d->pool;
	u32 left = pool->count[NC2B_OWNER_STASH];
	struct xen_nc2_comp c = { .len = 100, .flags = XEN_NC2_COMP_MORE };
	u32 id;

	if (!left)
		return 0;
	id = pool->stash[left - 1];
	pool->owner[id] = NC2B_OWNER_GUEST;
	pool->count[NC2B_OWNER_STASH]--;
	pool->count[NC2B_OWNER_GUEST]++;
	c.page = nc2b_pool_page(pool, id);
	c.offset = nc2b_pool_offset(pool, id);
	*comp_at(d, d->comp.prod++) = c;
	d->open = true;
	return 0;
}

static struct kprobe leaving = {
	.symbol_name = "xen_nc2_back:nc2b_direct_forget_tx",
	.pre_handler = begin_frame,
};

#define HELD 4

static struct page *held[HELD];
static grant_handle_t handles[HELD];
static bool holding;

static void let_go(void)
{
	struct gnttab_unmap_grant_ref op;
	unsigned int i;

	for (i = 0; i < HELD; i++) {
		if (handles[i] == INVALID_GRANT_HANDLE)
			continue;
		gnttab_set_unmap_op(&op, (unsigned long)page_address(held[i]),
				    GNTMAP_host_map, handles[i]);
		gnttab_unmap_refs(&op, NULL, &held[i], 1);
	}
	gnttab_free_pages(HELD, held);
}

/* The guest's next buffers of the bridged path, where it is on the direct one. */
static int want(struct nc2b_vif *vif, struct gnttab_map_grant_ref *ops)
{
	struct xen_netif_rx_request req;
	struct nc2b_queue *q;
	unsigned int i;
	int err = 0;

	rtnl_lock();
	q = vif->queues;
	if (!q || READ_ONCE(q->rx.sring->req_prod) - q->rx.req_cons < HELD)
		err = -ENOTCONN;
	for (i = 0; !err && i < HELD; i++) {
		RING_COPY_REQUEST(&q->rx, q->rx.req_cons + i, &req);
		gnttab_set_map_op(&ops[i], (unsigned long)page_address(held[i]),
				  GNTMAP_host_map, req.gref, vif->domid);
	}
	rtnl_unlock();
	return err;
}

static int hold(struct nc2b_vif *vif)
{
	struct gnttab_map_grant_ref ops[HELD];
	unsigned int i;
	int err;

	err = gnttab_alloc_pages(HELD, held);
	if (err)
		return err;
	err = want(vif, ops);
	if (err) {
		gnttab_free_pages(HELD, held);
		return err;
	}
	err = gnttab_map_refs(ops, NULL, held, HELD);
	for (i = 0; i < HELD; i++) {
		handles[i] = ops[i].status ? INVALID_GRANT_HANDLE : ops[i].handle;
		if (ops[i].status)
			err = -EACCES;
	}
	holding = !err;
	if (err)
		let_go();
	return err;
}

static unsigned int shift;
/* Held until the module goes. */
static struct net_device *shifted;

/* Copies are not made yet, and the guest has not been shown the responses. */
static void move_frames(struct nc2b_queue *q)
{
	RING_IDX at = q->rx.sring->rsp_prod;
	struct xen_netif_rx_response *rsp;
	const struct nc2b_rx_slot *s = q->slots;
	unsigned int i;

	for (; at != q->rx.rsp_prod_pvt; at++, s++) {
		rsp = RING_GET_RESPONSE(&q->rx, at);
		/* An extra info, or a page that is full. */
		if (!s->nr_ops || rsp->offset + rsp->status + shift > XEN_PAGE_SIZE)
			continue;
		rsp->offset += shift;
		for (i = s->op; i < s->op + s->nr_ops; i++)
			q->rx_ops[i].dest.offset += shift;
		moved++;
	}
}

/* nc2b_grant_copy(ops, nr), in the poll of a queue. */
static int before_copy(struct kprobe *p, struct pt_regs *regs)
{
	struct nc2b_vif *vif = netdev_priv(shifted);
	struct nc2b_queue *queues = READ_ONCE(vif->queues);
	unsigned int i;

	for (i = 0; queues && i < vif->nr_queues; i++)
		if (queues[i].rx_ops == (struct gnttab_copy *)regs->di)
			move_frames(&queues[i]);
	return 0;
}

static struct kprobe copies = {
	.symbol_name = "xen_nc2_back:nc2b_grant_copy",
	.pre_handler = before_copy,
};

static int shift_frames(struct net_device *netdev)
{
	int err = kstrtouint(value, 10, &shift);

	if (err)
		return err;
	dev_hold(netdev);
	shifted = netdev;
	err = probe_with(&copies);
	if (err) {
		dev_put(netdev);
		shifted = NULL;
	}
	return err;
}

/* What is done to one interface. */
static int act_on(struct net_device *netdev)
{
	struct nc2b_vif *vif = netdev_priv(netdev);
	struct nc2b_direct *d = vif->direct;
	int i, err = -EINVAL;

	if (!strcmp(action, "hold"))
		return hold(vif);
	if (!strcmp(action, "offset"))
		return shift_frames(netdev);
	mutex_lock(&d->lock);
	for (i = 0; i < ARRAY_SIZE(acts); i++)
		if (!strcmp(action, acts[i].name))
			err = tell(d, i);
	mutex_unlock(&d->lock);
	return err == -EINVAL ? nc2h_bridged(vif, action) : err;
}

static int __init hostile_init(void)
{
	struct net_device *netdev;
	int err;

	if (!strcmp(action, "key"))
		return probe_with(&printing);
	if (!strcmp(action, "no-room"))
		return crowd();
	if (!strcmp(action, "slow-key"))
		return probe_with(&look);
	if (!strcmp(action, "cut-off"))
		return probe_with(&leaving);
	netdev = dev_get_by_name(&init_net, dev);
	if (!netdev)
		return -ENODEV;
	err = act_on(netdev);
	dev_put(netdev);
	return err;
}
module_init(hostile_init);

static void __exit hostile_exit(void)
{
	if (probe)
		unregister_kprobe(probe);
	if (crowded)
		unregister_kretprobe(&room);
	if (probe == &look)
		speed_up();
	if (holding)
		let_go();
	if (shifted)
		dev_put(shifted);
}
module_exit(hostile_exit);

MODULE_DESCRIPTION("A back that lies to xen-nc2-front, for tests");
MODULE_LICENSE("GPL");
