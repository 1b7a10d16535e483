// SPDX-License-Identifier: GPL-2.0
#include "vif.h"

#include "direct.h"
#include "link.h"
#include "queue.h"

#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>

#include <xen/xenbus.h>

/* A guest that lies is let in again after 2 s, then after 4, at most after 64. */
#define MEND_FIRST	(2 * HZ)
#define MEND_STEPS	5U
/* Who has been honest for so long begins with the first again. */
#define MEND_FORGET	(60 * HZ)

/*
 * Frames that the qdisc may hold beside the queue's own bound in bytes; fq_codel, which
 * is Debian's default, has limits of its own (10,240 frames, 32 MB).
 */
#define VIF_TX_QUEUE_LEN 64

static u16 nc2b_vif_select_queue(struct net_device *dev, struct sk_buff *skb,
				 struct net_device *sb_dev)
{
	struct nc2b_vif *vif = netdev_priv(dev);
	u32 hash = 0;
	u8 type;

	if (unlikely(nc2b_hash_active(&vif->ctrl.hash))) {
		nc2b_ctrl_hash(&vif->ctrl, skb, &hash, &type);
		return nc2b_hash_queue(&vif->ctrl.hash, hash);
	}
	return netdev_pick_tx(dev, skb, NULL);
}

/* What the bridge hands out, and the guest does not want or has already. */
static bool unwanted(const struct nc2b_vif *vif, const u8 *addr)
{
	if (is_multicast_ether_addr(addr) && READ_ONCE(vif->direct->groups))
		return true;
	return !nc2b_mcast_wanted(&vif->mcast, addr);
}

static netdev_tx_t nc2b_vif_start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	enum skb_drop_reason why = SKB_DROP_REASON_DEV_READY;
	struct nc2b_vif *vif = netdev_priv(dev);
	u32 id = skb_get_queue_mapping(skb);
	struct nc2b_queue *queues;

	/*
	 * Once: a poll that still runs may have started the netdev's queue again, and
	 * the next look may find none.  Pairs with the release in nc2b_vif_connect().
	 */
	queues = smp_load_acquire(&vif->queues);
	if (!queues || id >= READ_ONCE(vif->nr_queues) || READ_ONCE(vif->broken))
		goto drop;
	/* It may have waited in a qdisc since the front of before, who took such frames. */
	why = SKB_DROP_REASON_SKB_GSO_SEG;
	if (skb_is_gso(skb) &&
	    netif_needs_gso(skb, netif_skb_features(skb) | NETIF_F_GSO_ROBUST))
		goto drop;
	if (unwanted(vif, skb->data)) {
		nc2b_rx_filtered(&queues[id], skb);
		return NETDEV_TX_OK;
	}
	/* Pages that a sender may still want back get a copy of their own. */
	why = SKB_DROP_REASON_NOMEM;
	if (skb_orphan_frags_rx(skb, GFP_ATOMIC))
		goto drop;
	skb_tx_timestamp(skb);
	nc2b_rx_enqueue(&queues[id], skb);
	return NETDEV_TX_OK;

drop:
	dev_core_stats_tx_dropped_inc(dev);
	dev_kfree_skb_any_reason(skb, why);
	return NETDEV_TX_OK;
}

static int nc2b_vif_open(struct net_device *dev)
{
	netif_tx_start_all_queues(dev);
	nc2b_link_changed(netdev_priv(dev));
	return 0;
}

static int nc2b_vif_stop(struct net_device *dev)
{
	netif_tx_stop_all_queues(dev);
	nc2b_link_changed(netdev_priv(dev));
	return 0;
}

