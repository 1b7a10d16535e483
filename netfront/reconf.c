// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of what only a new connection can change: the number of queues, the
 * sizes of the direct path, room in front of received frames.
 *
 * The user's call comes under RTNL and must not wait for the back, which may
 * never answer; and both ends must pass through Closed, because a back samples
 * the keys when it connects and at no other time.  So the call itself does all
 * that can be seen from here: it takes the queues away from the netdev, which
 * then has the new number of them, and notes the wish.  A work makes the
 * connection anew: Closed, Initialising, Connected, as after a lie of the back.
 * What is asked for later, while that is under way, is either met by it or
 * brings another round: &nc2f_wish.seq says which.
 *
 * The link stays up meanwhile.  The gap is a few exchanges over xenstore, tens
 * of milliseconds, and a link that goes down and up again would cost more than
 * the gap does: routes go, DHCP clients and routing daemons start over, and
 * qdiscs throw away what they hold.  To the stack it is a device whose queues
 * are full for a moment: they are stopped, frames wait in the qdiscs, which are
 * bounded, and those to the guest are lost and sent again.  If the new
 * connection does not stand within LINK_GRACE, that is no longer true, and the
 * link goes down until it does.  In a busy control domain the few exchanges take
 * seconds, and ten or more have been seen where the host itself is emulated.
 *
 * It is the same when it is the back that begins anew, or leaves to be replaced: as
 * long as we are still to be served, which "online" in its directory says.
 */
#include "reconf.h"

#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "connect.h"
#include "direct.h"
#include "follow.h"
#include "nego.h"
#include "netdev.h"
#include "poller.h"
#include "queue.h"

/* How long the link stays up without a connection. */
#define LINK_GRACE	(30 * HZ)
/*
 * Receive buffers that an interface is to have.  A peer's NIC makes 45 frames of a segment
 * of 64 KiB, at once: where fewer than some of those fit, the first of many TCP
 * connections take all buffers, and others get nothing for ten seconds and more.
 */
#define MIN_BUFFERS	256u

/* A back that leaves again before it is Connected gains no time. */
static void keep_link(struct nc2f_dev *nf)
{
	if (!netif_carrier_ok(nf->dev))
		return;
	nf->keep_link = true;
	queue_delayed_work(system_freezable_wq, &nf->link, LINK_GRACE);
}

static void forget_link(struct nc2f_dev *nf)
{
	nf->keep_link = false;
	cancel_delayed_work(&nf->link);
}

/**
 * nc2f_reconf_link - the connection is about to end
 * @nf: the interface
 * @again: there is to be another one soon, so that the link can stay up
 *
 * Without RTNL.
 */
void nc2f_reconf_link(struct nc2f_dev *nf, bool again)
{
	rtnl_lock();
	if (again) {
		keep_link(nf);
	} else {
		forget_link(nf);
		/* The connection may have ended with the link kept, and end no more. */
		netif_carrier_off(nf->dev);
	}
	rtnl_unlock();
}

/**
 * nc2f_reconf - have the connection made anew, with what @nf->wish says
 * @nf: the interface
 * @queues: queues that the netdev is to have, 0 to leave their number as it is
 *
 * Under RTNL.  Returns at once; on return no frame passes until there is the new
 * connection.
 *
 * Return: 0 or an error, if the netdev cannot have so many queues; there is a
 * new connection in any case.
 */
int nc2f_reconf(struct nc2f_dev *nf, u32 queues)
{
	struct net_device *dev = nf->dev;
	int err = 0;

	ASSERT_RTNL();
	WRITE_ONCE(nf->wish.seq, nf->wish.seq + 1);
	keep_link(nf);
	/* What the user asks for begins the time anew. */
	if (nf->keep_link)
		mod_delayed_work(system_freezable_wq, &nf->link, LINK_GRACE);
	nc2f_netdev_pause(nf);
	if (queues) {
		err = netif_set_real_num_queues(dev, queues, queues);
		if (netif_running(dev))
			nc2f_pollers_run(nf, dev->real_num_rx_queues);
	}
	/* Freezable: what it does must not run across a migration. */
	mod_delayed_work(system_freezable_wq, &nf->retry, 0);
	return err;
}

/**
 * nc2f_reconf_link_work - the new connection has been waited for long enough
 * @work: &nc2f_dev.link
 */
void nc2f_reconf_link_work(struct work_struct *work)
{
	struct nc2f_dev *nf = container_of(work, struct nc2f_dev, link.work);

	rtnl_lock();
	if (nf->keep_link)
		netif_carrier_off(nf->dev);
	nf->keep_link = false;
	rtnl_unlock();
}

