// SPDX-License-Identifier: GPL-2.0
/* The ledger: who owns each receive buffer of the pool. */
#include "pool.h"

#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>

static void move(struct nc2f_pool *p, u32 id, enum nc2f_owner from, enum nc2f_owner to)
{
	p->owner[id] = to;
	WRITE_ONCE(p->count[from], p->count[from] - 1);
	WRITE_ONCE(p->count[to], p->count[to] + 1);
}

static bool owned(const struct nc2f_pool *p, u32 id, enum nc2f_owner owner)
{
	return id < p->nr && p->owner[id] == owner;
}

/**
 * nc2f_pool_init - make a ledger with every buffer free
 * @p: the ledger
 * @pages: pages in the pool, 1..XEN_NC2_MAX_POOL_PAGES
 * @buf_size: 2048 or 4096
 *
 * May sleep.
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int nc2f_pool_init(struct nc2f_pool *p, u32 pages, u32 buf_size)
{
	u32 id;

	memset(p, 0, sizeof(*p));
	if (!pages || pages > XEN_NC2_MAX_POOL_PAGES)
		return -EINVAL;
	if (buf_size != XEN_NC2_PAGE_SIZE && buf_size != XEN_NC2_PAGE_SIZE / 2)
		return -EINVAL;
	p->nr_pages = pages;
	p->buf_size = buf_size;
	p->shift = buf_size == XEN_NC2_PAGE_SIZE ? 0 : 1;
	p->nr = pages << p->shift;
	p->held_mask = roundup_pow_of_two(p->nr) - 1;
	p->low = max(p->nr / 4, 1U);
	p->owner = kzalloc(p->nr, GFP_KERNEL);
	p->free = kcalloc(p->nr, sizeof(*p->free), GFP_KERNEL);
	p->held = kcalloc(p->held_mask + 1, sizeof(*p->held), GFP_KERNEL);
	if (!p->owner || !p->free || !p->held) {
		nc2f_pool_fini(p);
		return -ENOMEM;
	}
	/* The last one in is the first one out: begin with buffer 0. */
	for (id = 0; id < p->nr; id++)
		p->free[id] = p->nr - 1 - id;
	p->count[NC2F_BUF_FREE] = p->nr;
	return 0;
}

/**
 * nc2f_pool_fini - free a ledger
 * @p: the ledger; harmless if nc2f_pool_init() has failed
 */
void nc2f_pool_fini(struct nc2f_pool *p)
{
	kfree(p->owner);
	kfree(p->free);
	kfree(p->held);
	memset(p, 0, sizeof(*p));
}

/**
 * nc2f_pool_post - pick a free buffer for the back
 * @p: the ledger
 *
 * Return: its id, now posted, or -ENOENT if none is free.
 */
int nc2f_pool_post(struct nc2f_pool *p)
{
	u32 id;

	if (!p->count[NC2F_BUF_FREE])
		return -ENOENT;
	id = p->free[p->count[NC2F_BUF_FREE] - 1];
	move(p, id, NC2F_BUF_FREE, NC2F_BUF_POSTED);
	return id;
}

/**
 * nc2f_pool_take - accept a buffer that the back returns
 * @p: the ledger
 * @comp: what the back said; a private copy
 *
 * Return: its id, now taken, or -EINVAL for a buffer that the back does not
 * have or a length that does not fit.
 */
int nc2f_pool_take(struct nc2f_pool *p, const struct xen_nc2_comp *comp)
{
	u32 page = comp->page;
	u32 half, id;

	if (page >= p->nr_pages || comp->len > p->buf_size)
		return -EINVAL;
	page = array_index_nospec(page, p->nr_pages);
	/* Offsets of a page are 0 and, with two buffers, buf_size. */
	half = comp->offset ? 1 : 0;
	if (half >> p->shift || comp->offset != half * p->buf_size)
		return -EINVAL;
	id = (page << p->shift) | half;
	if (p->owner[id] != NC2F_BUF_POSTED)
		return -EINVAL;
	move(p, id, NC2F_BUF_POSTED, NC2F_BUF_TAKEN);
	return id;
}

/**
 * nc2f_pool_drop - a taken buffer is not needed any more
 * @p: the ledger
 * @id: the buffer
 *
 * Return: 0, or -EINVAL if it was not taken.
 */
int nc2f_pool_drop(struct nc2f_pool *p, u32 id)
{
	if (!owned(p, id, NC2F_BUF_TAKEN))
		return -EINVAL;
	p->free[p->count[NC2F_BUF_FREE]] = id;
	move(p, id, NC2F_BUF_TAKEN, NC2F_BUF_FREE);
	return 0;
}

/**
 * nc2f_pool_hold - a taken buffer goes to the network stack
 * @p: the ledger
 * @id: the buffer
 *
 * Return: 0, or -EINVAL if it was not taken.
 */
int nc2f_pool_hold(struct nc2f_pool *p, u32 id)
{
	if (!owned(p, id, NC2F_BUF_TAKEN))
		return -EINVAL;
	p->held[(p->head + p->count[NC2F_BUF_HELD]) & p->held_mask] = id;
	move(p, id, NC2F_BUF_TAKEN, NC2F_BUF_HELD);
	return 0;
}

/**
 * nc2f_pool_reap - take back buffers that the network stack has done with
 * @p: the ledger
 * @scan: how many buffers to look at, at most
 * @misses: how many to find in use one after the other, at most
 * @idle: whether a page has no user but us
 * @arg: for @idle
 *
 * The oldest are looked at first; one that is still in use goes to the end of
 * the queue, so that a single slow reader does not hide the others.
 *
 * Return: number of buffers that became free.
 */
int nc2f_pool_reap(struct nc2f_pool *p, u32 scan, u32 misses,
		   bool (*idle)(void *arg, u32 page), void *arg)
{
	u32 n = min(scan, p->count[NC2F_BUF_HELD]);
	u32 missed = 0;
	int freed = 0;

	for (; n && missed < misses; n--) {
		u32 tail = p->head + p->count[NC2F_BUF_HELD];
		u16 id = p->held[p->head & p->held_mask];

		p->head++;
		if (!idle(arg, nc2f_pool_page(p, id))) {
			p->held[tail & p->held_mask] = id;
			missed++;
			continue;
		}
		missed = 0;
		p->free[p->count[NC2F_BUF_FREE]] = id;
		move(p, id, NC2F_BUF_HELD, NC2F_BUF_FREE);
		freed++;
	}
	return freed;
}
