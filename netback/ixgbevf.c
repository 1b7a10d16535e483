// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual functions of the Intel 82599, X540, X550 and E610.
 *
 * Registers as in the 82599 datasheet, chapter 8, which lists those of a virtual
 * function; mailbox messages as the stock ixgbe understands them.  Tested on a
 * register file played by KUnit.  Never run on a card.
 */
#include "ixgbevf.h"

#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/errno.h>

#define VFLINKS_UP		BIT(30)
#define VFSRRCTL		0x1014
#define SRRCTL_BSIZEHDR_256	(4u << 8)	/* the default; not used */
#define SRRCTL_DROP_EN		BIT(28)
#define RXDCTL_VME		BIT(30)	/* take VLAN tags off */
#define EITR_INTERVAL		GENMASK(11, 3)	/* in 2 us */

/*
 * PSRTYPE: RQPL, bits 31:29, must be 0: with RSS on in the PF it
 * would spread a VF's frames over queues that nobody looks at.  The header types
 * are for splitting, which is off; the stock drivers set them.
 */
#define VFPSRTYPE		0x0300
#define PSRTYPE_HEADERS		(BIT(4) | BIT(5) | BIT(8) | BIT(9) | BIT(12))
/* X550 and later have RSS of their own in a VF. */
#define VFMRQC			0x3000

/* A VF has up to eight queue pairs, this far apart; we use the first. */
#define PAIRS_MAX		8
#define PAIRS_MIN		2
#define PAIR_STRIDE		0x40
#define VFRXDCTL(n)		(0x1028 + PAIR_STRIDE * (n))
#define VFTXDCTL(n)		(0x2028 + PAIR_STRIDE * (n))
/* Where the head of a transmit ring is written to, if asked for. */
#define VFTDWBAL(n)		(0x2038 + PAIR_STRIDE * (n))
#define VFTDWBAH(n)		(0x203c + PAIR_STRIDE * (n))
/*
 * How memory is accessed: relaxed order for reads only.  A frame must be in
 * memory before the descriptor that tells of it.
 */
#define VFDCA_RXCTRL		0x100c
#define VFDCA_TXCTRL		0x200c
#define DCA_DESC_READ_RO	BIT(9)
#define DCA_TX_DATA_READ_RO	BIT(13)

/* Receive status: extended errors (7.1.6.2). */
#define RXD_OUTER_IPE		BIT(26)	/* X550: of a tunnel's outer header */
#define RXD_L4E			BIT(30)
#define RXD_IPE			BIT(31)
/* CRC, length, MAC, oversize and undersize errors. */
#define RXD_FRAME_ERR		(BIT(24) | BIT(25) | BIT(27) | BIT(28) | BIT(29))
/* Receive info: kinds of packet. */
#define RXD_PKT_TUNNEL		BIT(11)	/* X550: VXLAN; before: NFS */
#define RXD_PKT_ETQF		BIT(15)

/*
 * Frames of 9 KiB may be promised (82599 specification update, specification
 * clarification 14).  The PF counts header and FCS but no tag, and that of an
 * 82599 without jumbo frames refuses one byte more.
 */
#define OVERHEAD		18
#define MAX_MTU			(9216 - OVERHEAD)

/* Messages, beside those that all families know. */
#define MSG_API			0x08
#define MSG_QUEUES		0x09
#define MSG_XCAST		0x0c
#define MSG_LINK_STATE		0x10
#define MSG_PF_LINK		0x11
#define XCAST_MULTI		1
#define XCAST_ALLMULTI		2

/* What a model is peculiar in. */
#define Q_OWN_RSS		BIT(0)	/* there is VFMRQC */
#define Q_ASK_LINK		BIT(1)	/* VFLINKS does not tell the truth */

/*
 * The newest language that both know.  A PF that has never heard of the
 * question refuses it each time and speaks 1.0.
 */
