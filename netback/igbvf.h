/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual function of the Intel 82576 or I350: what rxq_igbvf.c (device,
 * interrupts, start and stop) and igbvf_ring.c (rings) share.
 */
#ifndef NC2B_IGBVF_H
#define NC2B_IGBVF_H

#include "igbvf_desc.h"
#include "igbvf_mbx.h"
#include "igbvf_regs.h"
#include "rxq.h"

#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/container_of.h>
#include <linux/io.h>
#include <linux/mutex.h>

struct pci_dev;

/*
 * Receive: takes all 2048 buffers, less one, of the largest pool: a buffer that
 * waits here while the control domain is busy receives a frame, one that waits
 * in the back does not.
 * Transmit: 26 frames of the largest kind (18 pieces and a context).
 * One slot stays empty, for head == tail means that the NIC has nothing.
 */
#define IGBVF_RX_SLOTS		2048
#define IGBVF_TX_SLOTS		512
static_assert(!(IGBVF_RX_SLOTS & (IGBVF_RX_SLOTS - 1)));
static_assert(!(IGBVF_TX_SLOTS & (IGBVF_TX_SLOTS - 1)));
static_assert(IGBVF_RX_SLOTS * sizeof(union nc2b_igbvf_rxd) % IGBVF_RING_ALIGN == 0);
static_assert(IGBVF_TX_SLOTS * sizeof(union nc2b_igbvf_txd) % IGBVF_RING_ALIGN == 0);

/*
 * MSI-X vectors, of three that there are.  QEMU takes the vector of the mailbox
 * for a mask of vectors, so there the data interrupt comes in its place: it
 * finds nothing to do, and the mailbox is looked at twice a second in any case.
 */
#define IGBVF_VEC_DATA		0
#define IGBVF_VEC_MBX		1
#define IGBVF_VECTORS		2

/**
 * struct nc2b_igbvf_txframe - a frame in the transmit ring
 * @last: slot of its last descriptor
 * @nr_frags: its pieces
 */
struct nc2b_igbvf_txframe {
	u16 last;
	u16 nr_frags;
};

/**
 * struct nc2b_igbvf - a virtual function
 * @q: what the registry and the client see
 * @regs: BAR 0
 * @rx_ring: receive ring
 * @rx_next: descriptors ever posted; slot is the low bits
 * @rx_clean: descriptors ever reaped
 * @buf_size: bytes in a receive buffer
 * @lb_vlan_be: see nc2b_igbvf_rxd_reap()
 * @rx_id: id of the buffer in each slot
 * @tx_ring: transmit ring
 * @tx_next: descriptors ever written
 * @tx_shown: @tx_next as the NIC knows it
 * @tx_clean: descriptors ever reaped
 * @tx_frame: by slot of a frame's first descriptor
 * @pdev: the device
 * @lock: what is below, and every register but tails and interrupt masks
 * @mbx: mailbox
 * @rx_dma: bus address of @rx_ring
 * @tx_dma: bus address of @tx_ring
 * @started: queues and interrupts are on
 * @link: NIC had link when last looked at; read without @lock
 * @irq_name: names of the interrupts
 *
 * Ring fields belong to NAPI while @started, to the holder of @lock otherwise.
 */
struct nc2b_igbvf {
	struct nc2q q;
	void __iomem *regs;

	union nc2b_igbvf_rxd *rx_ring;
	u32 rx_next;
	u32 rx_clean;
	u32 buf_size;
	bool lb_vlan_be;
	u16 rx_id[IGBVF_RX_SLOTS];

	union nc2b_igbvf_txd *tx_ring ____cacheline_aligned;
	u32 tx_next;
	u32 tx_shown;
	u32 tx_clean;
	struct nc2b_igbvf_txframe tx_frame[IGBVF_TX_SLOTS];

	struct pci_dev *pdev ____cacheline_aligned;
	struct mutex lock;	/* guards what is below, see above */
	struct nc2b_igbvf_mbx mbx;
	dma_addr_t rx_dma;
	dma_addr_t tx_dma;
	bool started;
	bool link;
	char irq_name[IGBVF_VECTORS][32];
};

static inline struct nc2b_igbvf *to_igbvf(struct nc2q *q)
{
	return container_of(q, struct nc2b_igbvf, q);
}

static inline u32 igbvf_rd(struct nc2b_igbvf *vf, u32 reg)
{
	return readl(vf->regs + reg);
}

static inline void igbvf_wr(struct nc2b_igbvf *vf, u32 reg, u32 val)
{
	writel(val, vf->regs + reg);
}

/* Operations of &struct nc2q_ops. */
unsigned int nc2b_igbvf_rx_room(struct nc2q *q);
void nc2b_igbvf_rx_post(struct nc2q *q, const struct nc2q_buf *bufs,
			unsigned int n);
unsigned int nc2b_igbvf_rx_reap(struct nc2q *q, struct nc2q_rx *out,
				unsigned int n);
int nc2b_igbvf_tx_frame(struct nc2q *q, const struct nc2q_tx *tx);
void nc2b_igbvf_tx_kick(struct nc2q *q);
unsigned int nc2b_igbvf_tx_reap(struct nc2q *q);

int nc2b_igbvf_rings_alloc(struct nc2b_igbvf *vf);
void nc2b_igbvf_rings_free(struct nc2b_igbvf *vf);
int nc2b_igbvf_rings_on(struct nc2b_igbvf *vf, u32 buf_size);
bool nc2b_igbvf_rings_off(struct nc2b_igbvf *vf);

#endif /* NC2B_IGBVF_H */