/**
 * nc2f_reconf_done - the connection stands
 * @nf: the interface
 *
 * Under @nf->lock, without RTNL.  A link that is not up follows: follow.c.  Of one that
 * has stayed up nobody would hear that frames to us go elsewhere: to a new vif.
 */
void nc2f_reconf_done(struct nc2f_dev *nf)
{
	rtnl_lock();
	if (nf->keep_link)
		nc2f_follow_announce(nf);
	/* Else the next round is on its way already. */
	if (nf->made.seq == nf->wish.seq)
		forget_link(nf);
	rtnl_unlock();
}

/**
 * nc2f_reconf_channels - change the number of queues
 * @nf: the interface
 * @ch: the numbers; only the combined one may be other than 0
 *
 * Under RTNL.
 *
 * Return: 0 or an error.
 */
int nc2f_reconf_channels(struct nc2f_dev *nf, const struct ethtool_channels *ch)
{
	if (!ch->combined_count || ch->combined_count > nf->offered.queues)
		return -EINVAL;
	if (ch->combined_count == nf->dev->real_num_tx_queues)
		return 0;
	nf->wish.queues = ch->combined_count;
	return nc2f_reconf(nf, ch->combined_count);
}

/**
 * nc2f_reconf_choose - the sizes that a direct path made for a wish will have
 * @wish: the wish; what it leaves open is what the module parameters say now
 * @max_pages: largest receive pool that the back accepts
 * @p: the result
 */
void nc2f_reconf_choose(const struct nc2f_wish *wish, u32 max_pages, struct nc2f_params *p)
{
	const struct nc2f_offer o = { .max_pool_pages = max_pages };

	nc2f_nego_choose(p, &o, wish->pool_pages ?: nc2f_pool_pages,
			 wish->tx_entries ?: nc2f_tx_entries);
}

/**
 * nc2f_reconf_params - the sizes of the direct path, as they are or will be
 * @nf: the interface; its back offers the direct path
 * @p: the result
 *
 * Under RTNL.
 */
void nc2f_reconf_params(const struct nc2f_dev *nf, struct nc2f_params *p)
{
	if (nf->live && nf->direct)
		*p = nf->direct->block.params;
	else
		nc2f_reconf_choose(&nf->wish, nf->offered.pool_pages, p);
}

/* What there is, by a small back's or the module parameter's leave, may stay. */
static bool too_few(const struct nc2f_dev *nf, const struct nc2f_params *was, u32 buffers)
{
	struct nc2f_params most = *was;

	most.pool_pages = nf->offered.pool_pages;
	return buffers < min(MIN_BUFFERS, nc2f_nego_buffers(&most)) &&
	       buffers != nc2f_nego_buffers(was);
}

/**
 * nc2f_reconf_rings - change the sizes of the direct path
 * @nf: the interface
 * @ring: receive buffers and transmit slots
 * @extack: for an explanation
 *
 * Under RTNL.  A ring of the bridged path is one page, which is what every back
 * takes; so where there is no direct path there is nothing to change.
 *
 * Return: 0 or an error.
 */
int nc2f_reconf_rings(struct nc2f_dev *nf, const struct ethtool_ringparam *ring,
		      struct netlink_ext_ack *extack)
{
	struct nc2f_wish wish = nf->wish;
	struct nc2f_params was, p;

	if (!nf->offered.pool_pages) {
		if (ring->rx_pending == NC2F_RING_SIZE && ring->tx_pending == NC2F_RING_SIZE)
			return 0;
		NL_SET_ERR_MSG(extack, "The rings of the bridged path have 256 slots");
		return -EINVAL;
	}
	nc2f_reconf_params(nf, &was);
	if (too_few(nf, &was, ring->rx_pending)) {
		NL_SET_ERR_MSG(extack, "The direct path has 256 receive buffers or more");
		return -EINVAL;
	}
	if (ring->tx_pending < XEN_NC2_MIN_ENTRIES) {
		NL_SET_ERR_MSG(extack, "The direct path has 64 transmit slots or more");
		return -EINVAL;
	}
	wish.pool_pages = nc2f_nego_pages(ring->rx_pending);
	wish.tx_entries = ring->tx_pending;
	nc2f_reconf_choose(&wish, nf->offered.pool_pages, &p);
	if (p.pool_pages == was.pool_pages && p.tx_entries == was.tx_entries)
		return 0;
	nf->wish.pool_pages = wish.pool_pages;
	nf->wish.tx_entries = wish.tx_entries;
	return nc2f_reconf(nf, 0);
}
