// SPDX-License-Identifier: GPL-2.0
/* The direct path: its life, its events, and who decides the path. */
#include "direct.h"

#include <linux/etherdevice.h>
#include <linux/iopoll.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "netdev.h"
#include "poller.h"
#include "reconf.h"

/*
 * How long the back has to let go of the pools.  It waits up to a second for us,
 * and then for the NIC to stop.
 */
#define REVOKE_TIMEOUT_US	3000000
#define REVOKE_POLL_US		2000
/* One that is about to take what we share does it within this. */
#define REFUSED_TIMEOUT_US	100000

static u32 back_path(const struct nc2f_direct *d)
{
	return READ_ONCE(d->block.sh->back.path);
}

static void set_path(struct nc2f_direct *d, u32 path)
{
	WRITE_ONCE(d->block.sh->front.path, path);
	/* Front's answer before the event that tells of it. */
	virt_wmb();
	nc2f_irq_notify(&d->irq);
}

/*
 * Sends frames by the other path from now on.  All senders are locked out
 * meanwhile, so none is in the middle of a frame, and after a detach nothing
 * is changed any more.  Who does not ask whether a queue is frozen, as netpoll and
 * a netdev without a qdisc do not, sees under tx_lock that the path is not his.
 */
static void switch_tx(struct nc2f_direct *d, bool direct, const char *reason)
{
	struct nc2f_dev *nf = d->nf;
	struct net_device *dev = nf->dev;
	bool was = nf->tx_direct;

	netif_tx_lock_bh(dev);
	if (!nf->live) {
		netif_tx_unlock_bh(dev);
		return;
	}
	nc2f_direct_tx_switch(d, direct);
	if (netif_running(dev))
		netif_tx_wake_all_queues(dev);
	netif_tx_unlock_bh(dev);
	nf->reason = reason;
	if (was == direct)
		return;
	nc2f_netdev_path_changed(nf);
	/* As often as the back likes. */
	if (net_ratelimit())
		netdev_info(dev, "path: %s\n", direct ? "direct" : "bridged");
}

/* Final: the back has let go of both pools. */
static void give_up_pools(struct nc2f_direct *d)
{
	spin_lock_bh(&d->rx_lock);
	d->gone = true;
	dev_kfree_skb_any(d->skb);
	d->skb = NULL;
	spin_unlock_bh(&d->rx_lock);
	atomic_add(nc2f_block_release_pools(&d->block), &d->nf->pages_kept);
}

static void ask_for_pages(struct nc2f_direct *d)
{
	netif_addr_lock_bh(d->nf->dev);
	WRITE_ONCE(d->revoke, true);
	nc2f_direct_filter(d);
	netif_addr_unlock_bh(d->nf->dev);
}

static void path_work(struct work_struct *work)
{
	struct nc2f_direct *d = container_of(work, struct nc2f_direct, path_work);
	u32 path = READ_ONCE(d->broken) ? XEN_NC2_PATH_BRIDGED : back_path(d);
	bool changed = path != d->path;

	if (changed && d->path != XEN_NC2_PATH_REVOKED) {
		if (path == XEN_NC2_PATH_DIRECT) {
			switch_tx(d, true, "");
			set_path(d, XEN_NC2_PATH_DIRECT);
		} else {
			switch_tx(d, false, READ_ONCE(d->broken) ? "the back has lied" :
				  path == XEN_NC2_PATH_REVOKED ? "the back has revoked it" :
				  "the back has taken it back");
			set_path(d, XEN_NC2_PATH_BRIDGED);
		}
		nc2f_follow_announce(d->nf);
		if (path == XEN_NC2_PATH_REVOKED)
			give_up_pools(d);
		WRITE_ONCE(d->path, path);
		/*
		 * The back may have changed its mind since, and a poll have taken the
		 * event without a look at that, as it was the old path once more.
		 */
		smp_mb();
		if (!READ_ONCE(d->broken) && path != XEN_NC2_PATH_REVOKED && back_path(d) != path)
			schedule_work(&d->path_work);
	}
	/* Or it would offer the path again and again, each time with a gap. */
	if (READ_ONCE(d->broken) && !READ_ONCE(d->revoke)) {
		d->nf->reason = "the back has lied";
		ask_for_pages(d);
	}
	/* While the netdev is down no poll gives the EOI. */
	if (!READ_ONCE(d->polling)) {
		if (changed)
			d->irq.worked = true;
		nc2f_irq_eoi(&d->irq);
	}
}

