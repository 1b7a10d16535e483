// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of Intel VFs: encode and decode.
 */
#include "ivf_desc.h"

#include <asm/barrier.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/minmax.h>

static_assert(sizeof(union nc2b_ivf_rxd) == 16);
static_assert(sizeof(union nc2b_ivf_txd) == 16);

/* Receive: &nc2b_ivf_rxd.wb.status; for errors see &struct nc2b_ivf_fmt. */
#define RXD_DD		BIT(0)	/* the NIC is done with it */
#define RXD_EOP		BIT(1)	/* frame ends here */
#define RXD_VP		BIT(3)	/* a VLAN tag was taken off */
#define RXD_L4CS	BIT(5)	/* L4 checksum was looked at */
#define RXD_IPCS	BIT(6)	/* IPv4 header checksum was looked at */
#define RXD_LB		BIT(18)	/* sent by another function of this NIC */
/* Receive: &nc2b_ivf_rxd.wb.info. */
#define RXD_RSS_TYPE	GENMASK(3, 0)	/* 0: no hash */
/* TCP/IPv4, TCP/IPv6 (plain, extended), UDP the same; the others leave ports out. */
#define RSS_TYPES_L4	(BIT(1) | BIT(3) | BIT(6) | BIT(7) | BIT(8) | BIT(9))
#define RXD_PKT_IPV4	BIT(4)

/* Transmit: &nc2b_ivf_txd.data.cmd and &nc2b_ivf_txd.ctx.type. */
#define TXD_DTYP_CTXT	(2u << 20)
#define TXD_DTYP_DATA	(3u << 20)
#define TXD_EOP		BIT(24)
#define TXD_IFCS	BIT(25)	/* append the FCS */
#define TXD_RS		BIT(27)	/* report when done */
#define TXD_DEXT	BIT(29)	/* advanced descriptor */
#define TXD_TSE		BIT(31)	/* segment */
#define TXD_TUCMD_IPV4	BIT(10)
#define TXD_TUCMD_TCP	BIT(11)	/* else UDP */
/* Transmit: &nc2b_ivf_txd.data.status. */
#define TXD_STA_DD	BIT(0)
#define TXD_CC		BIT(7)	/* use the context, also for the switch */
#define TXD_IXSM	BIT(8)	/* fill in the IPv4 header checksum */
#define TXD_TXSM	BIT(9)	/* fill in the L4 checksum */
#define TXD_PAYLEN_SHIFT 14
/* Transmit: &nc2b_ivf_txd.ctx. */
#define TXD_MACLEN_SHIFT 9
#define TXD_L4LEN_SHIFT	8
#define TXD_MSS_SHIFT	16
#define TXD_MACLEN_PLAIN 14	/* link header of a frame that is left as it is */
/* The NIC pads a frame to what Ethernet asks for, but takes none below this. */
#define TXD_MIN_FRAME	17u

/*
 * "Looked at and not found wrong" is the verdict.  Only IPv4 has an L3
 * checksum, so only there must it have been looked at.
 */
static bool rxd_csum_ok(const struct nc2b_ivf_fmt *fmt, u32 status, u16 info)
{
	if (status & fmt->rx_csum_bad)
		return false;
	if (!(status & RXD_L4CS))
		return false;
	if (info & fmt->rx_no_csum)
		return false;
	return !(info & RXD_PKT_IPV4) || (status & RXD_IPCS);
}

/**
 * nc2b_ivf_rxd_reap - what the NIC says of a descriptor
 * @fmt: the NIC's format
 * @d: the descriptor, in memory that the NIC writes
 * @buf_size: bytes in its buffer
 * @rx: filled in, all but the id
 *
 * Each field is read once.  A length that cannot be is an error like a damaged
 * frame: the buffer is intact, its contents are not to be used.
 *
 * Return: whether the NIC is done with it.
 */
bool nc2b_ivf_rxd_reap(const struct nc2b_ivf_fmt *fmt,
		       const union nc2b_ivf_rxd *d, u32 buf_size, struct nc2q_rx *rx)
{
	u32 status = le32_to_cpu(READ_ONCE(d->wb.status));
	__le16 vlan;
	u16 info;
	u32 len;

	if (!(status & RXD_DD))
		return false;
	/* The NIC writes DD last; read the rest after it. */
	dma_rmb();

	len = le16_to_cpu(READ_ONCE(d->wb.len));
	info = le16_to_cpu(READ_ONCE(d->wb.info));
	rx->flags = 0;
	rx->vlan = 0;
	rx->hash = 0;

	if (unlikely(!len || len > buf_size)) {
		len = min(len, buf_size);
		rx->flags |= NC2Q_RX_ERR;
	}
	rx->len = len;

	/* All else is valid in a frame's last descriptor only. */
	if (!(status & RXD_EOP)) {
		rx->flags |= NC2Q_RX_MORE;
		return true;
	}

	if (unlikely(status & fmt->rx_frame_err))
		rx->flags |= NC2Q_RX_ERR;
	if (rxd_csum_ok(fmt, status, info))
		rx->flags |= NC2Q_RX_CSUM_OK;
	if (status & RXD_VP) {
		vlan = READ_ONCE(d->wb.vlan);
		rx->flags |= NC2Q_RX_VLAN;
		rx->vlan = le16_to_cpu(vlan);
		if (fmt->rx_lb_vlan_be && (status & RXD_LB))
			rx->vlan = be16_to_cpu((__force __be16)vlan);
	}
	if (BIT(info & RXD_RSS_TYPE) & RSS_TYPES_L4) {
		rx->flags |= NC2Q_RX_HASH;
		rx->hash = le32_to_cpu(READ_ONCE(d->wb.rss));
	}
	return true;
}