/* The netdev transmits what the guest receives, and the other way round. */
static void add_queue_stats(const u64 *n, struct rtnl_link_stats64 *s)
{
	s->tx_packets += n[NC2B_RX_FRAMES];
	s->tx_bytes += n[NC2B_RX_BYTES];
	s->tx_dropped += n[NC2B_RX_DROP_FULL] + n[NC2B_RX_DROP_STALL] + n[NC2B_RX_DROP_NOMEM];
	s->tx_errors += n[NC2B_RX_DROP_COPY];
	s->rx_packets += n[NC2B_TX_FRAMES];
	s->rx_bytes += n[NC2B_TX_BYTES];
	s->rx_dropped += n[NC2B_TX_DROP_DOWN] + n[NC2B_TX_DROP_NOMEM];
	s->rx_errors += n[NC2B_TX_DROP_BAD] + n[NC2B_TX_DROP_COPY];
}

/**
 * nc2b_vif_queue_stats - what queues of one number have counted, in all connections
 * @vif: the interface
 * @id: the number, less than @most_queues
 * @n: the counters, NC2B_STATS of them
 *
 * Any context but interrupts.
 */
void nc2b_vif_queue_stats(struct nc2b_vif *vif, unsigned int id, u64 *n)
{
	spin_lock(&vif->stats_lock);
	memcpy(n, vif->past[id], sizeof(vif->past[id]));
	if (vif->counted && id < vif->nr_queues)
		nc2b_queue_add_stats(&vif->counted[id], n);
	spin_unlock(&vif->stats_lock);
}

static void nc2b_vif_get_stats64(struct net_device *dev,
				 struct rtnl_link_stats64 *s)
{
	struct nc2b_vif *vif = netdev_priv(dev);
	unsigned int i, most = READ_ONCE(vif->most_queues);
	u64 n[NC2B_STATS];

	for (i = 0; i < most; i++) {
		nc2b_vif_queue_stats(vif, i, n);
		add_queue_stats(n, s);
	}
	nc2b_direct_add_stats(vif->direct, s);
}

static netdev_features_t nc2b_vif_fix_features(struct net_device *dev,
					       netdev_features_t features)
{
	struct nc2b_vif *vif = netdev_priv(dev);

	if (!vif->can_sg)
		features &= ~NETIF_F_SG;
	if (!vif->gso4)
		features &= ~NETIF_F_TSO;
	if (!vif->gso6)
		features &= ~NETIF_F_TSO6;
	if (!vif->gso_udp)
		features &= ~NETIF_F_GSO_UDP_L4;
	if (!vif->csum4)
		features &= ~NETIF_F_IP_CSUM;
	if (!vif->csum6)
		features &= ~NETIF_F_IPV6_CSUM;
	return features;
}

static int nc2b_vif_change_mtu(struct net_device *dev, int mtu)
{
	struct nc2b_vif *vif = netdev_priv(dev);

	if (!vif->can_sg && mtu > ETH_DATA_LEN)
		return -EINVAL;
	WRITE_ONCE(dev->mtu, mtu);
	return 0;
}

static const struct net_device_ops nc2b_vif_netdev_ops = {
	.ndo_open = nc2b_vif_open,
	.ndo_stop = nc2b_vif_stop,
	.ndo_start_xmit = nc2b_vif_start_xmit,
	.ndo_select_queue = nc2b_vif_select_queue,
	.ndo_get_stats64 = nc2b_vif_get_stats64,
	.ndo_fix_features = nc2b_vif_fix_features,
	.ndo_change_mtu = nc2b_vif_change_mtu,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static void set_up_netdev(struct net_device *dev)
{
	/* The address of the bridge's end; high, so that no bridge adopts it. */
	static const u8 addr[ETH_ALEN] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };

	dev->netdev_ops = &nc2b_vif_netdev_ops;
	dev->ethtool_ops = &nc2b_ethtool_ops;
	dev->hw_features = NETIF_F_SG | NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM |
			   NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_GSO_UDP_L4 |
			   NETIF_F_FRAGLIST;
	dev->features = dev->hw_features | NETIF_F_RXCSUM;
	/* Frames are put into a list. */
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->tx_queue_len = VIF_TX_QUEUE_LEN;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU - VLAN_ETH_HLEN;
	eth_hw_addr_set(dev, addr);
	netif_carrier_off(dev);
}

