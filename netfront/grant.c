// SPDX-License-Identifier: GPL-2.0
/* Grants: the only caller of gnttab_*(). */
#include "grant.h"

#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include <xen/page.h>

/**
 * nc2f_grants_reserve - set grant references aside
 * @g: the reservation
 * @nr: how many
 *
 * May sleep.
 *
 * Return: 0, or -ENOSPC when the grant table is full.
 */
int nc2f_grants_reserve(struct nc2f_grants *g, u16 nr)
{
	int err = gnttab_alloc_grant_references(nr, &g->head);

	g->left = err ? 0 : nr;
	return err;
}

/**
 * nc2f_grants_claim - take one reference out of a reservation
 * @g: the reservation; it must have references left
 *
 * Return: the reference.
 */
grant_ref_t nc2f_grants_claim(struct nc2f_grants *g)
{
	g->left--;
	return gnttab_claim_grant_reference(&g->head);
}

/**
 * nc2f_grants_free - give back what is left of a reservation
 * @g: the reservation
 */
void nc2f_grants_free(struct nc2f_grants *g)
{
	if (g->left)
		gnttab_free_grant_references(g->head);
	g->left = 0;
}

/**
 * nc2f_grant_begin - let the peer use a page
 * @ref: the reference to use; it grants nothing now
 * @domid: the peer
 * @page: the page
 * @readonly: whether the peer may only read it
 */
void nc2f_grant_begin(grant_ref_t ref, domid_t domid, struct page *page, bool readonly)
{
	gnttab_page_grant_foreign_access_ref_one(ref, domid, page, readonly);
}

/**
 * nc2f_grant_end - end a grant and keep the reference for the next
 * @ref: the reference
 *
 * Return: false if the peer still uses the page.
 */
bool nc2f_grant_end(grant_ref_t ref)
{
	return gnttab_end_foreign_access_ref(ref);
}

/**
 * nc2f_grant_put - end a grant, if there is one, and give the reference back
 * @ref: the reference
 *
 * May sleep.  The caller holds the page, and need not any more on return: if the
 * peer still uses it, both is done when it lets go, and the kernel's grant table has
 * a reference of its own on the page until then.
 *
 * Return: false if the peer still uses the page.
 */
bool nc2f_grant_put(grant_ref_t ref)
{
	if (gnttab_try_end_foreign_access(ref))
		return true;
	/* Without a page to free it finds the granted one and gets a reference. */
	gnttab_end_foreign_access(ref, NULL);
	return false;
}

/**
 * nc2f_gpage_alloc - allocate and grant pages, each on its own
 * @gp: where to put them; all zero bytes or already freed
 * @nr: how many
 * @g: where the references come from
 * @domid: the peer
 * @readonly: whether the peer may only read them
 *
 * The pages are zeroed: what they held before is nobody's business.
 *
 * Return: 0 or -ENOMEM; nothing is left allocated then.
 */
int nc2f_gpage_alloc(struct nc2f_gpage *gp, u32 nr, struct nc2f_grants *g,
		     domid_t domid, bool readonly)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		gp[i].page = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);
		if (!gp[i].page) {
			nc2f_gpage_free(gp, i);
			return -ENOMEM;
		}
		gp[i].ref = nc2f_grants_claim(g);
		nc2f_grant_begin(gp[i].ref, domid, gp[i].page, readonly);
	}
	return 0;
}

/**
 * nc2f_gpage_alloc_run - the same, with all pages side by side
 * @gp: where to put them
 * @nr: how many
 * @g: where the references come from
 * @domid: the peer
 * @readonly: whether the peer may only read them
 *
 * Each page can be freed on its own.
 *
 * Return: address of the first byte, or NULL.
 */
void *nc2f_gpage_alloc_run(struct nc2f_gpage *gp, u32 nr, struct nc2f_grants *g,
			   domid_t domid, bool readonly)
{
	void *run = alloc_pages_exact(nr * PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	u32 i;

	if (!run)
		return NULL;
	for (i = 0; i < nr; i++) {
		gp[i].page = virt_to_page(run + i * PAGE_SIZE);
		gp[i].ref = nc2f_grants_claim(g);
		nc2f_grant_begin(gp[i].ref, domid, gp[i].page, readonly);
	}
	return run;
}

/**
 * nc2f_gpage_free - end grants and drop our reference on their pages
 * @gp: the pages; entries without a page are passed over
 * @nr: how many
 *
 * May sleep.
 *
 * Return: number of pages that the peer still uses; each is kept until it lets go.
 */
u32 nc2f_gpage_free(struct nc2f_gpage *gp, u32 nr)
{
	u32 kept = 0;
	u32 i;

	for (i = 0; i < nr; i++) {
		if (!gp[i].page)
			continue;
		kept += !nc2f_grant_put(gp[i].ref);
		put_page(gp[i].page);
		gp[i].page = NULL;
		gp[i].ref = INVALID_GRANT_REF;
	}
	return kept;
}
