/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shared block of the direct path: what the front named in xenstore, mapped
 * once when it connects and unmapped once when it leaves.
 */
#ifndef NC2B_BLOCK_H
#define NC2B_BLOCK_H

#include "grant.h"
#include "nego.h"

struct device;
struct xenbus_device;

/* Of the largest rings. */
#define NC2B_RING_PAGES \
	(XEN_NC2_RING_PAGES(XEN_NC2_MAX_RX_ENTRIES, sizeof(struct xen_nc2_fill)) + \
	 XEN_NC2_RING_PAGES(XEN_NC2_MAX_RX_ENTRIES, sizeof(struct xen_nc2_comp)) + \
	 XEN_NC2_RING_PAGES(XEN_NC2_MAX_TX_ENTRIES, sizeof(struct xen_nc2_tx)))

/**
 * struct nc2b_block - the shared block, from the back's end
 * @params: the front's choice of sizes, checked
 * @evtchn: the front's event channel
 * @shared: the shared page
 * @fill: pages of the fill ring, of @at
 * @comp: of the completion ring
 * @tx: of the transmit ring
 * @shared_map: what @shared is
 * @rings: all pages of the rings
 * @at: where each of them is
 * @pool: pages of the receive pool
 * @txpool: pages of the transmit pool
 * @dma_dev: the NIC that the pools are mapped for, or NULL
 * @pool_dma: bus address of each page of @pool while @dma_dev is set
 * @txpool_dma: the same for @txpool
 * @bounced: pages of both pools that the NIC reaches only through a bounce
 *	buffer; 0 is what zero copy means
 * @need_sync: CPU caches or bounce buffers stand between NIC and memory
 */
struct nc2b_block {
	struct nc2b_params params;
	unsigned int evtchn;

	struct xen_nc2_shared *shared;
	void **fill;
	void **comp;
	void **tx;
	struct nc2b_map shared_map;
	struct nc2b_map rings;
	void *at[NC2B_RING_PAGES];
	struct nc2b_map pool;
	struct nc2b_map txpool;

	struct device *dma_dev;
	dma_addr_t *pool_dma;
	dma_addr_t *txpool_dma;
	unsigned int bounced;
	bool need_sync;
};

const char *nc2b_block_map(struct nc2b_block *b, struct xenbus_device *xdev,
			   const char *nonce, u32 max_pool_pages);
void nc2b_block_unmap_pools(struct nc2b_block *b);
void nc2b_block_unmap(struct nc2b_block *b);

int nc2b_block_dma_map(struct nc2b_block *b, struct device *dev);
void nc2b_block_dma_unmap(struct nc2b_block *b);

#endif /* NC2B_BLOCK_H */
