/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long a NIC queue gathers work before it interrupts: a time that the
 * administrator gives, or one that the kernel's DIM library finds and crowd.c
 * makes longer.
 */
#ifndef NC2B_COALESCE_H
#define NC2B_COALESCE_H

#include "crowd.h"

#include <linux/dim.h>
#include <linux/types.h>

/*
 * Not adaptive: at 1 Gbit/s and with frames of 1500 bytes one comes every 12 us, so
 * the first gathers two of them and adds less to a round trip than one wake-up of
 * a guest costs.  The last is what the register of a 1 GbE NIC holds.
 */
#define NC2B_DEF_COALESCE_US	20
#define NC2B_MAX_COALESCE_US	8191

/**
 * struct nc2b_coalesce - interrupt moderation of one interface's NIC queue
 * @dim: what finds a time; belongs to NAPI, and to its work while that is scheduled
 * @adaptive: @dim is to find one; written under RTNL, read anywhere
 * @usecs: the administrator's, for when it is not; the same
 * @found: what @dim has found; written by its work
 * @set: what the queue was last told; NAPI only while the queue runs, read anywhere
 * @interrupts: of the queue, the low bits; written by its hard interrupt
 * @seen: @interrupts when @dim and @crowd last heard of them; NAPI only
 * @frames: handled in both directions, the low bits; NAPI only
 * @bytes: their bytes; NAPI only
 * @crowd: its part in what interrupts its CPU; NAPI only
 *
 * All times are the least between two interrupts, in us.
 */
struct nc2b_coalesce {
	struct dim dim;
	bool adaptive;
	u32 usecs;
	u32 found;
	u32 set;
	u16 interrupts;
	u16 seen;
	u32 frames;
	u32 bytes;
	struct nc2b_crowd_member crowd;
};

void nc2b_coalesce_init(struct nc2b_coalesce *c);
u32 nc2b_coalesce_start(struct nc2b_coalesce *c);
void nc2b_coalesce_stop(struct nc2b_coalesce *c);
bool nc2b_coalesce_poll(struct nc2b_coalesce *c, u32 frames, u32 bytes, bool starved,
			u32 *usecs);

/**
 * nc2b_coalesce_interrupt - the queue has interrupted
 * @c: of the queue
 *
 * Hard interrupt.
 */
static inline void nc2b_coalesce_interrupt(struct nc2b_coalesce *c)
{
	WRITE_ONCE(c->interrupts, c->interrupts + 1);
}

#endif /* NC2B_COALESCE_H */
