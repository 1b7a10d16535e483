// SPDX-License-Identifier: GPL-2.0
/*
 * Making and ending the connection to the back: what is read from its
 * directory, what is made, and the one transaction that tells it.
 */
#include "connect.h"

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include <net/xdp.h>

#include <xen/interface/io/netchannel2.h>
#include <xen/xenbus.h>

#include "ctrl.h"
#include "direct.h"
#include "nego.h"
#include "netdev.h"
#include "queue.h"

/* Times that a transaction is tried while others change the same nodes. */
#define TRANSACTION_TRIES	32

/**
 * struct offer - what the back says in its directory
 * @queues: most queues that it takes
 * @multi: it knows of several queues
 * @split: it takes an event channel for each direction
 * @headroom: it leaves room in front of received frames
 */
struct offer {
	u32 queues;
	bool multi;
	bool split;
	bool headroom;
};

static unsigned int read_back(struct nc2f_dev *nf, const char *key, unsigned int otherwise)
{
	return xenbus_read_unsigned(nf->xdev->otherend, key, otherwise);
}

static void read_offer(struct nc2f_dev *nf, struct offer *o)
{
	o->queues = read_back(nf, "multi-queue-max-queues", 0);
	o->multi = o->queues;
	o->split = read_back(nf, "feature-split-event-channels", 0);
	o->headroom = read_back(nf, "feature-xdp-headroom", 0);
	nf->can_sg = read_back(nf, "feature-sg", 0);
	nf->gso4 = nf->can_sg && read_back(nf, "feature-gso-tcpv4", 0);
	nf->gso6 = nf->can_sg && read_back(nf, "feature-gso-tcpv6", 0);
	nf->gso_udp = nf->can_sg && read_back(nf, XEN_NC2_KEY_FEATURE_GSO_UDP, 0);
	nf->csum4 = !read_back(nf, "feature-no-csum-offload", 0);
	nf->csum6 = read_back(nf, "feature-ipv6-csum-offload", 0);
	nc2f_mcast_offer(nf);
	nf->bounce = !nc2f_trusted || !xenbus_read_unsigned(nf->xdev->nodename, "trusted", 1);
}

/*
 * Decides what the connection shall be: what the user wants at this moment, as
 * far as the back has it to give.
 */
static void choose(struct nc2f_dev *nf, struct offer *o)
{
	rtnl_lock();
	nf->made = nf->wish;
	/* One that does not ask for segments of UDP sends none. */
	nf->gso_udp &= !nf->made.xdp;
	nf->offered.headroom = o->headroom;
	nf->offered.queues = clamp_t(u32, o->queues, 1, nf->max_queues);
	o->queues = min(nf->made.queues ?: nf->max_queues, nf->offered.queues);
	rtnl_unlock();
}

static int make_queues(struct nc2f_dev *nf, const struct offer *o)
{
	u32 i;
	int err = 0;

	nf->queues = kvcalloc(o->queues, sizeof(*nf->queues), GFP_KERNEL);
	if (!nf->queues)
		return -ENOMEM;
	for (i = 0; i < o->queues; i++) {
		err = nc2f_queue_create(&nf->queues[i], nf, i, o->split);
		if (err)
			break;
	}
	nf->nr_queues = i;
	/* Fewer queues than wished for are better than none. */
	if (i)
		return 0;
	kvfree(nf->queues);
	nf->queues = NULL;
	return err;
}

/* Makes the direct path, if it is wanted and offered; else notes why not. */
static void make_direct(struct nc2f_dev *nf)
{
	const char *why = "switched off by the module parameter direct";
	const char *dir = nf->xdev->otherend;
	char *feature, *nonce, *pages;
	struct nc2f_direct *d;
	struct nc2f_offer o;

	feature = xenbus_read(XBT_NIL, dir, XEN_NC2_KEY_FEATURE, NULL);
	nonce = xenbus_read(XBT_NIL, dir, XEN_NC2_KEY_NONCE, NULL);
	pages = xenbus_read(XBT_NIL, dir, XEN_NC2_KEY_MAX_POOL_PAGES, NULL);
	strscpy(nf->nonce, IS_ERR(nonce) ? "" : nonce, sizeof(nf->nonce));
	if (nf->made.xdp)
		why = "an XDP program is attached";
	else if (nf->bounce)
		why = "the back is not trusted";
	else if (nc2f_direct_wanted)
		why = nc2f_nego_offer(&o, IS_ERR(feature) ? NULL : feature,
				      IS_ERR(nonce) ? NULL : nonce,
				      IS_ERR(pages) ? NULL : pages);
	nf->direct_pages = 0;
	if (!why) {
		nf->direct_pages = min_t(u32, o.max_pool_pages, XEN_NC2_MAX_POOL_PAGES);
		d = nc2f_direct_create(nf, &o);
		if (!IS_ERR(d))
			nf->direct = d;
		else
			why = PTR_ERR(d) == -ENOSPC ? "no grants left" : "no memory for the pool";
	}
	nf->reason = why ?: "the back has not given it yet";
	if (!IS_ERR(feature))
		kfree(feature);
	if (!IS_ERR(nonce))
		kfree(nonce);
	if (!IS_ERR(pages))
		kfree(pages);
}