/**
 * nc2b_vif_create - make the netdev of a guest interface
 * @xdev: the xenbus device
 * @handle: number of the interface in the guest
 *
 * Return: the vif, registered and without carrier, or an error pointer.
 */
struct nc2b_vif *nc2b_vif_create(struct xenbus_device *xdev, unsigned int handle)
{
	struct net_device *dev;
	struct nc2b_vif *vif;
	char name[IFNAMSIZ];
	int err;

	snprintf(name, sizeof(name), "vif%u.%u", xdev->otherend_id, handle);
	dev = alloc_netdev_mqs(sizeof(*vif), name, NET_NAME_UNKNOWN, ether_setup,
			       NC2B_MAX_QUEUES, 1);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	SET_NETDEV_DEV(dev, &xdev->dev);
	set_up_netdev(dev);

	vif = netdev_priv(dev);
	vif->dev = dev;
	vif->xdev = xdev;
	vif->domid = xdev->otherend_id;
	vif->handle = handle;
	ratelimit_state_init(&vif->lines, NC2B_VIF_LINES_TIME, NC2B_VIF_LINES);
	ratelimit_set_flags(&vif->lines, RATELIMIT_MSG_ON_RELEASE);
	spin_lock_init(&vif->stats_lock);
	nc2b_mcast_init(&vif->mcast);
	nc2b_rate_init(&vif->rate);
	nc2b_link_init(vif);
	vif->can_sg = true;
	vif->csum4 = true;

	vif->direct = nc2b_direct_create(vif);
	err = vif->direct ? nc2b_ctrl_init(&vif->ctrl, vif) : -ENOMEM;
	if (!err)
		err = register_netdev(dev);
	if (err) {
		nc2b_ctrl_fini(&vif->ctrl);
		nc2b_direct_destroy(vif->direct);
		free_netdev(dev);
		return ERR_PTR(err);
	}
	return vif;
}

/**
 * nc2b_vif_destroy - undo nc2b_vif_create()
 * @vif: not connected
 */
void nc2b_vif_destroy(struct nc2b_vif *vif)
{
	unregister_netdev(vif->dev);
	nc2b_ctrl_fini(&vif->ctrl);
	nc2b_direct_destroy(vif->direct);
	free_netdev(vif->dev);
}

/**
 * nc2b_vif_break - the peer has broken the rules: have nothing to do with it
 * @vif: the interface
 * @what: what it did
 *
 * Any context.  Both ends keep what they have until the front disconnects: the
 * flag stops every hot path, and nothing is torn down from under them.  The front is
 * asked to begin anew after a while, which is longer the more often that happens.
 */
void nc2b_vif_break(struct nc2b_vif *vif, const char *what)
{
	/* All its polls may find out at the same time. */
	if (xchg(&vif->broken, true))
		return;
	netif_carrier_off(vif->dev);
	nc2b_vif_err(vif, "stopped: the guest sent %s; it is asked to connect anew\n", what);
	if (time_after(jiffies, vif->connected_at + MEND_FORGET))
		vif->mends = 0;
	schedule_delayed_work(&vif->mend, MEND_FIRST << min(vif->mends, MEND_STEPS));
	vif->mends++;
}

/**
 * nc2b_vif_mended - a new connection begins
 * @vif: the interface
 *
 * Nobody uses it yet.
 */
void nc2b_vif_mended(struct nc2b_vif *vif)
{
	WRITE_ONCE(vif->broken, false);
	vif->connected_at = jiffies;
}

static void free_queues(struct nc2b_queue *queues, unsigned int nr)
{
	while (nr--)
		nc2b_queue_unmap(&queues[nr]);
	kvfree(queues);
}

