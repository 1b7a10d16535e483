/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters.  They live as long as the netdev, so that reading them can never
 * race with a queue that goes away.
 *
 * A lane is one queue of the bridged path, or the direct path.
 */
#ifndef NC2F_STATS_H
#define NC2F_STATS_H

#include <linux/cache.h>
#include <linux/if_ether.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

/**
 * enum nc2f_rx_stat - what a lane counts on receive
 * @NC2F_RX_FRAMES: frames given to the network stack
 * @NC2F_RX_BYTES: their bytes
 * @NC2F_RX_COPIED: bytes copied by the guest: headers, small frames, starvation
 * @NC2F_RX_STARVED: frames copied whole because the pool was running dry
 * @NC2F_RX_CSUM_FIXUP: GSO frames that came without a blank checksum
 * @NC2F_RX_XDP_PASS: frames that an XDP program let pass
 * @NC2F_RX_XDP_DROP: frames that it dropped
 * @NC2F_RX_XDP_TX: frames that it sent back
 * @NC2F_RX_XDP_REDIRECT: frames that it sent elsewhere
 * @NC2F_RX_DROP_NOMEM: no memory for the frame
 * @NC2F_RX_DROP_OWN_MAC: our own frame came back
 * @NC2F_RX_DROP_NOT_MINE: unicast to somebody else
 * @NC2F_RX_DROP_XDP: not fit for the XDP program, or it failed, or could not send
 * @NC2F_RX_DROP_BAD: bad length, too many parts, bad headers
 * @NC2F_RX_DROP_BACK: the back or the NIC called it bad
 * @NC2F_RX_STATS: number of counters
 */
enum nc2f_rx_stat {
	NC2F_RX_FRAMES,
	NC2F_RX_BYTES,
	NC2F_RX_COPIED,
	NC2F_RX_STARVED,
	NC2F_RX_CSUM_FIXUP,
	NC2F_RX_XDP_PASS,
	NC2F_RX_XDP_DROP,
	NC2F_RX_XDP_TX,
	NC2F_RX_XDP_REDIRECT,
	NC2F_RX_DROP_NOMEM,
	NC2F_RX_DROP_OWN_MAC,
	NC2F_RX_DROP_NOT_MINE,
	NC2F_RX_DROP_XDP,
	NC2F_RX_DROP_BAD,
	NC2F_RX_DROP_BACK,
	NC2F_RX_STATS,
};

/* From here on frames that were lost; from there on those that are errors. */
#define NC2F_RX_FIRST_DROP	NC2F_RX_DROP_NOMEM
#define NC2F_RX_FIRST_ERROR	NC2F_RX_DROP_BAD

/**
 * enum nc2f_tx_stat - what a lane counts on transmit
 * @NC2F_TX_FRAMES: frames given to the back
 * @NC2F_TX_BYTES: their bytes
 * @NC2F_TX_COPIED: bytes copied into pages of ours
 * @NC2F_TX_GSO_FRAMES: frames given to the back that it or the NIC has to cut
 * @NC2F_TX_GSO_SEGS: the frames that they become
 * @NC2F_TX_STOPS: times that the ring was full
 * @NC2F_TX_DROP_BAD: too long, too short, or offloads that the path cannot do
 * @NC2F_TX_DROP_DOWN: no back
 * @NC2F_TX_DROP_FULL: sent by a program, which cannot wait, and the ring was full
 * @NC2F_TX_STATS: number of counters
 */
enum nc2f_tx_stat {
	NC2F_TX_FRAMES,
	NC2F_TX_BYTES,
	NC2F_TX_COPIED,
	NC2F_TX_GSO_FRAMES,
	NC2F_TX_GSO_SEGS,
	NC2F_TX_STOPS,
	NC2F_TX_DROP_BAD,
	NC2F_TX_DROP_DOWN,
	NC2F_TX_DROP_FULL,
	NC2F_TX_STATS,
};

#define NC2F_TX_FIRST_DROP	NC2F_TX_DROP_BAD

/**
 * struct nc2f_stats - counters of one lane
 * @rx_sync: guards @rx against torn reads on 32 bit machines
 * @rx: written by the NAPI context of the lane
 * @tx_sync: the same for @tx
 * @tx: written under the transmit lock of the lane
 */
struct nc2f_stats {
	struct u64_stats_sync rx_sync;
	u64_stats_t rx[NC2F_RX_STATS];
	struct u64_stats_sync tx_sync ____cacheline_aligned_in_smp;
	u64_stats_t tx[NC2F_TX_STATS];
} ____cacheline_aligned_in_smp;

/**
 * struct nc2f_rx_batch - receive counts of one poll, not yet in the counters
 * @n: by enum nc2f_rx_stat
 */
struct nc2f_rx_batch {
	u32 n[NC2F_RX_STATS];
};

/**
 * nc2f_rx_reason - what the kernel's tracepoint is told of a lost frame
 * @why: the counter that it is in
 *
 * Return: the reason.
 */
static inline enum skb_drop_reason nc2f_rx_reason(enum nc2f_rx_stat why)
{
	switch (why) {
	case NC2F_RX_DROP_NOMEM:
		return SKB_DROP_REASON_NOMEM;
	case NC2F_RX_DROP_OWN_MAC:
	case NC2F_RX_DROP_NOT_MINE:
		return SKB_DROP_REASON_OTHERHOST;
	case NC2F_RX_DROP_XDP:
		return SKB_DROP_REASON_XDP;
	default:
		return SKB_DROP_REASON_DEV_HDR;
	}
}

/**
 * nc2f_tx_reason - the same of a frame that no path takes, %NC2F_TX_DROP_BAD
 * @skb: the frame
 *
 * Return: the reason.
 */
static inline enum skb_drop_reason nc2f_tx_reason(const struct sk_buff *skb)
{
	if (skb->len < ETH_HLEN)
		return SKB_DROP_REASON_PKT_TOO_SMALL;
	return skb_is_gso(skb) ? SKB_DROP_REASON_SKB_GSO_SEG : SKB_DROP_REASON_PKT_TOO_BIG;
}

struct nc2f_stats *nc2f_stats_alloc(u32 lanes);
void nc2f_stats_free(struct nc2f_stats *st);
void nc2f_stats_rx(struct nc2f_stats *st, const struct nc2f_rx_batch *b);
void nc2f_stats_tx(struct nc2f_stats *st, u32 bytes, u32 copied);
void nc2f_stats_tx_gso(struct nc2f_stats *st, u32 segs);
void nc2f_stats_tx_inc(struct nc2f_stats *st, enum nc2f_tx_stat which);
void nc2f_stats_read_rx(const struct nc2f_stats *st, u64 *out);
void nc2f_stats_read_tx(const struct nc2f_stats *st, u64 *out);

#endif /* NC2F_STATS_H */
