/* SPDX-License-Identifier: BSD-2-Clause */
/* See page_tree.h.  Nodes are freed when they become empty. */
#include "fs/page_tree.h"

#include "lib/errno.h"
#include "mm/leaks.h"
#include "mm/slab.h"

#define WIDTH_BITS 6u
#define WIDTH (1u << WIDTH_BITS)
#define HEIGHT_MAX 9u /* 54 bits: any page index of a 64-bit size */

struct node {
    uint64_t slots[WIDTH];
};

static struct node *as_node(uint64_t raw)
{
    return (struct node *)(uintptr_t)raw;
}

static bool covers(uint32_t height, uint64_t index)
{
    return height * WIDTH_BITS >= 64 || index >> (height * WIDTH_BITS) == 0;
}

static uint32_t slot_of(uint64_t index, uint32_t level)
{
    return (uint32_t)(index >> ((level - 1) * WIDTH_BITS)) & (WIDTH - 1);
}

uint64_t page_tree_get(const struct page_tree *tree, uint64_t index)
{
    uint64_t at = tree->root;

    if (!covers(tree->height, index))
        return 0;
    for (uint32_t level = tree->height; level && at; level--)
        at = as_node(at)->slots[slot_of(index, level)];
    return at;
}

static int grow(struct page_tree *tree, uint64_t index)
{
    while (!covers(tree->height, index)) {
        if (tree->root) {
            struct node *node = kzalloc(sizeof(*node));

            if (!node)
                return -ENOMEM;
            leaks_keep(node);
            node->slots[0] = tree->root;
            tree->root = (uintptr_t)node;
        }
        tree->height++;
    }
    return 0;
}

int page_tree_set(struct page_tree *tree, uint64_t index, uint64_t pa)
{
    uint64_t *slot = &tree->root;
    int error = grow(tree, index);

    if (error)
        return error;
    for (uint32_t level = tree->height; level; level--) {
        if (!*slot) {
            struct node *node = kzalloc(sizeof(*node));

            if (!node)
                return -ENOMEM; /* empty nodes on the way are found again, or freed at the end */
            leaks_keep(node);
            *slot = (uintptr_t)node;
        }
        slot = &as_node(*slot)->slots[slot_of(index, level)];
    }
    *slot = pa;
    tree->count++;
    return 0;
}

static bool node_empty(const struct node *node)
{
    for (uint32_t i = 0; i < WIDTH; i++)
        if (node->slots[i])
            return false;
    return true;
}

struct removal {
    uint64_t first, last;
    void (*drop)(uint64_t pa);
    uint64_t dropped;
};

/* base: the first index below *slot.  Depth is the tree's height. */
static void remove_below(uint64_t *slot, uint32_t level, uint64_t base, struct removal *removal)
{
    uint64_t span;

    if (!*slot)
        return;
    if (level == 0) {
        removal->drop(*slot);
        removal->dropped++;
        *slot = 0;
        return;
    }
    span = 1ul << ((level - 1) * WIDTH_BITS);
    for (uint32_t i = 0; i < WIDTH; i++) {
        uint64_t start = base + i * span;

        if (start <= removal->last && start + span - 1 >= removal->first)
            remove_below(&as_node(*slot)->slots[i], level - 1, start, removal);
    }
    if (node_empty(as_node(*slot))) {
        kfree(as_node(*slot));
        *slot = 0;
    }
}

void page_tree_remove(struct page_tree *tree, uint64_t first, uint64_t last,
                      void (*drop)(uint64_t pa))
{
    struct removal removal = {.first = first, .last = last, .drop = drop};

    if (tree->height == 0 && first > 0)
        return;
    remove_below(&tree->root, tree->height, 0, &removal);
    tree->count -= removal.dropped;
    if (!tree->root)
        tree->height = 0;
}

static bool next_below(uint64_t at, uint32_t level, uint64_t base, uint64_t from, uint64_t *index)
{
    uint64_t span;

    if (!at)
        return false;
    if (level == 0) {
        *index = base;
        return base >= from;
    }
    span = 1ul << ((level - 1) * WIDTH_BITS);
    for (uint32_t i = 0; i < WIDTH; i++) {
        uint64_t start = base + i * span;

        if (start + span - 1 >= from &&
            next_below(as_node(at)->slots[i], level - 1, start, from, index))
            return true;
    }
    return false;
}

bool page_tree_next(const struct page_tree *tree, uint64_t from, uint64_t *index)
{
    return next_below(tree->root, tree->height, 0, from, index);
}

_Static_assert(HEIGHT_MAX *WIDTH_BITS >= 52, "page indices fit");
