// SPDX-License-Identifier: GPL-2.0
#include "xenbus.h"

#include "direct.h"
#include "errors.h"
#include "keys.h"
#include "link.h"
#include "queue.h"
#include "vif.h"
#include "watch.h"

#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/hex.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include <xen/interface/io/netchannel2.h>
#include <xen/xenbus.h>

static char *claim = "all";
module_param(claim, charp, 0444);
MODULE_PARM_DESC(claim, "Interfaces to serve: all, script (those whose script is vif-nc2), none; the rest is left to xen-netback");

static unsigned int max_queues;
module_param(max_queues, uint, 0644);
MODULE_PARM_DESC(max_queues, "Queues of the bridged path offered to a guest (default: CPUs, at most 8)");

/**
 * struct backend - one xenbus device, from probe to remove
 * @xdev: the device
 * @vif: its interface
 * @lock: held while the device is connected or disconnected
 * @hotplug: watch on hotplug-status
 * @watches: other keys that are followed while connected
 * @offered: queues of the bridged path that the front may have
 * @refusals: how often the log is told what the front does wrong
 * @connected: the queues of the bridged path run
 * @served: Connected has been said on this connection
 * @inherited: the front was Connected when this driver came, and still is
 *
 * Callbacks of a xenbus device come one at a time, from xenwatch or from the
 * driver core; the hotplug watch comes from xenwatch: @lock keeps them apart.
 */
struct backend {
	struct xenbus_device *xdev;
	struct nc2b_vif *vif;
	struct mutex lock;
	struct nc2b_watch hotplug;
	struct nc2b_watches watches;
	unsigned int offered;
	struct ratelimit_state refusals;
	bool connected;
	bool served;
	bool inherited;
};

/* A uevent may be asked for at any time, and the driver core takes no lock for it. */
static DEFINE_MUTEX(uevent_lock);

static unsigned int queues_to_offer(void)
{
	unsigned int n = READ_ONCE(max_queues);

	if (!n)
		n = min_t(unsigned int, num_online_cpus(), 8);
	return min_t(unsigned int, n, NC2B_MAX_QUEUES);
}

static bool claimed(struct xenbus_device *xdev)
{
	bool ours;
	char *script;

	if (!strcmp(claim, "none"))
		return false;
	if (strcmp(claim, "script"))
		return true;
	script = xenbus_read(XBT_NIL, xdev->nodename, "script", NULL);
	if (IS_ERR(script))
		return false;
	ours = !strcmp(kbasename(script), "vif-nc2");
	kfree(script);
	return ours;
}

static int write_features(struct xenbus_device *xdev, unsigned int queues)
{
	static const struct {
		const char *key;
		unsigned int value;
	} features[] = {
		{ "feature-sg", 1 },
		{ "feature-gso-tcpv4", 1 },
		{ "feature-gso-tcpv6", 1 },
		{ XEN_NC2_KEY_FEATURE_GSO_UDP, 1 },
		{ "feature-ipv6-csum-offload", 1 },
		{ "feature-rx-copy", 1 },
		{ "feature-rx-flip", 0 },
		{ "feature-split-event-channels", 1 },
		{ "feature-ctrl-ring", 1 },
		{ "feature-multicast-control", 1 },
		{ "feature-dynamic-multicast-control", 1 },
		{ "feature-xdp-headroom", 1 },
	};
	int i, err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(features); i++)
		err = xenbus_printf(XBT_NIL, xdev->nodename, features[i].key, "%u",
				    features[i].value);
	if (!err)
		err = xenbus_printf(XBT_NIL, xdev->nodename, "multi-queue-max-queues",
				    "%u", queues);
	return err;
}

/* What a connection offers; before each time that InitWait is entered. */
static int offer(struct backend *be)
{
	int err;

	be->offered = queues_to_offer();
	err = write_features(be->xdev, be->offered);
	if (!err)
		err = nc2b_link_write(be->vif);
	return err ?: nc2b_direct_offer(be->vif->direct);
}

static int read_mac(struct xenbus_device *xdev, u8 *mac)
{
	char *text = xenbus_read(XBT_NIL, xdev->nodename, "mac", NULL);
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = mac_pton(text, mac) && is_valid_ether_addr(mac) ? 0 : -EINVAL;
	kfree(text);
	return err;
}

