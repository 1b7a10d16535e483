// SPDX-License-Identifier: GPL-2.0
/* The netdev: its operations, and tying queues to it. */
#include "netdev.h"

#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>

#include <xen/interface/io/netchannel2.h>
#include <xen/xenbus.h>

#include "direct.h"
#include "poller.h"
#include "queue.h"
#include "reconf.h"
#include "xdp.h"

/* A back that lied is given up for this long, then tried again. */
#define RETRY_DELAY	HZ

/* Lets what is tied to the netdev work; the netdev is up and live. */
static void wake_all(struct nc2f_dev *nf)
{
	u32 i;

	for (i = 0; i < nf->nr_queues; i++)
		nc2f_queue_wake(&nf->queues[i]);
	if (nf->direct)
		nc2f_direct_enable(nf->direct);
	netif_tx_wake_all_queues(nf->dev);
}

static int nc2f_open(struct net_device *dev)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	nc2f_pollers_run(nf, dev->real_num_rx_queues);
	/* Without a back the netdev may be up; it has no carrier then. */
	if (nf->live)
		wake_all(nf);
	return 0;
}

static int nc2f_stop(struct net_device *dev)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	nc2f_pollers_run(nf, 0);
	if (nf->live && nf->direct)
		nc2f_direct_disable(nf->direct);
	netif_tx_disable(dev);
	return 0;
}

static netdev_tx_t nc2f_start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct nc2f_dev *nf = netdev_priv(dev);
	u16 queue = skb_get_queue_mapping(skb);
	struct nc2f_direct *d;

	/* Pairs with the release in nc2f_netdev_attach(): its queues are there. */
	if (unlikely(!smp_load_acquire(&nf->live) || READ_ONCE(nf->broken) ||
		     queue >= nf->nr_queues)) {
		nc2f_stats_tx_inc(&nf->stats[queue], NC2F_TX_DROP_DOWN);
		dev_kfree_skb_any_reason(skb, SKB_DROP_REASON_DEV_READY);
		return NETDEV_TX_OK;
	}
	d = READ_ONCE(nf->tx_direct);
	if (d)
		return nc2f_direct_xmit(d, skb, queue);
	return nc2f_tx_xmit(&nf->queues[queue], skb);
}

static u16 nc2f_select_queue(struct net_device *dev, struct sk_buff *skb,
			     struct net_device *sb_dev)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	/* The direct path has one ring: one queue keeps its lock to one CPU. */
	if (READ_ONCE(nf->tx_direct))
		return 0;
	return netdev_pick_tx(dev, skb, sb_dev);
}

/*
 * Segments so small are no work for a NIC, and the direct path refuses them.  TCP
 * has them cut when a peer asks for them, and when a route has gone for a while; of UDP
 * they are whatever a program likes.
 */
static netdev_features_t nc2f_features_check(struct sk_buff *skb, struct net_device *dev,
					     netdev_features_t features)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	if (skb_is_gso(skb) && skb_shinfo(skb)->gso_size < XEN_NC2_TX_MIN_MSS)
		features &= ~NETIF_F_GSO_MASK;
	/* Before the features of the netdev have followed the path: follow.c. */
	if (READ_ONCE(nf->tx_direct))
		features &= ~NETIF_F_GSO_UDP_L4;
	return vlan_features_check(skb, features);
}

static void nc2f_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *s)
{
	struct nc2f_dev *nf = netdev_priv(dev);
	u64 rx[NC2F_RX_STATS];
	u64 tx[NC2F_TX_STATS];
	u32 lane, i;

	for (lane = 0; lane <= nf->max_queues; lane++) {
		nc2f_stats_read_rx(&nf->stats[lane], rx);
		nc2f_stats_read_tx(&nf->stats[lane], tx);
		s->rx_packets += rx[NC2F_RX_FRAMES];
		s->rx_bytes += rx[NC2F_RX_BYTES];
		s->tx_packets += tx[NC2F_TX_FRAMES];
		s->tx_bytes += tx[NC2F_TX_BYTES];
		for (i = NC2F_RX_FIRST_DROP; i < NC2F_RX_FIRST_ERROR; i++)
			s->rx_dropped += rx[i];
		for (i = NC2F_RX_FIRST_ERROR; i < NC2F_RX_STATS; i++)
			s->rx_errors += rx[i];
		for (i = NC2F_TX_FIRST_DROP; i < NC2F_TX_STATS; i++)
			s->tx_dropped += tx[i];
	}
}

