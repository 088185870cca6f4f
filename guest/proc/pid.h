/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of processes, threads, groups and sessions: one space, in order.  A
 * number is free again when nobody is called by it in any of these roles.
 * Lock: process_table_lock for everything here, unless it says otherwise.
 */
#ifndef PROC_PID_H
#define PROC_PID_H

#include "lib/list.h"
#include "lib/rbtree.h"

struct process;
struct task;

struct pid_node {
    struct rb_node node;
    int number;
    uint32_t uses; /* process, task, and each member of the group or session */
    struct process *process; /* whose pid it is, zombies included, or NULL */
    struct task *task; /* whose tid it is, or NULL */
    struct list members; /* processes whose group it is: struct process.group_member */
};

/* A free number for node (allocated by the caller), one use; -EAGAIN when there is none. */
int pid_insert(struct pid_node *node);
struct pid_node *pid_find(int number);
struct pid_node *pid_find_next(int from); /* smallest number >= from, or NULL */
void pid_use(struct pid_node *node);
void pid_unuse(struct pid_node *node); /* the last use frees it */

int pid_last(void);
void pid_set_last(int number);
/* the next one is the first free one above it */ /* the number given out last */
uint64_t pid_given_out(void); /* how many so far */

/* Makes process a member of group and session; leaves the ones before.  Nodes may be NULL. */
void pid_join(struct process *process, struct pid_node *group, struct pid_node *session);

/* Threads of a real user, and zombies: what RLIMIT_NPROC counts. */
uint64_t pid_count_of_user_locked(uint32_t uid);

#endif