/* From here on no uevent finds the interface, and none looks at it any more. */
static void forget(struct xenbus_device *xdev)
{
	mutex_lock(&uevent_lock);
	dev_set_drvdata(&xdev->dev, NULL);
	mutex_unlock(&uevent_lock);
}

/* A front that has broken the rules may begin anew, as one that has closed. */
static void mend_work(struct work_struct *work)
{
	struct nc2b_vif *vif = container_of(work, struct nc2b_vif, mend.work);
	struct backend *be = dev_get_drvdata(&vif->xdev->dev);

	mutex_lock(&be->lock);
	if (be->connected && READ_ONCE(vif->broken))
		xenbus_switch_state(be->xdev, XenbusStateClosing);
	mutex_unlock(&be->lock);
}

/*
 * What is noted is what the last driver has left: a toolstack may have written another
 * state since, and one that is noted already is not written.
 */
static int begin(struct xenbus_device *xdev)
{
	xdev->state = XenbusStateInitialising;
	return xenbus_switch_state(xdev, XenbusStateInitWait);
}

/* The netdev exists before InitWait is seen, which is what runs the script. */
static int nc2b_probe(struct xenbus_device *xdev, const struct xenbus_device_id *id)
{
	struct backend *be;
	unsigned int handle;
	int err;

	if (!claimed(xdev))
		return -ENODEV;
	be = kzalloc(sizeof(*be), GFP_KERNEL);
	if (!be)
		return -ENOMEM;
	be->xdev = xdev;
	be->inherited = true;
	mutex_init(&be->lock);
	ratelimit_state_init(&be->refusals, 60 * HZ, 10);

	err = xenbus_scanf(XBT_NIL, xdev->nodename, "handle", "%u", &handle);
	if (err != 1) {
		xenbus_dev_fatal(xdev, err, "reading handle");
		err = -EINVAL;
		goto err_free;
	}
	be->vif = nc2b_vif_create(xdev, handle);
	if (IS_ERR(be->vif)) {
		err = PTR_ERR(be->vif);
		xenbus_dev_fatal(xdev, err, "creating the interface");
		goto err_free;
	}
	INIT_DELAYED_WORK(&be->vif->mend, mend_work);
	err = read_mac(xdev, be->vif->mac);
	if (err) {
		xenbus_dev_fatal(xdev, err, "reading mac");
		goto err_vif;
	}
	err = offer(be);
	if (err) {
		xenbus_dev_fatal(xdev, err, "writing features");
		goto err_vif;
	}
	dev_set_drvdata(&xdev->dev, be);
	err = sysfs_create_group(&xdev->dev.kobj, &nc2b_sysfs_group);
	if (err)
		goto err_drvdata;
	err = begin(xdev);
	if (err)
		goto err_sysfs;
	kobject_uevent(&xdev->dev.kobj, KOBJ_ONLINE);
	return 0;

err_sysfs:
	sysfs_remove_group(&xdev->dev.kobj, &nc2b_sysfs_group);
err_drvdata:
	forget(xdev);
err_vif:
	/* Or the driver that takes it next would be thought to be this one. */
	nc2b_direct_withdraw(be->vif->direct);
	nc2b_link_stop(be->vif);
	nc2b_vif_destroy(be->vif);
err_free:
	kfree(be);
	return err;
}

/*
 * The front cannot be served as it is.  xenstore is told each time that the log is:
 * a guest may try as often as it likes.
 *
 * One that was there before this driver may be giving its rings up this moment,
 * because it has seen us come, or may have been offered more: no error of anybody's.
 */
static __printf(3, 4) void refuse(struct backend *be, int err, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	if (be->inherited)
		dev_info(&be->xdev->dev, "asks the front to connect anew\n");
	if (be->inherited || !__ratelimit(&be->refusals)) {
		be->inherited = false;
		xenbus_switch_state(be->xdev, XenbusStateClosing);
		return;
	}
	va_start(args, fmt);
	vaf.va = &args;
	xenbus_dev_fatal(be->xdev, err, "%pV", &vaf);
	va_end(args);
}