/* Publishes what the front wants to receive; under the address lock. */
static void nc2f_set_rx_mode(struct net_device *dev)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	if (!nf->live)
		return;
	if (nf->direct)
		nc2f_direct_filter(nf->direct);
	nc2f_mcast_changed(nf);
}

static void rx_mode_changed(struct net_device *dev)
{
	netif_addr_lock_bh(dev);
	nc2f_set_rx_mode(dev);
	netif_addr_unlock_bh(dev);
}

/* As with the stock front the interface must be down. */
static int nc2f_set_mac_address(struct net_device *dev, void *addr)
{
	int err = eth_mac_addr(dev, addr);

	if (err)
		return err;
	/* The direct path carries one address: the back must hear of another one. */
	rx_mode_changed(dev);
	return 0;
}

static void count_vlan(struct net_device *dev, u16 vid, int by)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	/* 0 is no VLAN: its tag has only a priority. */
	if (!vid)
		return;
	WRITE_ONCE(nf->vlans, nf->vlans + by);
	rx_mode_changed(dev);
}

/* The NIC's queue is in no VLAN of the guest's own choice; the bridge may have them. */
static int nc2f_vlan_rx_add_vid(struct net_device *dev, __be16 proto, u16 vid)
{
	count_vlan(dev, vid, 1);
	return 0;
}

static int nc2f_vlan_rx_kill_vid(struct net_device *dev, __be16 proto, u16 vid)
{
	count_vlan(dev, vid, -1);
	return 0;
}

static int nc2f_change_mtu(struct net_device *dev, int mtu)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	if (mtu > ETH_DATA_LEN && !(dev->features & NETIF_F_SG))
		return -EINVAL;
	if (rcu_access_pointer(nf->xdp_prog) && mtu > NC2F_XDP_MAX_MTU)
		return -EINVAL;
	WRITE_ONCE(dev->mtu, mtu);
	rx_mode_changed(dev);
	return 0;
}

static netdev_features_t nc2f_fix_features(struct net_device *dev, netdev_features_t f)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	if (!nf->can_sg)
		f &= ~NETIF_F_SG;
	if (!nf->csum4)
		f &= ~NETIF_F_IP_CSUM;
	if (!nf->csum6)
		f &= ~NETIF_F_IPV6_CSUM;
	if (!nf->gso4)
		f &= ~NETIF_F_TSO;
	if (!nf->gso6)
		f &= ~NETIF_F_TSO6;
	/* No NIC is asked to cut UDP: see the wire contract. */
	if (!nf->gso_udp || READ_ONCE(nf->tx_direct))
		f &= ~NETIF_F_GSO_UDP_L4;
	return f;
}

static int nc2f_set_features(struct net_device *dev, netdev_features_t f)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	if (!(f & NETIF_F_SG) && dev->mtu > ETH_DATA_LEN) {
		if (net_ratelimit())
			netdev_info(dev, "MTU lowered to %u: no scatter-gather\n", ETH_DATA_LEN);
		/*
		 * The stack, IPv6 above all, and the back are to hear of it.  While the
		 * netdev is being registered, or if somebody objects, it is so all the same.
		 */
		if (dev_set_mtu(dev, ETH_DATA_LEN))
			nc2f_change_mtu(dev, ETH_DATA_LEN);
		/* What the host wants is had no longer. */
		nf->follow.last_mtu = 0;
	}
	/* Its work waits for RTNL, and so runs when the features are set. */
	if (f & ~dev->features & NETIF_F_SG)
		nc2f_follow_again(nf);
	if ((f ^ dev->features) & NETIF_F_RXHASH)
		nc2f_rss_switch(nf, f & NETIF_F_RXHASH);
	return 0;
}