static struct nc2b_queue *make_queues(struct nc2b_vif *vif,
				      const struct nc2b_queue_keys *keys, unsigned int nr)
{
	struct nc2b_queue *queues = kvcalloc(nr, sizeof(*queues), GFP_KERNEL);
	unsigned int i;
	int err;

	if (!queues)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr; i++) {
		err = nc2b_queue_map(&queues[i], vif, i, &keys[i]);
		if (err) {
			free_queues(queues, i);
			return ERR_PTR(err);
		}
	}
	return queues;
}

/**
 * nc2b_vif_connect - start the queues of the bridged path
 * @vif: not connected
 * @keys: what the front wrote, one for each queue
 * @nr: queues, 1..NC2B_MAX_QUEUES
 *
 * Process context; takes RTNL.
 *
 * Return: 0, or a negative error with nothing started.
 */
int nc2b_vif_connect(struct nc2b_vif *vif, const struct nc2b_queue_keys *keys,
		     unsigned int nr)
{
	struct nc2b_queue *queues;
	unsigned int i;
	int err = 0;

	queues = make_queues(vif, keys, nr);
	if (IS_ERR(queues))
		return PTR_ERR(queues);

	rtnl_lock();
	for (i = 0; i < nr; i++) {
		err = nc2b_queue_start(&queues[i], &keys[i]);
		if (err)
			goto err_stop;
	}
	err = netif_set_real_num_tx_queues(vif->dev, nr);
	if (err)
		goto err_stop;
	WRITE_ONCE(vif->nr_queues, nr);
	WRITE_ONCE(vif->most_queues, max(vif->most_queues, nr));
	netdev_update_features(vif->dev);
	/* Nobody is in the middle of sending by the features of before. */
	synchronize_net();
	spin_lock(&vif->stats_lock);
	vif->counted = queues;
	spin_unlock(&vif->stats_lock);
	/* Queues are whole before anyone finds them here. */
	smp_store_release(&vif->queues, queues);
	if (!vif->can_sg && vif->dev->mtu > ETH_DATA_LEN)
		dev_set_mtu(vif->dev, ETH_DATA_LEN);
	nc2b_vif_carrier_on(vif);
	rtnl_unlock();

	/* Events that came before this moment have been noted, not served. */
	local_bh_disable();
	for (i = 0; i < nr; i++) {
		napi_schedule(&queues[i].tx_napi);
		napi_schedule(&queues[i].rx_napi);
	}
	local_bh_enable();
	return 0;

err_stop:
	nc2b_queues_stop(queues, i);
	rtnl_unlock();
	free_queues(queues, nr);
	return err;
}

/**
 * nc2b_vif_disconnect - stop the queues of the bridged path
 * @vif: the interface; if it is not connected nothing happens
 * @spoil: no other back may take them up where they stand
 *
 * Process context; takes RTNL.  The direct path has been left before.
 */
void nc2b_vif_disconnect(struct nc2b_vif *vif, bool spoil)
{
	struct nc2b_queue *queues;
	unsigned int i, nr;

	rtnl_lock();
	queues = vif->queues;
	nr = vif->nr_queues;
	if (!queues) {
		rtnl_unlock();
		return;
	}
	netif_carrier_off(vif->dev);
	netif_tx_disable(vif->dev);
	WRITE_ONCE(vif->queues, NULL);
	nc2b_queues_stop(queues, nr);
	/* Nothing counts any more.  Who reads finds each frame here or there. */
	spin_lock(&vif->stats_lock);
	for (i = 0; i < nr; i++)
		nc2b_queue_add_stats(&queues[i], vif->past[i]);
	vif->counted = NULL;
	spin_unlock(&vif->stats_lock);
	nc2b_mcast_clear(&vif->mcast);
	if (netif_running(vif->dev))
		netif_tx_start_all_queues(vif->dev);
	rtnl_unlock();
	for (i = 0; spoil && i < nr; i++)
		nc2b_queue_spoil(&queues[i]);
	free_queues(queues, nr);
}
