// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of queues, for netlink.
 *
 * The direct path has no number among the queues.  Its frames are received as
 * those of queue 0 and sent from queue 0, so they are counted there.
 */
#include <net/netdev_queues.h>

#include "netdev.h"

static void add_rx(const struct nc2f_stats *st, struct netdev_queue_stats_rx *rx)
{
	u64 n[NC2F_RX_STATS];

	nc2f_stats_read_rx(st, n);
	rx->packets += n[NC2F_RX_FRAMES];
	rx->bytes += n[NC2F_RX_BYTES];
	rx->alloc_fail += n[NC2F_RX_DROP_NOMEM];
}

static void add_tx(const struct nc2f_stats *st, struct netdev_queue_stats_tx *tx)
{
	u64 n[NC2F_TX_STATS];

	nc2f_stats_read_tx(st, n);
	tx->packets += n[NC2F_TX_FRAMES];
	tx->bytes += n[NC2F_TX_BYTES];
	tx->hw_gso_packets += n[NC2F_TX_GSO_FRAMES];
	tx->hw_gso_wire_packets += n[NC2F_TX_GSO_SEGS];
	tx->stop += n[NC2F_TX_STOPS];
}

/* What we count is to begin at 0; the rest must be left as it is. */
static void clear_rx(struct netdev_queue_stats_rx *rx)
{
	rx->packets = 0;
	rx->bytes = 0;
	rx->alloc_fail = 0;
}

static void clear_tx(struct netdev_queue_stats_tx *tx)
{
	tx->packets = 0;
	tx->bytes = 0;
	tx->hw_gso_packets = 0;
	tx->hw_gso_wire_packets = 0;
	tx->stop = 0;
}

static void nc2f_get_queue_stats_rx(struct net_device *dev, int queue,
				    struct netdev_queue_stats_rx *rx)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	clear_rx(rx);
	add_rx(&nf->stats[queue], rx);
	if (!queue)
		add_rx(nc2f_direct_stats(nf), rx);
}

static void nc2f_get_queue_stats_tx(struct net_device *dev, int queue,
				    struct netdev_queue_stats_tx *tx)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	clear_tx(tx);
	add_tx(&nf->stats[queue], tx);
	if (!queue)
		add_tx(nc2f_direct_stats(nf), tx);
}

/* What was counted by queues that there are no more. */
static void nc2f_get_base_stats(struct net_device *dev, struct netdev_queue_stats_rx *rx,
				struct netdev_queue_stats_tx *tx)
{
	struct nc2f_dev *nf = netdev_priv(dev);
	u32 i;

	clear_rx(rx);
	clear_tx(tx);
	for (i = dev->real_num_rx_queues; i < nf->max_queues; i++)
		add_rx(&nf->stats[i], rx);
	for (i = dev->real_num_tx_queues; i < nf->max_queues; i++)
		add_tx(&nf->stats[i], tx);
}

const struct netdev_stat_ops nc2f_stat_ops = {
	.get_queue_stats_rx	= nc2f_get_queue_stats_rx,
	.get_queue_stats_tx	= nc2f_get_queue_stats_tx,
	.get_base_stats		= nc2f_get_base_stats,
};