static const struct net_device_ops nc2f_netdev_ops = {
	.ndo_open		= nc2f_open,
	.ndo_stop		= nc2f_stop,
	.ndo_start_xmit		= nc2f_start_xmit,
	.ndo_select_queue	= nc2f_select_queue,
	.ndo_features_check	= nc2f_features_check,
	.ndo_get_stats64	= nc2f_get_stats64,
	.ndo_set_rx_mode	= nc2f_set_rx_mode,
	.ndo_set_mac_address	= nc2f_set_mac_address,
	.ndo_vlan_rx_add_vid	= nc2f_vlan_rx_add_vid,
	.ndo_vlan_rx_kill_vid	= nc2f_vlan_rx_kill_vid,
	.ndo_change_mtu		= nc2f_change_mtu,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_fix_features	= nc2f_fix_features,
	.ndo_set_features	= nc2f_set_features,
	.ndo_bpf		= nc2f_bpf,
	.ndo_xdp_xmit		= nc2f_xdp_xmit,
};

/**
 * nc2f_netdev_create - make the netdev, not yet registered
 * @xdev: the xenbus device
 * @max_queues: most queues that will ever be used
 *
 * Return: the interface, or NULL for want of memory.
 */
struct nc2f_dev *nc2f_netdev_create(struct xenbus_device *xdev, u32 max_queues)
{
	struct net_device *dev;
	struct nc2f_dev *nf;

	/* As many receive queues as pollers: what is kept for those is kept by them. */
	dev = alloc_etherdev_mqs(sizeof(struct nc2f_dev), max_queues, max_queues + 1);
	if (!dev)
		return NULL;
	nf = netdev_priv(dev);
	nf->dev = dev;
	nf->xdev = xdev;
	nf->max_queues = max_queues;
	nf->reason = "not connected yet";
	nf->path_since = ktime_get_boottime_ns();
	/* It is taken before the netdev is registered, which makes it. */
	spin_lock_init(&dev->addr_list_lock);
	mutex_init(&nf->lock);
	nc2f_mcast_init(nf);
	nc2f_rss_init(nf);
	nf->stats = nc2f_stats_alloc(max_queues + 1);
	if (!nf->stats || nc2f_pollers_create(nf)) {
		nc2f_netdev_destroy(nf);
		return NULL;
	}

	dev->netdev_ops = &nc2f_netdev_ops;
	dev->ethtool_ops = &nc2f_ethtool_ops;
	dev->stat_ops = &nc2f_stat_ops;
	dev->xdp_features = NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
			    NETDEV_XDP_ACT_NDO_XMIT;
	dev->hw_features = NETIF_F_SG | NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM | NETIF_F_RXCSUM |
			   NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_GSO_UDP_L4 |
			   NETIF_F_RXHASH;
	dev->features = dev->hw_features | NETIF_F_HW_VLAN_CTAG_FILTER;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = XEN_NETIF_MAX_TX_SIZE - VLAN_ETH_HLEN;
	netif_set_tso_max_size(dev, XEN_NETIF_MAX_TX_SIZE - VLAN_ETH_HLEN);
	SET_NETDEV_DEV(dev, &xdev->dev);
	netif_carrier_off(dev);
	/*
	 * A back may speak of its path before the netdev is registered, and to unlock
	 * queues that are not stopped is to schedule their qdiscs: there are none.
	 */
	netif_tx_stop_all_queues(dev);
	return nf;
}

/**
 * nc2f_netdev_destroy - free the netdev; it is not registered any more
 * @nf: the interface
 */
void nc2f_netdev_destroy(struct nc2f_dev *nf)
{
	nc2f_rss_destroy(nf);
	mutex_destroy(&nf->lock);
	nc2f_pollers_destroy(nf);
	nc2f_stats_free(nf->stats);
	free_netdev(nf->dev);
}

/**
 * nc2f_netdev_break - the back has lied: stop listening to it
 * @nf: the interface
 * @what: what it has done
 *
 * Any context.  The connection is reset after a while.
 */
