/* SPDX-License-Identifier: BSD-2-Clause */
/* The tree of numbers in use, and who is called by them. */
#include "proc/pid.h"

#include "lib/errno.h"
#include "lib/settings.h"
#include "mm/slab.h"
#include "proc/process.h"

#define PID_RESERVED 300 /* where the search starts again, as Linux does */

struct spinlock process_table_lock = SPINLOCK_INIT(LOCK_RANK_PROCESS_TABLE);
static struct rb_tree numbers;
static int last_number;
static uint64_t given_out;

struct pid_node *pid_find_next(int from)
{
    struct rb_node *at = numbers.root;
    struct pid_node *best = NULL;

    while (at) {
        struct pid_node *node = RB_ENTRY(at, struct pid_node, node);

        if (node->number == from)
            return node;
        if (node->number > from) {
            best = node;
            at = at->left;
        } else {
            at = at->right;
        }
    }
    return best;
}

struct pid_node *pid_find(int number)
{
    struct pid_node *node = pid_find_next(number);

    return node && node->number == number ? node : NULL;
}

/* Smallest free number from there on and below the maximum, or 0. */
static int first_free(int from)
{
    struct pid_node *node = pid_find_next(from);

    while (node && node->number == from) {
        struct rb_node *next = rb_next(&node->node);

        from++;
        node = next ? RB_ENTRY(next, struct pid_node, node) : NULL;
    }
    return (uint64_t)from < setting_get(&setting_pid_max) ? from : 0;
}

int pid_insert(struct pid_node *fresh)
{
    struct rb_node **link = &numbers.root, *parent = NULL;
    int number = first_free(last_number + 1);

    if (!number)
        number = first_free(PID_RESERVED);
    if (!number)
        return -EAGAIN;
    last_number = number;
    given_out++;
    while (*link) {
        parent = *link;
        link = number < RB_ENTRY(parent, struct pid_node, node)->number ? &parent->left
                                                                        : &parent->right;
    }
    fresh->number = number;
    fresh->uses = 1;
    fresh->process = NULL;
    fresh->task = NULL;
    list_init(&fresh->members);
    rb_insert(&numbers, &fresh->node, parent, link);
    return 0;
}

int pid_last(void)
{
    return last_number;
}

void pid_set_last(int number)
{
    spin_lock(&process_table_lock);
    last_number = number;
    spin_unlock(&process_table_lock);
}

uint64_t pid_given_out(void)
{
    return given_out;
}

uint64_t pid_count_of_user_locked(uint32_t uid)
{
    uint64_t count = 0;

    for (struct rb_node *at = rb_first(&numbers); at; at = rb_next(at)) {
        const struct pid_node *node = RB_ENTRY(at, struct pid_node, node);

        if (node->task)
            count += node->task->cred.uid == uid;
        else if (node->process && node->process->zombie)
            count += node->process->last_uid == uid;
    }
    return count;
}

void pid_use(struct pid_node *node)
{
    node->uses++;
}

void pid_unuse(struct pid_node *node)
{
    ASSERT(node->uses > 0);
    if (--node->uses)
        return;
    rb_erase(&numbers, &node->node);
    kfree(node);
}

void pid_join(struct process *process, struct pid_node *group, struct pid_node *session)
{
    struct pid_node *old_group = process->group, *old_session = process->session;

    if (group) {
        pid_use(group);
        process->pgid = group->number;
    }
    if (session) {
        pid_use(session);
        process->sid = session->number;
    }
    if (old_group)
        list_remove(&process->group_member);
    process->group = group;
    process->session = session;
    if (group)
        list_push_back(&group->members, &process->group_member);
    if (old_group)
        pid_unuse(old_group);
    if (old_session)
        pid_unuse(old_session);
}

struct process *process_find(int pid)
{
    struct process *process = NULL;

    spin_lock(&process_table_lock);
    struct pid_node *node = pid > 0 ? pid_find(pid) : NULL;
    if (node && node->process) {
        process = node->process;
        process_get(process);
    }
    spin_unlock(&process_table_lock);
    return process;
}

struct task *task_find_locked(int tid)
{
    struct pid_node *node = tid > 0 ? pid_find(tid) : NULL;

    return node ? node->task : NULL;
}

int process_next_pid(int from)
{
    int pid = -1;

    spin_lock(&process_table_lock);
    struct pid_node *node = pid_find_next(from);
    while (node && !node->process) {
        struct rb_node *next = rb_next(&node->node);
        node = next ? RB_ENTRY(next, struct pid_node, node) : NULL;
    }
    if (node)
        pid = node->number;
    spin_unlock(&process_table_lock);
    return pid;
}
