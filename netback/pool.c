// SPDX-License-Identifier: GPL-2.0
#include "pool.h"

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/nospec.h>
#include <linux/slab.h>

/* Ids are 16 bits wide in the provider's shadow rings. */
static_assert(XEN_NC2_MAX_POOL_PAGES * 2 <= U16_MAX);

static void move(struct nc2b_pool *p, u32 id, enum nc2b_owner to)
{
	enum nc2b_owner from = p->owner[id];

	p->owner[id] = to;
	WRITE_ONCE(p->count[from], p->count[from] - 1);
	WRITE_ONCE(p->count[to], p->count[to] + 1);
}

/**
 * nc2b_pool_init - set up the ledger; every buffer is the guest's
 * @p: to be set up
 * @pages: pages in the pool, 1..XEN_NC2_MAX_POOL_PAGES
 * @buf_size: 2048 or 4096
 *
 * Return: 0, -EINVAL for a size that the contract does not know, -ENOMEM.
 */
int nc2b_pool_init(struct nc2b_pool *p, u32 pages, u32 buf_size)
{
	memset(p, 0, sizeof(*p));
	if (!pages || pages > XEN_NC2_MAX_POOL_PAGES)
		return -EINVAL;
	if (buf_size != 2048 && buf_size != 4096)
		return -EINVAL;

	p->nr_pages = pages;
	p->buf_size = buf_size;
	p->shift = buf_size == 2048;
	p->nr = pages << p->shift;
	p->owner = kvcalloc(p->nr, sizeof(*p->owner), GFP_KERNEL);
	p->stash = kvcalloc(p->nr, sizeof(*p->stash), GFP_KERNEL);
	if (!p->owner || !p->stash) {
		nc2b_pool_free(p);
		return -ENOMEM;
	}
	p->count[NC2B_OWNER_GUEST] = p->nr;
	return 0;
}

/**
 * nc2b_pool_free - free the ledger
 * @p: the ledger; one that was never set up, or freed, is left alone
 *
 * The caller has proof that the NIC writes to none of the buffers.
 */
void nc2b_pool_free(struct nc2b_pool *p)
{
	kvfree(p->owner);
	kvfree(p->stash);
	memset(p, 0, sizeof(*p));
}

/**
 * nc2b_pool_take - accept a buffer that the guest gives
 * @p: the ledger
 * @fill: what the guest wrote, copied out of the ring
 *
 * Return: 0 and the buffer is in the stash; -ERANGE: no such page; -EINVAL: not
 * where a buffer begins; -EBUSY: not the guest's to give.
 */
int nc2b_pool_take(struct nc2b_pool *p, const struct xen_nc2_fill *fill)
{
	u32 page = fill->page, half, id;

	if (page >= p->nr_pages)
		return -ERANGE;
	/* buf_size is 2048 or 4096, so that masks do for / and %. */
	if (fill->offset & (p->buf_size - 1) || fill->offset >= XEN_NC2_PAGE_SIZE)
		return -EINVAL;
	half = fill->offset >= 2048;
	id = array_index_nospec((page << p->shift) + half, p->nr);
	if (p->owner[id] != NC2B_OWNER_GUEST)
		return -EBUSY;

	p->stash[p->count[NC2B_OWNER_STASH]] = id;
	move(p, id, NC2B_OWNER_STASH);
	return 0;
}

/**
 * nc2b_pool_post - hand a buffer from the stash to the NIC
 * @p: the ledger
 *
 * Return: the buffer's id, or -ENOENT if the stash is empty.
 */
int nc2b_pool_post(struct nc2b_pool *p)
{
	u32 n = p->count[NC2B_OWNER_STASH];
	u32 id;

	if (!n)
		return -ENOENT;
	id = p->stash[n - 1];
	move(p, id, NC2B_OWNER_NIC);
	return id;
}

/**
 * nc2b_pool_give - the NIC has let go of a buffer: it is the guest's
 * @p: the ledger
 * @id: the buffer
 *
 * Return: 0, -ERANGE, or -EBUSY if the buffer was not the NIC's.
 */
int nc2b_pool_give(struct nc2b_pool *p, u32 id)
{
	if (id >= p->nr)
		return -ERANGE;
	if (p->owner[id] != NC2B_OWNER_NIC)
		return -EBUSY;
	move(p, id, NC2B_OWNER_GUEST);
	return 0;
}

/**
 * nc2b_pool_recall - the NIC has let go of a buffer: keep it in the stash
 * @p: the ledger
 * @id: the buffer
 *
 * Return: 0, -ERANGE, or -EBUSY if the buffer was not the NIC's.
 */
int nc2b_pool_recall(struct nc2b_pool *p, u32 id)
{
	if (id >= p->nr)
		return -ERANGE;
	if (p->owner[id] != NC2B_OWNER_NIC)
		return -EBUSY;
	p->stash[p->count[NC2B_OWNER_STASH]] = id;
	move(p, id, NC2B_OWNER_STASH);
	return 0;
}

/**
 * nc2b_pool_recall_all - take back what a stopped queue had posted
 * @p: the ledger
 *
 * Only after the provider's stop, which is the proof that DMA has ended.
 *
 * Return: number of buffers recalled.
 */
u32 nc2b_pool_recall_all(struct nc2b_pool *p)
{
	u32 id, n = 0;

	for (id = 0; id < p->nr; id++)
		if (p->owner[id] == NC2B_OWNER_NIC && !nc2b_pool_recall(p, id))
			n++;
	return n;
}
