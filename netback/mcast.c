// SPDX-License-Identifier: GPL-2.0
#include "mcast.h"

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/string.h>

/* The first bit on the wire of an address says that it is a group's. */
#define GROUP_BIT	0x01
#define BROADCAST	0xffffffffffffULL

/* In no case 0 for a group. */
static u64 pack(const u8 *addr)
{
	u64 value = 0;
	int i;

	for (i = 0; i < ETH_ALEN; i++)
		value = value << 8 | addr[i];
	return value;
}

/**
 * nc2b_mcast_init - an empty filter that is off
 * @m: the filter; nobody uses it yet
 */
void nc2b_mcast_init(struct nc2b_mcast *m)
{
	memset(m, 0, sizeof(*m));
	spin_lock_init(&m->lock);
}

/**
 * nc2b_mcast_clear - forget what a connection has listed
 * @m: the filter; nobody changes it meanwhile, readers may be there
 */
void nc2b_mcast_clear(struct nc2b_mcast *m)
{
	int i;

	WRITE_ONCE(m->on, false);
	WRITE_ONCE(m->top, 0);
	for (i = 0; i < NC2B_MCAST_MAX; i++)
		WRITE_ONCE(m->addr[i], 0);
}

/**
 * nc2b_mcast_add - have a group passed
 * @m: the filter
 * @addr: its address; one that is listed already is listed once
 *
 * NAPI context.
 *
 * Return: 0; -EINVAL if it is no group's; -ENOSPC if the list is full.
 */
int nc2b_mcast_add(struct nc2b_mcast *m, const u8 *addr)
{
	int i, place = -1, err = 0;
	u64 value = pack(addr);

	if (!(addr[0] & GROUP_BIT))
		return -EINVAL;
	spin_lock(&m->lock);
	for (i = 0; i < NC2B_MCAST_MAX; i++) {
		if (m->addr[i] == value)
			goto out;
		if (!m->addr[i] && place < 0)
			place = i;
	}
	if (place < 0) {
		err = -ENOSPC;
		goto out;
	}
	WRITE_ONCE(m->addr[place], value);
	if (place >= m->top)
		WRITE_ONCE(m->top, place + 1);
out:
	spin_unlock(&m->lock);
	return err;
}

/**
 * nc2b_mcast_del - have a group passed no longer
 * @m: the filter
 * @addr: its address; one that is not listed does no harm
 *
 * NAPI context.
 */
void nc2b_mcast_del(struct nc2b_mcast *m, const u8 *addr)
{
	u64 value = pack(addr);
	u32 i, top;

	spin_lock(&m->lock);
	top = m->top;
	for (i = 0; value && i < top; i++)
		if (m->addr[i] == value)
			WRITE_ONCE(m->addr[i], 0);
	while (top && !m->addr[top - 1])
		top--;
	WRITE_ONCE(m->top, top);
	spin_unlock(&m->lock);
}

/**
 * nc2b_mcast_wanted - whether a frame is to be passed to the guest
 * @m: the filter
 * @addr: where the frame is sent to
 *
 * Any context, with no lock: a frame that meets a change of the list may be
 * judged by the list before or after it.
 *
 * Return: true unless the filter is on and the address is that of a group that
 * is not listed; broadcast is always wanted.
 */
bool nc2b_mcast_wanted(const struct nc2b_mcast *m, const u8 *addr)
{
	u32 i, top;
	u64 value;

	if (likely(!READ_ONCE(m->on)) || !(addr[0] & GROUP_BIT))
		return true;
	value = pack(addr);
	if (value == BROADCAST)
		return true;
	top = READ_ONCE(m->top);
	for (i = 0; i < top; i++)
		if (READ_ONCE(m->addr[i]) == value)
			return true;
	return false;
}