/* A front that has seen us leave may have left itself meanwhile: that is news to come. */
static bool front_waits(struct backend *be)
{
	return xenbus_read_unsigned(be->xdev->otherend, "state", 0) == XenbusStateConnected;
}

/* Bring the bridged path up as the front has asked; 0 or a negative error. */
static int connect_bridged(struct backend *be)
{
	struct xenbus_device *xdev = be->xdev;
	struct nc2b_queue_keys *keys;
	unsigned int nr;
	int err;

	if (be->connected)
		return 0;
	if (!xenbus_read_unsigned(xdev->otherend, "request-rx-copy", 0)) {
		refuse(be, -EOPNOTSUPP, "front does not copy");
		return -EOPNOTSUPP;
	}
	nr = xenbus_read_unsigned(xdev->otherend, "multi-queue-num-queues", 1);
	if (!nr || nr > be->offered) {
		refuse(be, -EINVAL, "front wants %u queues, 1 to %u are to be had",
		       nr, be->offered);
		return -EINVAL;
	}
	keys = kcalloc(nr, sizeof(*keys), GFP_KERNEL);
	if (!keys) {
		refuse(be, -ENOMEM, "no memory for the front's queues");
		return -ENOMEM;
	}
	err = nc2b_keys_queues(be->vif, keys, nr);
	if (err) {
		if (front_waits(be))
			refuse(be, err, "reading the front's rings");
	} else {
		nc2b_keys_features(be->vif);
		nc2b_keys_headroom(be->vif);
		nc2b_watch_read_rate(be->vif);
		nc2b_vif_mended(be->vif);
		err = nc2b_ctrl_connect(&be->vif->ctrl, nr);
		if (!err)
			err = nc2b_vif_connect(be->vif, keys, nr);
		if (err)
			nc2b_ctrl_disconnect(&be->vif->ctrl);
		if (err && front_waits(be))
			refuse(be, err, "connecting the front's rings%s", err != -ENOSPC ? "" :
			       ": Xen has no room (raise gnttab_max_maptrack_frames)");
	}
	kfree(keys);
	be->connected = !err;
	return err;
}

/*
 * @alive: the front goes on, and another back may take its rings up where they stand.
 * With segments of UDP none may: in the ring, or sent before the front hears of it, they
 * have the stock back stop the vif for good.
 */
static void disconnect(struct backend *be, bool alive)
{
	if (!be->connected)
		return;
	be->connected = false;
	be->served = false;
	nc2b_direct_detach(be->vif->direct, alive);
	nc2b_fdb_del(be->vif->direct);
	nc2b_ctrl_disconnect(&be->vif->ctrl);
	nc2b_vif_disconnect(be->vif, alive && be->vif->gso_udp);
}

static bool script_is_done(struct backend *be)
{
	char *text = xenbus_read(XBT_NIL, be->xdev->nodename, "hotplug-status", NULL);
	bool done;

	if (IS_ERR(text))
		return false;
	done = !strcmp(text, "connected");
	kfree(text);
	return done;
}

/*
 * Connected is said only when the script has put the netdev where it belongs:
 * the front announces itself then, and somebody must be listening.
 */
static void maybe_connected(struct backend *be)
{
	/* One that has lied has been told to close, and may not have seen it yet. */
	if (!be->connected || READ_ONCE(be->vif->broken) ||
	    be->xdev->state == XenbusStateConnected || !script_is_done(be))
		return;
	if (!be->served) {
		nc2b_fdb_add(be->vif->direct);
		nc2b_link_write(be->vif);
	}
	xenbus_switch_state(be->xdev, XenbusStateConnected);
	if (!be->served)
		nc2b_direct_attach(be->vif->direct);
	be->served = true;
}

static void hotplug_changed(struct xenbus_watch *watch, const char *path,
			    const char *token)
{
	struct backend *be = container_of(watch, struct backend, hotplug.watch);

	mutex_lock(&be->lock);
	if (be->served && script_is_done(be))
		nc2b_fdb_renew(be->vif->direct);
	/* A front that reconfigures must see that before Connected, and is Connected then. */
	if (be->xdev->state != XenbusStateReconfigured || front_waits(be))
		maybe_connected(be);
	mutex_unlock(&be->lock);
}