/* Makes the control ring, if the back has one; frames go without, too. */
static void make_ctrl(struct nc2f_dev *nf)
{
	struct nc2f_ctrl *c;

	if (!read_back(nf, "feature-ctrl-ring", 0))
		return;
	c = nc2f_ctrl_create(nf);
	if (IS_ERR(c))
		dev_warn_ratelimited(&nf->xdev->dev, "no control ring: %ld\n", PTR_ERR(c));
	else
		nf->ctrl = c;
}

static int write_queue(struct nc2f_queue *q, struct xenbus_transaction xbt, const char *dir)
{
	int err;

	err = xenbus_printf(xbt, dir, "tx-ring-ref", "%u", q->txr.ref);
	if (!err)
		err = xenbus_printf(xbt, dir, "rx-ring-ref", "%u", q->rxr.ref);
	if (err)
		return err;
	if (!q->split)
		return xenbus_printf(xbt, dir, "event-channel", "%u", q->tx_irq.evtchn);
	err = xenbus_printf(xbt, dir, "event-channel-tx", "%u", q->tx_irq.evtchn);
	if (!err)
		err = xenbus_printf(xbt, dir, "event-channel-rx", "%u", q->rx_irq.evtchn);
	return err;
}

/**
 * nc2f_remove_keys - remove what a connection, or another driver, has left
 * @xbt: the transaction, or XBT_NIL
 * @dir: the directory of the device or of a queue
 *
 * The next driver need not know of each key, and the back would map what has
 * long been given back.
 */
