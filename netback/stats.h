/* SPDX-License-Identifier: GPL-2.0 */
/* What is counted of each queue of the bridged path. */
#ifndef NC2B_STATS_H
#define NC2B_STATS_H

/**
 * enum nc2b_stat - counters of a queue of the bridged path
 * @NC2B_TX_FRAMES: frames taken from the guest
 * @NC2B_TX_BYTES: their bytes
 * @NC2B_TX_COPIED: bytes that Xen copied for them
 * @NC2B_TX_DROP_COPY: frames lost because a grant could not be copied from
 * @NC2B_TX_DROP_BAD: frames refused: too short, too long, bad checksum offsets
 * @NC2B_TX_DROP_DOWN: frames that came while the interface was down
 * @NC2B_TX_DROP_NOMEM: frames lost for want of memory
 * @NC2B_RX_FRAMES: frames put into the guest's pages
 * @NC2B_RX_BYTES: their bytes
 * @NC2B_RX_COPIED: bytes that Xen copied for them
 * @NC2B_RX_DROP_COPY: frames lost because a grant could not be copied to
 * @NC2B_RX_DROP_FULL: frames that found the queue full
 * @NC2B_RX_DROP_STALL: frames that waited too long for the guest
 * @NC2B_RX_DROP_NOMEM: frames lost for want of memory
 * @NC2B_RX_REPOLLS: looks for buffers of a guest that does not announce them
 * @NC2B_RX_FILTERED: multicast frames that the guest has not asked for
 * @NC2B_STATS: number of counters
 */
enum nc2b_stat {
	NC2B_TX_FRAMES,
	NC2B_TX_BYTES,
	NC2B_TX_COPIED,
	NC2B_TX_DROP_COPY,
	NC2B_TX_DROP_BAD,
	NC2B_TX_DROP_DOWN,
	NC2B_TX_DROP_NOMEM,
	NC2B_RX_FRAMES,
	NC2B_RX_BYTES,
	NC2B_RX_COPIED,
	NC2B_RX_DROP_COPY,
	NC2B_RX_DROP_FULL,
	NC2B_RX_DROP_STALL,
	NC2B_RX_DROP_NOMEM,
	NC2B_RX_REPOLLS,
	NC2B_RX_FILTERED,
	NC2B_STATS,
};

#endif /* NC2B_STATS_H */