static int agree_on_api(struct nc2b_ivf *vf)
{
	static const u8 apis[] = {
		NC2B_IXGBEVF_API_16, NC2B_IXGBEVF_API_15, NC2B_IXGBEVF_API_14,
		NC2B_IXGBEVF_API_13, NC2B_IXGBEVF_API_12, NC2B_IXGBEVF_API_11,
		NC2B_IXGBEVF_API_10,
	};
	int i, err;

	vf->api = NC2B_IXGBEVF_API_10;
	for (i = 0; i < ARRAY_SIZE(apis); i++) {
		u32 msg[3] = { MSG_API, apis[i] };

		/* All that is new in it is what others need not ask. */
		if (apis[i] == NC2B_IXGBEVF_API_16 &&
		    !(vf->model->quirks & Q_ASK_LINK))
			continue;
		err = nc2b_ivf_mbx_request(&vf->mbx, msg, 3, 1);
		if (err && err != -EPERM)
			return err;
		if (!err) {
			vf->api = apis[i];
			break;
		}
	}
	vf->mbx.hold = vf->api == NC2B_IXGBEVF_API_15;
	return 0;
}

/*
 * How many queue pairs the VF has, or an error.  A PF with traffic classes
 * sends each class to a queue of its own, of which we would see the first only.
 */
static int ask_queues(struct nc2b_ivf *vf)
{
	u32 msg[5] = { MSG_QUEUES };
	u32 pairs;
	int err;

	if (vf->api < NC2B_IXGBEVF_API_11)
		return PAIRS_MIN;
	err = nc2b_ivf_mbx_request(&vf->mbx, msg, 5, 5);
	if (err)
		return err == -EPERM ? PAIRS_MIN : err;
	/* 1: there is a VLAN that the administrator has set. */
	if (msg[3] > 1)
		return -EOPNOTSUPP;
	pairs = msg[1] > msg[2] ? msg[1] : msg[2];
	return pairs >= 1 && pairs <= PAIRS_MAX ? pairs : PAIRS_MIN;
}

/* Whether the administrator lets this VF have a link at all. */
static int ask_link_state(struct nc2b_ivf *vf)
{
	u32 msg[2] = { MSG_LINK_STATE };
	int err;

	if (vf->api < NC2B_IXGBEVF_API_12)
		return 0;
	err = nc2b_ivf_mbx_request(&vf->mbx, msg, 2, 2);
	/* Some PFs of that age do not know the question. */
	if (err)
		return err == -EPERM ? 0 : err;
	return msg[1] ? 0 : -ENETDOWN;
}

/*
 * No reset undoes what a driver before us may have set up here (82599
 * specification update, software clarification 5).  Nothing may be left that
 * makes the device write to memory when the bus is its again.
 */
static int make_quiet(struct nc2b_ivf *vf, int pairs)
{
	int i;

	for (i = 0; i < PAIRS_MAX; i++) {
		nc2b_ivf_wr(vf, VFRXDCTL(i), 0);
		nc2b_ivf_wr(vf, VFTXDCTL(i), 0);
		nc2b_ivf_wr(vf, VFTDWBAH(i), 0);
		nc2b_ivf_wr(vf, VFTDWBAL(i), 0);
	}
	nc2b_ivf_wr(vf, VFPSRTYPE, PSRTYPE_HEADERS);
	if (vf->model->quirks & Q_OWN_RSS)
		nc2b_ivf_wr(vf, VFMRQC, 0);
	nc2b_ivf_wr(vf, VFDCA_RXCTRL, DCA_DESC_READ_RO);
	nc2b_ivf_wr(vf, VFDCA_TXCTRL, DCA_DESC_READ_RO | DCA_TX_DATA_READ_RO);

	for (i = 0; i < pairs; i++)
		if (!nc2b_ivf_queue_is_off(vf, VFRXDCTL(i)) ||
		    !nc2b_ivf_queue_is_off(vf, VFTXDCTL(i)))
			return -EBUSY;
	return 0;
}

static int ixgbevf_greet(struct nc2b_ivf *vf)
{
	int err, pairs;

	vf->mode_told = false;
	err = agree_on_api(vf);
	if (err)
		return err;
	pairs = ask_queues(vf);
	if (pairs < 0)
		return pairs;
	err = ask_link_state(vf);
	if (err)
		return err;
	return make_quiet(vf, pairs);
}

static int set_xcast(struct nc2b_ivf *vf, u32 mode)
{
	u32 msg[2] = { MSG_XCAST, mode };
	int err;

	err = nc2b_ivf_mbx_request(&vf->mbx, msg, 2, 2);
	if (err)
		return err;
	return msg[1] == mode ? 0 : -EPERM;
}

