/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers of a virtual function of the Intel 82576 and I350.
 *
 * Names as in the 82576EB datasheet, which lists the registers of a virtual
 * function in section 8.26; a VF sees its own first queue pair at the offsets
 * that queue 0 has in the physical function.  Only what is used here.
 */
#ifndef NC2B_IGBVF_REGS_H
#define NC2B_IGBVF_REGS_H

#include <linux/bits.h>

#define IGBVF_DEV_82576			0x10ca
#define IGBVF_DEV_I350			0x1520

/* BAR 0 holds the registers, 16 KiB; BAR 3 the MSI-X table. */
#define IGBVF_BAR_REGS			0
#define IGBVF_BAR_REGS_SIZE		0x4000

/* What a read gives when the device is gone. */
#define IGBVF_GONE			0xffffffffu

#define IGBVF_VTCTRL			0x0000
#define IGBVF_VTCTRL_RST		BIT(26)	/* queues and interrupts; clears itself */

#define IGBVF_VTSTATUS			0x0008
#define IGBVF_VTSTATUS_LU		BIT(1)	/* link up */

/*
 * Mailbox: one buffer of 16 words for both directions.  The bits PFSTS, PFACK
 * and RSTD are cleared by reading the register.
 */
#define IGBVF_VMBMEM(word)		(0x0800 + 4 * (word))
#define IGBVF_VMBMEM_WORDS		16
#define IGBVF_V2PMAILBOX		0x0c40
#define IGBVF_V2PMAILBOX_REQ		BIT(0)	/* VF has written a message */
#define IGBVF_V2PMAILBOX_ACK		BIT(1)	/* VF has read a message */
#define IGBVF_V2PMAILBOX_VFU		BIT(2)	/* buffer taken by the VF */
#define IGBVF_V2PMAILBOX_PFU		BIT(3)	/* buffer taken by the PF */
#define IGBVF_V2PMAILBOX_PFSTS		BIT(4)	/* PF has written a message */
#define IGBVF_V2PMAILBOX_PFACK		BIT(5)	/* PF has read the VF's message */
#define IGBVF_V2PMAILBOX_RSTI		BIT(6)	/* PF is in reset */
#define IGBVF_V2PMAILBOX_RSTD		BIT(7)	/* PF has come out of reset */
#define IGBVF_V2PMAILBOX_R2C		(IGBVF_V2PMAILBOX_PFSTS | \
					 IGBVF_V2PMAILBOX_PFACK | \
					 IGBVF_V2PMAILBOX_RSTD)

/* Interrupts: one bit for each of the three MSI-X vectors. */
#define IGBVF_VTEICS			0x1520	/* set a cause */
#define IGBVF_VTEIMS			0x1524	/* enable */
#define IGBVF_VTEIMC			0x1528	/* disable */
#define IGBVF_VTEIAC			0x152c	/* cause clears itself when sent */
#define IGBVF_VTEIAM			0x1530	/* disabled by itself when sent */
#define IGBVF_VTEICR			0x1580	/* causes */
#define IGBVF_VECTORS_MASK		GENMASK(2, 0)
#define IGBVF_VTEITR(vector)		(0x1680 + 4 * (vector))
#define IGBVF_VTEITR_INTERVAL_SHIFT	2	/* in us */
#define IGBVF_VTEITR_INTERVAL_MAX	0x1fff
#define IGBVF_VTIVAR			0x1700
#define IGBVF_VTIVAR_RX0(vector)	((vector) | IGBVF_VTIVAR_VALID)
#define IGBVF_VTIVAR_TX0(vector)	(((vector) | IGBVF_VTIVAR_VALID) << 8)
#define IGBVF_VTIVAR_VALID		BIT(7)
#define IGBVF_VTIVAR_MISC		0x1740	/* mailbox */

/* Receive queue. */
#define IGBVF_RDBAL			0x2800
#define IGBVF_RDBAH			0x2804
#define IGBVF_RDLEN			0x2808
#define IGBVF_SRRCTL			0x280c
#define IGBVF_SRRCTL_BSIZEPKT_SHIFT	10	/* in KiB */
#define IGBVF_SRRCTL_DESCTYPE_ADV	BIT(25)	/* advanced, one buffer */
#define IGBVF_SRRCTL_DROP_EN		BIT(31)
#define IGBVF_RDH			0x2810
#define IGBVF_RDT			0x2818
#define IGBVF_RXDCTL			0x2828

/* Transmit queue. */
#define IGBVF_TDBAL			0x3800
#define IGBVF_TDBAH			0x3804
#define IGBVF_TDLEN			0x3808
#define IGBVF_TDH			0x3810
#define IGBVF_TDT			0x3818
#define IGBVF_TXDCTL			0x3828

/* RXDCTL and TXDCTL are alike. */
#define IGBVF_XDCTL_PTHRESH(n)		((n) << 0)	/* prefetch below n held */
#define IGBVF_XDCTL_HTHRESH(n)		((n) << 8)	/* ... if n can be had */
#define IGBVF_XDCTL_WTHRESH(n)		((n) << 16)	/* write back n at once */
#define IGBVF_XDCTL_ENABLE		BIT(25)

/* RDLEN and TDLEN must be multiples of 128 bytes, as must the base addresses. */
#define IGBVF_RING_ALIGN		128

#endif /* NC2B_IGBVF_REGS_H */
