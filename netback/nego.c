// SPDX-License-Identifier: GPL-2.0
#include "nego.h"

#include <linux/build_bug.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/sprintf.h>
#include <linux/string.h>

/**
 * nc2b_nego_nonce - write a nonce as it stands in xenstore
 * @value: random
 * @nonce: the text
 */
void nc2b_nego_nonce(u64 value, char nonce[XEN_NC2_NONCE_DIGITS + 1])
{
	snprintf(nonce, XEN_NC2_NONCE_DIGITS + 1, "%016llx", value);
}

/**
 * nc2b_nego_request - judge the front's request-nc2
 * @value: as read from xenstore, or NULL if the key is absent
 * @nonce: what this connection's nc2-nonce says
 *
 * Return: NULL if the front answers this very offer with a version that we
 * speak, else why not.
 */
const char *nc2b_nego_request(const char *value, const char *nonce)
{
	static_assert(XEN_NC2_VERSION == 1);

	if (!value)
		return "front does not ask for it";
	if (strncmp(value, "1,", 2))
		return "front asks for a version that was not offered";
	if (strcmp(value + 2, nonce))
		return "front answers an older offer";
	return NULL;
}

/**
 * nc2b_nego_u32 - parse a decimal number, and nothing else
 * @value: the text, or NULL
 * @result: set on success only
 *
 * kstrtou32() would take a sign and a newline; a peer that writes either is
 * not one that we know.
 *
 * Return: 0, -ENOENT without a text, -EINVAL, -ERANGE.
 */
int nc2b_nego_u32(const char *value, u32 *result)
{
	u64 sum = 0;

	if (!value)
		return -ENOENT;
	if (!*value)
		return -EINVAL;
	for (; *value; value++) {
		if (!isdigit(*value))
			return -EINVAL;
		sum = sum * 10 + (*value - '0');
		if (sum > U32_MAX)
			return -ERANGE;
	}
	*result = sum;
	return 0;
}

/* The longest frame of the usual MTU, with a VLAN tag. */
#define USUAL_FRAME	1518

/**
 * nc2b_nego_headroom - how much room to leave in front of a frame
 * @wish: xdp-headroom as the front wrote it, 0 if it did not
 *
 * netif.h allows more than a page, which would leave no room for the frame.
 *
 * Return: the wish, or 0 if it is too large: the front sees by the frames that
 * it got none.
 */
u32 nc2b_nego_headroom(u32 wish)
{
	return wish <= XEN_NC2_PAGE_SIZE - USUAL_FRAME ? wish : 0;
}

static bool good_entries(u32 n, u32 max)
{
	return n >= XEN_NC2_MIN_ENTRIES && n <= max && is_power_of_2(n);
}

/**
 * nc2b_nego_params - judge the sizes that the front chose
 * @p: the sizes
 * @max_pool_pages: what was offered, at most XEN_NC2_MAX_POOL_PAGES
 *
 * Return: NULL if all are within the contract, else what is not.
 */
const char *nc2b_nego_params(const struct nc2b_params *p, u32 max_pool_pages)
{
	if (!good_entries(p->rx_entries, XEN_NC2_MAX_RX_ENTRIES))
		return "nc2-rx-entries is out of range";
	if (!good_entries(p->tx_entries, XEN_NC2_MAX_TX_ENTRIES))
		return "nc2-tx-entries is out of range";
	if (p->buf_size != 2048 && p->buf_size != 4096)
		return "nc2-buf-size is neither 2048 nor 4096";
	if (!p->pool_pages || p->pool_pages > max_pool_pages)
		return "nc2-pool-pages is out of range";
	if (p->pool_pages * (XEN_NC2_PAGE_SIZE / p->buf_size) > p->rx_entries)
		return "nc2-rx-entries is less than the buffers in the pool";
	return NULL;
}

/**
 * nc2b_nego_layout - work out the directory from the sizes
 * @p: sizes found good by nc2b_nego_params()
 * @l: the result
 */
void nc2b_nego_layout(const struct nc2b_params *p, struct nc2b_layout *l)
{
	l->fill = 0;
	l->comp = l->fill + XEN_NC2_RING_PAGES(p->rx_entries,
					       sizeof(struct xen_nc2_fill));
	l->tx = l->comp + XEN_NC2_RING_PAGES(p->rx_entries,
					     sizeof(struct xen_nc2_comp));
	l->pool = l->tx + XEN_NC2_RING_PAGES(p->tx_entries,
					     sizeof(struct xen_nc2_tx));
	l->txpool = l->pool + p->pool_pages;
	l->total = l->txpool + p->tx_entries;
	l->dir_pages = DIV_ROUND_UP(l->total, XEN_NC2_GREFS_PER_DIR_PAGE);
}
