// SPDX-License-Identifier: GPL-2.0
/* What is said about the direct path in xenstore. */
#include "nego.h"

#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/string.h>

static_assert(sizeof("4294967295,") + XEN_NC2_NONCE_DIGITS <= NC2F_REQUEST_MAX);

static bool nonce_good(const char *nonce)
{
	return strlen(nonce) == XEN_NC2_NONCE_DIGITS &&
	       strspn(nonce, "0123456789abcdef") == XEN_NC2_NONCE_DIGITS;
}

/**
 * nc2f_nego_offer - understand what the back offers
 * @o: the result
 * @feature: value of feature-nc2, NULL if absent
 * @nonce: value of nc2-nonce, NULL if absent
 * @max_pool_pages: value of nc2-max-pool-pages, NULL if absent
 *
 * Return: NULL if there is an offer to accept, else the reason why not, for
 * people.
 */
const char *nc2f_nego_offer(struct nc2f_offer *o, const char *feature,
			    const char *nonce, const char *max_pool_pages)
{
	u32 mask;

	if (!feature)
		return "the back knows no direct path";
	if (kstrtou32(feature, 10, &mask))
		return "the back's feature-nc2 is not a number";
	if (!mask)
		return "the back does not offer it for this interface";
	if (!(mask & XEN_NC2_VERSION_MASK))
		return "the back offers no version that we know";
	if (!nonce || !nonce_good(nonce))
		return "the back's nc2-nonce is missing or malformed";
	o->max_pool_pages = XEN_NC2_DEF_POOL_PAGES;
	if (max_pool_pages && kstrtou32(max_pool_pages, 10, &o->max_pool_pages))
		return "the back's nc2-max-pool-pages is not a number";
	if (!o->max_pool_pages)
		return "the back accepts no pool";
	o->version = XEN_NC2_VERSION;
	strscpy(o->nonce, nonce, sizeof(o->nonce));
	return NULL;
}

/* The NIC that we know writes no more than 2 KiB of a frame at MTU 1500. */
#define BUF_SIZE	(XEN_NC2_PAGE_SIZE / 2)

/**
 * nc2f_nego_pages - pages of receive pool for a number of buffers
 * @buffers: how many, at least
 *
 * Return: pages.
 */
u32 nc2f_nego_pages(u32 buffers)
{
	return DIV_ROUND_UP(buffers, XEN_NC2_PAGE_SIZE / BUF_SIZE);
}

/**
 * nc2f_nego_buffers - receive buffers in a pool
 * @p: sizes
 *
 * Return: buffers.
 */
u32 nc2f_nego_buffers(const struct nc2f_params *p)
{
	return p->pool_pages * (XEN_NC2_PAGE_SIZE / p->buf_size);
}

/**
 * nc2f_nego_choose - choose the sizes
 * @p: the result
 * @o: what the back offers
 * @pool_pages: pages of receive pool that the user wants
 * @tx_entries: entries of transmit ring that the user wants
 */
void nc2f_nego_choose(struct nc2f_params *p, const struct nc2f_offer *o,
		      u32 pool_pages, u32 tx_entries)
{
	u32 max = min_t(u32, o->max_pool_pages, XEN_NC2_MAX_POOL_PAGES);

	p->buf_size = BUF_SIZE;
	p->pool_pages = clamp_t(u32, pool_pages, 1, max);
	p->rx_entries = max_t(u32, roundup_pow_of_two(nc2f_nego_buffers(p)),
			      XEN_NC2_MIN_ENTRIES);
	tx_entries = clamp_t(u32, tx_entries, XEN_NC2_MIN_ENTRIES, XEN_NC2_MAX_TX_ENTRIES);
	p->tx_entries = roundup_pow_of_two(tx_entries);
}

/**
 * nc2f_nego_layout - where each part stands in the directory
 * @p: sizes
 * @l: the result
 */
void nc2f_nego_layout(const struct nc2f_params *p, struct nc2f_layout *l)
{
	l->fill = 0;
	l->comp = l->fill + XEN_NC2_RING_PAGES(p->rx_entries, sizeof(struct xen_nc2_fill));
	l->tx = l->comp + XEN_NC2_RING_PAGES(p->rx_entries, sizeof(struct xen_nc2_comp));
	l->pool = l->tx + XEN_NC2_RING_PAGES(p->tx_entries, sizeof(struct xen_nc2_tx));
	l->txpool = l->pool + p->pool_pages;
	l->total = l->txpool + p->tx_entries;
	l->dir_pages = DIV_ROUND_UP(l->total, XEN_NC2_GREFS_PER_DIR_PAGE);
}

/**
 * nc2f_nego_request - form the value of request-nc2
 * @o: the offer that is accepted
 * @request: the result
 */
void nc2f_nego_request(const struct nc2f_offer *o, char request[NC2F_REQUEST_MAX])
{
	snprintf(request, NC2F_REQUEST_MAX, "%u,%s", o->version, o->nonce);
}