static irqreturn_t direct_event(int irq, void *arg)
{
	struct nc2f_direct *d = arg;

	nc2f_irq_raise(&d->irq);
	if (READ_ONCE(d->polling))
		napi_schedule(d->napi);
	else
		schedule_work(&d->path_work);
	return IRQ_HANDLED;
}

static int poll(struct nc2f_direct *d, int budget)
{
	struct napi_struct *napi = d->napi;
	bool notify = false;
	bool more = false;
	int done = 0;

	if (back_path(d) != READ_ONCE(d->path) && READ_ONCE(d->path) != XEN_NC2_PATH_REVOKED) {
		d->irq.worked = true;
		schedule_work(&d->path_work);
	}
	if (!READ_ONCE(d->broken)) {
		if (nc2f_direct_tx_work(d, budget))
			d->irq.worked = true;
		if (budget)
			done = nc2f_direct_rx(d, budget, &notify);
		if (notify)
			nc2f_irq_notify(&d->irq);
	}
	if (READ_ONCE(d->broken)) {
		/* No EOI: a back that lies is not listened to any more. */
		napi_complete(napi);
		return 0;
	}
	if (done)
		d->irq.worked = true;
	if (done >= budget)
		return budget;
	spin_lock(&d->rx_lock);
	if (!d->gone)
		more = nc2f_cons_sleep(&d->comp);
	spin_unlock(&d->rx_lock);
	spin_lock(&d->tx_lock);
	more |= nc2f_prod_arm(&d->tx);
	spin_unlock(&d->tx_lock);
	if (more)
		return budget;
	if (napi_complete_done(napi, done))
		nc2f_irq_eoi(&d->irq);
	return done;
}

/**
 * nc2f_direct_poll - NAPI poll function of the direct path
 * @napi: &nc2f_poller.napi
 * @budget: completions at most, 0 from netpoll
 *
 * Return: completions taken.
 */
int nc2f_direct_poll(struct napi_struct *napi, int budget)
{
	struct nc2f_dev *nf = container_of(napi, struct nc2f_poller, napi)->nf;

	/* Pairs with the release in nc2f_netdev_attach(): the path is whole. */
	if (smp_load_acquire(&nf->live) && nf->direct)
		return poll(nf->direct, budget);
	napi_complete(napi);
	return 0;
}

static int bind_event(struct nc2f_direct *d)
{
	struct xenbus_device *xdev = d->nf->xdev;

	snprintf(d->irq.name, sizeof(d->irq.name), "vif%s-direct",
		 strrchr(xdev->nodename, '/') + 1);
	return nc2f_irq_bind(&d->irq, xdev, direct_event, d);
}

static void init_rings(struct nc2f_direct *d)
{
	struct nc2f_block *b = &d->block;

	nc2f_prod_init(&d->fill, &b->sh->fill, b->fill, b->params.rx_entries);
	nc2f_cons_init(&d->comp, &b->sh->comp, b->comp, b->params.rx_entries);
	nc2f_prod_init(&d->tx, &b->sh->tx, b->tx, b->params.tx_entries);
	nc2f_direct_fill(d);
	nc2f_prod_publish(&d->fill);
	nc2f_cons_sleep(&d->comp);
}

/**
 * nc2f_direct_create - make the direct path of a connection
 * @nf: the interface
 * @offer: what the back offers
 *
 * May sleep.  Everything is granted and the fill ring is full on return; the
 * path is bridged and not polled.
 *
 * Return: the direct path or an error pointer.
 */
struct nc2f_direct *nc2f_direct_create(struct nc2f_dev *nf, const struct nc2f_offer *offer)
{
	struct nc2f_direct *d = kvzalloc(sizeof(*d), GFP_KERNEL);
	struct nc2f_params *p;
	int err;

	if (!d)
		return ERR_PTR(-ENOMEM);
	d->nf = nf;
	d->napi = &nf->pollers[nf->max_queues].napi;
	d->offer = *offer;
	spin_lock_init(&d->rx_lock);
	spin_lock_init(&d->tx_lock);
	INIT_WORK(&d->path_work, path_work);
	p = &d->block.params;
	nc2f_reconf_choose(&nf->made, offer->max_pool_pages, p);
	d->tx_bytes = kvcalloc(p->tx_entries, sizeof(*d->tx_bytes), GFP_KERNEL);
	err = d->tx_bytes ? 0 : -ENOMEM;
	if (!err)
		err = nc2f_pool_init(&d->pool, p->pool_pages, p->buf_size);
	if (!err)
		err = nc2f_block_create(&d->block, nf->xdev->otherend_id);
	if (!err)
		err = bind_event(d);
	if (err) {
		nc2f_direct_release(d);
		return ERR_PTR(err);
	}
	nc2f_poller_irq(nf, nf->max_queues, d->irq.irq);
	init_rings(d);
	return d;
}

