/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is said about the direct path in xenstore: parsing the offer, choosing
 * the sizes, forming the request.
 *
 * Pure: strings and numbers, so that KUnit reaches it directly.
 */
#ifndef NC2F_NEGO_H
#define NC2F_NEGO_H

#include <linux/types.h>

#include <xen/interface/io/netchannel2.h>

/* "<version>,<nonce>" */
#define NC2F_REQUEST_MAX	(10 + 1 + XEN_NC2_NONCE_DIGITS + 1)

/**
 * struct nc2f_offer - what the back offers
 * @version: the version chosen
 * @max_pool_pages: nc2-max-pool-pages
 * @nonce: nc2-nonce
 */
struct nc2f_offer {
	u32 version;
	u32 max_pool_pages;
	char nonce[XEN_NC2_NONCE_DIGITS + 1];
};

/**
 * struct nc2f_params - the sizes that we choose
 * @rx_entries: nc2-rx-entries
 * @tx_entries: nc2-tx-entries
 * @pool_pages: nc2-pool-pages
 * @buf_size: nc2-buf-size
 */
struct nc2f_params {
	u32 rx_entries;
	u32 tx_entries;
	u32 pool_pages;
	u32 buf_size;
};

/**
 * struct nc2f_layout - where each part stands in the directory
 * @fill: index of the first grant of the fill ring
 * @comp: of the completion ring
 * @tx: of the transmit ring
 * @pool: of the receive pool
 * @txpool: of the transmit pool
 * @total: grants in all
 * @dir_pages: pages that the directory takes
 */
struct nc2f_layout {
	u32 fill;
	u32 comp;
	u32 tx;
	u32 pool;
	u32 txpool;
	u32 total;
	u32 dir_pages;
};

const char *nc2f_nego_offer(struct nc2f_offer *o, const char *feature,
			    const char *nonce, const char *max_pool_pages);
void nc2f_nego_choose(struct nc2f_params *p, const struct nc2f_offer *o,
		      u32 pool_pages, u32 tx_entries);
u32 nc2f_nego_pages(u32 buffers);
u32 nc2f_nego_buffers(const struct nc2f_params *p);
void nc2f_nego_layout(const struct nc2f_params *p, struct nc2f_layout *l);
void nc2f_nego_request(const struct nc2f_offer *o, char request[NC2F_REQUEST_MAX]);

#endif /* NC2F_NEGO_H */