void nc2f_remove_keys(struct xenbus_transaction xbt, const char *dir)
{
	static const char * const keys[] = {
		"event-channel", "event-channel-tx", "event-channel-rx",
		"tx-ring-ref", "rx-ring-ref", "multi-queue-num-queues",
		"request-multicast-control", "feature-gso-tcpv4-prefix",
		"feature-gso-tcpv6-prefix", "ctrl-ring-ref", "event-channel-ctrl",
		"feature-no-csum-offload", "xdp-headroom", XEN_NC2_KEY_REQUEST_GSO_UDP,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		xenbus_rm(xbt, dir, keys[i]);
}

/**
 * nc2f_remove_queues - remove the directories of the queues
 * @dir: the directory of the device
 * @nr: most queues that there ever were
 */
void nc2f_remove_queues(const char *dir, u32 nr)
{
	char name[sizeof("queue-4294967295")];

	while (nr--) {
		snprintf(name, sizeof(name), "queue-%u", nr);
		xenbus_rm(XBT_NIL, dir, name);
	}
}

static int write_queues(struct nc2f_dev *nf, struct xenbus_transaction xbt, bool multi)
{
	const char *dir = nf->xdev->nodename;
	char *path;
	int err = 0;
	u32 i;

	if (multi)
		err = xenbus_printf(xbt, dir, "multi-queue-num-queues", "%u", nf->nr_queues);
	if (!err && nf->nr_queues == 1)
		return write_queue(&nf->queues[0], xbt, dir);
	for (i = 0; !err && i < nf->nr_queues; i++) {
		path = kasprintf(GFP_KERNEL, "%s/queue-%u", dir, i);
		if (!path)
			return -ENOMEM;
		nc2f_remove_keys(xbt, path);
		err = write_queue(&nf->queues[i], xbt, path);
		kfree(path);
	}
	return err;
}

/*
 * What the back may send.  An XDP program wants whole frames with checksums, as
 * they were on the wire, and room in front of them.
 */
static int write_features(struct nc2f_dev *nf, struct xenbus_transaction xbt,
			  const struct offer *o)
{
	bool xdp = nf->made.xdp;
	const struct {
		const char *key;
		u32 value;
	} keys[] = {
		{ "request-rx-copy", 1 },
		{ "feature-rx-notify", 1 },
		{ "feature-sg", 1 },
		{ "feature-gso-tcpv4", !xdp },
		{ "feature-gso-tcpv6", !xdp },
		{ "feature-no-csum-offload", xdp },
		{ "feature-ipv6-csum-offload", !xdp },
		{ "xdp-headroom", xdp && o->headroom ? XDP_PACKET_HEADROOM : 0 },
	};
	int err = 0;
	u32 i;

	for (i = 0; !err && i < ARRAY_SIZE(keys); i++)
		err = xenbus_printf(xbt, nf->xdev->nodename, keys[i].key, "%u",
				    keys[i].value);
	if (!err && nf->gso_udp)
		err = xenbus_printf(xbt, nf->xdev->nodename, XEN_NC2_KEY_REQUEST_GSO_UDP, "%s",
				    nf->nonce);
	if (xdp && !o->headroom && net_ratelimit())
		netdev_warn(nf->dev, "the back leaves no headroom for the XDP program\n");
	return err;
}

static int write_keys(struct nc2f_dev *nf, const struct offer *o)
{
	struct xenbus_transaction xbt;
	int tries;
	int err;

	for (tries = 0; tries < TRANSACTION_TRIES; tries++) {
		err = xenbus_transaction_start(&xbt);
		if (err)
			return err;
		nc2f_remove_keys(xbt, nf->xdev->nodename);
		nc2f_direct_remove_keys(nf->xdev, xbt);
		err = write_queues(nf, xbt, o->multi);
		if (!err)
			err = write_features(nf, xbt, o);
		if (!err && nf->ctrl)
			err = nc2f_ctrl_write_keys(nf->ctrl, xbt);
		if (!err && nf->direct)
			err = nc2f_direct_write_keys(nf->direct, xbt);
		if (err) {
			xenbus_transaction_end(xbt, 1);
			return err;
		}
		err = xenbus_transaction_end(xbt, 0);
		if (err != -EAGAIN)
			return err;
	}
	return err;
}

/**
 * nc2f_connect_failed - tell why there is no connection, in the log and in xenstore
 * @nf: the interface
 * @err: the error
 * @what: what has failed
 *
 * As often as the log can bear: a back may have it tried as often as it likes.
 */
void nc2f_connect_failed(struct nc2f_dev *nf, int err, const char *what)
{
	if (net_ratelimit())
		xenbus_dev_error(nf->xdev, err, "%s", what);
}

/**
 * nc2f_connect - connect to a back that is in InitWait
 * @nf: the interface, NC2F_DOWN
 *
 * Under @nf->lock.  On success the interface is NC2F_UP and the keys are
 * written; the caller goes Connected.
 *
 * Return: 0 or an error; nothing is left behind then.
 */
int nc2f_connect(struct nc2f_dev *nf)
{
	struct offer o;
	int err;

	if (!read_back(nf, "feature-rx-copy", 0)) {
		nc2f_connect_failed(nf, -EOPNOTSUPP, "the back does not copy received frames");
		return -EOPNOTSUPP;
	}
	read_offer(nf, &o);
	choose(nf, &o);
	err = make_queues(nf, &o);
	if (err) {
		nc2f_connect_failed(nf, err, "making queues");
		return err;
	}
	make_ctrl(nf);
	make_direct(nf);
	err = write_keys(nf, &o);
	if (err)
		nc2f_connect_failed(nf, err, "writing keys");
	nc2f_netdev_attach(nf);
	nf->phase = NC2F_UP;
	nf->met = false;
	nf->suspended = false;
	if (!err && nf->dev->reg_state != NETREG_REGISTERED) {
		/* A netdev that could not be registered can never be. */
		err = nf->dev->reg_state == NETREG_UNINITIALIZED ?
		      register_netdev(nf->dev) : -ENODEV;
		if (err)
			nc2f_connect_failed(nf, err, "registering the netdev");
	}
	if (err) {
		nc2f_disconnect(nf);
		nc2f_release(nf);
	}
	return err;
}

/**
 * nc2f_disconnect - first step of the end: stop using the connection
 * @nf: the interface; nothing happens unless it is NC2F_UP
 *
 * Under @nf->lock.  Pages and grants are kept: the back may use them until it
 * says that it is Closed.
 */
void nc2f_disconnect(struct nc2f_dev *nf)
{
	u32 i;

	if (nf->phase != NC2F_UP)
		return;
	nc2f_netdev_detach(nf);
	nc2f_mcast_stop(nf);
	nc2f_rss_stop(nf);
	if (nf->ctrl)
		nc2f_ctrl_stop(nf->ctrl);
	for (i = 0; i < nf->nr_queues; i++)
		nc2f_queue_stop(&nf->queues[i]);
	if (nf->direct)
		nc2f_direct_stop(nf->direct);
	nf->phase = NC2F_STOPPED;
	nf->reason = "not connected";
}

/**
 * nc2f_release - second step: free what the back has let go of
 * @nf: the interface; nothing happens unless it is NC2F_STOPPED
 *
 * Under @nf->lock.  What it still uses is kept until it lets go, and counted.
 */
void nc2f_release(struct nc2f_dev *nf)
{
	int kept = atomic_read(&nf->pages_kept);
	struct nc2f_direct *d = nf->direct;
	u32 i;

	if (nf->phase != NC2F_STOPPED)
		return;
	for (i = 0; i < nf->nr_queues; i++)
		nc2f_queue_release(&nf->queues[i]);
	nf->nr_queues = 0;
	kvfree(nf->queues);
	nf->queues = NULL;
	if (nf->ctrl)
		atomic_add(nc2f_ctrl_release(nf->ctrl), &nf->pages_kept);
	nf->ctrl = NULL;
	nf->direct = NULL;
	if (d)
		nc2f_direct_release(d);
	nf->phase = NC2F_DOWN;
	kept = atomic_read(&nf->pages_kept) - kept;
	if (kept)
		dev_warn_ratelimited(&nf->xdev->dev,
				     "the back still uses %d pages: kept until it lets go\n",
				     kept);
}
