/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the front asks for in xenstore: strict parsing and checking.
 *
 * Pure: strings and numbers in, a verdict out, so that KUnit reaches it
 * directly.  A verdict is a short text for people, or NULL for "good": it is
 * logged once and kept in sysfs as the reason for staying on the bridge.
 */
#ifndef NC2B_NEGO_H
#define NC2B_NEGO_H

#include <linux/types.h>

#include <xen/interface/io/netchannel2.h>

/**
 * struct nc2b_params - the front's choice of sizes
 * @rx_entries: nc2-rx-entries
 * @tx_entries: nc2-tx-entries
 * @pool_pages: nc2-pool-pages
 * @buf_size: nc2-buf-size
 */
struct nc2b_params {
	u32 rx_entries;
	u32 tx_entries;
	u32 pool_pages;
	u32 buf_size;
};

/**
 * struct nc2b_layout - where each part stands in the directory
 * @fill: index of the first grant of the fill ring
 * @comp: of the completion ring
 * @tx: of the transmit ring
 * @pool: of the receive pool
 * @txpool: of the transmit pool
 * @total: grants in all
 * @dir_pages: pages that the directory takes
 */
struct nc2b_layout {
	u32 fill;
	u32 comp;
	u32 tx;
	u32 pool;
	u32 txpool;
	u32 total;
	u32 dir_pages;
};

void nc2b_nego_nonce(u64 value, char nonce[XEN_NC2_NONCE_DIGITS + 1]);
const char *nc2b_nego_request(const char *value, const char *nonce);
u32 nc2b_nego_headroom(u32 wish);
int nc2b_nego_u32(const char *value, u32 *result);
const char *nc2b_nego_params(const struct nc2b_params *p, u32 max_pool_pages);
void nc2b_nego_layout(const struct nc2b_params *p, struct nc2b_layout *l);

#endif /* NC2B_NEGO_H */
