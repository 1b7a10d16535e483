// SPDX-License-Identifier: GPL-2.0
/*
 * The xenbus driver: one state machine.
 *
 * The front is Initialising until it sees the back in InitWait; it connects
 * and goes Connected.  When the back leaves, for whatever reason, the front
 * stops using the connection, goes Closed, and frees what the back held once
 * the back is Closed as well.  A back that is then still meant to serve us is
 * asked again by going Initialising.
 *
 * States may be seen late, twice, or not at all: each handler looks at what is
 * there and makes no assumption about the state before.
 */
#include "xenbus.h"

#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/hex.h>
#include <linux/if_vlan.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include <xen/xenbus.h>

#include "connect.h"
#include "direct.h"
#include "netdev.h"
#include "reconf.h"
#include "sysfs.h"

/* How long a device that goes away waits for the back to let go of it. */
#define CLOSE_TIMEOUT	(3 * HZ)
/* The longest pause between two tries to connect. */
#define MAX_PAUSE	(30 * HZ)

static enum xenbus_state back_state(const struct nc2f_dev *nf)
{
	return xenbus_read_unsigned(nf->xdev->otherend, "state", XenbusStateUnknown);
}

/* Tries again later, less and less often as long as nothing comes of it. */
static void try_later(struct nc2f_dev *nf)
{
	unsigned long pause = min_t(unsigned long, HZ << min(nf->retries, 5U), MAX_PAUSE);

	if (nf->removing)
		return;
	nf->retries++;
	/* Freezable: while we are suspended the other end changes under it. */
	queue_delayed_work(system_freezable_wq, &nf->retry, pause);
}

/*
 * Follows xenstore, which may say something else on another host, unless the user has
 * given the interface an address of his own.  The stock front takes that away with
 * each new connection; here one is made for reasons that a user need not know of.
 */
static int set_mac(struct nc2f_dev *nf)
{
	char *text = xenbus_read(XBT_NIL, nf->xdev->nodename, "mac", NULL);
	struct net_device *dev = nf->dev;
	u8 mac[ETH_ALEN];
	bool good, own;

	if (IS_ERR(text))
		return PTR_ERR(text);
	good = mac_pton(text, mac);
	kfree(text);
	if (!good || !is_valid_ether_addr(mac))
		return -EINVAL;
	rtnl_lock();
	/* At first neither has been set, and they are equal. */
	own = !ether_addr_equal(dev->dev_addr, nf->mac);
	ether_addr_copy(nf->mac, mac);
	if (!own && !ether_addr_equal(dev->dev_addr, mac))
		eth_hw_addr_set(dev, mac);
	rtnl_unlock();
	return 0;
}

/*
 * Asks the back to begin anew.  xenbus_switch_state() notes the state after telling it.
 * Xenwatch of 7.3 takes a device that says Initialising, with something else noted, for
 * another one in its place, and removes it; it may come between when a work, or whoever
 * binds the driver, is preempted there.
 */
static void start_over(struct xenbus_device *xdev)
{
	enum xenbus_state was = xdev->state;
	int err = -ENOENT;

	if (was == XenbusStateInitialising)
		return;
	xdev->state = XenbusStateInitialising;
	/* As there: a directory that has gone is not to come back. */
	if (xenbus_exists(XBT_NIL, xdev->nodename, "state"))
		err = xenbus_printf(XBT_NIL, xdev->nodename, "state", "%d",
				    XenbusStateInitialising);
	if (!err)
		return;
	xdev->state = was;
	xenbus_dev_error(xdev, err, "writing state");
}

static void connect(struct nc2f_dev *nf)
{
	int err = set_mac(nf);

	if (err) {
		nc2f_connect_failed(nf, err, "reading mac");
		try_later(nf);
		return;
	}
	if (nc2f_connect(nf)) {
		try_later(nf);
		return;
	}
	/* The end of an earlier connection is not the one that a shutdown waits for. */
	reinit_completion(&nf->xdev->down);
	xenbus_switch_state(nf->xdev, XenbusStateConnected);
}

