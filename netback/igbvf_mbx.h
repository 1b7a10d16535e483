/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mailbox between a virtual function and the driver of its physical
 * function (the stock igb), Intel 82576 and I350.
 *
 * Pure: registers are reached through functions that the caller gives, so that
 * KUnit can play the physical function.
 */
#ifndef NC2B_IGBVF_MBX_H
#define NC2B_IGBVF_MBX_H

#include <linux/types.h>

/* Multicast addresses that fit one message. */
#define NC2B_IGBVF_MAX_MC	30

/**
 * struct nc2b_igbvf_mbx - the VF's end of its mailbox
 * @read: read a register
 * @write: write a register
 * @delay: sleep for about that many microseconds
 * @ctx: first argument of these
 * @r2c: bits of V2PMAILBOX that a read has cleared and nobody has used yet
 * @lost: the PF has said that it knows nothing of this VF (any more)
 *
 * Used by one context at a time, which may sleep.
 */
struct nc2b_igbvf_mbx {
	u32 (*read)(void *ctx, u32 reg);
	void (*write)(void *ctx, u32 reg, u32 val);
	void (*delay)(void *ctx, unsigned int us);
	void *ctx;
	u32 r2c;
	bool lost;
};

int nc2b_igbvf_mbx_reset(struct nc2b_igbvf_mbx *m, u8 mac[6]);
int nc2b_igbvf_mbx_set_multicast(struct nc2b_igbvf_mbx *m, const u8 mc[][6],
				 unsigned int n);
int nc2b_igbvf_mbx_set_allmulti(struct nc2b_igbvf_mbx *m, bool on);
int nc2b_igbvf_mbx_set_lpe(struct nc2b_igbvf_mbx *m, u32 max_frame);
int nc2b_igbvf_mbx_peek(struct nc2b_igbvf_mbx *m);

#endif /* NC2B_IGBVF_MBX_H */
