// SPDX-License-Identifier: GPL-2.0
#include "block.h"

#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include <xen/xenbus.h>

static_assert(sizeof(struct xen_nc2_fill) == 4);
static_assert(sizeof(struct xen_nc2_comp) == 16);
static_assert(sizeof(struct xen_nc2_tx) == 16);
static_assert(sizeof(struct xen_nc2_ring_hdr) == 128);
static_assert(sizeof(struct xen_nc2_shared) <= XEN_NC2_PAGE_SIZE);
/* A guest page holds whole pages of the protocol only where both are 4 KiB. */
static_assert(PAGE_SIZE == XEN_NC2_PAGE_SIZE);

static int read_u32(struct xenbus_device *xdev, const char *key, u32 *value)
{
	char *text = xenbus_read(XBT_NIL, xdev->otherend, key, NULL);
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = nc2b_nego_u32(text, value);
	kfree(text);
	return err;
}

static const char *read_request(struct xenbus_device *xdev, const char *nonce)
{
	char *text = xenbus_read(XBT_NIL, xdev->otherend, XEN_NC2_KEY_REQUEST, NULL);
	const char *verdict;

	if (IS_ERR(text))
		text = NULL;
	verdict = nc2b_nego_request(text, nonce);
	kfree(text);
	return verdict;
}

static const char *read_params(struct nc2b_block *b, struct xenbus_device *xdev,
			       u32 max_pool_pages)
{
	struct nc2b_params *p = &b->params;

	if (read_u32(xdev, XEN_NC2_KEY_RX_ENTRIES, &p->rx_entries) ||
	    read_u32(xdev, XEN_NC2_KEY_TX_ENTRIES, &p->tx_entries) ||
	    read_u32(xdev, XEN_NC2_KEY_POOL_PAGES, &p->pool_pages) ||
	    read_u32(xdev, XEN_NC2_KEY_BUF_SIZE, &p->buf_size) ||
	    read_u32(xdev, XEN_NC2_KEY_EVENT_CHANNEL, &b->evtchn))
		return "an nc2 key is missing or not a number";
	return nc2b_nego_params(p, max_pool_pages);
}

static const char *read_directory(struct xenbus_device *xdev, grant_ref_t *refs,
				  u32 dir_pages)
{
	char key[sizeof(XEN_NC2_KEY_DIR_REF) + 10];
	u32 i, ref;

	for (i = 0; i < dir_pages; i++) {
		snprintf(key, sizeof(key), XEN_NC2_KEY_DIR_REF "%u", i);
		if (read_u32(xdev, key, &ref))
			return "a directory key is missing or not a number";
		if (nc2b_read_page(xdev->otherend_id, ref,
				   (void *)refs + i * XEN_NC2_PAGE_SIZE))
			return "a page of the directory is not granted";
	}
	return NULL;
}

/* Why pages could not be mapped; @refused: if that is the guest's doing. */
static const char *map_verdict(int err, const char *refused)
{
	if (err == -ENOSPC)
		return "Xen has no room for the mappings (raise gnttab_max_maptrack_frames)";
	if (err == -ENOMEM)
		return "no memory for the mappings";
	return refused;
}

static const char *map_rings(struct nc2b_block *b, struct xenbus_device *xdev,
			     grant_ref_t *refs, const struct nc2b_layout *l)
{
	grant_ref_t ref;
	u32 i;
	int err;

	if (read_u32(xdev, XEN_NC2_KEY_SHARED_REF, &ref))
		return "nc2-shared-ref is missing or not a number";
	err = nc2b_map_ring(&b->shared_map, xdev->otherend_id, ref);
	if (err)
		return map_verdict(err, "the shared page is not granted writable");
	b->shared = nc2b_map_addr(&b->shared_map, 0);
	err = nc2b_map_pages(&b->rings, xdev->otherend_id, refs, l->pool, false);
	if (err)
		return map_verdict(err, "a page of the rings is not granted writable");
	for (i = 0; i < l->pool; i++)
		b->at[i] = nc2b_map_addr(&b->rings, i);
	b->fill = b->at + l->fill;
	b->comp = b->at + l->comp;
	b->tx = b->at + l->tx;
	return NULL;
}

static const char *map_pools(struct nc2b_block *b, struct xenbus_device *xdev,
			     grant_ref_t *refs, const struct nc2b_layout *l)
{
	int err;

	err = nc2b_map_pages(&b->pool, xdev->otherend_id, refs + l->pool,
			     b->params.pool_pages, false);
	if (err)
		return map_verdict(err, "a page of the pool is not granted writable");
	err = nc2b_map_pages(&b->txpool, xdev->otherend_id, refs + l->txpool,
			     b->params.tx_entries, true);
	if (err)
		return map_verdict(err, "a page of the transmit pool is not granted");

	b->pool_dma = kvcalloc(b->params.pool_pages, sizeof(dma_addr_t), GFP_KERNEL);
	b->txpool_dma = kvcalloc(b->params.tx_entries, sizeof(dma_addr_t), GFP_KERNEL);
	return b->pool_dma && b->txpool_dma ? NULL : "no memory for the mappings";
}