/* The back goes on without us, or leaves us: another one, if it is still meant to. */
static void leave(struct nc2f_dev *nf)
{
	if (nf->phase != NC2F_UP)
		return;
	nc2f_reconf_link(nf, xenbus_read_unsigned(nf->xdev->otherend, "online", 0));
	nc2f_disconnect(nf);
}

/* Leaves the connection, to make a new one when the back is Closed. */
static void reset(struct nc2f_dev *nf)
{
	nf->reset = true;
	leave(nf);
	xenbus_switch_state(nf->xdev, XenbusStateClosed);
}

/*
 * Whether the back has been in InitWait again without our noticing.  One that has no
 * nonce any more, the stock one, may not be what the last one was in all else.
 */
static bool back_is_new(struct nc2f_dev *nf)
{
	char *nonce = xenbus_read(XBT_NIL, nf->xdev->otherend, XEN_NC2_KEY_NONCE, NULL);
	bool is_new;

	if (IS_ERR(nonce))
		return PTR_ERR(nonce) == -ENOENT && nf->nonce[0];
	/* One that is longer than ours are is malformed, but no news. */
	is_new = strncmp(nonce, nf->nonce, sizeof(nf->nonce) - 1);
	kfree(nonce);
	return is_new;
}

static void back_waits(struct nc2f_dev *nf)
{
	struct xenbus_device *xdev = nf->xdev;

	/*
	 * A new driver at the other end knows nothing of this connection, and
	 * may even be about to map its rings: only Closed makes both ends
	 * agree.  But the same InitWait can be seen twice, which means nothing.
	 */
	if (nf->phase == NC2F_UP && (nf->met || back_is_new(nf)))
		reset(nf);
	if (nf->phase != NC2F_DOWN)
		return;
	if (xdev->state == XenbusStateClosed)
		start_over(xdev);
	if (xdev->state == XenbusStateInitialising)
		connect(nf);
}

static void back_connected(struct nc2f_dev *nf)
{
	if (nf->phase != NC2F_UP)
		return;
	if (back_is_new(nf)) {
		reset(nf);
		return;
	}
	if (READ_ONCE(nf->broken))
		return;
	nf->met = true;
	nf->retries = 0;
	nc2f_netdev_ready(nf);
}

static void back_closing(struct nc2f_dev *nf)
{
	leave(nf);
	xenbus_frontend_closed(nf->xdev);
}

static void back_closed(struct nc2f_dev *nf)
{
	struct xenbus_device *xdev = nf->xdev;

	/* What an earlier driver has left; ours has only begun. */
	if (nf->phase == NC2F_DOWN && xdev->state == XenbusStateInitialising)
		return;
	leave(nf);
	nc2f_release(nf);
	if (xdev->state != XenbusStateClosed)
		xenbus_frontend_closed(xdev);
	if (nf->reset && !nf->removing) {
		nf->reset = false;
		start_over(xdev);
	} else {
		/* If we are still wanted, the back's driver was only changed. */
		try_later(nf);
	}
}

static void nc2f_back_changed(struct xenbus_device *xdev, enum xenbus_state state)
{
	struct nc2f_dev *nf = dev_get_drvdata(&xdev->dev);

	mutex_lock(&nf->lock);
	if (nf->removing)
		goto out;
	switch (state) {
	case XenbusStateInitWait:
		back_waits(nf);
		break;
	case XenbusStateConnected:
		back_connected(nf);
		break;
	case XenbusStateClosing:
		back_closing(nf);
		break;
	case XenbusStateClosed:
		back_closed(nf);
		break;
	case XenbusStateUnknown:
		/* Its directory is gone, maybe only for the moment. */
		netif_carrier_off(nf->dev);
		break;
	default:
		break;
	}
out:
	mutex_unlock(&nf->lock);
}

static bool outdated(const struct nc2f_dev *nf)
{
	return READ_ONCE(nf->broken) || nf->made.seq != READ_ONCE(nf->wish.seq);
}

/*
 * The back waits, and there was no connection to be had.  xenbus takes it for a reset by
 * the toolstack if we are Connected by the time that it has looked at what we were, and it
 * looks in xenwatch: that is where we connect, when the back waits the next time.
 */
