/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Red-black trees: Cormen et al., chapter 13, without a sentinel (a missing
 * child is NULL and counts as black).  Knows nothing of what is stored.
 */
#include "lib/rbtree.h"

static bool is_red(const struct rb_node *node)
{
    return node && node->red;
}

/* Puts new_child where old_child hangs under parent (NULL: at the root). */
static void replace_child(struct rb_tree *tree, struct rb_node *parent, struct rb_node *old_child,
                          struct rb_node *new_child)
{
    if (!parent)
        tree->root = new_child;
    else if (parent->left == old_child)
        parent->left = new_child;
    else
        parent->right = new_child;
}

static void rotate_left(struct rb_tree *tree, struct rb_node *node)
{
    struct rb_node *pivot = node->right;

    node->right = pivot->left;
    if (pivot->left)
        pivot->left->parent = node;
    pivot->parent = node->parent;
    replace_child(tree, node->parent, node, pivot);
    pivot->left = node;
    node->parent = pivot;
}

static void rotate_right(struct rb_tree *tree, struct rb_node *node)
{
    struct rb_node *pivot = node->left;

    node->left = pivot->right;
    if (pivot->right)
        pivot->right->parent = node;
    pivot->parent = node->parent;
    replace_child(tree, node->parent, node, pivot);
    pivot->right = node;
    node->parent = pivot;
}

void rb_insert(struct rb_tree *tree, struct rb_node *node, struct rb_node *parent,
               struct rb_node **link)
{
    node->parent = parent;
    node->left = node->right = NULL;
    node->red = true;
    *link = node;

    while (is_red(node->parent)) {
        struct rb_node *up = node->parent, *top = up->parent;
        bool left = up == top->left;
        struct rb_node *uncle = left ? top->right : top->left;

        if (is_red(uncle)) {
            up->red = uncle->red = false;
            top->red = true;
            node = top;
            continue;
        }
        if (left && node == up->right) {
            rotate_left(tree, up);
            up = node;
        } else if (!left && node == up->left) {
            rotate_right(tree, up);
            up = node;
        }
        up->red = false;
        top->red = true;
        if (left)
            rotate_right(tree, top);
        else
            rotate_left(tree, top);
        break;
    }
    tree->root->red = false;
}

/* One step for a child that lacks a black node; true when the tree is valid again. */
static bool repair_step(struct rb_tree *tree, struct rb_node *parent, bool left)
{
    struct rb_node *sibling = left ? parent->right : parent->left;

    if (is_red(sibling)) {
        sibling->red = false;
        parent->red = true;
        if (left)
            rotate_left(tree, parent);
        else
            rotate_right(tree, parent);
        sibling = left ? parent->right : parent->left;
    }
    /* This side lacks a black node, so the other side has one at least. */
    if (!sibling)
        __builtin_unreachable();
    if (!is_red(sibling->left) && !is_red(sibling->right)) {
        sibling->red = true;
        return false;
    }
    if (left && !is_red(sibling->right)) {
        sibling->left->red = false;
        sibling->red = true;
        rotate_right(tree, sibling);
        sibling = parent->right;
    } else if (!left && !is_red(sibling->left)) {
        sibling->right->red = false;
        sibling->red = true;
        rotate_left(tree, sibling);
        sibling = parent->left;
    }
    sibling->red = parent->red;
    parent->red = false;
    if (left) {
        sibling->right->red = false;
        rotate_left(tree, parent);
    } else {
        sibling->left->red = false;
        rotate_right(tree, parent);
    }
    return true;
}

/* child (may be NULL) under parent lacks one black node on its path. */
static void repair_erase(struct rb_tree *tree, struct rb_node *child, struct rb_node *parent)
{
    while (parent && !is_red(child)) {
        if (repair_step(tree, parent, child == parent->left))
            return;
        child = parent;
        parent = child->parent;
    }
    if (child)
        child->red = false;
}

void rb_erase(struct rb_tree *tree, struct rb_node *node)
{
    struct rb_node *child, *parent;
    bool black;

    if (node->left && node->right) {
        /* The successor takes the node's place; it has no left child. */
        struct rb_node *next = node->right;

        while (next->left)
            next = next->left;
        child = next->right;
        black = !next->red;
        parent = next->parent;
        if (parent == node) {
            parent = next;
        } else {
            parent->left = child;
            if (child)
                child->parent = parent;
            next->right = node->right;
            node->right->parent = next;
        }
        next->left = node->left;
        node->left->parent = next;
        next->parent = node->parent;
        next->red = node->red;
        replace_child(tree, node->parent, node, next);
    } else {
        child = node->left ? node->left : node->right;
        parent = node->parent;
        black = !node->red;
        if (child)
            child->parent = parent;
        replace_child(tree, parent, node, child);
    }
    if (black)
        repair_erase(tree, child, parent);
    node->parent = node->left = node->right = NULL;
}

struct rb_node *rb_first(const struct rb_tree *tree)
{
    struct rb_node *node = tree->root;

    while (node && node->left)
        node = node->left;
    return node;
}

struct rb_node *rb_last(const struct rb_tree *tree)
{
    struct rb_node *node = tree->root;

    while (node && node->right)
        node = node->right;
    return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
    struct rb_node *up;

    if (node->right) {
        up = node->right;
        while (up->left)
            up = up->left;
        return up;
    }
    for (up = node->parent; up && node == up->right; up = up->parent)
        node = up;
    return up;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
    struct rb_node *up;

    if (node->left) {
        up = node->left;
        while (up->right)
            up = up->right;
        return up;
    }
    for (up = node->parent; up && node == up->left; up = up->parent)
        node = up;
    return up;
}