/*
 * The mode outlives a reset of the VF, so it is set each time.  A PF that does
 * not trust the VF ("ip link set NIC vf N trust on") says yes to all multicast
 * and gives less: what it gives is in the answer.  Its driver does nothing for the mode
 * that it has noted, which the NIC has lost if the PF was reset: so another one is first.
 * Not again on this lease: frames that come between the two would be lost.
 */
static int ixgbevf_set_allmulti(struct nc2b_ivf *vf, bool on)
{
	int err;

	if (vf->api < NC2B_IXGBEVF_API_12)
		return on ? -EOPNOTSUPP : 0;
	if (!on || !vf->mode_told) {
		err = set_xcast(vf, XCAST_MULTI);
		if (err)
			return err;
		vf->mode_told = true;
	}
	return on ? set_xcast(vf, XCAST_ALLMULTI) : 0;
}

static int ixgbevf_ask_link(struct nc2b_ivf *vf)
{
	u32 msg[3] = { MSG_PF_LINK };
	int err;

	if (vf->api < NC2B_IXGBEVF_API_16)
		return -EOPNOTSUPP;
	err = nc2b_ivf_mbx_request(&vf->mbx, msg, 3, 3);
	if (err)
		return err == -EPERM ? -ENETDOWN : err;
	return msg[2] ? 0 : -ENETDOWN;
}

static const struct nc2b_ivf_regs ixgbevf_regs = {
	.ctrl = 0x0000,
	.status = 0x0008,
	.link = 0x0010,
	.mbx = 0x02fc,
	.mbmem = 0x0200,
	.eims = 0x0108,
	.eimc = 0x010c,
	.eiac = 0x0110,
	.eiam = 0x0114,
	.eitr = 0x0820,
	.ivar = 0x0120,
	.ivar_misc = 0x0140,
	.rx = 0x1000,
	.tx = 0x2000,
};

/*
 * The NIC's switch is on whenever there are VFs, so it looks at each frame that
 * is sent, and must be told where its header ends (7.2.3.2.4, "CC").
 */
static const struct nc2b_ivf_fmt ixgbevf_fmt = {
	.rx_csum_bad = RXD_OUTER_IPE | RXD_L4E | RXD_IPE,
	.rx_frame_err = RXD_FRAME_ERR,
	.rx_no_csum = RXD_PKT_TUNNEL | RXD_PKT_ETQF,
	.tx_switch = true,
};

/*
 * Transmit: fetch ahead while fewer than 32 are at hand.  With a write-back
 * threshold of 0 each descriptor that asks for a report gets it at once.
 */
#define IXGBEVF_MODEL(q, link) { \
	.quirks = (q), \
	.regs = &ixgbevf_regs, \
	.fmt = &ixgbevf_fmt, \
	.link_up = VFLINKS_UP, \
	.srrctl = VFSRRCTL, \
	.srrctl_val = SRRCTL_DROP_EN | NC2B_IVF_SRRCTL_DESCTYPE_ADV | \
		      SRRCTL_BSIZEHDR_256, \
	.rxdctl = RXDCTL_VME, \
	.txdctl = NC2B_IVF_XDCTL_PTHRESH(32) | NC2B_IVF_XDCTL_HTHRESH(1), \
	.itr_mask = EITR_INTERVAL, \
	.overhead = OVERHEAD, \
	.max_mtu = MAX_MTU, \
	.tells_hash = true, \
	.greet = ixgbevf_greet, \
	.set_allmulti = ixgbevf_set_allmulti, \
	.ask_link = (link), \
}

const struct nc2b_ivf_model nc2b_ixgbevf_models[NC2B_IXGBEVF_MODELS] = {
	[NC2B_IXGBEVF_82599] = IXGBEVF_MODEL(0, NULL),
	[NC2B_IXGBEVF_X550] = IXGBEVF_MODEL(Q_OWN_RSS, NULL),
	[NC2B_IXGBEVF_E610] = IXGBEVF_MODEL(Q_OWN_RSS | Q_ASK_LINK, ixgbevf_ask_link),
};
