/* SPDX-License-Identifier: BSD-2-Clause */
/* links: guest/fs/file.c guest/fs/file_lock.c guest/fs/inode.c guest/fs/notify.c
 * guest/fs/dentry_notify.c guest/fs/dnotify.c guest/fs/xattr.c guest/fs/dentry.c
 * guest/fs/dentry_hash.c guest/fs/dentry_path.c guest/fs/walk.c guest/fs/tmpfs.c
 * guest/fs/dentry_mount.c guest/fs/tmpfs_super.c
 * guest/fs/tmpfs_dir.c guest/fs/tmpfs_file.c guest/fs/tmpfs_pages.c guest/fs/page_tree.c
 * guest/fs/archive.c guest/fs/cpio.c guest/fs/open.c guest/fs/name_ops.c guest/mm/iobuf.c
 * tests/unit/fs_fakes.c tests/unit/fs_build.c */
/* Path walks, names and permissions: what path_resolution(7) and rename(2) say. */
#include "unit/fs_fakes.h"

#include <stdio.h>
#include <stdlib.h>

static int setup(void **state)
{
    (void)state;
    fake_total_pages = 4096;
    fake_start(NULL, 0, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (fake_context.cwd != fake_root)
        dentry_put(fake_context.cwd);
    fake_context.cwd = fake_root;
    fake_finish();
    return 0;
}

static int make_dir(const char *path)
{
    return vfs_create(NULL, path, S_IFDIR | 0755, 0, NULL);
}

static int make_link(const char *target, const char *path)
{
    return vfs_create(NULL, path, S_IFLNK | 0777, 0, target);
}

static int move(const char *from, const char *to)
{
    return vfs_rename(NULL, from, NULL, to, 0);
}

static int open_error(const char *path, uint32_t flags)
{
    struct file *file;
    int error = open_path(path, flags, 0644, &file);

    if (!error)
        file_put(file);
    return error;
}

/* The absolute path that a walk ends at. */
static void assert_leads_to(const char *path, const char *expected)
{
    struct dentry *found;
    char buf[PATH_MAX];

    assert_int_equal(vfs_walk(NULL, path, WALK_FOLLOW, &found), 0);
    assert_true(dentry_path(found, fake_root, buf, sizeof(buf)) > 0);
    assert_string_equal(buf, expected);
    dentry_put(found);
}

static void make_tree(void)
{
    assert_int_equal(make_dir("/a"), 0);
    assert_int_equal(make_dir("/a/b"), 0);
    assert_int_equal(put_file("/a/b/file", "f"), 0);
    assert_int_equal(make_link("b", "/a/relative"), 0);
    assert_int_equal(make_link("/a/b", "/absolute"), 0);
    assert_int_equal(make_link("nowhere", "/dangling"), 0);
}

static void components_are_followed(void **state)
{
    (void)state;
    make_tree();
    assert_leads_to("/", "/");
    assert_leads_to("//a///b/", "/a/b");
    assert_leads_to("/a/./b/../b/file", "/a/b/file");
    assert_leads_to("/../../a", "/a");
    assert_leads_to("/a/relative/file", "/a/b/file");
    assert_leads_to("/absolute/../relative/", "/a/b");
    assert_int_equal(walk_error("", 0), -ENOENT);
    assert_int_equal(walk_error("", WALK_EMPTY), 0);
    assert_int_equal(walk_error("/a/none/x", 0), -ENOENT);
    assert_int_equal(walk_error("/a/b/file/", 0), -ENOTDIR);
    assert_int_equal(walk_error("/a/b/file/x", 0), -ENOTDIR);
    assert_int_equal(walk_error("/dangling", 0), 0);
    assert_int_equal(walk_error("/dangling", WALK_FOLLOW), -ENOENT);
    assert_int_equal(walk_error("/absolute", WALK_DIRECTORY), -ENOTDIR);
    assert_int_equal(walk_error("/absolute/", 0), 0);
}

static void long_names_are_refused(void **state)
{
    char name[400], *path = malloc(2 * PATH_MAX);

    (void)state;
    memset(name, 'n', sizeof(name));
    name[0] = '/';
    name[257] = 0;
    assert_int_equal(walk_error(name, 0), -ENAMETOOLONG);
    assert_int_equal(make_dir(name), -ENAMETOOLONG);
    assert_int_equal(open_error(name, O_CREAT | O_WRONLY), -ENAMETOOLONG);
    name[256] = 0;
    assert_int_equal(make_dir(name), 0);
    assert_int_equal(walk_error(name, 0), 0);

    /* A link whose target and rest are too long together. */
    memset(path, '/', PATH_MAX - 2);
    path[PATH_MAX - 2] = 0;
    assert_int_equal(make_link(path, "/long"), 0);
    assert_int_equal(walk_error("/long/x", 0), -ENAMETOOLONG);
    free(path);
}

static void loops_end(void **state)
{
    char from[32], to[32];

    (void)state;
    make_link("loop", "/loop");
    assert_int_equal(walk_error("/loop", WALK_FOLLOW), -ELOOP);
    assert_int_equal(open_error("/loop", O_CREAT | O_WRONLY), -ELOOP);
    assert_int_equal(put_file("/link0", "end"), 0);
    for (int i = 1; i <= 41; i++) {
        snprintf(from, sizeof(from), "link%d", i - 1);
        snprintf(to, sizeof(to), "/link%d", i);
        assert_int_equal(make_link(from, to), 0);
    }
    assert_int_equal(walk_error("/link40", WALK_FOLLOW), 0);
    assert_int_equal(walk_error("/link41", WALK_FOLLOW), -ELOOP);
}

static void open_flags_are_obeyed(void **state)
{
    struct file *file;

    (void)state;
    make_tree();
    assert_int_equal(open_error("/a", O_RDONLY), 0);
    assert_int_equal(open_error("/a", O_RDWR), -EISDIR);
    assert_int_equal(open_error("/a", O_CREAT), -EISDIR);
    assert_int_equal(open_error("/a/b/file", O_DIRECTORY), -ENOTDIR);
    assert_int_equal(open_error("/absolute", O_NOFOLLOW), -ELOOP);
    assert_int_equal(open_error("/absolute", O_NOFOLLOW | O_PATH), 0);
    assert_int_equal(open_error("/a/b/file", O_CREAT | O_EXCL | O_RDWR), -EEXIST);
    assert_int_equal(open_error("/dangling", O_CREAT | O_EXCL | O_RDWR), -EEXIST);
    assert_int_equal(open_error("/new/", O_CREAT | O_RDWR), -EISDIR);
    assert_int_equal(open_error("/dangling", O_CREAT | O_RDWR), 0);
    assert_int_equal(walk_error("/nowhere", 0), 0);
    assert_contents("/a/b/file", "f");
    assert_int_equal(open_error("/a/b/file", O_TRUNC | O_WRONLY), 0);
    assert_contents("/a/b/file", "");
    assert_int_equal(open_path("/a", O_TMPFILE | O_RDWR, 0600, &file), 0);
    assert_int_equal(write_at(file, "x", 1, 0), 1);
    assert_int_equal(file->inode->attr.nlink, 0);
    file_put(file);
}

static void executed_files_are_not_written(void **state)
{
    struct dentry *found;
    struct file *file;

    (void)state;
    make_tree();
    assert_int_equal(vfs_walk(NULL, "/a/b/file", 0, &found), 0);
    assert_int_equal(inode_deny_write(found->inode), 0);
    assert_int_equal(open_error("/a/b/file", O_WRONLY), -ETXTBSY);
    assert_int_equal(open_error("/a/b/file", O_RDONLY | O_TRUNC), -ETXTBSY);
    assert_int_equal(open_error("/a/b/file", O_RDONLY), 0);
    inode_allow_write(found->inode);
    assert_int_equal(open_path("/a/b/file", O_WRONLY, 0, &file), 0);
    assert_int_equal(inode_deny_write(found->inode), -ETXTBSY);
    file_put(file);
    assert_int_equal(inode_deny_write(found->inode), 0);
    dentry_put(found);
}

static void names_go_away(void **state)
{
    struct dentry *found;
    char buf[64];

    (void)state;
    make_tree();
    assert_int_equal(vfs_unlink(NULL, "/a/b", false), -EISDIR);
    assert_int_equal(vfs_unlink(NULL, "/a/b", true), -ENOTEMPTY);
    assert_int_equal(vfs_unlink(NULL, "/a/b/file", true), -ENOTDIR);
    assert_int_equal(vfs_unlink(NULL, "/a/b/file/", false), -ENOTDIR);
    assert_int_equal(vfs_unlink(NULL, "/a/b/none", false), -ENOENT);
    assert_int_equal(vfs_unlink(NULL, "/a/.", true), -EINVAL);
    assert_int_equal(vfs_unlink(NULL, "/a/..", true), -ENOTEMPTY);
    assert_int_equal(vfs_unlink(NULL, "/", true), -EBUSY);
    assert_int_equal(vfs_unlink(NULL, "/absolute", false), 0);
    assert_int_equal(vfs_unlink(NULL, "/a/b/file", false), 0);
    assert_int_equal(vfs_walk(NULL, "/a/b", 0, &found), 0);
    assert_int_equal(vfs_unlink(NULL, "/a/b", true), 0);
    assert_int_equal(found->inode->attr.nlink, 0);
    assert_true(dentry_path(found, fake_root, buf, sizeof(buf)) > 0);
    assert_string_equal(buf, "/a/b (deleted)");
    assert_int_equal(vfs_create(found, "x", S_IFREG | 0644, 0, NULL), -ENOENT);
    dentry_put(found);
    assert_int_equal(make_dir("/a/b"), 0);
}

static uint32_t links_of(const char *path)
{
    struct dentry *found;
    uint32_t count;

    assert_int_equal(vfs_walk(NULL, path, 0, &found), 0);
    count = found->inode->attr.nlink;
    dentry_put(found);
    return count;
}

static void hard_links_count(void **state)
{
    struct dentry *old;

    (void)state;
    make_tree();
    assert_int_equal(vfs_walk(NULL, "/a/b/file", 0, &old), 0);
    assert_int_equal(vfs_link(old, NULL, "/second"), 0);
    assert_int_equal(vfs_link(old, NULL, "/second"), -EEXIST);
    assert_int_equal(links_of("/second"), 2);
    assert_contents("/second", "f");
    assert_int_equal(move("/second", "/a/b/file"), 0); /* two names of one file: nothing happens */
    assert_int_equal(links_of("/second"), 2);
    assert_int_equal(vfs_unlink(NULL, "/a/b/file", false), 0);
    assert_int_equal(links_of("/second"), 1);
    dentry_put(old);
    assert_int_equal(vfs_walk(NULL, "/a", 0, &old), 0);
    assert_int_equal(vfs_link(old, NULL, "/directory"), -EPERM);
    dentry_put(old);
    assert_int_equal(links_of("/a"), 3);
    assert_int_equal(links_of("/a/b"), 2);
}

static void renames_follow_the_rules(void **state)
{
    (void)state;
    make_tree();
    assert_int_equal(make_dir("/empty"), 0);
    assert_int_equal(put_file("/f", "1"), 0);
    assert_int_equal(move("/a", "/a/b/inside"), -EINVAL);
    assert_int_equal(move("/a", "/a"), 0);
    assert_int_equal(move("/f", "/empty"), -EISDIR);
    assert_int_equal(move("/empty", "/f"), -ENOTDIR);
    assert_int_equal(move("/empty", "/a"), -ENOTEMPTY);
    assert_int_equal(move("/a/b", "/a"), -ENOTEMPTY);
    assert_int_equal(move("/none", "/x"), -ENOENT);
    assert_int_equal(move("/f/", "/x"), -ENOTDIR);
    assert_int_equal(move("/a/.", "/x"), -EBUSY);
    assert_int_equal(vfs_rename(NULL, "/f", NULL, "/empty", RENAME_NOREPLACE), -EEXIST);
    assert_int_equal(move("/f", "/a/b/file"), 0);
    assert_contents("/a/b/file", "1");
    assert_int_equal(walk_error("/f", 0), -ENOENT);
    assert_int_equal(move("/a/b", "/empty"), 0);
    assert_contents("/empty/file", "1");
    assert_int_equal(links_of("/a"), 2);
    assert_int_equal(links_of("/"), 4);
}

static void exchange_swaps(void **state)
{
    (void)state;
    make_tree();
    assert_int_equal(put_file("/f", "1"), 0);
    assert_int_equal(vfs_rename(NULL, "/f", NULL, "/a/b", RENAME_EXCHANGE), 0);
    assert_contents("/a/b", "1");
    assert_contents("/f/file", "f");
    assert_leads_to("/f/file", "/f/file");
    assert_int_equal(links_of("/a"), 2);
    assert_int_equal(links_of("/"), 4);
    assert_int_equal(vfs_rename(NULL, "/a", NULL, "/a/b", RENAME_EXCHANGE), -EINVAL);
    assert_int_equal(vfs_rename(NULL, "/f", NULL, "/none", RENAME_EXCHANGE), -ENOENT);
}

static void become(uint32_t uid)
{
    fake_context.fsuid = fake_context.fsgid = uid;
    fake_context.privileged = uid == 0;
}

static void permissions_are_checked(void **state)
{
    (void)state;
    assert_int_equal(vfs_create(NULL, "/tmp", S_IFDIR | 01777, 0, NULL), 0);
    fake_context.umask = 0;
    assert_int_equal(vfs_create(NULL, "/tmp", S_IFDIR | 01777, 0, NULL), -EEXIST);
    assert_int_equal(vfs_create(NULL, "/sticky", S_IFDIR | 01777, 0, NULL), 0);
    assert_int_equal(vfs_create(NULL, "/closed", S_IFDIR | 0700, 0, NULL), 0);
    assert_int_equal(put_file("/closed/f", "f"), 0);
    assert_int_equal(put_file("/readable", "f"), 0);
    become(1000);
    assert_int_equal(walk_error("/closed/f", 0), -EACCES);
    assert_int_equal(open_error("/readable", O_RDONLY), 0);
    assert_int_equal(open_error("/readable", O_RDWR), -EACCES);
    assert_int_equal(make_dir("/mine"), -EACCES);
    assert_int_equal(put_file("/sticky/mine", "m"), 0);
    become(1001);
    assert_int_equal(vfs_unlink(NULL, "/sticky/mine", false), -EPERM);
    assert_int_equal(move("/sticky/mine", "/sticky/other"), -EPERM);
    become(1000);
    assert_int_equal(move("/sticky/mine", "/sticky/other"), 0);
    assert_int_equal(vfs_unlink(NULL, "/sticky/other", false), 0);
    become(0);
}

struct names {
    struct dir_context context;
    unsigned int count, room;
};

static bool count_name(struct dir_context *context, const char *name, size_t length, uint64_t inode,
                       uint8_t type, uint64_t next_pos)
{
    struct names *names = (struct names *)context;

    (void)name;
    (void)length;
    (void)inode;
    (void)type;
    (void)next_pos;
    if (names->room == 0)
        return false;
    names->room--;
    names->count++;
    return true;
}

static void large_directories_list_every_name_once(void **state)
{
    struct names names = {.context = {.emit = count_name}};
    struct file *dir;
    char path[32];

    (void)state;
    assert_int_equal(make_dir("/d"), 0);
    for (int i = 0; i < 5000; i++) {
        snprintf(path, sizeof(path), "/d/name%d", i);
        assert_int_equal(vfs_create(NULL, path, S_IFREG | 0644, 0, NULL), 0);
    }
    assert_int_equal(open_path("/d", O_RDONLY, 0, &dir), 0);
    for (int calls = 0; calls < 1000; calls++) {
        names.room = 7;
        assert_int_equal(dir->ops->iterate(dir, &names.context), 0);
        if (names.room == 7)
            break;
        if (calls == 100) /* deleting what has been listed does not disturb */
            assert_int_equal(vfs_unlink(NULL, "/d/name3", false), 0);
    }
    assert_int_equal(names.count, 5002);
    file_put(dir);
    for (int i = 0; i < 5000; i++) {
        snprintf(path, sizeof(path), "/d/name%d", i);
        assert_int_equal(walk_error(path, 0), i == 3 ? -ENOENT : 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(components_are_followed),
        TEST(long_names_are_refused),
        TEST(loops_end),
        TEST(open_flags_are_obeyed),
        TEST(executed_files_are_not_written),
        TEST(names_go_away),
        TEST(hard_links_count),
        TEST(renames_follow_the_rules),
        TEST(exchange_swaps),
        TEST(permissions_are_checked),
        TEST(large_directories_list_every_name_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
