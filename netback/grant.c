// SPDX-License-Identifier: GPL-2.0
#include "grant.h"

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <xen/grant_table.h>
#include <xen/page.h>

#include <asm/xen/hypercall.h>

/* Grants in one hypercall: bounds the time that it runs without preemption. */
#define MAP_BATCH 64
/* Kept small: these live on the stack, so that unmapping needs no memory. */
#define UNMAP_BATCH 16

static void map_forget(struct nc2b_map *m)
{
	if (m->pages) {
		gnttab_free_pages(m->nr, m->pages);
		kvfree(m->pages);
	}
	kvfree(m->handles);
	memset(m, 0, sizeof(*m));
}

static int map_alloc(struct nc2b_map *m, unsigned int nr)
{
	unsigned int i;
	int err;

	m->nr = nr;
	m->handles = kvmalloc_array(nr, sizeof(*m->handles), GFP_KERNEL);
	m->pages = kvcalloc(nr, sizeof(*m->pages), GFP_KERNEL);
	err = m->handles && m->pages ? gnttab_alloc_pages(nr, m->pages) : -ENOMEM;
	if (err) {
		kvfree(m->pages);
		kvfree(m->handles);
		memset(m, 0, sizeof(*m));
		return err;
	}
	for (i = 0; i < nr; i++)
		m->handles[i] = INVALID_GRANT_HANDLE;
	return 0;
}

static int map_batch(struct nc2b_map *m, struct gnttab_map_grant_ref *ops,
		     unsigned int first, unsigned int n)
{
	unsigned int i;
	int err, bad = 0;

	err = gnttab_map_refs(ops, NULL, m->pages + first, n);
	if (err)
		return err;
	for (i = 0; i < n; i++) {
		if (ops[i].status == GNTST_okay)
			m->handles[first + i] = ops[i].handle;
		else if (nc2b_no_room(ops[i].status))
			bad = -ENOSPC;
		else
			bad = bad ?: -EACCES;
	}
	return bad;
}

/**
 * nc2b_map_pages - map pages that a guest has granted
 * @m: all zero; describes the mapping on success and is all zero on failure
 * @domid: the guest
 * @refs: its grants
 * @nr: how many
 * @readonly: this domain (and its NIC) only read them
 *
 * Process context, sleeps.
 *
 * Return: 0; -EACCES if the guest granted one of them wrongly; -ENOSPC if Xen
 * has no room for more mappings (maptrack); -ENOMEM.
 */
int nc2b_map_pages(struct nc2b_map *m, domid_t domid, const grant_ref_t *refs,
		   unsigned int nr, bool readonly)
{
	u32 flags = GNTMAP_host_map | (readonly ? GNTMAP_readonly : 0);
	struct gnttab_map_grant_ref *ops;
	unsigned int i, j, n;
	int err;

	ops = kvmalloc_array(MAP_BATCH, sizeof(*ops), GFP_KERNEL);
	if (!ops)
		return -ENOMEM;
	err = map_alloc(m, nr);

	for (i = 0; !err && i < nr; i += n) {
		n = min_t(unsigned int, nr - i, MAP_BATCH);
		for (j = 0; j < n; j++)
			gnttab_set_map_op(&ops[j],
					  (unsigned long)page_address(m->pages[i + j]),
					  flags, refs[i + j], domid);
		err = map_batch(m, ops, i, n);
		cond_resched();
	}
	kvfree(ops);
	if (err)
		nc2b_unmap_pages(m);
	return err;
}

static unsigned int unmap_batch(struct nc2b_map *m, unsigned int first,
				unsigned int n)
{
	struct gnttab_unmap_grant_ref ops[UNMAP_BATCH];
	struct page *pages[UNMAP_BATCH];
	unsigned int i, k = 0, stuck = 0;
	int err;

	for (i = first; i < first + n; i++) {
		if (m->handles[i] == INVALID_GRANT_HANDLE)
			continue;
		gnttab_set_unmap_op(&ops[k], (unsigned long)page_address(m->pages[i]),
				    GNTMAP_host_map, m->handles[i]);
		pages[k++] = m->pages[i];
	}
	if (!k)
		return 0;
	err = gnttab_unmap_refs(ops, NULL, pages, k);
	for (i = first, k = 0; i < first + n; i++) {
		if (m->handles[i] == INVALID_GRANT_HANDLE)
			continue;
		/* The frame behind it is not ours: keep it from the allocator. */
		if (err || ops[k].status != GNTST_okay) {
			m->pages[i] = NULL;
			stuck++;
		}
		k++;
	}
	return stuck;
}

/**
 * nc2b_unmap_pages - unmap what nc2b_map_pages() has mapped
 * @m: the mapping; all zero is allowed
 *
 * The caller has proof that no DMA to or from the pages is under way and has
 * undone their DMA mappings.  Process context, sleeps; allocates nothing, so
 * that it cannot fail half way.
 */
