/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ledger: who owns each receive buffer of the pool.
 *
 * Pure: no Xen, no netdev, no pages, so that KUnit reaches it directly.
 *
 *            post               take
 *    FREE ----------> POSTED ----------> TAKEN
 *     ^ ^                                |   |
 *     | +--------------------------------+   |
 *     |               drop                   | hold
 *     |                                      v
 *     +------------------------------------ HELD
 *                     reap
 *
 * A buffer has one owner at a time and every move is checked.  Only @take can
 * be refused because of what the back says; another refusal is a fault of ours.
 */
#ifndef NC2F_POOL_H
#define NC2F_POOL_H

#include <linux/types.h>

#include <xen/interface/io/netchannel2.h>

/**
 * enum nc2f_owner - who owns a buffer
 * @NC2F_BUF_FREE: nobody: it can be posted
 * @NC2F_BUF_POSTED: the back; the NIC may write to it at any time
 * @NC2F_BUF_TAKEN: the NAPI context that handles its completion
 * @NC2F_BUF_HELD: the network stack, as long as its page has other users
 * @NC2F_BUF_OWNERS: number of owners
 */
enum nc2f_owner {
	NC2F_BUF_FREE,
	NC2F_BUF_POSTED,
	NC2F_BUF_TAKEN,
	NC2F_BUF_HELD,
	NC2F_BUF_OWNERS,
};

/**
 * struct nc2f_pool - the ledger
 * @owner: enum nc2f_owner of each buffer
 * @free: ids of the free buffers, a stack
 * @held: ids of the held buffers, a queue: the first one in is the one that
 *	the stack has most likely done with
 * @head: next id to come out of @held
 * @held_mask: entries of @held - 1
 * @count: buffers for each owner
 * @nr: buffers in the pool
 * @nr_pages: pages in the pool
 * @shift: log2 of the buffers in a page
 * @buf_size: bytes in a buffer
 * @low: with fewer buffers than this for the back, frames are copied
 *
 * Changed by one context at a time.  @count may be read from anywhere.
 */
struct nc2f_pool {
	u8 *owner;
	u16 *free;
	u16 *held;
	u32 head;
	u32 held_mask;
	u32 count[NC2F_BUF_OWNERS];
	u32 nr;
	u32 nr_pages;
	u32 shift;
	u32 buf_size;
	u32 low;
};

int nc2f_pool_init(struct nc2f_pool *p, u32 pages, u32 buf_size);
void nc2f_pool_fini(struct nc2f_pool *p);

int nc2f_pool_post(struct nc2f_pool *p);
int nc2f_pool_take(struct nc2f_pool *p, const struct xen_nc2_comp *comp);
int nc2f_pool_drop(struct nc2f_pool *p, u32 id);
int nc2f_pool_hold(struct nc2f_pool *p, u32 id);
int nc2f_pool_reap(struct nc2f_pool *p, u32 scan, u32 misses,
		   bool (*idle)(void *arg, u32 page), void *arg);

/**
 * nc2f_pool_starved - whether frames should be copied to keep the NIC fed
 * @p: the ledger
 *
 * Return: true if few buffers are left for the back.
 */
static inline bool nc2f_pool_starved(const struct nc2f_pool *p)
{
	return p->count[NC2F_BUF_FREE] + p->count[NC2F_BUF_POSTED] < p->low;
}

/**
 * nc2f_pool_page - the page that a buffer lies in
 * @p: the ledger
 * @id: a buffer
 *
 * Return: page number.
 */
static inline u32 nc2f_pool_page(const struct nc2f_pool *p, u32 id)
{
	return id >> p->shift;
}

/**
 * nc2f_pool_offset - where in its page a buffer begins
 * @p: the ledger
 * @id: a buffer
 *
 * Return: bytes.
 */
static inline u32 nc2f_pool_offset(const struct nc2f_pool *p, u32 id)
{
	return (id & ((1u << p->shift) - 1)) * p->buf_size;
}

#endif /* NC2F_POOL_H */
