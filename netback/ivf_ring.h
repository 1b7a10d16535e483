/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two rings of a virtual function of an Intel NIC: the hot path.
 *
 * Pure: memory, and two registers that are only written.
 */
#ifndef NC2B_IVF_RING_H
#define NC2B_IVF_RING_H

#include "ivf_desc.h"
#include "rxq.h"

#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/types.h>

/*
 * Receive: takes all 2048 buffers, less one, of the largest pool: a buffer that
 * waits here while the control domain is busy receives a frame, one that waits
 * in the back does not.
 * Transmit: 26 frames of the largest kind (18 pieces and a context).
 * One slot stays empty, for head == tail means that the NIC has nothing.
 */
#define NC2B_IVF_RX_SLOTS	2048
#define NC2B_IVF_TX_SLOTS	512
#define NC2B_IVF_RX_BYTES	(NC2B_IVF_RX_SLOTS * sizeof(union nc2b_ivf_rxd))
#define NC2B_IVF_TX_BYTES	(NC2B_IVF_TX_SLOTS * sizeof(union nc2b_ivf_txd))
/* Length and base address of a ring must be multiples of this. */
#define NC2B_IVF_RING_ALIGN	128
static_assert(!(NC2B_IVF_RX_SLOTS & (NC2B_IVF_RX_SLOTS - 1)));
static_assert(!(NC2B_IVF_TX_SLOTS & (NC2B_IVF_TX_SLOTS - 1)));
static_assert(NC2B_IVF_RX_BYTES % NC2B_IVF_RING_ALIGN == 0);
static_assert(NC2B_IVF_TX_BYTES % NC2B_IVF_RING_ALIGN == 0);

/**
 * struct nc2b_ivf_txframe - a frame in the transmit ring
 * @last: slot of its last descriptor
 * @nr_frags: its pieces
 */
struct nc2b_ivf_txframe {
	u16 last;
	u16 nr_frags;
};

/**
 * struct nc2b_ivf_rings - both rings of a queue pair
 * @fmt: format of the descriptors
 * @rx: receive ring
 * @rx_tail: its tail register
 * @rx_next: descriptors ever posted; slot is the low bits
 * @rx_clean: descriptors ever reaped
 * @buf_size: bytes in a receive buffer
 * @rx_id: id of the buffer in each slot
 * @tx: transmit ring
 * @tx_tail: its tail register
 * @tx_next: descriptors ever written
 * @tx_shown: @tx_next as the NIC knows it
 * @tx_clean: descriptors ever reaped
 * @tx_frame: by slot of a frame's first descriptor
 *
 * One user at a time: NAPI while the queue is started, else who starts it.
 */
struct nc2b_ivf_rings {
	const struct nc2b_ivf_fmt *fmt;

	union nc2b_ivf_rxd *rx;
	void __iomem *rx_tail;
	u32 rx_next;
	u32 rx_clean;
	u32 buf_size;
	u16 rx_id[NC2B_IVF_RX_SLOTS];

	union nc2b_ivf_txd *tx ____cacheline_aligned;
	void __iomem *tx_tail;
	u32 tx_next;
	u32 tx_shown;
	u32 tx_clean;
	struct nc2b_ivf_txframe tx_frame[NC2B_IVF_TX_SLOTS];
};

void nc2b_ivf_rings_empty(struct nc2b_ivf_rings *r, u32 buf_size);
unsigned int nc2b_ivf_rx_room(const struct nc2b_ivf_rings *r);
void nc2b_ivf_rx_post(struct nc2b_ivf_rings *r, const struct nc2q_buf *bufs,
		      unsigned int n);
unsigned int nc2b_ivf_rx_reap(struct nc2b_ivf_rings *r, struct nc2q_rx *out,
			      unsigned int n);
int nc2b_ivf_tx_frame(struct nc2b_ivf_rings *r, const struct nc2q_tx *tx);
void nc2b_ivf_tx_kick(struct nc2b_ivf_rings *r);
unsigned int nc2b_ivf_tx_reap(struct nc2b_ivf_rings *r);

#endif /* NC2B_IVF_RING_H */