void nc2f_netdev_break(struct nc2f_dev *nf, const char *what)
{
	if (xchg(&nf->broken, true))
		return;
	net_err_ratelimited("%s: the back lies: %s; the connection will be reset\n",
			    netdev_name(nf->dev), what);
	atomic_inc(&nf->resets);
	netif_carrier_off(nf->dev);
	mod_delayed_work(system_freezable_wq, &nf->retry, RETRY_DELAY);
}

/**
 * nc2f_netdev_attach - let the netdev use its queues
 * @nf: the interface; its queues and its direct path are made
 *
 * Process context, without RTNL.
 */
void nc2f_netdev_attach(struct nc2f_dev *nf)
{
	struct net_device *dev = nf->dev;

	rtnl_lock();
	nf->broken = false;
	nf->offered.pool_pages = nf->direct_pages;
	/* The user has changed his mind meanwhile: the connection will be made anew. */
	if (nf->made.seq != nf->wish.seq)
		goto out;
	netif_set_real_num_queues(dev, nf->nr_queues, nf->nr_queues);
	if (dev->reg_state == NETREG_REGISTERED)
		netdev_update_features(dev);
	netif_addr_lock_bh(dev);
	/* Pairs with the acquire in the poll functions. */
	smp_store_release(&nf->live, true);
	nc2f_set_rx_mode(dev);
	netif_addr_unlock_bh(dev);
	if (netif_running(dev)) {
		nc2f_pollers_run(nf, nf->nr_queues);
		wake_all(nf);
	}
out:
	rtnl_unlock();
}

/**
 * nc2f_netdev_ready - the back is connected, too: frames may flow
 * @nf: the interface, NC2F_UP
 *
 * Under @nf->lock.  Events that were sent before the back had bound its end
 * are lost, so it is told once more to look at the rings.
 */
void nc2f_netdev_ready(struct nc2f_dev *nf)
{
	u32 i;

	for (i = 0; i < nf->nr_queues; i++)
		nc2f_queue_kick(&nf->queues[i]);
	nc2f_reconf_done(nf);
	nc2f_mcast_ready(nf);
	nc2f_rss_ready(nf);
	rtnl_lock();
	nf->follow.connected = true;
	rtnl_unlock();
	nc2f_follow_link(nf);
}

/**
 * nc2f_netdev_path_changed - note that frames are sent by the other path now
 * @nf: the interface
 *
 * Under RTNL with the senders stopped, or from the work that changes the path.
 */
void nc2f_netdev_path_changed(struct nc2f_dev *nf)
{
	WRITE_ONCE(nf->path_since, ktime_get_boottime_ns());
	atomic_inc(&nf->path_switches);
}

/**
 * nc2f_netdev_pause - see that the netdev does not use its queues any more
 * @nf: the interface; nothing happens unless it is live
 *
 * Under RTNL.  On return nobody sends or polls: senders find their
 * queue stopped, and were waited for; so were polls, and those to come find the
 * interface not live, as does who changes the address list.
 */
void nc2f_netdev_pause(struct nc2f_dev *nf)
{
	struct net_device *dev = nf->dev;

	if (!nf->live)
		return;
	netif_addr_lock_bh(dev);
	/* With senders locked out, so that their frames stay in the qdiscs. */
	netif_tx_lock(dev);
	WRITE_ONCE(nf->live, false);
	netif_tx_stop_all_queues(dev);
	netif_tx_unlock(dev);
	netif_addr_unlock_bh(dev);
	nc2f_pollers_hold(nf);
	if (nf->nr_pollers && nf->direct)
		nc2f_direct_disable(nf->direct);
	/* A poll may have woken one at the last moment. */
	netif_tx_disable(dev);
	if (nf->tx_direct)
		nc2f_netdev_path_changed(nf);
	if (nf->direct)
		nc2f_direct_tx_switch(nf->direct, false);
	nc2f_pollers_let_go(nf);
}

/**
 * nc2f_netdev_detach - take its queues away from the netdev
 * @nf: the interface
 *
 * Process context, without RTNL.
 */
void nc2f_netdev_detach(struct nc2f_dev *nf)
{
	rtnl_lock();
	nf->follow.connected = false;
	if (!nf->keep_link)
		netif_carrier_off(nf->dev);
	nc2f_netdev_pause(nf);
	rtnl_unlock();
}
