// SPDX-License-Identifier: GPL-2.0
/*
 * nc2-hostile-dma: a back that has the NIC write where it may not, for the lab
 * tests.
 *
 *	insmod nc2-hostile-dma.ko dev=vif1.0 frame=NUMBER
 *
 * A machine frame, of whomever, takes the place of one page of the guest's
 * receive pool: each time a buffer of that page is posted the NIC is given an
 * address in this frame.  Unloading puts it right.  Addresses that have been
 * posted by then are gone once the queue has been stopped.
 *
 * Knows the back from inside, so it must be built from the same sources.
 */
#include <linux/module.h>
#include <linux/netdevice.h>

#include "direct.h"
#include "vif.h"

static char *dev = "";
module_param(dev, charp, 0444);
MODULE_PARM_DESC(dev, "The interface whose NIC queue is to write");

static unsigned long frame;
module_param(frame, ulong, 0444);
MODULE_PARM_DESC(frame, "The machine frame that it is to write to");

static dma_addr_t honest;

static dma_addr_t lie(void)
{
	return (dma_addr_t)frame << PAGE_SHIFT;
}

static void tell(dma_addr_t *dma)
{
	honest = *dma;
	WRITE_ONCE(*dma, lie());
}

/* A path that was left and entered meanwhile has mapped its pages anew. */
static void regret(dma_addr_t *dma)
{
	if (*dma == lie())
		WRITE_ONCE(*dma, honest);
}

static int change(void (*how)(dma_addr_t *dma))
{
	struct net_device *netdev = dev_get_by_name(&init_net, dev);
	struct nc2b_direct *d;
	int err = -ENOTCONN;

	if (!netdev)
		return -ENODEV;
	d = ((struct nc2b_vif *)netdev_priv(netdev))->direct;
	mutex_lock(&d->lock);
	/* From the middle: the first buffer of the largest pool is never posted. */
	if (d->direct) {
		how(&d->block.pool_dma[d->block.params.pool_pages / 2]);
		err = 0;
	}
	mutex_unlock(&d->lock);
	dev_put(netdev);
	return err;
}

static int __init hostile_init(void)
{
	return frame ? change(tell) : -EINVAL;
}
module_init(hostile_init);

static void __exit hostile_exit(void)
{
	change(regret);
}
module_exit(hostile_exit);

MODULE_DESCRIPTION("A back that misdirects a NIC, for tests");
MODULE_LICENSE("GPL");
