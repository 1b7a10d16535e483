// SPDX-License-Identifier: GPL-2.0
/* Counters of the lanes. */
#include "stats.h"

#include <linux/mm.h>
#include <linux/slab.h>

/**
 * nc2f_stats_alloc - make counters, all zero
 * @lanes: how many lanes
 *
 * Return: an array of @lanes, or NULL.
 */
struct nc2f_stats *nc2f_stats_alloc(u32 lanes)
{
	struct nc2f_stats *st = kvcalloc(lanes, sizeof(*st), GFP_KERNEL);
	u32 i;

	for (i = 0; st && i < lanes; i++) {
		u64_stats_init(&st[i].rx_sync);
		u64_stats_init(&st[i].tx_sync);
	}
	return st;
}

/**
 * nc2f_stats_free - free counters
 * @st: from nc2f_stats_alloc(), or NULL
 */
void nc2f_stats_free(struct nc2f_stats *st)
{
	kvfree(st);
}

/**
 * nc2f_stats_rx - add what one poll has counted
 * @st: the lane
 * @b: the counts
 *
 * NAPI context of the lane.
 */
void nc2f_stats_rx(struct nc2f_stats *st, const struct nc2f_rx_batch *b)
{
	u32 i;

	u64_stats_update_begin(&st->rx_sync);
	for (i = 0; i < NC2F_RX_STATS; i++)
		if (b->n[i])
			u64_stats_add(&st->rx[i], b->n[i]);
	u64_stats_update_end(&st->rx_sync);
}

/**
 * nc2f_stats_tx - count one frame sent
 * @st: the lane
 * @bytes: its length
 * @copied: how many of them were copied
 *
 * Under the transmit lock of the lane.
 */
void nc2f_stats_tx(struct nc2f_stats *st, u32 bytes, u32 copied)
{
	u64_stats_update_begin(&st->tx_sync);
	u64_stats_inc(&st->tx[NC2F_TX_FRAMES]);
	u64_stats_add(&st->tx[NC2F_TX_BYTES], bytes);
	u64_stats_add(&st->tx[NC2F_TX_COPIED], copied);
	u64_stats_update_end(&st->tx_sync);
}

/**
 * nc2f_stats_tx_gso - count one frame that is sent to be cut
 * @st: the lane
 * @segs: how many frames it becomes
 *
 * Under the transmit lock of the lane, beside nc2f_stats_tx().
 */
void nc2f_stats_tx_gso(struct nc2f_stats *st, u32 segs)
{
	u64_stats_update_begin(&st->tx_sync);
	u64_stats_inc(&st->tx[NC2F_TX_GSO_FRAMES]);
	u64_stats_add(&st->tx[NC2F_TX_GSO_SEGS], segs);
	u64_stats_update_end(&st->tx_sync);
}

/**
 * nc2f_stats_tx_inc - count one event of transmission
 * @st: the lane
 * @which: the counter
 *
 * Under the transmit lock of the lane.
 */
void nc2f_stats_tx_inc(struct nc2f_stats *st, enum nc2f_tx_stat which)
{
	u64_stats_update_begin(&st->tx_sync);
	u64_stats_inc(&st->tx[which]);
	u64_stats_update_end(&st->tx_sync);
}

/**
 * nc2f_stats_read_rx - read the receive counters of a lane
 * @st: the lane
 * @out: NC2F_RX_STATS values
 */
void nc2f_stats_read_rx(const struct nc2f_stats *st, u64 *out)
{
	unsigned int start;
	u32 i;

	do {
		start = u64_stats_fetch_begin(&st->rx_sync);
		for (i = 0; i < NC2F_RX_STATS; i++)
			out[i] = u64_stats_read(&st->rx[i]);
	} while (u64_stats_fetch_retry(&st->rx_sync, start));
}

/**
 * nc2f_stats_read_tx - read the transmit counters of a lane
 * @st: the lane
 * @out: NC2F_TX_STATS values
 */
void nc2f_stats_read_tx(const struct nc2f_stats *st, u64 *out)
{
	unsigned int start;
	u32 i;

	do {
		start = u64_stats_fetch_begin(&st->tx_sync);
		for (i = 0; i < NC2F_TX_STATS; i++)
			out[i] = u64_stats_read(&st->tx[i]);
	} while (u64_stats_fetch_retry(&st->tx_sync, start));
}
