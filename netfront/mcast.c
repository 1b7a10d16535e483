// SPDX-License-Identifier: GPL-2.0
#include "mcast.h"

#include <linux/etherdevice.h>
#include <linux/netdevice.h>

#include <xen/xenbus.h>

#include "netdev.h"
#include "queue.h"

/* How long to wait for room on a ring that is full. */
#define RETRY_DELAY	(HZ / 20)

static void kick(struct nc2f_mcast *m, unsigned long delay)
{
	queue_delayed_work(system_long_wq, &m->work, delay);
}

/* Copies the list out; false if every group is wanted, or more than fit. */
static bool take_wish(struct nc2f_dev *nf)
{
	struct nc2f_mcast *m = &nf->mcast;
	struct net_device *dev = nf->dev;
	struct netdev_hw_addr *ha;
	bool good;

	netif_addr_lock_bh(dev);
	good = !(dev->flags & (IFF_PROMISC | IFF_ALLMULTI)) &&
	       netdev_mc_count(dev) <= m->limit;
	m->wish.nr = 0;
	if (good)
		netdev_for_each_mc_addr(ha, dev)
			nc2f_mclist_add(&m->wish, ha->addr);
	netif_addr_unlock_bh(dev);
	return good;
}

static void ask(struct nc2f_dev *nf, bool on)
{
	if (nf->mcast.on == on)
		return;
	if (xenbus_printf(XBT_NIL, nf->xdev->nodename, "request-multicast-control", "%u", on))
		netdev_warn(nf->dev, "multicast control could not be switched %s\n",
			    on ? "on" : "off");
	else
		nf->mcast.on = on;
}

static bool send(struct nc2f_dev *nf, enum nc2f_mcstep step, const u8 *addr)
{
	struct netdev_queue *txq = netdev_get_tx_queue(nf->dev, 0);
	bool sent = false;

	__netif_tx_lock_bh(txq);
	if (nf->live)
		sent = nc2f_tx_mcast(&nf->queues[0], step == NC2F_MC_ADD, addr);
	__netif_tx_unlock_bh(txq);
	return sent;
}

/* Tells the back all that it should know; false if there was no room. */
static bool tell(struct nc2f_dev *nf)
{
	struct nc2f_mcast *m = &nf->mcast;
	enum nc2f_mcstep step;
	u8 addr[ETH_ALEN];

	while ((step = nc2f_mclist_step(&m->told, &m->wish, addr)) != NC2F_MC_DONE) {
		if (!send(nf, step, addr))
			return false;
		if (step == NC2F_MC_ADD)
			nc2f_mclist_add(&m->told, addr);
		else
			nc2f_mclist_del(&m->told, addr);
	}
	return true;
}

/*
 * The back has refused something, and it is not known what it has now: have it
 * pass everything, empty its list, and ask it for less from now on.
 */
static void look_at_refusals(struct nc2f_dev *nf)
{
	struct nc2f_mcast *m = &nf->mcast;
	u32 refused = atomic_xchg(&m->refused, 0);

	if (!refused)
		return;
	m->limit = m->told.nr > refused ? m->told.nr - refused : 0;
	m->resync = true;
	if (net_ratelimit())
		netdev_info(nf->dev, "the back takes no more than %u multicast addresses\n",
			    m->limit);
}

static void mcast_work(struct work_struct *work)
{
	struct nc2f_mcast *m = container_of(work, struct nc2f_mcast, work.work);
	struct nc2f_dev *nf = container_of(m, struct nc2f_dev, mcast);

	/* The last answer runs this once more. */
	if (!READ_ONCE(m->ready) || atomic_read(&m->waiting))
		return;
	look_at_refusals(nf);
	if (m->resync) {
		ask(nf, false);
		m->wish.nr = 0;
		if (!tell(nf)) {
			kick(m, RETRY_DELAY);
			return;
		}
		m->resync = false;
		kick(m, 0);
		return;
	}
	if (!take_wish(nf)) {
		ask(nf, false);
		return;
	}
	if (!tell(nf))
		kick(m, RETRY_DELAY);
	else if (!atomic_read(&m->waiting) && !atomic_read(&m->refused))
		ask(nf, true);
}

/**
 * nc2f_mcast_init - prepare multicast control
 * @nf: the interface
 */
void nc2f_mcast_init(struct nc2f_dev *nf)
{
	INIT_DELAYED_WORK(&nf->mcast.work, mcast_work);
}

/**
 * nc2f_mcast_offer - see what a new back offers
 * @nf: the interface, NC2F_DOWN
 *
 * A back that samples the key only once is not asked: it could not be told
 * later that more groups are wanted than it takes.
 */
void nc2f_mcast_offer(struct nc2f_dev *nf)
{
	const char *back = nf->xdev->otherend;
	struct nc2f_mcast *m = &nf->mcast;

	m->offered = xenbus_read_unsigned(back, "feature-multicast-control", 0) &&
		     xenbus_read_unsigned(back, "feature-dynamic-multicast-control", 0);
	m->on = false;
	m->resync = false;
	m->limit = NC2F_MCAST_MAX;
	m->told.nr = 0;
	atomic_set(&m->waiting, 0);
	atomic_set(&m->refused, 0);
}

/**
 * nc2f_mcast_ready - the back is connected: it may be told
 * @nf: the interface, NC2F_UP
 */
void nc2f_mcast_ready(struct nc2f_dev *nf)
{
	WRITE_ONCE(nf->mcast.ready, nf->mcast.offered);
	nc2f_mcast_changed(nf);
}

/**
 * nc2f_mcast_stop - tell the back no more
 * @nf: the interface, not live
 *
 * May sleep; waits for a work that is under way.
 */
void nc2f_mcast_stop(struct nc2f_dev *nf)
{
	WRITE_ONCE(nf->mcast.ready, false);
	cancel_delayed_work_sync(&nf->mcast.work);
}

/**
 * nc2f_mcast_changed - the list or the flags of the netdev may have changed
 * @nf: the interface
 *
 * Any context but one that may come after nc2f_mcast_stop().
 */
void nc2f_mcast_changed(struct nc2f_dev *nf)
{
	if (READ_ONCE(nf->mcast.ready))
		kick(&nf->mcast, 0);
}

/**
 * nc2f_mcast_sent - a change is about to be published
 * @nf: the interface
 *
 * Under the lock of the first tx queue.
 */
void nc2f_mcast_sent(struct nc2f_dev *nf)
{
	atomic_inc(&nf->mcast.waiting);
}

/**
 * nc2f_mcast_answered - the back has answered a change
 * @nf: the interface
 * @accepted: whether it has made it
 *
 * NAPI context.
 */
void nc2f_mcast_answered(struct nc2f_dev *nf, bool accepted)
{
	struct nc2f_mcast *m = &nf->mcast;

	if (!accepted)
		atomic_inc(&m->refused);
	if (atomic_dec_and_test(&m->waiting))
		nc2f_mcast_changed(nf);
}