static void front_connected(struct backend *be)
{
	mutex_lock(&be->lock);
	/*
	 * The stock front that reconfigures says so before it writes what it
	 * wants: by now it has written it.
	 */
	if (be->connected)
		nc2b_keys_headroom(be->vif);
	/* A module loaded anew under a live front starts from InitWait, too. */
	if (be->xdev->state != XenbusStateConnected && !connect_bridged(be))
		maybe_connected(be);
	mutex_unlock(&be->lock);
	if (!be->connected)
		return;
	nc2b_watch_arm(&be->hotplug, be->vif, be->xdev->nodename, "hotplug-status",
		       hotplug_changed);
	nc2b_watches_arm(&be->watches, be->vif);
}

/*
 * An XDP program comes or goes in a stock front, which waits for our answer with
 * RTNL held, and without a limit: it gets one, connected or not.
 */
static void front_reconfigures(struct backend *be)
{
	mutex_lock(&be->lock);
	if (be->connected)
		nc2b_keys_headroom(be->vif);
	if (be->connected || be->xdev->state == XenbusStateInitWait)
		xenbus_switch_state(be->xdev, XenbusStateReconfigured);
	mutex_unlock(&be->lock);
}

static void front_gone(struct backend *be, enum xenbus_state state)
{
	/* Not under the lock: unregistering waits for the callback. */
	nc2b_watch_disarm(&be->hotplug);
	nc2b_watches_disarm(&be->watches);
	mutex_lock(&be->lock);
	disconnect(be, false);
	mutex_unlock(&be->lock);
	xenbus_switch_state(be->xdev, state);
}

/*
 * A front that starts over finds a new offer.  One that has not closed before knows
 * nothing of what we have mapped: the guest has another kernel, whose memory it is.
 */
static void front_starts(struct backend *be)
{
	/* Ours is the first word, and this front is about to hear it. */
	if (be->xdev->state == XenbusStateInitWait && !be->connected)
		return;
	if (be->xdev->state != XenbusStateClosed)
		front_gone(be, XenbusStateClosed);
	if (offer(be))
		refuse(be, -EIO, "writing features");
	else
		xenbus_switch_state(be->xdev, XenbusStateInitWait);
}

/*
 * The last one of an interface that is not wanted any more.  Whoever ends a driver waits
 * for xenwatch, where this is, with the device locked, and to remove it takes the lock.
 * Then the driver ends all the same, and xenbus removes the device with its directory.
 * What is left is the moment in which a device is removed, as with all drivers of xenbus.
 */
static void unregister(struct xenbus_device *xdev)
{
	if (!device_trylock(&xdev->dev))
		return;
	device_unlock(&xdev->dev);
	device_unregister(&xdev->dev);
}

static void nc2b_otherend_changed(struct xenbus_device *xdev,
				  enum xenbus_state state)
{
	struct backend *be = dev_get_drvdata(&xdev->dev);

	be->inherited &= state == XenbusStateConnected;
	switch (state) {
	case XenbusStateInitialising:
		front_starts(be);
		break;
	case XenbusStateConnected:
		front_connected(be);
		break;
	case XenbusStateReconfiguring:
		front_reconfigures(be);
		break;
	case XenbusStateClosing:
		if (xdev->state != XenbusStateClosed)
			front_gone(be, XenbusStateClosing);
		break;
	case XenbusStateClosed:
		front_gone(be, XenbusStateClosed);
		if (!xenbus_dev_is_online(xdev))
			unregister(xdev);
		break;
	case XenbusStateUnknown:
		front_gone(be, XenbusStateClosed);
		unregister(xdev);
		break;
	default:
		break;
	}
}

/*
 * A front that sends segments of UDP is asked to leave, and given a moment to: it comes
 * back by itself.  One that stands still, or is slow, finds spoilt rings later.
 */
static bool asked_to_leave(struct backend *be)
{
	unsigned long end = jiffies + HZ;
	struct xenbus_device *xdev = be->xdev;

	if (!be->vif->gso_udp || xdev->state != XenbusStateConnected)
		return false;
	xenbus_switch_state(xdev, XenbusStateClosing);
	while (time_before(jiffies, end)) {
		if (xenbus_read_unsigned(xdev->otherend, "state", 0) != XenbusStateConnected)
			return true;
		msleep(20);
	}
	return false;
}

