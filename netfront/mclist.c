// SPDX-License-Identifier: GPL-2.0
#include "mclist.h"

#include <linux/string.h>

static int find(const struct nc2f_mclist *l, const u8 *addr)
{
	u32 i;

	for (i = 0; i < l->nr; i++)
		if (!memcmp(l->addr[i], addr, ETH_ALEN))
			return i;
	return -1;
}

/* Copies the first address of @l that @other lacks; false if there is none. */
static bool first_missing(const struct nc2f_mclist *l, const struct nc2f_mclist *other,
			  u8 *addr)
{
	u32 i;

	for (i = 0; i < l->nr; i++) {
		if (find(other, l->addr[i]) >= 0)
			continue;
		memcpy(addr, l->addr[i], ETH_ALEN);
		return true;
	}
	return false;
}

/**
 * nc2f_mclist_add - add an address
 * @l: the list
 * @addr: the address; nothing happens if it is there already
 *
 * Return: false if the list is full.
 */
bool nc2f_mclist_add(struct nc2f_mclist *l, const u8 *addr)
{
	if (find(l, addr) >= 0)
		return true;
	if (l->nr >= NC2F_MCAST_MAX)
		return false;
	memcpy(l->addr[l->nr++], addr, ETH_ALEN);
	return true;
}

/**
 * nc2f_mclist_del - remove an address
 * @l: the list
 * @addr: the address; nothing happens if it is not there
 */
void nc2f_mclist_del(struct nc2f_mclist *l, const u8 *addr)
{
	int i = find(l, addr);

	if (i >= 0)
		memmove(l->addr[i], l->addr[--l->nr], ETH_ALEN);
}

/**
 * nc2f_mclist_step - what to tell the back next
 * @told: what it has been told
 * @wish: what it should know
 * @addr: the address to tell it of
 *
 * Addresses are taken back first, so that a full list has room for new ones.
 *
 * Return: the step; the caller takes it and changes @told.
 */
enum nc2f_mcstep nc2f_mclist_step(const struct nc2f_mclist *told,
				  const struct nc2f_mclist *wish, u8 *addr)
{
	if (first_missing(told, wish, addr))
		return NC2F_MC_DEL;
	if (first_missing(wish, told, addr))
		return NC2F_MC_ADD;
	return NC2F_MC_DONE;
}