static void wait_anew(struct nc2f_dev *nf)
{
	if (nf->xdev->state != XenbusStateClosed) {
		reset(nf);
		return;
	}
	start_over(nf->xdev);
	try_later(nf);
}

/*
 * Runs some time after a connection was given up, or when it is not what the
 * user wants any more: makes the connection anew if the back is still there and
 * still meant to serve us.
 */
static void retry_work(struct work_struct *work)
{
	struct nc2f_dev *nf = container_of(work, struct nc2f_dev, retry.work);
	struct xenbus_device *xdev = nf->xdev;

	mutex_lock(&nf->lock);
	if (nf->removing)
		goto out;
	if (!xenbus_read_unsigned(xdev->otherend, "online", 0)) {
		/* Without a connection nothing else would have it looked at again. */
		if (nf->phase != NC2F_UP || outdated(nf) || nf->suspended)
			try_later(nf);
		goto out;
	}
	if (nf->phase == NC2F_UP && (outdated(nf) || nf->suspended)) {
		nf->suspended = false;
		reset(nf);
	} else if (nf->phase == NC2F_DOWN) {
		if (back_state(nf) == XenbusStateClosed && xdev->state == XenbusStateClosed)
			start_over(xdev);
		else if (back_state(nf) == XenbusStateInitWait)
			wait_anew(nf);
	}
out:
	mutex_unlock(&nf->lock);
}

static int nc2f_probe(struct xenbus_device *xdev, const struct xenbus_device_id *id)
{
	u32 queues = clamp_t(u32, nc2f_max_queues, 1, NC2F_MAX_QUEUES);
	struct nc2f_dev *nf;
	int err;

	nf = nc2f_netdev_create(xdev, queues);
	if (!nf)
		return -ENOMEM;
	INIT_DELAYED_WORK(&nf->retry, retry_work);
	INIT_DELAYED_WORK(&nf->link, nc2f_reconf_link_work);
	dev_set_drvdata(&xdev->dev, nf);
	err = set_mac(nf);
	if (err) {
		xenbus_dev_error(xdev, err, "reading mac");
		nc2f_netdev_destroy(nf);
		return err;
	}
	nc2f_follow_start(nf);
	/* The back answers with InitWait; nc2f_back_changed() goes on from there. */
	start_over(xdev);
	return 0;
}

/*
 * Waits until the back is in a state beyond @state, but not for ever.  Polls:
 * the watch on the back is gone when a device is removed.
 */
static bool wait_back(struct nc2f_dev *nf, enum xenbus_state state)
{
	unsigned long end = jiffies + CLOSE_TIMEOUT;
	enum xenbus_state now;

	do {
		now = back_state(nf);
		if (now == XenbusStateUnknown ||
		    (now >= state && now <= XenbusStateClosed))
			return true;
		msleep(20);
	} while (time_before(jiffies, end));
	return false;
}

/* Whether another device stands in our place: its back is not ours to wait for. */
static bool replaced(const struct nc2f_dev *nf)
{
	return nf->xdev->state != XenbusStateInitialising &&
	       xenbus_read_unsigned(nf->xdev->nodename, "state", XenbusStateUnknown) ==
	       XenbusStateInitialising;
}

/* Has the back let go.  Where nothing is shared there is nothing to wait for. */
static void close_back(struct nc2f_dev *nf)
{
	struct xenbus_device *xdev = nf->xdev;
	bool shared = nf->phase == NC2F_STOPPED;

	if (replaced(nf) ||
	    (back_state(nf) == XenbusStateClosed && xdev->state == XenbusStateClosed))
		return;
	xenbus_switch_state(xdev, XenbusStateClosing);
	if (shared)
		wait_back(nf, XenbusStateClosing);
	xenbus_switch_state(xdev, XenbusStateClosed);
	if (shared && !wait_back(nf, XenbusStateClosed))
		dev_warn(&xdev->dev, "the back does not close\n");
}

