/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Multicast control of netif.h: the groups that a guest wants to receive.
 *
 * Pure: addresses in, a verdict out, so that KUnit reaches it directly.
 */
#ifndef NC2B_MCAST_H
#define NC2B_MCAST_H

#include <linux/if_ether.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* Addresses that a guest may list; xen-netback has the same limit. */
#define NC2B_MCAST_MAX	64

/**
 * struct nc2b_mcast - a guest's multicast filter
 * @lock: keeps writers apart: the transmit polls of one guest's queues
 * @top: places in use are below this; readers take no lock
 * @addr: the addresses, each in the low 48 bits; 0: free
 * @on: the guest has asked for the filter; without it every group is passed
 */
struct nc2b_mcast {
	spinlock_t lock;	/* see @lock above */
	u32 top;
	u64 addr[NC2B_MCAST_MAX];
	bool on;
};

void nc2b_mcast_init(struct nc2b_mcast *m);
void nc2b_mcast_clear(struct nc2b_mcast *m);
int nc2b_mcast_add(struct nc2b_mcast *m, const u8 *addr);
void nc2b_mcast_del(struct nc2b_mcast *m, const u8 *addr);
bool nc2b_mcast_wanted(const struct nc2b_mcast *m, const u8 *addr);

#endif /* NC2B_MCAST_H */
