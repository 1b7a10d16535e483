// SPDX-License-Identifier: GPL-2.0
/*
 * The rings of a virtual function of an Intel NIC: the hot path.
 *
 * It takes no lock: NAPI is its only caller, and the queue is turned on and off
 * with NAPI away from it.
 */
#include "ivf_ring.h"

#include <linux/errno.h>
#include <linux/io.h>
#include <linux/string.h>

/**
 * nc2b_ivf_rings_empty - begin with empty rings
 * @r: the rings, which the NIC does not use
 * @buf_size: bytes in each receive buffer
 */
void nc2b_ivf_rings_empty(struct nc2b_ivf_rings *r, u32 buf_size)
{
	r->buf_size = buf_size;
	r->rx_next = 0;
	r->rx_clean = 0;
	r->tx_next = 0;
	r->tx_shown = 0;
	r->tx_clean = 0;
	memset(r->rx, 0, NC2B_IVF_RX_BYTES);
	memset(r->tx, 0, NC2B_IVF_TX_BYTES);
}

/**
 * nc2b_ivf_rx_room - &nc2q_ops.rx_room
 * @r: the rings
 *
 * NAPI only.
 *
 * Return: descriptors that can be posted.
 */
unsigned int nc2b_ivf_rx_room(const struct nc2b_ivf_rings *r)
{
	return NC2B_IVF_RX_SLOTS - 1 - (r->rx_next - r->rx_clean);
}

/**
 * nc2b_ivf_rx_post - &nc2q_ops.rx_post
 * @r: the rings
 * @bufs: buffers to post
 * @n: how many; no more than there is room for
 *
 * NAPI only.
 */
void nc2b_ivf_rx_post(struct nc2b_ivf_rings *r, const struct nc2q_buf *bufs,
		      unsigned int n)
{
	unsigned int i;
	u32 slot;

	for (i = 0; i < n; i++) {
		slot = r->rx_next++ & (NC2B_IVF_RX_SLOTS - 1);
		r->rx_id[slot] = bufs[i].id;
		nc2b_ivf_rxd_post(&r->rx[slot], bufs[i].dma);
	}
	/* writel() has the descriptors in memory before the NIC hears of them. */
	writel(r->rx_next & (NC2B_IVF_RX_SLOTS - 1), r->rx_tail);
}

/**
 * nc2b_ivf_rx_reap - &nc2q_ops.rx_reap
 * @r: the rings
 * @out: filled in
 * @n: room in @out
 *
 * NAPI only.
 *
 * Return: descriptors that the NIC has finished with.
 */
unsigned int nc2b_ivf_rx_reap(struct nc2b_ivf_rings *r, struct nc2q_rx *out,
			      unsigned int n)
{
	unsigned int done;
	u32 slot;

	for (done = 0; done < n && r->rx_clean != r->rx_next; done++) {
		slot = r->rx_clean & (NC2B_IVF_RX_SLOTS - 1);
		if (!nc2b_ivf_rxd_reap(r->fmt, &r->rx[slot], r->buf_size,
				       &out[done]))
			break;
		out[done].id = r->rx_id[slot];
		r->rx_clean++;
	}
	return done;
}

/**
 * nc2b_ivf_tx_frame - &nc2q_ops.tx_frame
 * @r: the rings
 * @tx: the frame
 *
 * NAPI only.
 *
 * Return: 0, or -ENOSPC if it does not fit the ring now.
 */
int nc2b_ivf_tx_frame(struct nc2b_ivf_rings *r, const struct nc2q_tx *tx)
{
	u32 room = NC2B_IVF_TX_SLOTS - 1 - (r->tx_next - r->tx_clean);
	struct nc2b_ivf_txframe *f;

	if (nc2b_ivf_tx_need(r->fmt, tx) > room)
		return -ENOSPC;

	f = &r->tx_frame[r->tx_next & (NC2B_IVF_TX_SLOTS - 1)];
	r->tx_next += nc2b_ivf_tx_encode(r->fmt, r->tx, NC2B_IVF_TX_SLOTS - 1,
					 r->tx_next, tx);
	f->last = (r->tx_next - 1) & (NC2B_IVF_TX_SLOTS - 1);
	f->nr_frags = tx->nr_frags;
	return 0;
}

/**
 * nc2b_ivf_tx_kick - &nc2q_ops.tx_kick
 * @r: the rings
 *
 * NAPI only.
 */
void nc2b_ivf_tx_kick(struct nc2b_ivf_rings *r)
{
	if (r->tx_shown == r->tx_next)
		return;
	r->tx_shown = r->tx_next;
	writel(r->tx_next & (NC2B_IVF_TX_SLOTS - 1), r->tx_tail);
}

/**
 * nc2b_ivf_tx_reap - &nc2q_ops.tx_reap
 * @r: the rings
 *
 * NAPI only.
 *
 * Return: pieces that the NIC has read since the last call.
 */
unsigned int nc2b_ivf_tx_reap(struct nc2b_ivf_rings *r)
{
	struct nc2b_ivf_txframe *f;
	unsigned int frags = 0;
	u32 slot;

	while (r->tx_clean != r->tx_shown) {
		slot = r->tx_clean & (NC2B_IVF_TX_SLOTS - 1);
		f = &r->tx_frame[slot];
		if (!nc2b_ivf_txd_done(&r->tx[f->last]))
			break;
		frags += f->nr_frags;
		r->tx_clean += ((f->last - slot) & (NC2B_IVF_TX_SLOTS - 1)) + 1;
	}
	return frags;
}