/*
 * The state is left as it is for any other live front: allow_rebind lets another back,
 * or this one loaded anew, take the rings up where they stand.  The script's
 * word is for this netdev and goes with it.
 */
static void nc2b_remove(struct xenbus_device *xdev)
{
	struct backend *be = dev_get_drvdata(&xdev->dev);
	bool alive;

	/* First, or the script's word would have the front think that it may stay. */
	nc2b_watch_disarm(&be->hotplug);
	nc2b_watches_disarm(&be->watches);
	alive = xdev->state == XenbusStateConnected && !asked_to_leave(be);
	nc2b_link_stop(be->vif);
	sysfs_remove_group(&xdev->dev.kobj, &nc2b_sysfs_group);
	mutex_lock(&be->lock);
	disconnect(be, alive);
	mutex_unlock(&be->lock);
	cancel_delayed_work_sync(&be->vif->mend);
	xenbus_rm(XBT_NIL, xdev->nodename, "hotplug-status");
	/* Now, not when the interface has gone: it may survive this module. */
	nc2b_errors_forget(xdev);
	/* Whoever serves it next does not offer it; the script and the front look. */
	nc2b_direct_withdraw(be->vif->direct);
	kobject_uevent(&xdev->dev.kobj, KOBJ_OFFLINE);
	forget(xdev);
	nc2b_vif_destroy(be->vif);
	mutex_destroy(&be->lock);
	kfree(be);
}

/* Calls of nc2b_uevent() that wait for xenstored, which nobody else waits for. */
static atomic_t uevents = ATOMIC_INIT(0);

/* Tells the hotplug script which netdev it is for. */
static int nc2b_uevent(const struct xenbus_device *xdev, struct kobj_uevent_env *env)
{
	struct backend *be;
	char *script;
	int err = 0;

	atomic_inc(&uevents);
	script = xenbus_read(XBT_NIL, xdev->nodename, "script", NULL);
	if (!IS_ERR(script)) {
		add_uevent_var(env, "script=%s", script);
		kfree(script);
	}
	mutex_lock(&uevent_lock);
	be = dev_get_drvdata(&xdev->dev);
	if (be)
		err = add_uevent_var(env, "vif=%s", be->vif->dev->name);
	mutex_unlock(&uevent_lock);
	if (atomic_dec_and_test(&uevents))
		wake_up_var(&uevents);
	return err;
}

static const struct xenbus_device_id nc2b_ids[] = {
	{ "vif" },
	{ "" }
};

static struct xenbus_driver nc2b_driver = {
	.name = "xen-nc2-back",
	.ids = nc2b_ids,
	.probe = nc2b_probe,
	.remove = nc2b_remove,
	.uevent = nc2b_uevent,
	.otherend_changed = nc2b_otherend_changed,
	.allow_rebind = true,
};

/**
 * nc2b_xenbus_init - begin to serve interfaces
 *
 * No owner is named: xenbus would hold the module for each interface, and rmmod
 * could not end its service.  It is safe without: unregistering waits for every callback
 * but one (nc2b_uevent()) and unbinds every device.  How a callback must not wait for that
 * in its turn: see unregister().
 *
 * Return: 0 or a negative error.
 */
int nc2b_xenbus_init(void)
{
	int err = __xenbus_register_backend(&nc2b_driver, NULL, KBUILD_MODNAME);

	if (err)
		return err;
	err = nc2b_errors_init(nc2b_driver.driver.bus);
	if (err)
		nc2b_xenbus_exit();
	return err;
}

/**
 * nc2b_xenbus_exit - end all service; live fronts keep their rings
 */
void nc2b_xenbus_exit(void)
{
	nc2b_errors_exit(nc2b_driver.driver.bus);
	xenbus_unregister_driver(&nc2b_driver);
	wait_var_event(&uevents, !atomic_read(&uevents));
}

/**
 * nc2b_xenbus_vif - the interface of a xenbus device, for sysfs
 * @dev: the device
 *
 * Return: its interface.
 */
struct nc2b_vif *nc2b_xenbus_vif(struct device *dev)
{
	struct backend *be = dev_get_drvdata(dev);

	return be->vif;
}
