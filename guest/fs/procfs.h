/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc(5).  What processes look like comes from proc/ through struct
 * procfs_source, so fs/ knows no process.
 */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "fs/fd_table.h"
#include "fs/vfs.h"
#include "iface/interrupt.h"
#include "lib/printf.h"

struct mm;

#define PROCFS_LIMITS 16u /* RLIMIT_* numbers as Linux's */

/* One thread and its process, filled in by get(); put() gives the references back. */
struct procfs_process {
    int pid, tid, parent_pid, pgid, sid;
    char state; /* 'R' 'S' 'D' 'T' 'Z' */
    char comm[16];
    uint32_t uid[4], gid[4]; /* real, effective, saved, file system */
    uint32_t group_count;
    const uint32_t *groups;
    void *group_list; /* the source's own, for put() */
    uint32_t umask;
    unsigned int thread_count;
    int nice, exit_signal;
    int oom_score, oom_score_adj;
    unsigned int cpu; /* last ran there */
    uint64_t affinity;
    uint64_t start_ns; /* monotonic */
    uint64_t user_ns, system_ns, child_user_ns, child_system_ns;
    uint64_t min_faults, child_min_faults;
    uint64_t voluntary_switches, involuntary_switches;
    uint64_t signals_pending, signals_shared_pending, signals_blocked, signals_ignored,
        signals_caught;
    uint64_t cap_inheritable, cap_permitted, cap_effective, cap_bounding, cap_ambient;
    bool no_new_privs;
    uint64_t limits[PROCFS_LIMITS][2]; /* soft, hard; UINT64_MAX: unlimited */
    struct mm *mm; /* reference, or NULL (zombie) */
    struct fd_table *files; /* reference, or NULL */
    struct dentry *exe, *cwd, *root; /* references, or NULL */
};

struct procfs_load {
    uint64_t load_milli[3]; /* 1, 5, 15 minutes, thousandths */
    unsigned int running, threads, last_pid;
    uint64_t forks, context_switches;
};

struct procfs_source {
    int (*current_pid)(void); /* of the calling task; 0: none */
    int (*current_tid)(void);
    int (*next_pid)(int from); /* smallest pid >= from, or -1 */
    int (*next_tid)(int pid, int from); /* smallest tid >= from in the process, or -1 */
    /* tid 0: the first thread.  False: no such process or thread. */
    bool (*get)(int pid, int tid, struct procfs_process *out);
    void (*put)(struct procfs_process *process);
    /* /proc/PID/comm: name of the calling task's process changes. */
    int (*set_comm)(int pid, int tid, const char *name);
    int (*set_oom_score_adj)(int pid, int adj); /* 0, -ESRCH, -EACCES */
    void (*set_last_pid)(int number); /* the next process gets the first free one above it */
    void (*split_times)(void); /* user and system times are about to be shown */
    void (*load)(struct procfs_load *load);
    const char *(*hostname)(void);
    const char *(*release)(void); /* what uname -r says */
    const char *(*version)(void); /* uname -v */
};

void procfs_set_source(const struct procfs_source *source); /* boot; kept by reference */
/* From the source, "localhost" before there is one. */
const char *procfs_hostname(void);

/* A row of /proc/net/unix. */
struct procfs_unix_socket {
    uint64_t ino;
    int references;
    uint32_t type, state; /* as Linux shows them */
    bool listening;
    uint32_t name_length; /* bytes of name; 0: nameless.  Abstract: begins with NUL */
    const uint8_t *name; /* not NUL-terminated */
};
/* Boot: for_each calls emit for every socket, which does not sleep. */
void procfs_set_unix_source(void (*for_each)(void (*emit)(void *context,
                                                          const struct procfs_unix_socket *row),
                                             void *context));

/* A file being written, for sources that write whole files: no locks are held, it may sleep. */
struct proc_text;
void proc_print(struct proc_text *text, const char *format, ...) PRINTF_LIKE(2, 3);
enum procfs_sysv { PROCFS_SYSV_MSG, PROCFS_SYSV_SEM, PROCFS_SYSV_SHM, PROCFS_SYSV_KINDS };
/* Boot: for /proc/sysvipc. */
void procfs_set_sysv_source(void (*show)(enum procfs_sysv kind, struct proc_text *text));

/* Boot: next gives those with index 0, 1, ...: 1, 0 (nobody has it), -1 behind the last. */
void procfs_set_interrupt_source(int (*next)(unsigned int index,
                                             struct interrupt_shown *interrupt));

/* The process whose directory is open as file (pidfd_send_signal(2) takes it), or 0. */
int procfs_pid_of_directory(const struct file *file);

/* The root inode of the file system: a new reference, or NULL.  Made at the first call. */
struct inode *procfs_mount(void);

#endif
