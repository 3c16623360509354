// SPDX-License-Identifier: GPL-2.0
/*
 * The pages of a region: allocated all at once, and entered into the page cache
 * of the region's inode, which owns them.
 *
 * The core needs the mapping and the index of a page to find its page table
 * entries, for memory failure or truncation, and to identify process-shared
 * futexes. The page cache charges the pages to the memory cgroup of the task
 * that creates the region.
 *
 * Nothing removes a folio before mms_memory_release() does. Reclaim ignores it
 * because it is unevictable, and POSIX_FADV_DONTNEED because it is dirty. It is
 * not migrated, because the kernel has mapped it by vmap(). So the array of
 * pages needs no references.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>
#include "compat.h"
#include "memory.h"

/* Fail instead of invoking the OOM killer; the caller reports the error. */
#define MMS_GFP		(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* Allocating a large region takes seconds: reschedule, and stay killable. */
static int mms_resched_killable(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/*
 * Allocate a zeroed folio of the largest of @orders that is available. Order 0
 * is tried hardest; memory is compacted for a PMD-sized folio; orders in
 * between are allocated only from free memory. Bit 0 of @orders is set. @node is
 * preferred, if it is not NUMA_NO_NODE.
 */
static struct folio *mms_alloc_folio(unsigned long orders, int node)
{
	for (;;) {
		gfp_t gfp = GFP_HIGHUSER | __GFP_ZERO | __GFP_NOWARN;
		const unsigned int order = __fls(orders);
		struct folio *folio;

		gfp |= order ? __GFP_NORETRY : __GFP_RETRY_MAYFAIL;
		if (order && order != MMS_PMD_ORDER)
			gfp &= ~__GFP_DIRECT_RECLAIM;
		folio = node == NUMA_NO_NODE ? folio_alloc(gfp, order) :
					       __folio_alloc_node(gfp, order, node);
		if (folio || !order)
			return folio;
		orders &= ~BIT(order);
	}
}

/* Enter a new folio at @index; the page cache has the only reference to it. */
static struct folio *mms_add_folio(struct address_space *mapping, pgoff_t index,
				   unsigned long orders, int node)
{
	struct folio *folio = mms_alloc_folio(orders, node);
	int ret;

	if (!folio)
		return ERR_PTR(-ENOMEM);
	ret = filemap_add_folio(mapping, folio, index, MMS_GFP);
	if (ret) {
		folio_put(folio);
		return ERR_PTR(ret);
	}
	folio_mark_uptodate(folio);
	folio_set_dirty(folio);
	folio_unlock(folio);
	folio_put(folio);
	return folio;
}

/**
 * mms_add_page - allocate a zeroed page and enter it into a page cache
 * @mapping: the page cache of a region
 * @index: where to enter it; the page cache has no page there
 *
 * Context: process context, may sleep.
 * Return: the page, which stays until @mapping is truncated; or an ERR_PTR():
 * -ENOMEM.
 */
struct page *mms_add_page(struct address_space *mapping, pgoff_t index)
{
	struct folio *folio = mms_add_folio(mapping, index, BIT(0), NUMA_NO_NODE);

	return IS_ERR(folio) ? ERR_CAST(folio) : folio_page(folio, 0);
}

/*
 * Return: those of @orders whose folios fit at page @i. The page cache requires
 * folios to be aligned to their size.
 */
static unsigned long mms_orders_at(const struct mms_memory *mem, unsigned long i,
				   unsigned long orders)
{
	unsigned int max = ilog2(mem->nr_pages - i);

	if (i)
		max = min_t(unsigned int, max, __ffs(i));
	return orders & GENMASK(max, 0);
}

/*
 * The node where page @i should be. That of a CPU may have no memory, or not be
 * online: such a CPU can have none.
 */
static int mms_node_of(const struct mms_layout *layout, unsigned long i)
{
	const unsigned long cpu = i / (layout->size / layout->parts >> PAGE_SHIFT);
	int node;

	if (!layout->per_cpu || cpu >= nr_cpu_ids || !cpu_possible(cpu))
		return NUMA_NO_NODE;
	node = cpu_to_node(cpu);
	return node != NUMA_NO_NODE && node_online(node) ? node : NUMA_NO_NODE;
}

static int mms_add_folios(struct mms_memory *mem, const struct mms_layout *layout,
			  unsigned long orders)
{
	unsigned long i = 0, j, n;

	while (i < mem->nr_pages) {
		struct folio *folio = mms_add_folio(mem->mapping, i,
						    mms_orders_at(mem, i, orders),
						    mms_node_of(layout, i));
		int ret = IS_ERR(folio) ? PTR_ERR(folio) : mms_resched_killable();

		if (ret)
			return ret;
		n = folio_nr_pages(folio);
		/*
		 * not a bug, but KCSAN would report it: folio_page() may read
		 * the section from page->flags, where other CPUs set bits
		 */
		for (j = 0; j < n; j++)
			mem->pages[i + j] = mms_racy(folio_page(folio, j));
		if (n == 1UL << MMS_PMD_ORDER)
			mem->huge_pages++;
		i += n;
	}
	return 0;
}

/**
 * mms_get_folio - get a reference to the folio of a page
 * @page: a page of a region, which is not freed meanwhile
 *
 * The core may split a large folio at any time, but not while a caller of this
 * function holds a reference.
 *
 * Context: any.
 * Return: the folio.
 */
struct folio *mms_get_folio(struct page *page)
{
	for (;;) {
		struct folio *folio = page_folio(page);

		/* the reference count is 0 while the folio is being split */
		if (!folio_try_get(folio)) {
			cpu_relax();
			continue;
		}
		if (folio == page_folio(page))
			return folio;
		folio_put(folio);
	}
}

/**
 * mms_intact - how many bytes precede the first page with a memory failure
 * @mem: the memory
 * @offset: in bytes
 * @n: bytes from there, inside @mem
 *
 * Reserved memory has no such page: the core can end no use of it.
 *
 * Context: any.
 * Return: @n if there is no such page.
 */
u64 mms_intact(const struct mms_memory *mem, u64 offset, u64 n)
{
	unsigned long i;

	if (mem->range)
		return n;
	for (i = offset >> PAGE_SHIFT; (u64)i << PAGE_SHIFT < offset + n; i++)
		if (PageHWPoison(mem->pages[i]))
			return max((u64)i << PAGE_SHIFT, offset) - offset;
	return n;
}

/*
 * Map several parts, each followed by its mirror, for the kernel. Return: the
 * address; NULL if there is not enough memory.
 */
static void *mms_map_parts(const struct mms_memory *mem, const struct mms_layout *layout)
{
	const unsigned long part = mem->nr_pages / layout->parts;
	const unsigned long mirrored = layout->mirrored >> PAGE_SHIFT, nr = part + mirrored;
	struct page **pages = kvmalloc_array(nr, array_size(layout->parts, sizeof(*pages)),
					     GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	unsigned int i;
	void *vaddr;

	if (!pages)
		return NULL;
	for (i = 0; i < layout->parts; i++) {
		struct page **end = mem->pages + (i + 1) * part;

		memcpy(pages + i * nr, end - part, part * sizeof(*pages));
		memcpy(pages + i * nr + part, end - mirrored, mirrored * sizeof(*pages));
	}
	vaddr = vmap(pages, layout->parts * nr, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	return vaddr;
}

/**
 * mms_memory_alloc - allocate pages and map them in a row for the kernel
 * @mem: its @mapping is set, and empty
 * @layout: how much, and how to map it
 * @orders: of the folios: a bit for each that may be used; bit 0 is set
 *
 * Context: process context, may sleep.
 * Return: 0, -ENOMEM, or -EINTR when the caller was killed.
 */
int mms_memory_alloc(struct mms_memory *mem, const struct mms_layout *layout,
		     unsigned long orders)
{
	const unsigned long nr_mirrored = layout->parts > 1 ? 0 : layout->mirrored >> PAGE_SHIFT;
	const u64 size = layout->size;
	unsigned long nr_mapped;
	int ret;

	/*
	 * Refuse a size that exceeds the memory of the machine, before reclaim
	 * is tried for it. vmap() counts pages in unsigned int.
	 */
	if (size >> PAGE_SHIFT > min_t(u64, totalram_pages(), UINT_MAX / 2))
		return -ENOMEM;

	mem->nr_pages = size >> PAGE_SHIFT;
	/* the entries of the mirror follow the others, for vmap() only */
	nr_mapped = mem->nr_pages + nr_mirrored;
	mem->pages = kvmalloc_array(nr_mapped, sizeof(*mem->pages),
				    GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!mem->pages)
		return -ENOMEM;
	/*
	 * without transparent huge pages the page cache does not take large
	 * folios
	 */
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) || !has_transparent_hugepage())
		orders = BIT(0);
	if (orders != BIT(0))
		mapping_set_large_folios(mem->mapping);
	orders &= GENMASK(MAX_PAGECACHE_ORDER, 0);
	mms_mapping_set_unmovable(mem->mapping);
	ret = mms_add_folios(mem, layout, orders);
	if (ret)
		goto truncate;
	memcpy(mem->pages + mem->nr_pages, mem->pages + mem->nr_pages - nr_mirrored,
	       nr_mirrored * sizeof(*mem->pages));

	ret = -ENOMEM;
	/* remap_vmalloc_range() requires VM_USERMAP */
	mem->vaddr = vmap(mem->pages, nr_mapped, VM_MAP | VM_USERMAP, PAGE_KERNEL);
	if (!mem->vaddr)
		goto truncate;
	mem->parts = layout->parts > 1 ? mms_map_parts(mem, layout) : mem->vaddr;
	if (!mem->parts)
		goto unmap;
	return 0;

unmap:
	vunmap(mem->vaddr);
	mem->vaddr = NULL;
truncate:
	truncate_inode_pages_range(mem->mapping, 0, size - 1);
	kvfree(mem->pages);
	return ret;
}

/*
 * Does anything except the caller hold a reference to the folio? The caller
 * holds one. One more is not counted if the folio is off the LRU lists: the
 * task that has isolated it, the batch that will add it to a list, or memory
 * failure holds that reference.
 */
static bool mms_folio_is_held(struct folio *folio)
{
	const bool lru = folio_test_lru(folio);

	return folio_ref_count(folio) > 1 + !lru || folio_test_lru(folio) != lru;
}

/**
 * mms_memory_sweep - free the pages that are no longer used elsewhere
 * @mem: after mms_memory_release()
 *
 * Context: process context, may sleep.
 * Return: bytes in the pages that are left.
 */
u64 mms_memory_sweep(struct mms_memory *mem)
{
	unsigned long i, left = 0;
	u64 bytes = 0;

	for (i = 0; i < mem->nr_pages; i++) {
		struct folio *folio = page_folio(mem->pages[i]);

		if (mms_folio_is_held(folio)) {
			mem->pages[left++] = mem->pages[i];
			bytes += folio_size(folio);
		} else {
			folio_put(folio);
		}
		cond_resched();
	}
	mem->nr_pages = left;
	return bytes;
}

/**
 * mms_memory_release - free all pages but those that are used elsewhere
 * @mem: from mms_memory_alloc(); it is neither mapped nor used by its address
 *
 * Pages may be pinned, or be in a pipe. A folio is used if one of its pages is.
 * On return, @mem has one page, with one reference, of each folio that is left.
 *
 * Context: process context, may sleep.
 * Return: bytes in the pages that are left.
 */
u64 mms_memory_release(struct mms_memory *mem)
{
	const loff_t end = (loff_t)mem->nr_pages << PAGE_SHIFT;
	unsigned long i, n, nr = 0;

	if (mem->parts != mem->vaddr)
		vunmap(mem->parts);
	vunmap(mem->vaddr);
	mem->parts = NULL;
	mem->vaddr = NULL;
	for (i = 0; i < mem->nr_pages; i += n) {
		struct folio *folio = mms_get_folio(mem->pages[i]);

		n = folio_nr_pages(folio);
		mem->pages[nr++] = folio_page(folio, 0);
	}
	mem->nr_pages = nr;
	/* the doorbell's page stays: its index is higher */
	truncate_inode_pages_range(mem->mapping, 0, end - 1);
	return mms_memory_sweep(mem);
}

/*
 * Drop the pages that mms_memory_release() has left: each is freed once it is
 * no longer used elsewhere. May sleep.
 */
void mms_memory_free(struct mms_memory *mem)
{
	while (mem->nr_pages--) {
		put_page(mem->pages[mem->nr_pages]);
		cond_resched();
	}
	kvfree(mem->pages);
}
