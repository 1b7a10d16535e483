// SPDX-License-Identifier: GPL-2.0
/*
 * The rings of a virtual function of the Intel 82576 or I350: hot path, and
 * how they are turned on and off.
 *
 * The hot path takes no lock: NAPI is its only caller, and rings are turned on
 * and off with NAPI away from the queue.
 */
#include "igbvf.h"

#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/pci.h>
#include <linux/string.h>

/*
 * Limits of waits.  To drain: what fits a full transmit ring, 512 * 4 KiB,
 * takes 17 ms at 1 Gbit/s.  To disable: until the last access to memory is
 * over; a PCIe completion may take 50 ms.
 */
#define DRAIN_LIMIT_US		20000
#define DISABLE_LIMIT_US	100000
#define ENABLE_LIMIT_US		10000
#define POLL_US			50

#define RX_BYTES	(IGBVF_RX_SLOTS * sizeof(union nc2b_igbvf_rxd))
#define TX_BYTES	(IGBVF_TX_SLOTS * sizeof(union nc2b_igbvf_txd))

/**
 * nc2b_igbvf_rx_room - &nc2q_ops.rx_room
 * @q: the queue
 *
 * NAPI only.
 *
 * Return: descriptors that can be posted.
 */
unsigned int nc2b_igbvf_rx_room(struct nc2q *q)
{
	struct nc2b_igbvf *vf = to_igbvf(q);

	return IGBVF_RX_SLOTS - 1 - (vf->rx_next - vf->rx_clean);
}

/**
 * nc2b_igbvf_rx_post - &nc2q_ops.rx_post
 * @q: the queue
 * @bufs: buffers to post
 * @n: how many; no more than there is room for
 *
 * NAPI only.
 */
void nc2b_igbvf_rx_post(struct nc2q *q, const struct nc2q_buf *bufs,
			unsigned int n)
{
	struct nc2b_igbvf *vf = to_igbvf(q);
	unsigned int i;
	u32 slot;

	for (i = 0; i < n; i++) {
		slot = vf->rx_next++ & (IGBVF_RX_SLOTS - 1);
		vf->rx_id[slot] = bufs[i].id;
		nc2b_igbvf_rxd_post(&vf->rx_ring[slot], bufs[i].dma);
	}
	/* writel() has the descriptors in memory before the NIC hears of them. */
	igbvf_wr(vf, IGBVF_RDT, vf->rx_next & (IGBVF_RX_SLOTS - 1));
}

/**
 * nc2b_igbvf_rx_reap - &nc2q_ops.rx_reap
 * @q: the queue
 * @out: filled in
 * @n: room in @out
 *
 * NAPI only.
 *
 * Return: descriptors that the NIC has finished with.
 */
unsigned int nc2b_igbvf_rx_reap(struct nc2q *q, struct nc2q_rx *out,
				unsigned int n)
{
	struct nc2b_igbvf *vf = to_igbvf(q);
	unsigned int done;
	u32 slot;

	for (done = 0; done < n && vf->rx_clean != vf->rx_next; done++) {
		slot = vf->rx_clean & (IGBVF_RX_SLOTS - 1);
		if (!nc2b_igbvf_rxd_reap(&vf->rx_ring[slot], vf->buf_size,
					 vf->lb_vlan_be, &out[done]))
			break;
		out[done].id = vf->rx_id[slot];
		vf->rx_clean++;
	}
	return done;
}

/**
 * nc2b_igbvf_tx_frame - &nc2q_ops.tx_frame
 * @q: the queue
 * @tx: the frame
 *
 * NAPI only.
 *
 * Return: 0, or -ENOSPC if it does not fit the ring now.
 */
int nc2b_igbvf_tx_frame(struct nc2q *q, const struct nc2q_tx *tx)
{
	struct nc2b_igbvf *vf = to_igbvf(q);
	u32 room = IGBVF_TX_SLOTS - 1 - (vf->tx_next - vf->tx_clean);
	struct nc2b_igbvf_txframe *f;

	if (nc2b_igbvf_tx_need(tx) > room)
		return -ENOSPC;

	f = &vf->tx_frame[vf->tx_next & (IGBVF_TX_SLOTS - 1)];
	vf->tx_next += nc2b_igbvf_tx_encode(vf->tx_ring, IGBVF_TX_SLOTS - 1,
					    vf->tx_next, tx);
	f->last = (vf->tx_next - 1) & (IGBVF_TX_SLOTS - 1);
	f->nr_frags = tx->nr_frags;
	return 0;
}

/**
 * nc2b_igbvf_tx_kick - &nc2q_ops.tx_kick
 * @q: the queue
 *
 * NAPI only.
 */
void nc2b_igbvf_tx_kick(struct nc2q *q)
{
	struct nc2b_igbvf *vf = to_igbvf(q);

	if (vf->tx_shown == vf->tx_next)
		return;
	vf->tx_shown = vf->tx_next;
	igbvf_wr(vf, IGBVF_TDT, vf->tx_next & (IGBVF_TX_SLOTS - 1));
}

/**
 * nc2b_igbvf_tx_reap - &nc2q_ops.tx_reap
 * @q: the queue
 *
 * NAPI only.
 *
 * Return: pieces that the NIC has read since the last call.
 */
unsigned int nc2b_igbvf_tx_reap(struct nc2q *q)
{
	struct nc2b_igbvf *vf = to_igbvf(q);
	struct nc2b_igbvf_txframe *f;
	unsigned int frags = 0;
	u32 slot;

	while (vf->tx_clean != vf->tx_shown) {
		slot = vf->tx_clean & (IGBVF_TX_SLOTS - 1);
		f = &vf->tx_frame[slot];
		if (!nc2b_igbvf_txd_done(&vf->tx_ring[f->last]))
			break;
		frags += f->nr_frags;
		vf->tx_clean += ((f->last - slot) & (IGBVF_TX_SLOTS - 1)) + 1;
	}
	return frags;
}