static void tx_write_ctx(union nc2b_ivf_txd *d, u32 lens, u32 type, u32 mss)
{
	d->ctx.lens = cpu_to_le32(lens);
	d->ctx.seed = 0;
	d->ctx.type = cpu_to_le32(TXD_DTYP_CTXT | TXD_DEXT | type);
	d->ctx.mss = cpu_to_le32(mss);
}

static void tx_encode_ctx(union nc2b_ivf_txd *d, const struct nc2q_tx *tx)
{
	u32 type = 0;
	u32 mss = 0;

	if (!(tx->flags & NC2Q_TX_IPV6))
		type |= TXD_TUCMD_IPV4;
	if (!(tx->flags & NC2Q_TX_UDP))
		type |= TXD_TUCMD_TCP;
	if (tx->flags & NC2Q_TX_TSO)
		mss = ((u32)tx->mss << TXD_MSS_SHIFT) |
		      ((u32)tx->l4_len << TXD_L4LEN_SHIFT);

	tx_write_ctx(d, ((u32)tx->l2_len << TXD_MACLEN_SHIFT) | tx->l3_len, type, mss);
}

/**
 * nc2b_ivf_tx_encode - write the descriptors of a frame
 * @fmt: the NIC's format
 * @ring: the ring
 * @mask: its size - 1
 * @at: slot of the first; may be beyond @mask
 * @tx: the frame
 *
 * The caller has made sure that nc2b_ivf_tx_need() slots are free.  The last
 * descriptor alone asks the NIC to report: it works in order.
 *
 * A frame that is too short for the NIC is sent with up to three bytes more of
 * the page that its last piece is in, which are the sender's own.
 *
 * Return: number of descriptors written.
 */
unsigned int nc2b_ivf_tx_encode(const struct nc2b_ivf_fmt *fmt,
				union nc2b_ivf_txd *ring, u32 mask, u32 at,
				const struct nc2q_tx *tx)
{
	u32 cmd = TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS;
	u32 status = fmt->tx_switch ? TXD_CC : 0;
	u32 pad = TXD_MIN_FRAME - min(tx->total, TXD_MIN_FRAME);
	u32 payload = tx->total + pad;
	u32 slot = at;
	unsigned int i;

	if (tx->flags & (NC2Q_TX_CSUM | NC2Q_TX_TSO)) {
		tx_encode_ctx(&ring[slot++ & mask], tx);
		status |= TXD_TXSM;
	} else if (fmt->tx_switch) {
		tx_write_ctx(&ring[slot++ & mask],
			     TXD_MACLEN_PLAIN << TXD_MACLEN_SHIFT, 0, 0);
	}
	if (tx->flags & NC2Q_TX_TSO) {
		cmd |= TXD_TSE;
		/* Each segment gets a header of its own, with a new checksum. */
		if (!(tx->flags & NC2Q_TX_IPV6))
			status |= TXD_IXSM;
		/* For segmentation PAYLEN does not count the headers. */
		payload -= tx->l2_len + tx->l3_len + tx->l4_len;
	}
	status |= payload << TXD_PAYLEN_SHIFT;

	for (i = 0; i < tx->nr_frags; i++) {
		union nc2b_ivf_txd *d = &ring[slot++ & mask];
		u32 c = cmd | tx->frags[i].len;

		if (i == tx->nr_frags - 1)
			c = (c + pad) | TXD_EOP | TXD_RS;
		d->data.addr = cpu_to_le64(tx->frags[i].dma);
		d->data.cmd = cpu_to_le32(c);
		d->data.status = cpu_to_le32(status);
	}
	return slot - at;
}

/**
 * nc2b_ivf_txd_done - whether the NIC has sent a frame
 * @d: the frame's last descriptor
 *
 * Return: true if the NIC has read all of the frame and of those before it.
 */
bool nc2b_ivf_txd_done(const union nc2b_ivf_txd *d)
{
	return le32_to_cpu(READ_ONCE(d->data.status)) & TXD_STA_DD;
}
