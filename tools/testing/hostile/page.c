// SPDX-License-Identifier: GPL-2.0
/*
 * nc2-hostile-page: a page of a guest that shows whether somebody has written to
 * it, for the lab tests.
 *
 *	insmod nc2-hostile-page.ko [pool=1]
 *
 * In /sys/module/nc2_hostile_page/parameters/:
 *	frame	its machine frame
 *	bytes	"intact", or where the first strange byte is, and some more from
 *		there; it is made intact when something is written here
 *
 * The page is one that nobody is granted, or with pool=1 one of the receive pool
 * of eth0, which must not be on the direct path: its NIC would write there.  That
 * page is used for nothing else until the module goes, even if the front has
 * given up its pool.
 *
 * Knows the front from inside, so it must be built from the same sources.
 */
#include <linux/if_ether.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/string.h>

#include <xen/page.h>

#include "direct.h"
#include "netdev.h"

#define INTACT 0xa5

static bool pool;
module_param(pool, bool, 0444);
MODULE_PARM_DESC(pool, "Take a page of the receive pool of eth0");

static unsigned long frame;
module_param(frame, ulong, 0444);
MODULE_PARM_DESC(frame, "The page's machine frame");

static struct page *page;

static int bytes_set(const char *val, const struct kernel_param *kp)
{
	if (!page)
		return -EINVAL;
	memset(page_address(page), INTACT, PAGE_SIZE);
	return 0;
}

static int bytes_get(char *buf, const struct kernel_param *kp)
{
	u8 *data, *first;
	int at;

	if (!page)
		return -EINVAL;
	data = page_address(page);
	first = memchr_inv(data, INTACT, PAGE_SIZE);
	if (!first)
		return scnprintf(buf, PAGE_SIZE, "intact\n");
	at = first - data;
	return scnprintf(buf, PAGE_SIZE, "%d: %*phN\n", at,
			 min_t(int, ETH_HLEN, PAGE_SIZE - at), first);
}

static const struct kernel_param_ops bytes_ops = {
	.set = bytes_set,
	.get = bytes_get,
};
module_param_cb(bytes, &bytes_ops, NULL, 0600);
MODULE_PARM_DESC(bytes, "What is in the page");

/* The stack holds no data in it that would be lost. */
static struct page *idle_page(const struct nc2f_block *b)
{
	struct page *p;
	u32 i;

	for (i = 0; i < b->params.pool_pages; i++) {
		p = nc2f_block_pool(b, i);
		if (p && page_ref_count(p) == 1) {
			get_page(p);
			return p;
		}
	}
	return NULL;
}

static struct page *pool_page(void)
{
	struct net_device *dev = dev_get_by_name(&init_net, "eth0");
	struct page *p = NULL;
	struct nc2f_dev *nf;

	if (!dev)
		return NULL;
	nf = netdev_priv(dev);
	mutex_lock(&nf->lock);
	if (nf->dev == dev && nf->direct && !nf->tx_direct)
		p = idle_page(&nf->direct->block);
	mutex_unlock(&nf->lock);
	dev_put(dev);
	return p;
}

static int __init hostile_init(void)
{
	page = pool ? pool_page() : alloc_page(GFP_KERNEL);
	if (!page)
		return pool ? -ENOTCONN : -ENOMEM;
	frame = xen_page_to_gfn(page);
	memset(page_address(page), INTACT, PAGE_SIZE);
	return 0;
}
module_init(hostile_init);

static void __exit hostile_exit(void)
{
	put_page(page);
}
module_exit(hostile_exit);

MODULE_DESCRIPTION("A page of a guest that is watched, for tests");
MODULE_LICENSE("GPL");
