/* SPDX-License-Identifier: GPL-2.0 */
/* Everything that the back asks of the grant table. */
#ifndef NC2B_GRANT_H
#define NC2B_GRANT_H

#include <linux/types.h>

#include <xen/interface/grant_table.h>

struct page;

/**
 * struct nc2b_map - a set of pages of one guest, mapped for good
 * @pages: the pages, as this domain sees them
 * @handles: what to unmap them with
 * @nr: how many
 *
 * Mapped once when the guest connects and unmapped once when it leaves.
 */
struct nc2b_map {
	struct page **pages;
	grant_handle_t *handles;
	unsigned int nr;
};

/**
 * nc2b_no_room - whether Xen had no room for one more mapping (maptrack)
 * @status: GNTST_*, Xen's word on the mapping
 *
 * Older versions of Xen say the same of that as of a full IOMMU.
 *
 * Return: true if that is what it was.
 */
static inline bool nc2b_no_room(int status)
{
	return status == GNTST_no_space || status == GNTST_no_device_space;
}

int nc2b_map_pages(struct nc2b_map *m, domid_t domid, const grant_ref_t *refs,
		   unsigned int nr, bool readonly);
void nc2b_unmap_pages(struct nc2b_map *m);
int nc2b_map_ring(struct nc2b_map *m, domid_t domid, grant_ref_t ref);
void *nc2b_map_addr(const struct nc2b_map *m, unsigned int i);
dma_addr_t nc2b_bus_address(struct page *page);

void nc2b_grant_copy(struct gnttab_copy *ops, unsigned int nr);
void nc2b_copy_from_guest(struct gnttab_copy *op, domid_t domid, grant_ref_t ref,
			  unsigned int ref_offset, void *to, unsigned int len);
void nc2b_copy_to_guest(struct gnttab_copy *op, domid_t domid, grant_ref_t ref,
			unsigned int ref_offset, struct page *from,
			unsigned int from_offset, unsigned int len);
int nc2b_read_page(domid_t domid, grant_ref_t ref, void *page);

#endif /* NC2B_GRANT_H */
