/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Red-black tree, embedded in its elements; the caller descends and compares.
 * No locking, no allocation.
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include "lib/types.h"

struct rb_node {
    struct rb_node *parent, *left, *right;
    bool red;
};

struct rb_tree {
    struct rb_node *root;
};

#define RB_ENTRY(ptr, type, member) CONTAINER_OF(ptr, type, member)

/*
 * Links node as the child that *link points to under parent (NULL for the
 * root), then rebalances.  *link must be NULL.
 */
void rb_insert(struct rb_tree *tree, struct rb_node *node, struct rb_node *parent,
               struct rb_node **link);
void rb_erase(struct rb_tree *tree, struct rb_node *node);
struct rb_node *rb_first(const struct rb_tree *tree);
struct rb_node *rb_last(const struct rb_tree *tree);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

#endif
