/* SPDX-License-Identifier: BSD-2-Clause */
/* Circular doubly linked list, embedded in its elements.  No locking. */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(name)  \
    {                    \
        &(name), &(name) \
    }

static inline void list_init(struct list *head)
{
    head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_insert_between(struct list *item, struct list *prev, struct list *next)
{
    item->next = next;
    item->prev = prev;
    next->prev = item;
    prev->next = item;
}

static inline void list_push_front(struct list *head, struct list *item)
{
    list_insert_between(item, head, head->next);
}

static inline void list_push_back(struct list *head, struct list *item)
{
    list_insert_between(item, head->prev, head);
}

/* Everything in from goes to the end of head; from is empty then. */
static inline void list_splice_back(struct list *head, struct list *from)
{
    if (list_empty(from))
        return;
    from->next->prev = head->prev;
    head->prev->next = from->next;
    from->prev->next = head;
    head->prev = from->prev;
    list_init(from);
}

/* The item is left pointing to itself: removing it twice is harmless. */
static inline void list_remove(struct list *item)
{
    item->prev->next = item->next;
    item->next->prev = item->prev;
    list_init(item);
}

#define LIST_ENTRY(ptr, type, member) CONTAINER_OF(ptr, type, member)
#define LIST_FIRST(head, type, member) LIST_ENTRY((head)->next, type, member)
#define LIST_FOR_EACH(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
#define LIST_FOR_EACH_SAFE(it, tmp, head) \
    for (struct list *it = (head)->next, *tmp = it->next; it != (head); it = tmp, tmp = it->next)

#endif
