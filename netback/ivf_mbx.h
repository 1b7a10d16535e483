/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mailbox between a virtual function and the driver of its physical
 * function (the stock igb or ixgbe).
 *
 * Pure: registers are reached through functions that the caller gives, so that
 * KUnit can play the physical function.
 */
#ifndef NC2B_IVF_MBX_H
#define NC2B_IVF_MBX_H

#include <linux/bits.h>
#include <linux/types.h>

/* Multicast addresses that fit one message. */
#define NC2B_IVF_MAX_MC		30

/* Words of the one buffer that serves both directions. */
#define NC2B_IVF_MBX_WORDS	16

/*
 * The control register.  The bits PFSTS, PFACK and RSTD are cleared by reading
 * the register.
 */
#define NC2B_IVF_MBX_REQ	BIT(0)	/* VF has written a message */
#define NC2B_IVF_MBX_ACK	BIT(1)	/* VF has read a message */
#define NC2B_IVF_MBX_VFU	BIT(2)	/* buffer taken by the VF */
#define NC2B_IVF_MBX_PFU	BIT(3)	/* buffer taken by the PF */
#define NC2B_IVF_MBX_PFSTS	BIT(4)	/* PF has written a message */
#define NC2B_IVF_MBX_PFACK	BIT(5)	/* PF has read the VF's message */
#define NC2B_IVF_MBX_RSTI	BIT(6)	/* PF is in reset */
#define NC2B_IVF_MBX_RSTD	BIT(7)	/* PF has come out of reset */
#define NC2B_IVF_MBX_R2C	(NC2B_IVF_MBX_PFSTS | NC2B_IVF_MBX_PFACK | \
				 NC2B_IVF_MBX_RSTD)

/* First word of a message: type, then its argument, then these. */
#define NC2B_IVF_MSG_TYPE	GENMASK(15, 0)
#define NC2B_IVF_MSG_INFO_SHIFT	16
#define NC2B_IVF_MSG_CTS	BIT(29)	/* PF takes requests of this VF */
#define NC2B_IVF_MSG_NACK	BIT(30)
#define NC2B_IVF_MSG_ACK	BIT(31)

/* Types that all families know. */
#define NC2B_IVF_MSG_RESET	0x01
#define NC2B_IVF_MSG_MULTICAST	0x03
#define NC2B_IVF_MSG_LPE	0x05
#define NC2B_IVF_MSG_PF_CONTROL	0x0100	/* from the PF, unasked */

/* What a read gives when the device is gone. */
#define NC2B_IVF_GONE		0xffffffffu

/**
 * struct nc2b_ivf_io - how the outside world is reached
 * @read: read a register
 * @write: write a register
 * @delay: sleep for about that many microseconds
 * @ctx: first argument of these and of what contains this structure
 */
struct nc2b_ivf_io {
	u32 (*read)(void *ctx, u32 reg);
	void (*write)(void *ctx, u32 reg, u32 val);
	void (*delay)(void *ctx, unsigned int us);
	void *ctx;
};

/**
 * struct nc2b_ivf_mbx - the VF's end of its mailbox
 * @io: registers
 * @ctl: offset of the control register
 * @mem: offset of the buffer
 * @tells_hash: the answer to a reset says which bits of a multicast address
 *	count
 * @hold: the newer handshake: whoever has written keeps the buffer until the
 *	other end has read it
 * @hash: which bits count, 0..3
 * @r2c: bits of @ctl that a read has cleared and nobody has used yet
 * @lost: the PF has said that it knows nothing of this VF (any more)
 *
 * Used by one context at a time, which may sleep.
 */
struct nc2b_ivf_mbx {
	const struct nc2b_ivf_io *io;
	u32 ctl;
	u32 mem;
	bool tells_hash;
	bool hold;
	u8 hash;
	u32 r2c;
	bool lost;
};

int nc2b_ivf_mbx_reset(struct nc2b_ivf_mbx *m, u8 mac[6]);
int nc2b_ivf_mbx_request(struct nc2b_ivf_mbx *m, u32 *msg, unsigned int out,
			 unsigned int in);
int nc2b_ivf_mbx_set_multicast(struct nc2b_ivf_mbx *m, const u8 mc[][6],
			       unsigned int n);
int nc2b_ivf_mbx_set_lpe(struct nc2b_ivf_mbx *m, u32 max_frame);
int nc2b_ivf_mbx_peek(struct nc2b_ivf_mbx *m);

#endif /* NC2B_IVF_MBX_H */
