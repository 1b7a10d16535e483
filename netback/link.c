// SPDX-License-Identifier: GPL-2.0
/*
 * The key "carrier" of netif.h: the guest's link is up while the administrator
 * has the vif up, on either path.
 */
#include "link.h"

#include "direct.h"
#include "vif.h"

#include <xen/xenbus.h>

/* Times that the transaction is tried while others change the same nodes. */
#define TRIES	8

/**
 * nc2b_link_write - tell the guest the state of its link now
 * @vif: the interface
 *
 * A directory that the toolstack has removed must not come back by our key.  The link
 * is looked at within the transaction: of two that write, the one that fails looks again.
 *
 * Process context.
 *
 * Return: 0 or a negative error.
 */
int nc2b_link_write(struct nc2b_vif *vif)
{
	struct xenbus_device *xdev = vif->xdev;
	struct xenbus_transaction xbt;
	int tries, err;

	for (tries = 0; tries < TRIES; tries++) {
		err = xenbus_transaction_start(&xbt);
		if (err)
			return err;
		if (!xenbus_exists(xbt, xdev->nodename, "frontend"))
			err = -ENOENT;
		else
			err = xenbus_printf(xbt, xdev->nodename, "carrier", "%u",
					    netif_running(vif->dev));
		if (err) {
			xenbus_transaction_end(xbt, 1);
			return err == -ENOENT ? 0 : err;
		}
		err = xenbus_transaction_end(xbt, 0);
		if (err != -EAGAIN)
			return err;
	}
	return err;
}

static void link_work(struct work_struct *work)
{
	struct nc2b_vif *vif = container_of(work, struct nc2b_vif, link);

	if (nc2b_link_write(vif))
		netdev_warn(vif->dev, "the guest could not be told the state of its link\n");
}

/**
 * nc2b_link_init - prepare to follow the netdev
 * @vif: the interface, not registered yet
 */
void nc2b_link_init(struct nc2b_vif *vif)
{
	INIT_WORK(&vif->link, link_work);
}

/**
 * nc2b_link_changed - the administrator has taken the netdev up or down
 * @vif: the interface
 *
 * Under RTNL, which xenstore must not be waited for with.  The key is a word to the guest;
 * the path is looked at for one that does not heed it.
 */
void nc2b_link_changed(struct nc2b_vif *vif)
{
	schedule_work(&vif->link);
	nc2b_path_kick(vif->direct, 0);
}

/**
 * nc2b_link_stop - follow the netdev no longer
 * @vif: the interface, about to go
 *
 * Process context, without RTNL.  What the end of the netdev does is not told.
 */
void nc2b_link_stop(struct nc2b_vif *vif)
{
	disable_work_sync(&vif->link);
}
