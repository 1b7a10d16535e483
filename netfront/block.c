// SPDX-License-Identifier: GPL-2.0
/*
 * The memory that the direct path shares with the back: made and granted once
 * for a connection, never while frames flow.
 */
#include "block.h"

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>

static void *alloc_ring(struct nc2f_block *b, u32 from, u32 to, domid_t domid)
{
	return nc2f_gpage_alloc_run(&b->pages[from], to - from, &b->grants, domid, false);
}

static int alloc_pages_of(struct nc2f_block *b, domid_t domid)
{
	const struct nc2f_layout *l = &b->layout;
	int err;

	err = nc2f_gpage_alloc(&b->shared, 1, &b->grants, domid, false);
	if (!err)
		err = nc2f_gpage_alloc(b->dir, l->dir_pages, &b->grants, domid, true);
	if (err)
		return err;
	b->sh = page_address(b->shared.page);
	b->fill = alloc_ring(b, l->fill, l->comp, domid);
	b->comp = alloc_ring(b, l->comp, l->tx, domid);
	b->tx = alloc_ring(b, l->tx, l->pool, domid);
	if (!b->fill || !b->comp || !b->tx)
		return -ENOMEM;
	err = nc2f_gpage_alloc(&b->pages[l->pool], b->params.pool_pages, &b->grants,
			       domid, false);
	if (err)
		return err;
	return nc2f_gpage_alloc(&b->pages[l->txpool], b->params.tx_entries, &b->grants,
				domid, true);
}

static void write_dir(struct nc2f_block *b)
{
	u32 i;

	for (i = 0; i < b->layout.total; i++) {
		u32 *page = page_address(b->dir[i / XEN_NC2_GREFS_PER_DIR_PAGE].page);

		page[i % XEN_NC2_GREFS_PER_DIR_PAGE] = b->pages[i].ref;
	}
}

/**
 * nc2f_block_create - allocate, zero and grant the block
 * @b: the block; its params are set, all else is zero
 * @domid: the back
 *
 * May sleep.
 *
 * Return: 0, -ENOSPC without grants or -ENOMEM; nothing is left behind then.
 */
int nc2f_block_create(struct nc2f_block *b, domid_t domid)
{
	int err;

	nc2f_nego_layout(&b->params, &b->layout);
	b->pages = kvcalloc(b->layout.total, sizeof(*b->pages), GFP_KERNEL);
	if (!b->pages)
		return -ENOMEM;
	err = nc2f_grants_reserve(&b->grants, 1 + b->layout.dir_pages + b->layout.total);
	if (!err)
		err = alloc_pages_of(b, domid);
	if (err) {
		nc2f_block_release(b);
		return err;
	}
	write_dir(b);
	return 0;
}

/**
 * nc2f_block_release_pools - free the pages of both pools
 * @b: the block; nobody here uses the pools any more
 *
 * A page that the network stack still holds is freed when it lets go.
 *
 * Return: number of pages that the back still uses; each is kept until it lets go.
 */
u32 nc2f_block_release_pools(struct nc2f_block *b)
{
	return nc2f_gpage_free(&b->pages[b->layout.pool], b->layout.total - b->layout.pool);
}

/**
 * nc2f_block_release - free everything
 * @b: the block
 *
 * Return: number of pages that the back still uses; each is kept until it lets go.
 */
u32 nc2f_block_release(struct nc2f_block *b)
{
	u32 kept = 0;

	if (b->pages)
		kept += nc2f_gpage_free(b->pages, b->layout.total);
	kept += nc2f_gpage_free(b->dir, ARRAY_SIZE(b->dir));
	kept += nc2f_gpage_free(&b->shared, 1);
	nc2f_grants_free(&b->grants);
	kvfree(b->pages);
	b->pages = NULL;
	return kept;
}