/**
 * nc2f_direct_write_keys - tell the back of the direct path
 * @d: the direct path
 * @xbt: the transaction
 *
 * Return: 0 or an error.
 */
int nc2f_direct_write_keys(struct nc2f_direct *d, struct xenbus_transaction xbt)
{
	const struct nc2f_params *p = &d->block.params;
	const struct {
		const char *key;
		u32 value;
	} keys[] = {
		{ XEN_NC2_KEY_SHARED_REF, d->block.shared.ref },
		{ XEN_NC2_KEY_EVENT_CHANNEL, d->irq.evtchn },
		{ XEN_NC2_KEY_RX_ENTRIES, p->rx_entries },
		{ XEN_NC2_KEY_TX_ENTRIES, p->tx_entries },
		{ XEN_NC2_KEY_POOL_PAGES, p->pool_pages },
		{ XEN_NC2_KEY_BUF_SIZE, p->buf_size },
	};
	const char *dir = d->nf->xdev->nodename;
	char request[NC2F_REQUEST_MAX];
	char key[32];
	int err;
	u32 i;

	nc2f_nego_request(&d->offer, request);
	err = xenbus_write(xbt, dir, XEN_NC2_KEY_REQUEST, request);
	for (i = 0; !err && i < ARRAY_SIZE(keys); i++)
		err = xenbus_printf(xbt, dir, keys[i].key, "%u", keys[i].value);
	for (i = 0; !err && i < d->block.layout.dir_pages; i++) {
		snprintf(key, sizeof(key), XEN_NC2_KEY_DIR_REF "%u", i);
		err = xenbus_printf(xbt, dir, key, "%u", d->block.dir[i].ref);
	}
	return err;
}

/**
 * nc2f_direct_remove_keys - remove every key of the direct path
 * @xdev: the device
 * @xbt: the transaction, or XBT_NIL
 */
void nc2f_direct_remove_keys(struct xenbus_device *xdev, struct xenbus_transaction xbt)
{
	static const char * const keys[] = {
		XEN_NC2_KEY_REQUEST, XEN_NC2_KEY_SHARED_REF, XEN_NC2_KEY_EVENT_CHANNEL,
		XEN_NC2_KEY_RX_ENTRIES, XEN_NC2_KEY_TX_ENTRIES, XEN_NC2_KEY_POOL_PAGES,
		XEN_NC2_KEY_BUF_SIZE, XEN_NC2_KEY_DIR_REF "0", XEN_NC2_KEY_DIR_REF "1",
		XEN_NC2_KEY_DIR_REF "2",
	};
	u32 i;

	static_assert(XEN_NC2_MAX_DIR_PAGES == 3);
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		xenbus_rm(xbt, xdev->nodename, keys[i]);
}

/**
 * nc2f_direct_enable - let the direct path work; under RTNL
 * @d: the direct path; its NAPI context is enabled
 */
void nc2f_direct_enable(struct nc2f_direct *d)
{
	WRITE_ONCE(d->polling, true);
	/* Events may have come while nobody listened. */
	local_bh_disable();
	napi_schedule(d->napi);
	local_bh_enable();
}

/**
 * nc2f_direct_disable - let the direct path rest; under RTNL
 * @d: the direct path; its NAPI context is disabled
 *
 * What the NIC writes meanwhile waits; the path may still change.
 */
void nc2f_direct_disable(struct nc2f_direct *d)
{
	WRITE_ONCE(d->polling, false);
	/* Takes over the EOI that the last poll may have left. */
	schedule_work(&d->path_work);
}

/**
 * nc2f_direct_stop - first step of the end: nobody here uses the path any more
 * @d: the direct path; the netdev is detached, so that no poll finds it
 *
 * May sleep.  Two contexts could still hold it: path_work, which sends events
 * and so ends before the event channel does; and an interrupt, which ends with
 * the channel and cannot wake it.
 */
