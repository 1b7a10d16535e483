// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual functions of the Intel 82576 and I350.
 *
 * Names as in the 82576EB datasheet, which lists the registers of a virtual
 * function in section 8.26; a VF sees its own first queue pair at the offsets
 * that queue 0 has in the physical function.
 */
#include "igbvf.h"

#include <linux/bits.h>
#include <linux/errno.h>

#define VTSTATUS_LU		BIT(1)	/* link up */
#define SRRCTL			0x280c
#define SRRCTL_DROP_EN		BIT(31)
#define EITR_INTERVAL		GENMASK(14, 2)

/* Receive status: extended errors. */
#define RXD_IXSM		BIT(2)	/* the verdict on checksums is void */
#define RXD_L4E			BIT(29)	/* L4 checksum is wrong */
#define RXD_IPE			BIT(30)	/* IPv4 header checksum is wrong */
/* CRC, symbol, sequence, carrier extension and receive errors. */
#define RXD_FRAME_ERR		(BIT(24) | BIT(25) | BIT(26) | BIT(28) | BIT(31))
#define RXD_PKT_ETQF		BIT(15)	/* an EtherType filter hit: the type says nothing */

/* With a header, a tag and the FCS below the 9.5 KiB that the NIC takes. */
#define MAX_MTU			9216
#define OVERHEAD		22

#define MSG_VF_SET_MAC_ADDR	0x02
#define MSG_MAC_FILTER_CLR	BIT(NC2B_IVF_MSG_INFO_SHIFT)
#define MSG_VF_SET_PROMISC	0x06
#define MSG_PROMISC_MULTICAST	(2u << NC2B_IVF_MSG_INFO_SHIFT)

static int igbvf_set_allmulti(struct nc2b_ivf *vf, bool on)
{
	u32 msg[1] = { MSG_VF_SET_PROMISC | (on ? MSG_PROMISC_MULTICAST : 0) };

	return nc2b_ivf_mbx_request(&vf->mbx, msg, 1, 1);
}

/*
 * Addresses that a driver before us has had the PF add to its own outlive a reset of the
 * VF: its next guest would get what is sent to them.  The PF wants to see an address that
 * could be one, and looks at it no further.  It says no where the administrator has set the
 * VF's address: what was added before that stays.
 */
static int igbvf_greet(struct nc2b_ivf *vf)
{
	u32 msg[3] = { MSG_VF_SET_MAC_ADDR | MSG_MAC_FILTER_CLR, 0x00000002, 0x0100 };
	int err = nc2b_ivf_mbx_request(&vf->mbx, msg, 3, 1);

	return err == -EPERM ? 0 : err;
}

static const struct nc2b_ivf_regs igbvf_regs = {
	.ctrl = 0x0000,
	.status = 0x0008,
	.link = 0x0008,
	.mbx = 0x0c40,
	.mbmem = 0x0800,
	.eims = 0x1524,
	.eimc = 0x1528,
	.eiac = 0x152c,
	.eiam = 0x1530,
	.eitr = 0x1680,
	.ivar = 0x1700,
	.ivar_misc = 0x1740,
	.rx = 0x2800,
	.tx = 0x3800,
};

#define IGBVF_FMT(be) { \
	.rx_csum_bad = RXD_IXSM | RXD_L4E | RXD_IPE, \
	.rx_frame_err = RXD_FRAME_ERR, \
	.rx_no_csum = RXD_PKT_ETQF, \
	.rx_lb_vlan_be = (be), \
}

static const struct nc2b_ivf_fmt fmt_82576 = IGBVF_FMT(false);
static const struct nc2b_ivf_fmt fmt_i350 = IGBVF_FMT(true);

/*
 * Fetch ahead while fewer than eight are at hand.  Write back one by one: one
 * that is held back has no interrupt to tell of it.
 */
#define IGBVF_MODEL(format) { \
	.regs = &igbvf_regs, \
	.fmt = (format), \
	.link_up = VTSTATUS_LU, \
	.srrctl = SRRCTL, \
	.srrctl_val = SRRCTL_DROP_EN | NC2B_IVF_SRRCTL_DESCTYPE_ADV, \
	.rxdctl = NC2B_IVF_XDCTL_PTHRESH(8) | NC2B_IVF_XDCTL_HTHRESH(8) | \
		  NC2B_IVF_XDCTL_WTHRESH(1), \
	.txdctl = NC2B_IVF_XDCTL_PTHRESH(8) | NC2B_IVF_XDCTL_HTHRESH(1) | \
		  NC2B_IVF_XDCTL_WTHRESH(1), \
	.itr_mask = EITR_INTERVAL, \
	.overhead = OVERHEAD, \
	.max_mtu = MAX_MTU, \
	.greet = igbvf_greet, \
	.set_allmulti = igbvf_set_allmulti, \
}

const struct nc2b_ivf_model nc2b_igbvf_models[NC2B_IGBVF_MODELS] = {
	[NC2B_IGBVF_82576] = IGBVF_MODEL(&fmt_82576),
	[NC2B_IGBVF_I350] = IGBVF_MODEL(&fmt_i350),
};
