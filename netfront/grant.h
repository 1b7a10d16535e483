/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Grants: the only caller of gnttab_*().
 *
 * A page is freed only after its grant has been ended, because whoever got it
 * next would share it with the peer.  A grant that the peer still uses cannot be
 * ended: the kernel's grant table then holds the page until it can, looks again
 * every second, and frees both.  Such pages are counted.
 */
#ifndef NC2F_GRANT_H
#define NC2F_GRANT_H

#include <linux/mm_types.h>
#include <linux/types.h>

#include <xen/grant_table.h>
#include <xen/interface/xen.h>

/**
 * struct nc2f_grants - a reservation of grant references
 * @head: list of references, as the grant table keeps it
 * @left: references not yet claimed
 */
struct nc2f_grants {
	grant_ref_t head;
	u32 left;
};

/**
 * struct nc2f_gpage - a page and its grant
 * @page: the page; we hold one reference
 * @ref: its grant, INVALID_GRANT_REF if there is none
 */
struct nc2f_gpage {
	struct page *page;
	grant_ref_t ref;
};

int nc2f_grants_reserve(struct nc2f_grants *g, u16 nr);
grant_ref_t nc2f_grants_claim(struct nc2f_grants *g);
void nc2f_grants_free(struct nc2f_grants *g);

void nc2f_grant_begin(grant_ref_t ref, domid_t domid, struct page *page, bool readonly);
bool nc2f_grant_end(grant_ref_t ref);
bool nc2f_grant_put(grant_ref_t ref);

/**
 * nc2f_grant_ours - whether a page is this domain's to grant
 * @page: a page of a frame
 *
 * One that another domain has granted to us is not, in a driver domain.  A page of a
 * file is ours, and uses the flag of such pages for something else.
 *
 * Return: true if it is.
 */
static inline bool nc2f_grant_ours(struct page *page)
{
	return page->mapping || !xen_page_foreign(page);
}

int nc2f_gpage_alloc(struct nc2f_gpage *gp, u32 nr, struct nc2f_grants *g,
		     domid_t domid, bool readonly);
void *nc2f_gpage_alloc_run(struct nc2f_gpage *gp, u32 nr, struct nc2f_grants *g,
			   domid_t domid, bool readonly);
u32 nc2f_gpage_free(struct nc2f_gpage *gp, u32 nr);

#endif /* NC2F_GRANT_H */