void nc2b_unmap_pages(struct nc2b_map *m)
{
	unsigned int i, k, stuck = 0;

	for (i = 0; i < m->nr; i += UNMAP_BATCH) {
		stuck += unmap_batch(m, i, min_t(unsigned int, m->nr - i, UNMAP_BATCH));
		cond_resched();
	}
	if (stuck) {
		pr_err("%u grants could not be unmapped; their pages are set aside\n",
		       stuck);
		for (i = 0, k = 0; i < m->nr; i++)
			if (m->pages[i])
				m->pages[k++] = m->pages[i];
		m->nr = k;
	}
	map_forget(m);
}

/**
 * nc2b_map_ring - map a ring of one page
 * @m: as for nc2b_map_pages()
 * @domid: the guest
 * @ref: its grant
 *
 * Not by xenbus_map_ring_valloc(): of several grants of which the first cannot be mapped
 * that forgets the others, which are mapped until this domain ends; and it takes a guest
 * that has ended a grant for the end of the device, and tells the log each time.
 *
 * Return: as nc2b_map_pages().
 */
int nc2b_map_ring(struct nc2b_map *m, domid_t domid, grant_ref_t ref)
{
	return nc2b_map_pages(m, domid, &ref, 1, false);
}

/**
 * nc2b_map_addr - where a mapped page is
 * @m: mapped
 * @i: which of its pages; the next one is somewhere else
 *
 * Return: its address.
 */
void *nc2b_map_addr(const struct nc2b_map *m, unsigned int i)
{
	return page_address(m->pages[i]);
}

/**
 * nc2b_bus_address - where the NIC finds a mapped page if nothing stands between
 * @page: one of &nc2b_map.pages
 *
 * A DMA mapping with another address goes through a bounce buffer (or, on a
 * domain with a real IOMMU of its own, through that).
 *
 * Return: the bus address.
 */
dma_addr_t nc2b_bus_address(struct page *page)
{
	return (dma_addr_t)pfn_to_gfn(page_to_pfn(page)) << PAGE_SHIFT;
}

/**
 * nc2b_grant_copy - have Xen do a batch of copies
 * @ops: the copies; each one's status is set
 * @nr: how many, may be 0
 *
 * Any context.  An operation that Xen wants tried again (a guest page that is
 * paged out) counts as failed: gnttab_batch_copy() would sleep for it, and the
 * frame is not worth that.
 */
void nc2b_grant_copy(struct gnttab_copy *ops, unsigned int nr)
{
	unsigned int i;

	if (!nr)
		return;
	if (!HYPERVISOR_grant_table_op(GNTTABOP_copy, ops, nr))
		return;
	for (i = 0; i < nr; i++)
		ops[i].status = GNTST_general_error;
}

/**
 * nc2b_copy_from_guest - describe a copy out of a granted page
 * @op: to be filled in
 * @domid: the guest
 * @ref: its grant
 * @ref_offset: where in the granted page
 * @to: where to, within one page
 * @len: bytes, within one page on both sides
 */
void nc2b_copy_from_guest(struct gnttab_copy *op, domid_t domid, grant_ref_t ref,
			  unsigned int ref_offset, void *to, unsigned int len)
{
	op->source.u.ref = ref;
	op->source.domid = domid;
	op->source.offset = ref_offset;
	op->dest.u.gmfn = virt_to_gfn(to);
	op->dest.domid = DOMID_SELF;
	op->dest.offset = offset_in_page(to);
	op->len = len;
	op->flags = GNTCOPY_source_gref;
}

/**
 * nc2b_copy_to_guest - describe a copy into a granted page
 * @op: to be filled in
 * @domid: the guest
 * @ref: its grant
 * @ref_offset: where in the granted page
 * @from: page to copy from
 * @from_offset: where in it
 * @len: bytes, within one page on both sides
 */
void nc2b_copy_to_guest(struct gnttab_copy *op, domid_t domid, grant_ref_t ref,
			unsigned int ref_offset, struct page *from,
			unsigned int from_offset, unsigned int len)
{
	/*
	 * A page of another guest, for which somebody here sends: Xen takes it by that
	 * guest's grant only.  Pages with a mapping use the flag for something else.
	 */
	struct xen_page_foreign *foreign = from->mapping ? NULL : xen_page_foreign(from);

	op->flags = GNTCOPY_dest_gref;
	if (foreign) {
		op->source.u.ref = foreign->gref;
		op->source.domid = foreign->domid;
		op->flags |= GNTCOPY_source_gref;
	} else {
		op->source.u.gmfn = xen_page_to_gfn(from);
		op->source.domid = DOMID_SELF;
	}
	op->source.offset = from_offset;
	op->dest.u.ref = ref;
	op->dest.domid = domid;
	op->dest.offset = ref_offset;
	op->len = len;
}

/**
 * nc2b_read_page - copy one granted page out, once
 * @domid: the guest
 * @ref: its grant
 * @page: room for a page, page aligned
 *
 * Return: 0, or -EACCES if the guest granted it wrongly.
 */
int nc2b_read_page(domid_t domid, grant_ref_t ref, void *page)
{
	struct gnttab_copy op;

	nc2b_copy_from_guest(&op, domid, ref, 0, page, XEN_PAGE_SIZE);
	nc2b_grant_copy(&op, 1);
	return op.status == GNTST_okay ? 0 : -EACCES;
}
