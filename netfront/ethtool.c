// SPDX-License-Identifier: GPL-2.0
/* ethtool: who we are, sizes, and counters. */
#include <linux/ethtool.h>

#include <xen/xenbus.h>

#include "compat.h"
#include "nego.h"
#include "netdev.h"
#include "queue.h"
#include "reconf.h"

/* Counters of an interface as a whole. */
enum {
	RX_DIRECT_FRAMES,
	RX_DIRECT_BYTES,
	RX_BRIDGED_FRAMES,
	RX_BRIDGED_BYTES,
	TX_DIRECT_FRAMES,
	TX_DIRECT_BYTES,
	TX_BRIDGED_FRAMES,
	TX_BRIDGED_BYTES,
	RX_COPIED_BYTES,
	TX_COPIED_BYTES,
	RX_STARVED,
	RX_GSO_CHECKSUM_FIXUP,
	RX_XDP_PASS,
	RX_XDP_DROP,
	RX_XDP_TX,
	RX_XDP_REDIRECT,
	RX_NO_MEMORY,
	RX_OWN_MAC,
	RX_NOT_MINE,
	RX_BAD,
	RX_BACK_ERROR,
	RX_XDP_ERROR,
	TX_RING_FULL,
	TX_BAD,
	TX_NO_BACK,
	TX_NO_ROOM,
	DIRECT_BROKEN,
	PATH_SWITCHES,
	PAGES_KEPT,
	RESETS,
	NR_TOTALS,
};

static const char totals[NR_TOTALS][ETH_GSTRING_LEN] = {
	[RX_DIRECT_FRAMES]	= "rx_direct_frames",
	[RX_DIRECT_BYTES]	= "rx_direct_bytes",
	[RX_BRIDGED_FRAMES]	= "rx_bridged_frames",
	[RX_BRIDGED_BYTES]	= "rx_bridged_bytes",
	[TX_DIRECT_FRAMES]	= "tx_direct_frames",
	[TX_DIRECT_BYTES]	= "tx_direct_bytes",
	[TX_BRIDGED_FRAMES]	= "tx_bridged_frames",
	[TX_BRIDGED_BYTES]	= "tx_bridged_bytes",
	[RX_COPIED_BYTES]	= "rx_copied_bytes",
	[TX_COPIED_BYTES]	= "tx_copied_bytes",
	[RX_STARVED]		= "rx_starved",
	[RX_GSO_CHECKSUM_FIXUP]	= "rx_gso_checksum_fixup",
	[RX_XDP_PASS]		= "rx_xdp_pass",
	[RX_XDP_DROP]		= "rx_xdp_drop",
	[RX_XDP_TX]		= "rx_xdp_tx",
	[RX_XDP_REDIRECT]	= "rx_xdp_redirect",
	[RX_NO_MEMORY]		= "rx_drop_no_memory",
	[RX_OWN_MAC]		= "rx_drop_own_mac",
	[RX_NOT_MINE]		= "rx_drop_not_mine",
	[RX_BAD]		= "rx_drop_bad",
	[RX_BACK_ERROR]		= "rx_drop_back_error",
	[RX_XDP_ERROR]		= "rx_drop_xdp",
	[TX_RING_FULL]		= "tx_ring_full",
	[TX_BAD]		= "tx_drop_bad",
	[TX_NO_BACK]		= "tx_drop_no_back",
	[TX_NO_ROOM]		= "tx_drop_full",
	[DIRECT_BROKEN]		= "direct_broken",
	[PATH_SWITCHES]		= "path_switches",
	[PAGES_KEPT]		= "pages_kept",
	[RESETS]		= "resets",
};

/* Counters of each queue of the bridged path. */
#define NR_QUEUE	5

static const char queue_format[NR_QUEUE][ETH_GSTRING_LEN] = {
	"rx_queue_%u_frames",
	"rx_queue_%u_bytes",
	"tx_queue_%u_frames",
	"tx_queue_%u_bytes",
	"tx_queue_%u_ring_full",
};

static int nc2f_get_sset_count(struct net_device *dev, int set)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	return set == ETH_SS_STATS ? NR_TOTALS + NR_QUEUE * nf->max_queues : -EOPNOTSUPP;
}

static void nc2f_get_strings(struct net_device *dev, u32 set, u8 *data)
{
	struct nc2f_dev *nf = netdev_priv(dev);
	u32 queue, i;

	if (set != ETH_SS_STATS)
		return;
	for (i = 0; i < NR_TOTALS; i++)
		ethtool_puts(&data, totals[i]);
	for (queue = 0; queue < nf->max_queues; queue++)
		for (i = 0; i < NR_QUEUE; i++)
			ethtool_sprintf(&data, queue_format[i], queue);
}

static void add_drops(u64 *data, const u64 *rx, const u64 *tx)
{
	data[RX_STARVED] += rx[NC2F_RX_STARVED];
	data[RX_GSO_CHECKSUM_FIXUP] += rx[NC2F_RX_CSUM_FIXUP];
	data[RX_XDP_PASS] += rx[NC2F_RX_XDP_PASS];
	data[RX_XDP_DROP] += rx[NC2F_RX_XDP_DROP];
	data[RX_XDP_TX] += rx[NC2F_RX_XDP_TX];
	data[RX_XDP_REDIRECT] += rx[NC2F_RX_XDP_REDIRECT];
	data[RX_NO_MEMORY] += rx[NC2F_RX_DROP_NOMEM];
	data[RX_OWN_MAC] += rx[NC2F_RX_DROP_OWN_MAC];
	data[RX_NOT_MINE] += rx[NC2F_RX_DROP_NOT_MINE];
	data[RX_BAD] += rx[NC2F_RX_DROP_BAD];
	data[RX_BACK_ERROR] += rx[NC2F_RX_DROP_BACK];
	data[RX_XDP_ERROR] += rx[NC2F_RX_DROP_XDP];
	data[TX_RING_FULL] += tx[NC2F_TX_STOPS];
	data[TX_BAD] += tx[NC2F_TX_DROP_BAD];
	data[TX_NO_BACK] += tx[NC2F_TX_DROP_DOWN];
	data[TX_NO_ROOM] += tx[NC2F_TX_DROP_FULL];
}