void nc2f_direct_stop(struct nc2f_direct *d)
{
	disable_work_sync(&d->path_work);
	nc2f_irq_unbind(&d->irq, d);
	nc2f_poller_irq(d->nf, d->nf->max_queues, -1);
	dev_kfree_skb_any(d->skb);
	d->skb = NULL;
}

/**
 * nc2f_direct_release - second step: free what the back has let go of
 * @d: the direct path, stopped
 */
void nc2f_direct_release(struct nc2f_direct *d)
{
	nc2f_irq_unbind(&d->irq, d);
	atomic_add(nc2f_block_release(&d->block), &d->nf->pages_kept);
	nc2f_pool_fini(&d->pool);
	kvfree(d->tx_bytes);
	kvfree(d);
}

/**
 * nc2f_direct_filter - tell the back what we want to receive
 * @d: the direct path
 *
 * Under the address lock, which keeps writers apart.
 */
void nc2f_direct_filter(struct nc2f_direct *d)
{
	struct xen_nc2_front_status *front = &d->block.sh->front;
	struct net_device *dev = d->nf->dev;
	struct netdev_hw_addr *ha;
	u32 flags = 0;
	u32 n = 0;

	WRITE_ONCE(front->filter_seq, ++d->filter_seq);
	/* Odd before the change: a reader that sees half of it sees that too. */
	virt_wmb();
	if (dev->flags & IFF_PROMISC)
		flags |= XEN_NC2_FRONT_PROMISC;
	/* A back that does not know the one flag stays off the direct path for the other. */
	if (!ether_addr_equal(dev->dev_addr, d->nf->mac))
		flags |= XEN_NC2_FRONT_OTHER_MAC | XEN_NC2_FRONT_PROMISC;
	/* A bridge has its default VLAN on each port: that it is one says more. */
	if (READ_ONCE(d->nf->vlans) && !(dev->flags & IFF_PROMISC))
		flags |= XEN_NC2_FRONT_VLANS | XEN_NC2_FRONT_PROMISC;
	if (d->revoke)
		flags |= XEN_NC2_FRONT_REVOKE;
	if (dev->flags & IFF_ALLMULTI || netdev_mc_count(dev) > XEN_NC2_MAX_MCAST)
		flags |= XEN_NC2_FRONT_ALLMULTI;
	netdev_for_each_mc_addr(ha, dev) {
		if (n == XEN_NC2_MAX_MCAST)
			break;
		memcpy(d->block.sh->mc[n++], ha->addr, ETH_ALEN);
	}
	WRITE_ONCE(front->mtu, READ_ONCE(dev->mtu));
	WRITE_ONCE(front->flags, flags);
	WRITE_ONCE(front->mc_count, n);
	/* The change before the even number that ends it. */
	virt_wmb();
	WRITE_ONCE(front->filter_seq, ++d->filter_seq);
	nc2f_irq_notify(&d->irq);
}

/**
 * nc2f_direct_revoke - have the back let go of both pools, for good
 * @d: the direct path
 *
 * Process context without RTNL; waits for the back, but not longer than
 * REVOKE_TIMEOUT_US.  The bridged path goes on.
 *
 * Return: whether the back has let go, or never had them.
 */
bool nc2f_direct_revoke(struct nc2f_direct *d)
{
	/* One that has refused what we share has mapped no pool, and never answers. */
	const u32 *taken = &d->block.sh->back.max_mtu;
	u32 path;
	int err;

	ask_for_pages(d);
	/* Its own word: path_work, which takes it up, may have stopped listening. */
	err = read_poll_timeout(back_path, path, path == XEN_NC2_PATH_REVOKED, REVOKE_POLL_US,
				READ_ONCE(*taken) ? REVOKE_TIMEOUT_US : REFUSED_TIMEOUT_US,
				false, d);
	return !err || !READ_ONCE(*taken);
}

/**
 * nc2f_direct_break - the back has lied on the direct path: leave it
 * @d: the direct path
 * @what: what the back has done
 *
 * Any context.  The bridged path goes on.
 */
void nc2f_direct_break(struct nc2f_direct *d, const char *what)
{
	if (xchg(&d->broken, true))
		return;
	net_err_ratelimited("%s: the back lies: %s; the direct path is given up\n",
			    netdev_name(d->nf->dev), what);
	atomic_inc(&d->nf->direct_broken);
	schedule_work(&d->path_work);
}
