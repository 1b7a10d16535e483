/* SPDX-License-Identifier: GPL-2.0 */
/* The memory that the direct path shares with the back. */
#ifndef NC2F_BLOCK_H
#define NC2F_BLOCK_H

#include "grant.h"
#include "nego.h"

/**
 * struct nc2f_block - the memory that the direct path shares with the back
 * @params: its sizes
 * @layout: where each part stands in @pages
 * @grants: references; empty once the block is made
 * @shared: the shared page
 * @dir: the directory
 * @pages: fill, completion and transmit ring, receive pool, transmit pool
 * @sh: the shared page, mapped
 * @fill: first entry of the fill ring
 * @comp: first entry of the completion ring
 * @tx: first entry of the transmit ring
 */
struct nc2f_block {
	struct nc2f_params params;
	struct nc2f_layout layout;
	struct nc2f_grants grants;
	struct nc2f_gpage shared;
	struct nc2f_gpage dir[XEN_NC2_MAX_DIR_PAGES];
	struct nc2f_gpage *pages;
	struct xen_nc2_shared *sh;
	void *fill;
	void *comp;
	void *tx;
};

int nc2f_block_create(struct nc2f_block *b, domid_t domid);
u32 nc2f_block_release_pools(struct nc2f_block *b);
u32 nc2f_block_release(struct nc2f_block *b);

/**
 * nc2f_block_pool - a page of the receive pool
 * @b: the block
 * @page: which
 *
 * Return: the page.
 */
static inline struct page *nc2f_block_pool(const struct nc2f_block *b, u32 page)
{
	return b->pages[b->layout.pool + page].page;
}

/**
 * nc2f_block_txpool - a page of the transmit pool
 * @b: the block
 * @slot: which
 *
 * Return: the page.
 */
static inline struct page *nc2f_block_txpool(const struct nc2f_block *b, u32 slot)
{
	return b->pages[b->layout.txpool + slot].page;
}

#endif /* NC2F_BLOCK_H */
