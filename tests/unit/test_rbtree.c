/* SPDX-License-Identifier: BSD-2-Clause */
/* The red-black tree keeps order, balance and colours under random insertions and removals. */
/* links: guest/lib/rbtree.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/rbtree.h"

#define ITEMS 300

struct item {
    struct rb_node node;
    int key;
    bool in;
};

static struct item items[ITEMS];
static struct rb_tree tree;

static int key_of(const struct rb_node *node)
{
    return ((const struct item *)node)->key;
}

static void insert(struct item *item)
{
    struct rb_node **link = &tree.root, *parent = NULL;

    while (*link) {
        parent = *link;
        link = item->key < key_of(parent) ? &parent->left : &parent->right;
    }
    rb_insert(&tree, &item->node, parent, link);
    item->in = true;
}

/* Black height; checks order, links and that red has no red child. */
static int check(const struct rb_node *node, const struct rb_node *parent, int low, int high)
{
    if (!node)
        return 1;
    assert_ptr_equal(node->parent, parent);
    assert_in_range(key_of(node), low, high);
    if (node->red) {
        assert_non_null(parent);
        assert_false(parent->red);
    }
    int left = check(node->left, node, low, key_of(node));
    int right = check(node->right, node, key_of(node), high);
    assert_int_equal(left, right);
    return left + !node->red;
}

static void check_walk(void)
{
    const struct rb_node *node = rb_first(&tree), *last = NULL;
    int seen = 0, expected = 0;

    for (; node; last = node, node = rb_next(node)) {
        assert_ptr_equal(rb_prev(node), last);
        seen++;
    }
    assert_ptr_equal(rb_last(&tree), last);
    for (int i = 0; i < ITEMS; i++)
        expected += items[i].in;
    assert_int_equal(seen, expected);
}

static void test_random_sequences_keep_the_invariants(void **state)
{
    (void)state;
    srandom(1);
    for (int i = 0; i < ITEMS; i++)
        items[i].key = i;
    for (int step = 0; step < 20000; step++) {
        /* Waves of growth and shrinking reach all sizes. */
        struct item *item = &items[random() % ITEMS];
        bool grow = random() % 100 < (step / 2000 % 2 ? 30 : 70);

        if (grow && !item->in) {
            insert(item);
        } else if (!grow && item->in) {
            rb_erase(&tree, &item->node);
            item->in = false;
        }
        check(tree.root, NULL, 0, ITEMS);
        if (step % 100 == 0)
            check_walk();
    }
}

static void test_empty_tree_has_no_ends(void **state)
{
    struct rb_tree empty = {NULL};

    (void)state;
    assert_null(rb_first(&empty));
    assert_null(rb_last(&empty));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_tree_has_no_ends),
        cmocka_unit_test(test_random_sequences_keep_the_invariants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
