/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ledger: who owns each receive buffer of a guest's pool.
 *
 * Pure: no Xen, no NIC, no netdev, so that KUnit reaches it directly.
 *
 *            take              post
 *   GUEST ----------> STASH ----------> NIC
 *     ^                 ^                |
 *     |                 +----------------+
 *     |                       recall     |
 *     +----------------------------------+
 *                     give
 *
 * A buffer has one owner at a time and every move is checked.  The peer can
 * cause a refused move only by taking a buffer twice; every other refusal is a
 * fault of ours or of the hardware and makes the caller stop the queue.
 */
#ifndef NC2B_POOL_H
#define NC2B_POOL_H

#include <linux/types.h>

#include <xen/interface/io/netchannel2.h>

/**
 * enum nc2b_owner - who owns a buffer
 * @NC2B_OWNER_GUEST: the guest: free, or delivered to its network stack
 * @NC2B_OWNER_STASH: the back: given by the guest, not yet with the NIC
 * @NC2B_OWNER_NIC: the NIC may write to it at any time
 * @NC2B_OWNERS: number of owners
 */
enum nc2b_owner {
	NC2B_OWNER_GUEST,
	NC2B_OWNER_STASH,
	NC2B_OWNER_NIC,
	NC2B_OWNERS,
};

/**
 * struct nc2b_pool - the ledger of one guest
 * @owner: enum nc2b_owner of each buffer
 * @stash: ids of the buffers in the stash, a stack: the last one in is the one
 *	whose lines are most likely still in the cache
 * @count: buffers for each owner
 * @nr_pages: pages in the pool
 * @nr: buffers in the pool
 * @shift: log2 of the buffers in a page
 * @buf_size: bytes in a buffer
 *
 * Changed by the NAPI context of its queue only, or with that context stopped.
 * @count may be read from anywhere.
 */
struct nc2b_pool {
	u8 *owner;
	u16 *stash;
	u32 count[NC2B_OWNERS];
	u32 nr_pages;
	u32 nr;
	u32 shift;
	u32 buf_size;
};

int nc2b_pool_init(struct nc2b_pool *p, u32 pages, u32 buf_size);
void nc2b_pool_free(struct nc2b_pool *p);

int nc2b_pool_take(struct nc2b_pool *p, const struct xen_nc2_fill *fill);
int nc2b_pool_post(struct nc2b_pool *p);
int nc2b_pool_give(struct nc2b_pool *p, u32 id);
int nc2b_pool_recall(struct nc2b_pool *p, u32 id);
u32 nc2b_pool_recall_all(struct nc2b_pool *p);

/**
 * nc2b_pool_page - the page that a buffer lies in
 * @p: the ledger
 * @id: a buffer
 *
 * Return: page number.
 */
static inline u32 nc2b_pool_page(const struct nc2b_pool *p, u32 id)
{
	return id >> p->shift;
}

/**
 * nc2b_pool_offset - where in its page a buffer begins
 * @p: the ledger
 * @id: a buffer
 *
 * Return: bytes.
 */
static inline u32 nc2b_pool_offset(const struct nc2b_pool *p, u32 id)
{
	return (id & ((1u << p->shift) - 1)) * p->buf_size;
}

#endif /* NC2B_POOL_H */
