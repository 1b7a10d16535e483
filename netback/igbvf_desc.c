// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of the Intel 82576 and I350: encode and decode.
 */
#include "igbvf_desc.h"

#include <asm/barrier.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/minmax.h>

static_assert(sizeof(union nc2b_igbvf_rxd) == 16);
static_assert(sizeof(union nc2b_igbvf_txd) == 16);

/* Receive: &nc2b_igbvf_rxd.wb.status. */
#define RXD_DD		BIT(0)	/* the NIC is done with it */
#define RXD_EOP		BIT(1)	/* frame ends here */
#define RXD_IXSM	BIT(2)	/* the verdict on checksums is void */
#define RXD_VP		BIT(3)	/* a VLAN tag was taken off */
#define RXD_L4CS	BIT(5)	/* L4 checksum was looked at */
#define RXD_IPCS	BIT(6)	/* IPv4 header checksum was looked at */
#define RXD_LB		BIT(18)	/* sent by another function of this NIC */
/* CRC, symbol, sequence, carrier extension and receive errors. */
#define RXD_FRAME_ERR	(BIT(24) | BIT(25) | BIT(26) | BIT(28) | BIT(31))
#define RXD_L4E		BIT(29)	/* L4 checksum is wrong */
#define RXD_IPE		BIT(30)	/* IPv4 header checksum is wrong */
/* Receive: &nc2b_igbvf_rxd.wb.info. */
#define RXD_RSS_TYPE	GENMASK(3, 0)	/* 0: no hash */
#define RXD_PKT_IPV4	BIT(4)
#define RXD_PKT_ETQF	BIT(15)	/* an EtherType filter hit: the type says nothing */

/* Transmit: &nc2b_igbvf_txd.data.cmd and &nc2b_igbvf_txd.ctx.type. */
#define TXD_DTYP_CTXT	(2u << 20)
#define TXD_DTYP_DATA	(3u << 20)
#define TXD_EOP		BIT(24)
#define TXD_IFCS	BIT(25)	/* append the FCS */
#define TXD_RS		BIT(27)	/* report when done */
#define TXD_DEXT	BIT(29)	/* advanced descriptor */
#define TXD_TSE		BIT(31)	/* segment */
#define TXD_TUCMD_IPV4	BIT(10)
#define TXD_TUCMD_TCP	BIT(11)	/* else UDP */
/* Transmit: &nc2b_igbvf_txd.data.status. */
#define TXD_STA_DD	BIT(0)
#define TXD_IXSM	BIT(8)	/* fill in the IPv4 header checksum */
#define TXD_TXSM	BIT(9)	/* fill in the L4 checksum */
#define TXD_PAYLEN_SHIFT 14
/* Transmit: &nc2b_igbvf_txd.ctx. */
#define TXD_MACLEN_SHIFT 9
#define TXD_L4LEN_SHIFT	8
#define TXD_MSS_SHIFT	16

/*
 * "Looked at and not found wrong" is the verdict.  Only IPv4 has an L3
 * checksum, so only there must it have been looked at.
 */
static bool rxd_csum_ok(u32 status, u16 info)
{
	if (status & (RXD_IXSM | RXD_L4E | RXD_IPE))
		return false;
	if (!(status & RXD_L4CS))
		return false;
	if (info & RXD_PKT_ETQF)
		return false;
	return !(info & RXD_PKT_IPV4) || (status & RXD_IPCS);
}

/**
 * nc2b_igbvf_rxd_reap - what the NIC says of a descriptor
 * @d: the descriptor, in memory that the NIC writes
 * @buf_size: bytes in its buffer
 * @lb_vlan_be: the NIC leaves the tag of local traffic in network byte order
 *	(I350)
 * @rx: filled in, all but the id
 *
 * Each field is read once.  A length that cannot be is an error like a damaged
 * frame: the buffer is intact, its contents are not to be used.
 *
 * Return: whether the NIC is done with it.
 */
bool nc2b_igbvf_rxd_reap(const union nc2b_igbvf_rxd *d, u32 buf_size,
			 bool lb_vlan_be, struct nc2q_rx *rx)
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

	if (unlikely(status & RXD_FRAME_ERR))
		rx->flags |= NC2Q_RX_ERR;
	if (rxd_csum_ok(status, info))
		rx->flags |= NC2Q_RX_CSUM_OK;
	if (status & RXD_VP) {
		vlan = READ_ONCE(d->wb.vlan);
		rx->flags |= NC2Q_RX_VLAN;
		rx->vlan = le16_to_cpu(vlan);
		if (lb_vlan_be && (status & RXD_LB))
			rx->vlan = be16_to_cpu((__force __be16)vlan);
	}
	if (info & RXD_RSS_TYPE) {
		rx->flags |= NC2Q_RX_HASH;
		rx->hash = le32_to_cpu(READ_ONCE(d->wb.rss));
	}
	return true;
}

static void tx_encode_ctx(union nc2b_igbvf_txd *d, const struct nc2q_tx *tx)
{
	u32 type = TXD_DTYP_CTXT | TXD_DEXT;
	u32 mss = 0;

	if (!(tx->flags & NC2Q_TX_IPV6))
		type |= TXD_TUCMD_IPV4;
	if (!(tx->flags & NC2Q_TX_UDP))
		type |= TXD_TUCMD_TCP;
	if (tx->flags & NC2Q_TX_TSO)
		mss = ((u32)tx->mss << TXD_MSS_SHIFT) |
		      ((u32)tx->l4_len << TXD_L4LEN_SHIFT);

	d->ctx.lens = cpu_to_le32(((u32)tx->l2_len << TXD_MACLEN_SHIFT) |
				  tx->l3_len);
	d->ctx.seed = 0;
	d->ctx.type = cpu_to_le32(type);
	d->ctx.mss = cpu_to_le32(mss);
}

/**
 * nc2b_igbvf_tx_encode - write the descriptors of a frame
 * @ring: the ring
 * @mask: its size - 1
 * @at: slot of the first; may be beyond @mask
 * @tx: the frame
 *
 * The caller has made sure that nc2b_igbvf_tx_need() slots are free.  The last
 * descriptor alone asks the NIC to report: it works in order.
 *
 * Return: number of descriptors written.
 */
unsigned int nc2b_igbvf_tx_encode(union nc2b_igbvf_txd *ring, u32 mask, u32 at,
				  const struct nc2q_tx *tx)
{
	u32 cmd = TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS;
	u32 payload = tx->total;
	u32 status = 0;
	u32 slot = at;
	unsigned int i;

	if (tx->flags & (NC2Q_TX_CSUM | NC2Q_TX_TSO)) {
		tx_encode_ctx(&ring[slot++ & mask], tx);
		status |= TXD_TXSM;
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
		union nc2b_igbvf_txd *d = &ring[slot++ & mask];
		u32 c = cmd | tx->frags[i].len;

		if (i == tx->nr_frags - 1)
			c |= TXD_EOP | TXD_RS;
		d->data.addr = cpu_to_le64(tx->frags[i].dma);
		d->data.cmd = cpu_to_le32(c);
		d->data.status = cpu_to_le32(status);
	}
	return slot - at;
}

/**
 * nc2b_igbvf_txd_done - whether the NIC has sent a frame
 * @d: the frame's last descriptor
 *
 * Return: true if the NIC has read all of the frame and of those before it.
 */
bool nc2b_igbvf_txd_done(const union nc2b_igbvf_txd *d)
{
	return le32_to_cpu(READ_ONCE(d->data.status)) & TXD_STA_DD;
}
