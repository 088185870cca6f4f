/* SPDX-License-Identifier: BSD-2-Clause */
/* procfs: the tables of names and the text buffer, between its files. */
#ifndef FS_PROCFS_INTERNAL_H
#define FS_PROCFS_INTERNAL_H

#include "fs/inode.h"
#include "fs/procfs.h"
#include "lib/settings.h"

struct proc_node;

struct proc_text { /* grows by generating again with a larger buffer */
    char *buf;
    size_t size, used; /* used may exceed size: the text did not fit */
    unsigned int seen; /* mount_changes() when poll(2) last told */
};
void proc_append(struct proc_text *text, const void *data, size_t size);

/* A name of a static table; the type in mode says which part of the union counts. */
struct proc_entry {
    const char *name; /* NULL ends the table */
    uint32_t mode; /* with type */
    uint16_t needs; /* directory: PROC_NUMBER_*: what the number of a numbered child is */
    bool tells_changes; /* file: poll(2) says when the mounts have changed */
    union {
        struct { /* file */
            /* Writes the contents; 0 or errno.  process is NULL outside /proc/PID. */
            int (*text)(struct proc_text *text, const struct procfs_process *process);
            /* the same for what only the node knows */
            int (*text_of)(const struct proc_node *node, struct proc_text *text);
            /* takes what was written, NUL-terminated; 0 or errno */
            int (*store)(const struct proc_node *node, char *value);
            struct setting *setting; /* a number that may be written */
            /* without text: bytes at *pos, which it moves on */
            ssize_t (*read)(const struct proc_node *node, struct iobuf *buf, loff_t *pos);
        };
        struct { /* link */
            ssize_t (*link)(const struct proc_node *node, char *buf,
                            size_t size); /* bytes, or errno */
            int (*follow)(const struct proc_node *node,
                          struct dentry **target); /* what it stands for */
        };
        struct { /* directory */
            const struct proc_entry *children;
            /* with numbers as names: smallest >= from, or -1; and the table of each */
            const char *number_prefix; /* before the numbers, or NULL */
            int (*next_number)(const struct proc_node *node, int from);
            const struct proc_entry *number_entry; /* template: mode, and the functions above */
        };
    };
};
enum {
    PROC_NUMBER_IS_PID = 1,
    PROC_NUMBER_IS_TID = 2,
    PROC_NUMBER_IS_FD = 4,
    PROC_NUMBER_IS_KEPT = 8
};

struct proc_node {
    struct inode inode;
    const struct proc_entry *entry;
    int pid, tid; /* 0: not below a process, or its first thread */
    int number; /* a descriptor, or a number that is kept: also below its directory */
};
static inline struct proc_node *proc_node_of(struct inode *inode)
{
    return CONTAINER_OF(inode, struct proc_node, inode);
}

/* The root of a file system made of such tables: a new reference, or NULL. */
struct inode *proc_mount_table(struct super_block *sb, const struct proc_entry *root);

int proc_setting_text(const struct proc_node *node, struct proc_text *text); /* of ->setting */
int proc_setting_store(const struct proc_node *node, char *value);

extern const struct procfs_source *procfs_source;
extern const struct proc_entry proc_system_entries[]; /* procfs_system.c */
extern const struct proc_entry proc_net_entries[]; /* procfs_net.c */
extern const struct proc_entry proc_process_template; /* procfs_process.c: /proc/PID */
extern const struct proc_entry proc_sys_entries[]; /* procfs_sys.c: /proc/sys */
extern const struct proc_entry proc_vmm_entries[]; /* procfs_vmm.c: /proc/vmm */
int proc_locks(struct proc_text *text, const struct procfs_process *p); /* procfs_locks.c */
int proc_interrupts(struct proc_text *text,
                    const struct procfs_process *p); /* procfs_interrupts.c */
extern const struct proc_entry proc_sysvipc_entries[]; /* procfs_ipc.c: /proc/sysvipc */
#if DEBUG_LOCKS
#define PROC_VMM_ROW {.name = "vmm", .mode = S_IFDIR | 0555, .children = proc_vmm_entries},
#else
#define PROC_VMM_ROW
#endif

/* procfs_process.c: the path of a link, cut at size; bytes or errno */
ssize_t proc_path_of(struct dentry *dentry, char *buf, size_t size);
/* procfs_fd.c */
extern const struct proc_entry proc_fd_template, proc_fdinfo_template;
int proc_next_fd(const struct proc_node *node, int from);
/* procfs_mounts.c */
int proc_mounts(struct proc_text *text, const struct procfs_process *p);
uint32_t proc_mounts_poll(struct file *file, struct poll_table *table);
int proc_mountinfo(struct proc_text *text, const struct procfs_process *p);

#endif
