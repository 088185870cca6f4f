/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "#!" files: execve(2), "Interpreter scripts".  The line names a program and at
 * most one argument; the script's own path follows them.
 */
#include "fs/vfs.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/exec_build.h"

#define SCRIPT_LINE_MAX 256u /* BINPRM_BUF_SIZE, with "#!" */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/*
 * Splits the first line in text (NUL-terminated copy without "#!") in place.
 * cut: the line did not end within the buffer.
 */
static int split_line(char *text, bool cut, char **program, char **argument)
{
    char *end = strchr(text, '\n');

    if (end)
        *end = 0;
    while (is_blank(*text))
        text++;
    *program = text;
    while (*text && !is_blank(*text))
        text++;
    if (*program == text)
        return -ENOEXEC; /* no name */
    if (!*text && cut && !end)
        return -ENOEXEC; /* the name itself is cut off */
    if (*text)
        *text++ = 0;
    while (is_blank(*text))
        text++;
    *argument = text;
    size_t length = strlen(text);
    while (length && is_blank(text[length - 1]))
        text[--length] = 0;
    return 0;
}

/* The script in target->file puts its interpreter in front; *interpreter: its path. */
static int enter_script(struct exec_target *target, const char *path, char **interpreter)
{
    size_t size = MIN(target->file.head_size, (size_t)SCRIPT_LINE_MAX);
    const char *head = (const char *)target->file.head;
    bool cut = size == SCRIPT_LINE_MAX && !memchr(head, '\n', size);
    size_t path_size = strlen(path) + 1;
    char *argument, *line;

    if (target->depth == EXEC_SCRIPT_DEPTH_MAX)
        return -ELOOP;
    /* One block: the line, then the script's path. */
    line = kmalloc(SCRIPT_LINE_MAX + path_size);
    if (!line)
        return -ENOMEM;
    target->allocated[target->depth++] = line;
    memcpy(line, head + 2, size - 2);
    line[size - 2] = 0;
    int error = split_line(line, cut, interpreter, &argument);
    if (error)
        return error;
    char *own_path = line + SCRIPT_LINE_MAX;
    memcpy(own_path, path, path_size);

    size_t added = argument[0] ? 3 : 2;
    size_t kept = target->prefix_count ? target->prefix_count - 1 : 0;
    /* The script itself was the first word so far, if it is an interpreter already. */
    memmove(target->prefix + added, target->prefix + 1, kept * sizeof(target->prefix[0]));
    target->prefix[0] = *interpreter;
    if (argument[0])
        target->prefix[1] = argument;
    target->prefix[added - 1] = own_path;
    target->prefix_count = added + kept;
    return 0;
}

static void free_lines(struct exec_target *target)
{
    for (size_t i = 0; i < target->depth; i++)
        kfree(target->allocated[i]);
}

int exec_target_open(struct exec_target *target, struct dentry *start, const char *path,
                     uint32_t walk_flags, const char *display)
{
    target->prefix_count = target->depth = 0;
    int error = exec_file_open(&target->file, start, path, walk_flags);
    while (!error && target->file.head_size >= 2 && memcmp(target->file.head, "#!", 2) == 0) {
        char *interpreter = NULL;

        error = enter_script(target, display, &interpreter);
        exec_file_close(&target->file);
        if (error)
            break;
        display = interpreter;
        error = exec_file_open(&target->file, NULL, interpreter, WALK_FOLLOW);
    }
    if (error)
        free_lines(target);
    return error;
}

void exec_target_close(struct exec_target *target)
{
    exec_file_close(&target->file);
    free_lines(target);
}