/**
 * nc2b_igbvf_rings_alloc - get the memory of both rings
 * @vf: the virtual function
 *
 * Return: 0, or -ENOMEM with whatever was got left for nc2b_igbvf_rings_free().
 */
int nc2b_igbvf_rings_alloc(struct nc2b_igbvf *vf)
{
	struct device *dev = &vf->pdev->dev;

	vf->rx_ring = dma_alloc_coherent(dev, RX_BYTES, &vf->rx_dma, GFP_KERNEL);
	vf->tx_ring = dma_alloc_coherent(dev, TX_BYTES, &vf->tx_dma, GFP_KERNEL);
	return vf->rx_ring && vf->tx_ring ? 0 : -ENOMEM;
}

/**
 * nc2b_igbvf_rings_free - give back the memory of both rings
 * @vf: the virtual function, which does no DMA any more
 */
void nc2b_igbvf_rings_free(struct nc2b_igbvf *vf)
{
	struct device *dev = &vf->pdev->dev;

	if (vf->tx_ring)
		dma_free_coherent(dev, TX_BYTES, vf->tx_ring, vf->tx_dma);
	if (vf->rx_ring)
		dma_free_coherent(dev, RX_BYTES, vf->rx_ring, vf->rx_dma);
}

static int queue_on(struct nc2b_igbvf *vf, u32 dctl, u32 thresholds)
{
	u32 v;

	igbvf_wr(vf, dctl, thresholds | IGBVF_XDCTL_ENABLE);
	/* The tail may move only once the queue says that it is on. */
	return read_poll_timeout(igbvf_rd, v, v & IGBVF_XDCTL_ENABLE, POLL_US,
				 ENABLE_LIMIT_US, false, vf, dctl);
}

/**
 * nc2b_igbvf_rings_on - program and enable both queues, with empty rings
 * @vf: the virtual function, just reset
 * @buf_size: bytes in a receive buffer, a multiple of 1024
 *
 * Return: 0, or -ETIMEDOUT if a queue does not come up.
 */
int nc2b_igbvf_rings_on(struct nc2b_igbvf *vf, u32 buf_size)
{
	int err;

	vf->buf_size = buf_size;
	vf->rx_next = 0;
	vf->rx_clean = 0;
	vf->tx_next = 0;
	vf->tx_shown = 0;
	vf->tx_clean = 0;
	memset(vf->rx_ring, 0, RX_BYTES);
	memset(vf->tx_ring, 0, TX_BYTES);

	igbvf_wr(vf, IGBVF_RDBAL, lower_32_bits(vf->rx_dma));
	igbvf_wr(vf, IGBVF_RDBAH, upper_32_bits(vf->rx_dma));
	igbvf_wr(vf, IGBVF_RDLEN, RX_BYTES);
	/* A guest that gives no buffers must not fill the FIFO that all share. */
	igbvf_wr(vf, IGBVF_SRRCTL,
		 IGBVF_SRRCTL_DROP_EN | IGBVF_SRRCTL_DESCTYPE_ADV |
		 buf_size >> IGBVF_SRRCTL_BSIZEPKT_SHIFT);
	igbvf_wr(vf, IGBVF_RDH, 0);
	igbvf_wr(vf, IGBVF_RDT, 0);

	igbvf_wr(vf, IGBVF_TDBAL, lower_32_bits(vf->tx_dma));
	igbvf_wr(vf, IGBVF_TDBAH, upper_32_bits(vf->tx_dma));
	igbvf_wr(vf, IGBVF_TDLEN, TX_BYTES);
	igbvf_wr(vf, IGBVF_TDH, 0);
	igbvf_wr(vf, IGBVF_TDT, 0);

	/*
	 * Fetch ahead while fewer than eight are at hand.  Write back one by
	 * one: one that is held back has no interrupt to tell of it.
	 */
	err = queue_on(vf, IGBVF_RXDCTL, IGBVF_XDCTL_PTHRESH(8) |
		       IGBVF_XDCTL_HTHRESH(8) | IGBVF_XDCTL_WTHRESH(1));
	if (err)
		return err;
	return queue_on(vf, IGBVF_TXDCTL, IGBVF_XDCTL_PTHRESH(8) |
			IGBVF_XDCTL_HTHRESH(1) | IGBVF_XDCTL_WTHRESH(1));
}

/* ENABLE reads 1 until the NIC is done with the ring and the buffers. */
static bool queue_off(struct nc2b_igbvf *vf, u32 dctl)
{
	u32 v;

	igbvf_wr(vf, dctl, igbvf_rd(vf, dctl) & ~IGBVF_XDCTL_ENABLE);
	return !read_poll_timeout(igbvf_rd, v, !(v & IGBVF_XDCTL_ENABLE),
				  POLL_US, DISABLE_LIMIT_US, false, vf, dctl);
}

/**
 * nc2b_igbvf_rings_off - disable both queues
 * @vf: the virtual function
 *
 * Frames that have not left in time (no link, say) are lost.
 *
 * Return: whether the NIC has confirmed that it uses neither ring any more.
 */
bool nc2b_igbvf_rings_off(struct nc2b_igbvf *vf)
{
	bool off = queue_off(vf, IGBVF_RXDCTL);
	u32 head;

	read_poll_timeout(igbvf_rd, head, head == igbvf_rd(vf, IGBVF_TDT),
			  POLL_US, DRAIN_LIMIT_US, false, vf, IGBVF_TDH);
	off &= queue_off(vf, IGBVF_TXDCTL);
	/* The bit may be ahead of the last write's way through the bus. */
	usleep_range(100, 200);
	return off;
}
