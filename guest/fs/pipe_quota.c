/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much room for pipes each unprivileged user has asked for, pipe(7)'s
 * pipe-user-pages-soft.  Counts what pipes could hold, not what they do.
 */
#include "fs/pipe_internal.h"
#include "mm/slab.h"

#define USER_PAGES_SOFT 16384u /* fs.pipe-user-pages-soft */

struct pipe_user {
    struct list link;
    uint32_t uid;
    uint64_t pages; /* with none left the entry goes */
};

static struct spinlock users_lock = SPINLOCK_INIT(LOCK_RANK_ANY);
static struct list users = LIST_INIT(users); /* users_lock, with all in them */

static struct pipe_user *find_locked(uint32_t uid)
{
    LIST_FOR_EACH(link, &users)
    {
        struct pipe_user *user = LIST_ENTRY(link, struct pipe_user, link);

        if (user->uid == uid)
            return user;
    }
    return NULL;
}

bool pipe_quota_begin(struct pipe *pipe, uint32_t *pages)
{
    struct pipe_user *fresh = kmalloc(sizeof(*fresh)), *user;
    uint32_t uid = fs_current()->fsuid;

    if (!fresh)
        return false;
    spin_lock(&users_lock);
    user = find_locked(uid);
    if (!user) {
        user = fresh;
        *user = (struct pipe_user){.uid = uid};
        list_push_back(&users, &user->link);
    }
    if (user->pages + *pages > USER_PAGES_SOFT)
        *pages = PIPE_PAGES_LEAST;
    user->pages += *pages;
    spin_unlock(&users_lock);
    if (user != fresh)
        kfree(fresh);
    pipe->user = user;
    pipe->user_pages = *pages;
    return true;
}

bool pipe_quota_change(struct pipe *pipe, uint32_t pages)
{
    bool granted;

    if (!pipe->user)
        return true;
    spin_lock(&users_lock);
    uint64_t total = pipe->user->pages - pipe->user_pages + pages;
    granted = pages <= pipe->user_pages || total <= USER_PAGES_SOFT || fs_current()->privileged;
    if (granted) {
        pipe->user->pages = total;
        pipe->user_pages = pages;
    }
    spin_unlock(&users_lock);
    return granted;
}

void pipe_quota_end(struct pipe *pipe)
{
    struct pipe_user *gone = NULL;

    if (LIKELY(!pipe->user))
        return;
    spin_lock(&users_lock);
    pipe->user->pages -= pipe->user_pages;
    if (!pipe->user->pages) {
        gone = pipe->user;
        list_remove(&gone->link);
    }
    spin_unlock(&users_lock);
    kfree(gone);
}
