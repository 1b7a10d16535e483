/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The multicast list that the back has been told of, and the one that it
 * should have: what to tell it next.
 *
 * Pure: lists in, a step out, so that KUnit reaches it directly.
 */
#ifndef NC2F_MCLIST_H
#define NC2F_MCLIST_H

#include <linux/if_ether.h>
#include <linux/types.h>

/* Addresses that we list at most; xen-netback takes as many. */
#define NC2F_MCAST_MAX	64

/**
 * struct nc2f_mclist - a list of addresses, each once
 * @nr: how many
 * @addr: the addresses, in no order
 */
struct nc2f_mclist {
	u32 nr;
	u8 addr[NC2F_MCAST_MAX][ETH_ALEN];
};

/**
 * enum nc2f_mcstep - what the back is to be told next
 * @NC2F_MC_DONE: nothing: it has the list that it should have
 * @NC2F_MC_ADD: one more address
 * @NC2F_MC_DEL: one address less
 */
enum nc2f_mcstep {
	NC2F_MC_DONE,
	NC2F_MC_ADD,
	NC2F_MC_DEL,
};

bool nc2f_mclist_add(struct nc2f_mclist *l, const u8 *addr);
void nc2f_mclist_del(struct nc2f_mclist *l, const u8 *addr);
enum nc2f_mcstep nc2f_mclist_step(const struct nc2f_mclist *told,
				  const struct nc2f_mclist *wish, u8 *addr);

#endif /* NC2F_MCLIST_H */
