// SPDX-License-Identifier: GPL-2.0
#include "follow.h"

#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "netdev.h"

/* How often to see whether a driver domain is still there. */
#define LOOK_PAUSE	(10 * HZ)

/* While one change waits to be looked at, others need no entry in the queue. */
static bool none_waits(struct xenbus_watch *watch, const char *path, const char *token)
{
	return !watch->nr_pending;
}

/**
 * nc2f_follow_again - look now: what the host asks for may be possible, or be another thing
 * @nf: the interface
 *
 * Any context.
 */
void nc2f_follow_again(struct nc2f_dev *nf)
{
	/* Freezable: what a suspend leaves of the back is for its end to look at. */
	mod_delayed_work(system_freezable_wq, &nf->follow.work, 0);
}

static void key_changed(struct xenbus_watch *watch, const char *path, const char *token)
{
	struct nc2f_key *key = container_of(watch, struct nc2f_key, watch);

	nc2f_follow_again(key->nf);
}

static void arm(struct nc2f_dev *nf, struct nc2f_key *key, const char *dir, const char *name)
{
	key->nf = nf;
	key->armed = !xenbus_watch_pathfmt(nf->xdev, &key->watch, none_waits, key_changed,
					   "%s/%s", dir, name);
}

static void disarm(struct nc2f_key *key)
{
	if (!key->armed)
		return;
	unregister_xenbus_watch(&key->watch);
	kfree(key->watch.node);
	memset(key, 0, sizeof(*key));
}

/* What the host says of the network's MTU; 0 if nothing that can be true. */
static unsigned int read_mtu(struct nc2f_dev *nf)
{
	unsigned int mtu = xenbus_read_unsigned(nf->xdev->nodename, "mtu", 0);

	return mtu >= ETH_MIN_MTU && mtu <= nf->dev->max_mtu ? mtu : 0;
}

/*
 * Only a change of the key is obeyed: the administrator here may choose, too.  One that
 * cannot be had now may be later: without a program, with scatter-gather.
 */
static void follow_mtu(struct nc2f_dev *nf)
{
	struct nc2f_follow *f = &nf->follow;
	unsigned int mtu = read_mtu(nf);
	int err = 0;

	rtnl_lock();
	if (!mtu || mtu == f->last_mtu)
		goto out;
	/* Refused, and meanwhile the administrator has chosen. */
	if (mtu == f->refused_mtu && nf->dev->mtu != f->kept_mtu)
		err = 0;
	else if (nf->dev->reg_state == NETREG_REGISTERED)
		err = dev_set_mtu(nf->dev, mtu);
	else
		nf->dev->mtu = mtu;
	if (!err)
		f->last_mtu = mtu;
	else if (f->refused_mtu != mtu && net_ratelimit())
		netdev_warn(nf->dev, "the host's MTU of %u cannot be had: %d\n", mtu, err);
	f->refused_mtu = err ? mtu : 0;
	f->kept_mtu = nf->dev->mtu;
out:
	rtnl_unlock();
}

/* Nobody tells us when a driver domain is destroyed. */
static void look_later(struct nc2f_dev *nf)
{
	if (nf->xdev->otherend_id)
		queue_delayed_work(system_freezable_wq, &nf->follow.work, LOOK_PAUSE);
}

/* Twice: a port of a bridge may forward only a second after its link is up. */
static void announce(struct nc2f_dev *nf)
{
	struct nc2f_follow *f = &nf->follow;
	unsigned int left = READ_ONCE(f->announce);

	if (!left || nf->dev->reg_state != NETREG_REGISTERED)
		return;
	WRITE_ONCE(f->announce, left - 1);
	netdev_notify_peers(nf->dev);
	if (left > 1)
		queue_delayed_work(system_freezable_wq, &f->work, HZ);
}

/*
 * Offloads are those of the path.  Not done by who changes it, who must be ready to
 * answer the next change, whoever has RTNL.
 */
static void follow_path(struct nc2f_dev *nf)
{
	rtnl_lock();
	if (nf->live && nf->dev->reg_state == NETREG_REGISTERED)
		netdev_update_features(nf->dev);
	rtnl_unlock();
}

static void follow_work(struct work_struct *work)
{
	struct nc2f_follow *f = container_of(work, struct nc2f_follow, work.work);
	struct nc2f_dev *nf = container_of(f, struct nc2f_dev, follow);

	follow_mtu(nf);
	follow_path(nf);
	nc2f_follow_link(nf);
	announce(nf);
	look_later(nf);
}

/**
 * nc2f_follow_start - begin to follow
 * @nf: the interface, not registered yet
 *
 * Process context.  The MTU is obeyed before this returns.
 */
void nc2f_follow_start(struct nc2f_dev *nf)
{
	struct nc2f_follow *f = &nf->follow;

	INIT_DELAYED_WORK(&f->work, follow_work);
	f->last_mtu = read_mtu(nf);
	if (f->last_mtu)
		nf->dev->mtu = f->last_mtu;
	arm(nf, &f->carrier, nf->xdev->otherend, "carrier");
	arm(nf, &f->mtu, nf->xdev->nodename, "mtu");
	look_later(nf);
}

/**
 * nc2f_follow_stop - follow no longer
 * @nf: the interface
 *
 * Process context, without @nf->lock and RTNL: waits for a callback that runs,
 * and xenwatch, which runs it, may be waiting for @nf->lock.
 */
void nc2f_follow_stop(struct nc2f_dev *nf)
{
	struct nc2f_follow *f = &nf->follow;

	disarm(&f->carrier);
	disarm(&f->mtu);
	/* The path may still change. */
	disable_delayed_work_sync(&f->work);
}

/**
 * nc2f_follow_resume - the back may be another one, with another directory
 * @nf: the interface
 *
 * As nc2f_follow_stop().
 */
void nc2f_follow_resume(struct nc2f_dev *nf)
{
	struct nc2f_follow *f = &nf->follow;

	disarm(&f->carrier);
	arm(nf, &f->carrier, nf->xdev->otherend, "carrier");
	/* It may be in a driver domain, where the last one was not. */
	look_later(nf);
}

/**
 * nc2f_follow_announce - have switches and peers learn by which way we are reached, and
 *	the netdev offer what that way can do
 * @nf: the interface
 *
 * Any context.  The NIC of the direct path need not be the bridge's.
 */
void nc2f_follow_announce(struct nc2f_dev *nf)
{
	WRITE_ONCE(nf->follow.announce, 2);
	nc2f_follow_again(nf);
}

/**
 * nc2f_follow_link - make the link what the back says it is
 * @nf: the interface
 *
 * Process context, without RTNL.  A back that says nothing means that it is up,
 * and one that is not there that it is down.
 */
void nc2f_follow_link(struct nc2f_dev *nf)
{
	bool up = xenbus_exists(XBT_NIL, nf->xdev->otherend, "state") &&
		  xenbus_read_unsigned(nf->xdev->otherend, "carrier", 1);
	bool came = false;

	rtnl_lock();
	if (nf->live && nf->follow.connected && !READ_ONCE(nf->broken)) {
		if (!up) {
			netif_carrier_off(nf->dev);
		} else if (!netif_carrier_ok(nf->dev)) {
			netif_carrier_on(nf->dev);
			/*
			 * The qdiscs throw away what is sent until the link watch has
			 * seen the link, in a work of its own: this has it look now.
			 */
			ethtool_op_get_link(nf->dev);
			came = true;
		}
	}
	rtnl_unlock();
	/* Switches and peers learn where we are now; takes RTNL itself. */
	if (came)
		netdev_notify_peers(nf->dev);
}