static void add_lane(struct nc2f_dev *nf, u32 lane, u64 *data)
{
	u64 *queue = data + NR_TOTALS + NR_QUEUE * lane;
	bool direct = lane == nf->max_queues;
	u64 rx[NC2F_RX_STATS];
	u64 tx[NC2F_TX_STATS];

	nc2f_stats_read_rx(&nf->stats[lane], rx);
	nc2f_stats_read_tx(&nf->stats[lane], tx);
	data[direct ? RX_DIRECT_FRAMES : RX_BRIDGED_FRAMES] += rx[NC2F_RX_FRAMES];
	data[direct ? RX_DIRECT_BYTES : RX_BRIDGED_BYTES] += rx[NC2F_RX_BYTES];
	data[direct ? TX_DIRECT_FRAMES : TX_BRIDGED_FRAMES] += tx[NC2F_TX_FRAMES];
	data[direct ? TX_DIRECT_BYTES : TX_BRIDGED_BYTES] += tx[NC2F_TX_BYTES];
	data[RX_COPIED_BYTES] += rx[NC2F_RX_COPIED];
	data[TX_COPIED_BYTES] += tx[NC2F_TX_COPIED];
	add_drops(data, rx, tx);
	if (direct)
		return;
	queue[0] = rx[NC2F_RX_FRAMES];
	queue[1] = rx[NC2F_RX_BYTES];
	queue[2] = tx[NC2F_TX_FRAMES];
	queue[3] = tx[NC2F_TX_BYTES];
	queue[4] = tx[NC2F_TX_STOPS];
}

static void nc2f_get_ethtool_stats(struct net_device *dev, struct ethtool_stats *stats,
				   u64 *data)
{
	struct nc2f_dev *nf = netdev_priv(dev);
	u32 lane;

	memset(data, 0, NR_TOTALS * sizeof(*data));
	for (lane = 0; lane <= nf->max_queues; lane++)
		add_lane(nf, lane, data);
	data[DIRECT_BROKEN] = atomic_read(&nf->direct_broken);
	data[PATH_SWITCHES] = atomic_read(&nf->path_switches);
	data[PAGES_KEPT] = atomic_read(&nf->pages_kept);
	data[RESETS] = atomic_read(&nf->resets);
}

static void nc2f_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	strscpy(info->bus_info, dev_name(&nf->xdev->dev), sizeof(info->bus_info));
}

/* Of the direct path if there is one, else of each queue of the bridged path. */
static void nc2f_get_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			       struct kernel_ethtool_ringparam *kring,
			       struct netlink_ext_ack *extack)
{
	struct nc2f_dev *nf = netdev_priv(dev);
	struct nc2f_params p;

	ring->rx_max_pending = NC2F_RING_SIZE;
	ring->tx_max_pending = NC2F_RING_SIZE;
	ring->rx_pending = NC2F_RING_SIZE;
	ring->tx_pending = NC2F_RING_SIZE;
	if (!nf->offered.pool_pages)
		return;
	nc2f_reconf_params(nf, &p);
	ring->rx_pending = nc2f_nego_buffers(&p);
	ring->tx_pending = p.tx_entries;
	p.pool_pages = nf->offered.pool_pages;
	ring->rx_max_pending = nc2f_nego_buffers(&p);
	ring->tx_max_pending = XEN_NC2_MAX_TX_ENTRIES;
}

static int nc2f_set_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			      struct kernel_ethtool_ringparam *kring,
			      struct netlink_ext_ack *extack)
{
	return nc2f_reconf_rings(netdev_priv(dev), ring, extack);
}

static void nc2f_get_channels(struct net_device *dev, struct ethtool_channels *ch)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	ch->max_combined = nf->offered.queues;
	ch->combined_count = dev->real_num_tx_queues;
}

static int nc2f_set_channels(struct net_device *dev, struct ethtool_channels *ch)
{
	return nc2f_reconf_channels(netdev_priv(dev), ch);
}

const struct ethtool_ops nc2f_ethtool_ops = {
	.get_drvinfo		= nc2f_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_ringparam		= nc2f_get_ringparam,
	.set_ringparam		= nc2f_set_ringparam,
	.get_channels		= nc2f_get_channels,
	.set_channels		= nc2f_set_channels,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_sset_count		= nc2f_get_sset_count,
	.get_strings		= nc2f_get_strings,
	.get_ethtool_stats	= nc2f_get_ethtool_stats,
	NC2F_GET_RX_RING_COUNT,
	.get_rxfh_key_size	= nc2f_get_rxfh_key_size,
	.get_rxfh_indir_size	= nc2f_get_rxfh_indir_size,
	.get_rxfh		= nc2f_get_rxfh,
	.set_rxfh		= nc2f_set_rxfh,
};
