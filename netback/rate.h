/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The limit on what a guest sends: xl's rate=, "bytes,usec" in xenstore.
 *
 * Pure: times and sizes in, a verdict out, so that KUnit reaches it directly.
 * One limit for the whole interface, however many queues it has.
 */
#ifndef NC2B_RATE_H
#define NC2B_RATE_H

#include <linux/spinlock.h>
#include <linux/types.h>

/* Bytes that may be sent at once after a pause: two of the largest frames. */
#define NC2B_RATE_BURST	(2 * 65536)

/**
 * struct nc2b_rate - a limit
 * @lock: guards what follows; taken by the queues of one guest only
 * @bytes: what may be sent in each period; 0: no limit; looked at without @lock
 *	to see whether there is a limit
 * @period: its length, ns
 * @left: bytes that may be sent now; below zero after a frame that was larger
 * @since: when @left was last raised, ns
 */
struct nc2b_rate {
	spinlock_t lock;
	u64 bytes;
	u64 period;
	s64 left;
	u64 since;
};

int nc2b_rate_parse(const char *text, u32 *bytes, u32 *usec);
void nc2b_rate_init(struct nc2b_rate *r);
void nc2b_rate_set(struct nc2b_rate *r, u32 bytes, u32 usec, u64 now);
bool nc2b_rate_is(struct nc2b_rate *r, u32 bytes, u32 usec);
u64 nc2b_rate_wait(struct nc2b_rate *r, u64 now);
void nc2b_rate_charge(struct nc2b_rate *r, u32 len);
u32 nc2b_rate_mbit(struct nc2b_rate *r);

#endif /* NC2B_RATE_H */
