// SPDX-License-Identifier: GPL-2.0
#include "direct.h"
#include "queue.h"
#include "vif.h"

#include <linux/ethtool.h>

#include <xen/xenbus.h>

static const char queue_names[NC2B_STATS][ETH_GSTRING_LEN - 8] = {
	[NC2B_TX_FRAMES] = "tx_bridged_frames",
	[NC2B_TX_BYTES] = "tx_bridged_bytes",
	[NC2B_TX_COPIED] = "tx_copied_bytes",
	[NC2B_TX_DROP_COPY] = "tx_drop_grant",
	[NC2B_TX_DROP_BAD] = "tx_drop_bad",
	[NC2B_TX_DROP_DOWN] = "tx_drop_down",
	[NC2B_TX_DROP_NOMEM] = "tx_drop_nomem",
	[NC2B_RX_FRAMES] = "rx_bridged_frames",
	[NC2B_RX_BYTES] = "rx_bridged_bytes",
	[NC2B_RX_COPIED] = "rx_copied_bytes",
	[NC2B_RX_DROP_COPY] = "rx_drop_grant",
	[NC2B_RX_DROP_FULL] = "rx_drop_full",
	[NC2B_RX_DROP_STALL] = "rx_drop_stall",
	[NC2B_RX_DROP_NOMEM] = "rx_drop_nomem",
	[NC2B_RX_REPOLLS] = "rx_repolls",
	[NC2B_RX_FILTERED] = "rx_filtered",
};

static const char direct_names[NC2B_D_STATS][ETH_GSTRING_LEN] = {
	[NC2B_D_RX_FRAMES] = "rx_direct_frames",
	[NC2B_D_RX_BYTES] = "rx_direct_bytes",
	[NC2B_D_RX_BOUNCED] = "rx_direct_bounced",
	[NC2B_D_RX_ERRORS] = "rx_direct_errors",
	[NC2B_D_RX_FILTERED] = "rx_direct_filtered",
	[NC2B_D_RX_STARVED] = "rx_direct_starved",
	[NC2B_D_TX_FRAMES] = "tx_direct_frames",
	[NC2B_D_TX_BYTES] = "tx_direct_bytes",
	[NC2B_D_TX_DROP_SWITCH] = "tx_direct_drop_switch",
	[NC2B_D_EVENTS] = "direct_events",
	[NC2B_D_POLLS] = "direct_polls",
	[NC2B_D_PROMOTED] = "direct_entered",
	[NC2B_D_DEMOTED] = "direct_left",
};

/* Called under RTNL, as connecting is: the number of counters stays. */
static int nc2b_get_sset_count(struct net_device *dev, int set)
{
	struct nc2b_vif *vif = netdev_priv(dev);

	if (set != ETH_SS_STATS)
		return -EOPNOTSUPP;
	return NC2B_D_STATS + vif->most_queues * NC2B_STATS;
}

static void nc2b_get_strings(struct net_device *dev, u32 set, u8 *data)
{
	struct nc2b_vif *vif = netdev_priv(dev);
	unsigned int q, i;

	if (set != ETH_SS_STATS)
		return;
	for (i = 0; i < NC2B_D_STATS; i++)
		ethtool_puts(&data, direct_names[i]);
	for (q = 0; q < vif->most_queues; q++)
		for (i = 0; i < NC2B_STATS; i++)
			ethtool_sprintf(&data, "q%u_%s", q, queue_names[i]);
}

static void nc2b_get_ethtool_stats(struct net_device *dev,
				   struct ethtool_stats *stats, u64 *data)
{
	struct nc2b_vif *vif = netdev_priv(dev);
	unsigned int q;

	nc2b_direct_stats(vif->direct, data);
	data += NC2B_D_STATS;
	for (q = 0; q < vif->most_queues; q++, data += NC2B_STATS)
		nc2b_vif_queue_stats(vif, q, data);
}

static void nc2b_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	struct nc2b_vif *vif = netdev_priv(dev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	strscpy(info->bus_info, dev_name(&vif->xdev->dev), sizeof(info->bus_info));
}

static void nc2b_get_channels(struct net_device *dev, struct ethtool_channels *ch)
{
	struct nc2b_vif *vif = netdev_priv(dev);

	ch->max_combined = NC2B_MAX_QUEUES;
	ch->combined_count = vif->queues ? vif->nr_queues : 0;
}

static int nc2b_get_coalesce(struct net_device *dev, struct ethtool_coalesce *ec,
			     struct kernel_ethtool_coalesce *kec,
			     struct netlink_ext_ack *extack)
{
	struct nc2b_vif *vif = netdev_priv(dev);

	ec->use_adaptive_rx_coalesce = vif->direct->coalesce.adaptive;
	ec->rx_coalesce_usecs = vif->direct->coalesce.usecs;
	return 0;
}

/* Poll functions take it up by themselves; one that sleeps, within half a second. */
static int nc2b_set_coalesce(struct net_device *dev, struct ethtool_coalesce *ec,
			     struct kernel_ethtool_coalesce *kec,
			     struct netlink_ext_ack *extack)
{
	struct nc2b_vif *vif = netdev_priv(dev);

	if (ec->rx_coalesce_usecs > NC2B_MAX_COALESCE_US) {
		NL_SET_ERR_MSG_FMT(extack, "rx-usecs is at most %u", NC2B_MAX_COALESCE_US);
		return -ERANGE;
	}
	WRITE_ONCE(vif->direct->coalesce.usecs, ec->rx_coalesce_usecs);
	WRITE_ONCE(vif->direct->coalesce.adaptive, ec->use_adaptive_rx_coalesce);
	return 0;
}

const struct ethtool_ops nc2b_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_RX_USECS |
				     ETHTOOL_COALESCE_USE_ADAPTIVE_RX,
	.get_drvinfo = nc2b_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_ts_info = ethtool_op_get_ts_info,
	.get_channels = nc2b_get_channels,
	.get_coalesce = nc2b_get_coalesce,
	.set_coalesce = nc2b_set_coalesce,
	.get_sset_count = nc2b_get_sset_count,
	.get_strings = nc2b_get_strings,
	.get_ethtool_stats = nc2b_get_ethtool_stats,
};
