/* SPDX-License-Identifier: BSD-2-Clause */
/* See mm_objects.h. */
#include "unit/mm_objects.h"

#include <stdlib.h>
#include <string.h>

#include "lib/errno.h"
#include "mm/slab.h"

static uint64_t objects_before;

static paddr_t file_pages[FILE_PAGES];
static int file_refs;

static int file_get_page(void *object, uint64_t offset, bool for_write, struct vm_page *page)
{
    uint64_t index = offset / PAGE_SIZE;

    (void)object;
    assert_false(for_write);
    if (index >= FILE_PAGES)
        return -EFAULT;
    if (page_should_fail())
        return -ENOMEM;
    *page = (struct vm_page){file_pages[index], index < 16 || index % 2 == 0};
    if (!page->is_static)
        page_get(page->pa);
    return 0;
}

static void file_get(void *object)
{
    (void)object;
    file_refs++;
}

static void file_put(void *object)
{
    (void)object;
    file_refs--;
}

static uint64_t file_static_run(void *object, uint64_t offset, paddr_t *pa)
{
    uint64_t index = offset / PAGE_SIZE;

    (void)object;
    if (index >= FILE_PAGES || (index >= 16 && index % 2))
        return 0;
    *pa = file_pages[index];
    return 1;
}

const struct vm_object_ops file_ops = {
    .get_page = file_get_page, .get = file_get, .put = file_put, .static_run = file_static_run};

uint8_t file_byte(unsigned int index)
{
    return (uint8_t)(100 + index);
}

static void file_setup(void)
{
    for (unsigned int i = 0; i < FILE_PAGES; i++) {
        if (i < 16 || i % 2 == 0) {
            file_pages[i] = fake_static_page(file_byte(i));
        } else {
            assert_true(page_alloc(0, 0, &file_pages[i]));
            memset(phys_to_virt(file_pages[i]), file_byte(i), PAGE_SIZE);
        }
    }
}

static void file_teardown(void)
{
    for (unsigned int i = 17; i < FILE_PAGES; i += 2)
        page_put(file_pages[i]);
}

uint64_t window_page = PAGE_SIZE;
struct mmap_request shared_request;
uint8_t shared_byte[FILE_PAGES];

void objects_setup(void)
{
    fakes_reset();
    objects_before = slab_objects_in_use();
    file_setup();
    memset(shared_byte, 0, sizeof(shared_byte));
    file_refs = 0;
    shared_request = (struct mmap_request){0};
    assert_int_equal(shared_memory_create(FILE_PAGES * PAGE_SIZE, &shared_request), 0);
}

void objects_check_nothing_is_left(void)
{
    shared_request.ops->put(shared_request.object);
    file_teardown();
    assert_int_equal(file_refs, 0);
    assert_int_equal(slab_objects_in_use(), objects_before);
    /* What small objects' pages stay for the next ones. */
    assert_in_range(fake_pages_in_use(), 0, 4);
}

uint64_t address_of(unsigned int page)
{
    return WINDOW_MIDDLE - WINDOW_PAGES / 2 * window_page + page * window_page;
}

struct span random_span(void)
{
    struct span span = {(unsigned int)random() % WINDOW_PAGES, 0};

    span.count = 1 + (unsigned int)random() % MIN(12u, WINDOW_PAGES - span.first);
    return span;
}

uint32_t random_rights(void)
{
    return (uint32_t)random() & (VM_READ | VM_WRITE);
}

void check_areas(struct mm *mm)
{
    uint64_t pages = 0, last_end = 0;
    uint32_t count = 0;

    for (struct rb_node *node = rb_first(&mm->vmas); node; node = rb_next(node)) {
        struct vma *vma = RB_ENTRY(node, struct vma, node);

        assert_true(vma->start < vma->end && vma->start >= last_end);
        last_end = vma->end;
        pages += (vma->end - vma->start) / PAGE_SIZE;
        count++;
    }
    assert_int_equal(pages, mm->total_pages);
    assert_int_equal(count, mm->vma_count);
    assert_true(atomic_load(&mm->rss_pages) >= 0);
}