static void nc2f_remove(struct xenbus_device *xdev)
{
	struct nc2f_dev *nf = dev_get_drvdata(&xdev->dev);

	/* Before anything that may take long: see nc2f_xenbus_register(). */
	nc2f_follow_stop(nf);
	mutex_lock(&nf->lock);
	nf->removing = true;
	mutex_unlock(&nf->lock);
	cancel_delayed_work_sync(&nf->retry);

	mutex_lock(&nf->lock);
	nc2f_disconnect(nf);
	close_back(nf);
	nc2f_release(nf);
	mutex_unlock(&nf->lock);

	if (nf->dev->reg_state == NETREG_REGISTERED)
		unregister_netdev(nf->dev);
	/* A lie in the last poll, or the user, may have started it once more. */
	cancel_delayed_work_sync(&nf->retry);
	cancel_delayed_work_sync(&nf->link);
	nc2f_direct_remove_keys(xdev, XBT_NIL);
	nc2f_remove_keys(XBT_NIL, xdev->nodename);
	nc2f_remove_queues(xdev->nodename, nf->max_queues);
	nc2f_netdev_destroy(nf);
}

/*
 * We are about to be saved or migrated.  What the NIC has written counts for Xen
 * only when the back has unmapped the page, so the back has to do that first.
 * Nobody tells us if the suspend is called off: retry_work finds out.
 */
static int nc2f_suspend(struct xenbus_device *xdev)
{
	struct nc2f_dev *nf = dev_get_drvdata(&xdev->dev);
	bool unmapped = true;

	mutex_lock(&nf->lock);
	if (nf->phase == NC2F_UP && nf->direct && !nf->removing) {
		unmapped = nc2f_direct_revoke(nf->direct);
		nf->suspended = true;
		/* Frozen until the suspend has ended, one way or the other. */
		mod_delayed_work(system_freezable_wq, &nf->retry, 0);
	} else if (nf->phase == NC2F_STOPPED && nf->direct) {
		/* In the middle of a reset: it unmaps them before it is Closed. */
		unmapped = wait_back(nf, XenbusStateClosed);
	}
	mutex_unlock(&nf->lock);
	if (!unmapped)
		dev_warn(&xdev->dev, "the back keeps the pages of the direct path: received data may be lost\n");
	return 0;
}

/* We have been saved and restored, or migrated: the old back is out of reach. */
static int nc2f_resume(struct xenbus_device *xdev)
{
	struct nc2f_dev *nf = dev_get_drvdata(&xdev->dev);

	mutex_lock(&nf->lock);
	/* Peers must be told that we are elsewhere, which a new link does. */
	nc2f_reconf_link(nf, false);
	nc2f_disconnect(nf);
	nc2f_release(nf);
	nf->reset = false;
	nf->suspended = false;
	nf->retries = 0;
	/* The new back waits, which xenwatch is about to hear. */
	cancel_delayed_work(&nf->retry);
	mutex_unlock(&nf->lock);
	nc2f_follow_resume(nf);
	return 0;
}

static const struct xenbus_device_id nc2f_ids[] = {
	{ "vif" },
	{ "" }
};

static struct xenbus_driver nc2f_driver = {
	/* xen-netfront serves the same type; a name can be given only once. */
	.name = "xen-nc2-front",
	.ids = nc2f_ids,
	.probe = nc2f_probe,
	.remove = nc2f_remove,
	.suspend = nc2f_suspend,
	.resume = nc2f_resume,
	.otherend_changed = nc2f_back_changed,
	.driver.dev_groups = nc2f_sysfs_groups,
};

/**
 * nc2f_xenbus_register - offer to drive vif devices
 *
 * No owner is named: xenbus would hold the module for each interface, and rmmod
 * could not end its service.  Unregistering waits for every callback.
 *
 * As with all drivers of xenbus, the end of a driver waits, with the device locked, for
 * what xenwatch does; and if that is to remove the device, which takes the same lock,
 * neither ends.  So nothing of ours is between the lock and the last wait for xenwatch.
 *
 * Return: 0 or an error.
 */
int nc2f_xenbus_register(void)
{
	return __xenbus_register_frontend(&nc2f_driver, NULL, KBUILD_MODNAME);
}

/**
 * nc2f_xenbus_unregister - give up all devices
 */
void nc2f_xenbus_unregister(void)
{
	xenbus_unregister_driver(&nc2f_driver);
}

MODULE_ALIAS("xen:vif");
