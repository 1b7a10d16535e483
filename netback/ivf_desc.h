/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors of Intel VFs: encode and decode.
 *
 * Pure: plain memory and plain data, so that KUnit reaches it directly.
 *
 * 82576EB datasheet 7.1.5 (receive), 7.2.2 (transmit); 82599 datasheet 7.1.6
 * and 7.2.3.  Only the advanced formats are used.  They are the same in all
 * these NICs but for what &struct nc2b_ivf_fmt says.
 */
#ifndef NC2B_IVF_DESC_H
#define NC2B_IVF_DESC_H

#include <asm/byteorder.h>
#include <linux/types.h>

#include "rxq.h"

/**
 * struct nc2b_ivf_fmt - in what the format of one family differs
 * @rx_csum_bad: receive status: a checksum is wrong, or the verdict is void
 * @rx_frame_err: receive status: the frame is damaged
 * @rx_no_csum: receive info: kinds of packet whose verdict is not about the
 *	checksums that the guest will ask for
 * @rx_lb_vlan_be: the tag of local traffic is left in network byte order
 * @tx_switch: the NIC's own switch needs a context with each frame
 */
struct nc2b_ivf_fmt {
	u32 rx_csum_bad;
	u32 rx_frame_err;
	u16 rx_no_csum;
	bool rx_lb_vlan_be;
	bool tx_switch;
};

/**
 * union nc2b_ivf_rxd - a receive descriptor
 * @read: as we write it
 * @read.addr: where the NIC shall write
 * @read.hdr: 0.  Written each time, for it also clears &wb.status
 * @wb: as the NIC writes it back
 * @wb.info: kind of packet, kind of hash
 * @wb.hdr_info: not used
 * @wb.rss: receive hash
 * @wb.status: extended status and errors
 * @wb.len: bytes written
 * @wb.vlan: tag that was taken off
 *
 * @read is ours until the tail has passed the descriptor; @wb is the NIC's
 * answer and complete once its status says so.
 */
union nc2b_ivf_rxd {
	struct {
		__le64 addr;
		__le64 hdr;
	} read;
	struct {
		__le16 info;
		__le16 hdr_info;
		__le32 rss;
		__le32 status;
		__le16 len;
		__le16 vlan;
	} wb;
};

/**
 * union nc2b_ivf_txd - a transmit descriptor
 * @data: data descriptor
 * @data.addr: where the NIC shall read
 * @data.cmd: length and commands
 * @data.status: length of the frame, offloads; the NIC's status afterwards
 * @ctx: context descriptor, says how the frame after it is to be treated
 * @ctx.lens: lengths of the link and network headers
 * @ctx.seed: 0
 * @ctx.type: kind of packet
 * @ctx.mss: segment size, length of the transport header
 */
union nc2b_ivf_txd {
	struct {
		__le64 addr;
		__le32 cmd;
		__le32 status;
	} data;
	struct {
		__le32 lens;
		__le32 seed;
		__le32 type;
		__le32 mss;
	} ctx;
};

/**
 * nc2b_ivf_rxd_post - write a receive descriptor
 * @d: the descriptor, owned by us
 * @dma: bus address of the buffer
 */
static inline void nc2b_ivf_rxd_post(union nc2b_ivf_rxd *d, u64 dma)
{
	d->read.addr = cpu_to_le64(dma);
	d->read.hdr = 0;
}

/**
 * nc2b_ivf_tx_need - descriptors that a frame takes
 * @fmt: the NIC's format
 * @tx: the frame
 *
 * Return: one for each piece, and one if the NIC needs a context.
 */
static inline unsigned int nc2b_ivf_tx_need(const struct nc2b_ivf_fmt *fmt,
					    const struct nc2q_tx *tx)
{
	return tx->nr_frags + (fmt->tx_switch ||
			       tx->flags & (NC2Q_TX_CSUM | NC2Q_TX_TSO));
}

bool nc2b_ivf_rxd_reap(const struct nc2b_ivf_fmt *fmt,
		       const union nc2b_ivf_rxd *d, u32 buf_size, struct nc2q_rx *rx);
unsigned int nc2b_ivf_tx_encode(const struct nc2b_ivf_fmt *fmt,
				union nc2b_ivf_txd *ring, u32 mask, u32 at,
				const struct nc2q_tx *tx);
bool nc2b_ivf_txd_done(const union nc2b_ivf_txd *d);

#endif /* NC2B_IVF_DESC_H */
