/* SPDX-License-Identifier: BSD-2-Clause */
/* See mount_fd.h.  A context is guarded by its own mutex. */
#include "fs/mount_fd.h"

#include "fs/dentry_mount.h"
#include "iface/open_flags.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define OPTIONS_MAX 4096u /* bytes, as mount(2) takes */

enum phase { SETTING_UP, CREATED, MOUNTED, PICKED };

struct mount_context {
    struct mutex lock; /* guards all below */
    enum phase phase;
    char type[16];
    char source[FSCONFIG_TEXT_MAX]; /* "": none given */
    char *options; /* OPTIONS_MAX bytes: "size=1m,mode=700" */
    bool read_only;
    struct inode *root; /* a reference, from CREATED to MOUNTED */
    struct dentry *picked; /* a reference */
};

static ssize_t context_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    (void)file;
    (void)buf;
    (void)pos;
    return -ENODATA; /* no messages */
}

static void context_release(struct file *file)
{
    struct mount_context *context = file->private_data;

    inode_put(context->root);
    dentry_put(context->picked);
    kfree(context->options);
    kfree(context);
}

static const struct file_ops context_ops = {.read = context_read, .release = context_release};

bool is_mount_context(const struct file *file)
{
    return file->ops == &context_ops;
}

static int new_context(const char *type, struct dentry *picked, struct file **result)
{
    struct mount_context *context = kzalloc(sizeof(*context));
    struct inode *inode = inode_create_anonymous(0600);
    struct file *file = NULL;

    if (context && inode) {
        context->options = kzalloc(OPTIONS_MAX);
        if (context->options)
            file = file_create(&context_ops, FMODE_READ | FMODE_WRITE, O_RDWR, context);
    }
    if (!file) {
        inode_put(inode);
        if (context)
            kfree(context->options);
        kfree(context);
        return -ENOMEM;
    }
    mutex_init(&context->lock);
    strlcpy(context->type, type, sizeof(context->type));
    context->phase = picked ? PICKED : SETTING_UP;
    context->picked = picked ? dentry_get(picked) : NULL;
    file->inode = inode;
    *result = file;
    return 0;
}

int mount_context_new(const char *type, struct file **file)
{
    return mount_type_known(type) ? new_context(type, NULL, file) : -ENODEV;
}

int mount_context_pick(struct dentry *root, struct file **file)
{
    if (!mount_is_root(root))
        return -EINVAL;
    return new_context(dentry_inode(root)->sb->type, root, file);
}

static int set_source(struct mount_context *context, const char *value)
{
    if (context->source[0] || context->phase != SETTING_UP)
        return -EINVAL;
    strlcpy(context->source, value, sizeof(context->source));
    return 0;
}

/* One more "key=value" for the file system, which may refuse it. */
static int add_option(struct mount_context *context, const char *key, const char *value)
{
    size_t used = strlen(context->options);
    size_t need = strlen(key) + (value ? strlen(value) + 1 : 0) + 1;
    char *end = context->options + used;
    int error;

    if (!*key || strchr(key, ',') || (value && strchr(value, ',')))
        return -EINVAL;
    if (used + need + 1 > OPTIONS_MAX)
        return -EINVAL;
    if (used)
        *end++ = ',';
    end += strlcpy(end, key, OPTIONS_MAX - (size_t)(end - context->options));
    if (value) {
        *end++ = '=';
        strlcpy(end, value, OPTIONS_MAX - (size_t)(end - context->options));
    }
    error = mount_type_check(context->type, context->options);
    if (error)
        context->options[used] = 0;
    return error;
}

/* What every file system takes: whatever the value, as Linux does. */
static bool set_common(struct mount_context *context, const char *key)
{
    static const char *const without_effect[] = {"dirsync", "sync",       "async", "lazytime",
                                                 "mand",    "nolazytime", "nomand"};

    if (!strcmp(key, "ro") || !strcmp(key, "rw")) {
        context->read_only = key[1] == 'o';
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(without_effect); i++)
        if (!strcmp(key, without_effect[i]))
            return true;
    return false;
}

int mount_context_set(struct file *file, enum fsconfig_command command, const char *key,
                      const char *value)
{
    struct mount_context *context = file->private_data;
    int error = 0;

    mutex_lock(&context->lock);
    if (context->phase != SETTING_UP && context->phase != PICKED)
        error = -EBUSY;
    else if (set_common(context, key))
        error = 0;
    else if (command != FSCONFIG_SET_FLAG && command != FSCONFIG_SET_STRING)
        error = -EINVAL;
    else if (!strcmp(key, "source"))
        error = value ? set_source(context, value) : -EINVAL;
    else
        error = add_option(context, key, value);
    mutex_unlock(&context->lock);
    return error;
}

int mount_context_create(struct file *file)
{
    struct mount_context *context = file->private_data;
    struct mount_request request = {.type = context->type, .options = context->options};
    int error = -EBUSY;

    mutex_lock(&context->lock);
    if (context->phase == SETTING_UP) {
        error = mount_make_root(&request, &context->root);
        if (!error && context->read_only && context->root->sb->remount)
            context->root->sb->read_only = true;
        if (!error)
            context->phase = CREATED;
    }
    mutex_unlock(&context->lock);
    return error;
}

int mount_context_reconfigure(struct file *file)
{
    struct mount_context *context = file->private_data;
    int error = -EBUSY;

    mutex_lock(&context->lock);
    if (context->phase == PICKED) {
        struct mount_request request = {.options = context->options};

        request.flags = mount_flags(context->picked) & ~MS_RDONLY;
        if (context->read_only)
            request.flags |= MS_RDONLY;
        error = mount_change(context->picked, &request);
        context->options[0] = 0;
    }
    mutex_unlock(&context->lock);
    return error;
}

static const struct file_ops detached_ops = {0};

/* An O_PATH file of a mount that is nowhere; takes nothing over. */
static int open_detached(struct inode *root, const char *source, uint32_t flags,
                         struct file **result)
{
    struct dentry *mount = dentry_create_detached(root, source, flags);
    struct file *file = mount ? file_create(&detached_ops, FMODE_PATH, O_PATH, NULL) : NULL;

    if (!file) {
        dentry_put(mount);
        return -ENOMEM;
    }
    file->inode = inode_get(root);
    file->dentry = mount;
    *result = file;
    return 0;
}

int mount_context_mount(struct file *file, uint32_t flags, struct file **detached)
{
    struct mount_context *context = file->private_data;
    int error;

    mutex_lock(&context->lock);
    error = context->phase == MOUNTED ? -EBUSY : -EINVAL;
    if (context->phase == CREATED) {
        error = open_detached(context->root, context->source[0] ? context->source : "none", flags,
                              detached);
        if (!error) {
            inode_put(context->root);
            context->root = NULL;
            context->phase = MOUNTED;
        }
    }
    mutex_unlock(&context->lock);
    return error;
}

int mount_clone(struct dentry *from, struct file **detached)
{
    struct inode *inode = dentry_inode(from);

    if (!dentry_in_tree(from))
        return -EINVAL;
    return open_detached(inode, inode->sb->type, mount_flags(from), detached);
}