/**
 * nc2b_block_map - read, check and map what the front offers
 * @b: all zero
 * @xdev: the xenbus device, its front connected
 * @nonce: this connection's nonce
 * @max_pool_pages: the largest pool that was offered to be taken
 *
 * Process context, sleeps.  Every key is read once, here.
 *
 * Return: NULL, or why the block is refused, with nothing mapped.
 */
const char *nc2b_block_map(struct nc2b_block *b, struct xenbus_device *xdev,
			   const char *nonce, u32 max_pool_pages)
{
	struct nc2b_layout l;
	const char *verdict;
	grant_ref_t *refs;

	verdict = read_request(xdev, nonce);
	if (verdict)
		return verdict;
	verdict = read_params(b, xdev, max_pool_pages);
	if (verdict)
		return verdict;

	nc2b_nego_layout(&b->params, &l);
	/* Page aligned, as the copies want it: the page allocator's own. */
	refs = (void *)__get_free_pages(GFP_KERNEL,
					get_order(l.dir_pages * XEN_NC2_PAGE_SIZE));
	if (!refs)
		return "no memory for the directory";
	verdict = read_directory(xdev, refs, l.dir_pages);
	if (!verdict)
		verdict = map_rings(b, xdev, refs, &l);
	if (!verdict)
		verdict = map_pools(b, xdev, refs, &l);
	free_pages((unsigned long)refs, get_order(l.dir_pages * XEN_NC2_PAGE_SIZE));
	if (verdict)
		nc2b_block_unmap(b);
	return verdict;
}

/**
 * nc2b_block_unmap_pools - give the guest its pool pages back
 * @b: the block, with no NIC behind it: see nc2b_block_dma_unmap()
 *
 * The rings stay, so that the guest can still be told.
 */
void nc2b_block_unmap_pools(struct nc2b_block *b)
{
	nc2b_unmap_pages(&b->pool);
	nc2b_unmap_pages(&b->txpool);
	kvfree(b->pool_dma);
	kvfree(b->txpool_dma);
	b->pool_dma = NULL;
	b->txpool_dma = NULL;
}

/**
 * nc2b_block_unmap - undo nc2b_block_map(), whole or in part
 * @b: the block; all zero is allowed, and is what it is left as
 */
void nc2b_block_unmap(struct nc2b_block *b)
{
	nc2b_block_unmap_pools(b);
	nc2b_unmap_pages(&b->rings);
	nc2b_unmap_pages(&b->shared_map);
	memset(b, 0, sizeof(*b));
}

/*
 * A frame that was received has been synced when it was passed on, and the guest may
 * have changed it since, in place: a bounce buffer must not be copied over it once more.
 */
static void dma_unmap_set(struct nc2b_block *b, const dma_addr_t *dma, unsigned int nr,
			  enum dma_data_direction dir)
{
	while (nr--)
		dma_unmap_page_attrs(b->dma_dev, dma[nr], PAGE_SIZE, dir,
				     DMA_ATTR_SKIP_CPU_SYNC);
}

/* One page at a time: neighbours here are not neighbours in machine memory. */
static int dma_map_set(struct nc2b_block *b, struct nc2b_map *m, dma_addr_t *dma,
		       enum dma_data_direction dir)
{
	unsigned int i;

	for (i = 0; i < m->nr; i++) {
		dma[i] = dma_map_page(b->dma_dev, m->pages[i], 0, PAGE_SIZE, dir);
		if (dma_mapping_error(b->dma_dev, dma[i]))
			break;
		b->bounced += dma[i] != nc2b_bus_address(m->pages[i]);
	}
	if (i == m->nr)
		return 0;
	dma_unmap_set(b, dma, i, dir);
	return -ENOMEM;
}

/**
 * nc2b_block_dma_map - let a NIC reach the pools
 * @b: a mapped block that no NIC reaches yet
 * @dev: the device that will read and write them
 *
 * Process context.
 *
 * Return: 0, or -ENOMEM with nothing mapped.
 */
int nc2b_block_dma_map(struct nc2b_block *b, struct device *dev)
{
	int err;

	b->dma_dev = dev;
	b->bounced = 0;
	err = dma_map_set(b, &b->pool, b->pool_dma, DMA_FROM_DEVICE);
	if (err)
		goto err_dev;
	err = dma_map_set(b, &b->txpool, b->txpool_dma, DMA_TO_DEVICE);
	if (err)
		goto err_pool;
	b->need_sync = b->bounced || !dev_is_dma_coherent(dev);
	return 0;

err_pool:
	dma_unmap_set(b, b->pool_dma, b->pool.nr, DMA_FROM_DEVICE);
err_dev:
	b->dma_dev = NULL;
	return err;
}

/**
 * nc2b_block_dma_unmap - undo nc2b_block_dma_map()
 * @b: the block; one that no NIC reaches is left alone
 *
 * The caller has proof that the NIC has stopped.
 */
void nc2b_block_dma_unmap(struct nc2b_block *b)
{
	if (!b->dma_dev)
		return;
	dma_unmap_set(b, b->txpool_dma, b->txpool.nr, DMA_TO_DEVICE);
	dma_unmap_set(b, b->pool_dma, b->pool.nr, DMA_FROM_DEVICE);
	b->dma_dev = NULL;
}
