// SPDX-License-Identifier: GPL-2.0
/*
 * nc2-hostile-look: what a back may see in the pages that a guest has granted it to
 * receive into on the bridged path, for the lab tests.
 *
 *	insmod nc2-hostile-look.ko dev=vif1.0
 *
 * In /sys/module/nc2_hostile_look/parameters/:
 *	pages	how many it has looked at: the next buffers of the first queue
 *	used	in how many of them there is something that no back has written since the
 *		guest granted them
 *
 * Knows the back from inside, so it must be built from the same sources.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/string.h>

#include <xen/grant_table.h>
#include <xen/page.h>

#include "queue.h"
#include "vif.h"

#define MOST 32

/*
 * A page out of which the front has copied a frame stays granted, and the back knows what
 * it has written there.  Such a frame is shorter than this.
 */
#define KNOWN 512

static char *dev = "";
module_param(dev, charp, 0444);
MODULE_PARM_DESC(dev, "The interface of the guest");

static unsigned int pages;
module_param(pages, uint, 0444);
MODULE_PARM_DESC(pages, "Pages that were looked at");

static unsigned int used;
module_param(used, uint, 0444);
MODULE_PARM_DESC(used, "Those with something in them");

static struct page *page[MOST];
static struct gnttab_map_grant_ref ops[MOST];

/* Buffers that the back has not begun to fill; how many. */
static unsigned int want(struct nc2b_vif *vif)
{
	struct nc2b_queue *q = vif->queues;
	struct xen_netif_rx_request req;
	unsigned int i, n;

	if (!q)
		return 0;
	n = min_t(u32, READ_ONCE(q->rx.sring->req_prod) - q->rx.req_cons, MOST);
	/* Index before the requests. */
	virt_rmb();
	for (i = 0; i < n; i++) {
		RING_COPY_REQUEST(&q->rx, q->rx.req_cons + i, &req);
		gnttab_set_map_op(&ops[i], (unsigned long)page_address(page[i]),
				  GNTMAP_host_map | GNTMAP_readonly, req.gref, vif->domid);
	}
	return n;
}

static void see(unsigned int i)
{
	struct gnttab_unmap_grant_ref op;
	void *data = page_address(page[i]);

	if (ops[i].status != GNTST_okay)
		return;
	pages++;
	used += !!memchr_inv(data + KNOWN, 0, PAGE_SIZE - KNOWN);
	gnttab_set_unmap_op(&op, (unsigned long)data, GNTMAP_host_map | GNTMAP_readonly,
			    ops[i].handle);
	gnttab_unmap_refs(&op, NULL, &page[i], 1);
}

/* dom0 of the lab has one CPU, so no poll comes between, and no buffer is filled meanwhile. */
static int look(struct nc2b_vif *vif)
{
	unsigned int n, i;
	int err;

	rtnl_lock();
	local_bh_disable();
	n = want(vif);
	err = n ? gnttab_map_refs(ops, NULL, page, n) : -ENOTCONN;
	for (i = 0; !err && i < n; i++)
		see(i);
	local_bh_enable();
	rtnl_unlock();
	return err;
}

static int __init look_init(void)
{
	struct net_device *netdev = dev_get_by_name(&init_net, dev);
	int err;

	if (!netdev)
		return -ENODEV;
	err = gnttab_alloc_pages(MOST, page);
	if (!err) {
		err = look(netdev_priv(netdev));
		gnttab_free_pages(MOST, page);
	}
	dev_put(netdev);
	return err;
}
module_init(look_init);

static void __exit look_exit(void)
{
}
module_exit(look_exit);

MODULE_DESCRIPTION("What a back may see of a guest's pages, for tests");
MODULE_LICENSE("GPL");
