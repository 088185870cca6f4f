/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks the graph of programs, scripts, interpreters and libraries, breadth
 * first as ld.so does.  Where a library is found is library_search.c's.
 */
#include "vmm/load/closure.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRIPT_DEPTH_MAX 5u /* Linux gives up then, too */
#define SCRIPT_LINE_MAX 256u /* BINPRM_BUF_SIZE */
#define SCRIPT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define ENV_PROGRAM "/env"
#define GLIBC "libc.so.6"
#define UNWINDER "libgcc_s.so.1"

static struct vmm_error *error_of(struct closure *closure)
{
    return closure->files->error;
}

static int fail_memory(struct closure *closure)
{
    return vmm_fail(error_of(closure), -ENOMEM, VMM_FAULT_USAGE, "out of memory");
}

/* Why a program cannot be had, with the exit status a shell would give. */
static int fail_program(struct closure *closure, const char *path, int result)
{
    enum vmm_fault fault = VMM_FAULT_NOT_EXECUTABLE;
    const char *why = strerror(-result);
    switch (-result) {
    case ENOENT:
        why = "no such file";
        fault = VMM_FAULT_NOT_FOUND;
        break;
    case ENOTDIR:
        fault = VMM_FAULT_NOT_FOUND;
        break;
    case EACCES:
        why = "permission denied (the monitor must be able to read it)";
        break;
    case EISDIR:
        why = "is a directory";
        break;
    case EINVAL:
        why = "is not a regular file";
        break;
    case EFBIG:
        why = "is larger than 4 GiB";
        break;
    case EIO:
        why = "changed while it was being read";
        break;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        fault = VMM_FAULT_USAGE;
        break;
    default:
        break;
    }
    return vmm_fail(error_of(closure), result, fault, "%s: %s", path, why);
}

static void elf_source_of(const struct member *member, struct elf_source *source)
{
    source->bytes = member->bytes;
    source->fd = member->fd;
    source->size = member->size;
}

int closure_queue(struct closure *closure, struct member *member, const char *found_path,
                  const struct library_object *loader)
{
    if (member->scanned)
        return 0;
    if (!member->is_elf)
        return -ENOEXEC;
    struct library_object *object = arena_alloc(closure->files->arena, sizeof(*object));
    const char *slash = strrchr(found_path, '/');
    size_t length = slash > found_path ? (size_t)(slash - found_path) : 1;
    char *origin = arena_copy(closure->files->arena, found_path, length);
    if (!object || !origin)
        return -ENOMEM;
    *object = (struct library_object){
        .member = member,
        .loader = loader,
        .root = loader ? loader->root : object,
        .origin = origin,
        .musl = loader && loader->musl,
        .required = loader && loader->required,
    };
    if (closure->last)
        closure->last->next = object;
    else
        closure->first = object;
    closure->last = object;
    member->scanned = true;
    return 0;
}

static int fail_elf(struct closure *closure, const struct library_object *object,
                    const struct elf_file *elf, int result)
{
    /* A sound file of another kind may be added; it just needs nothing. */
    if (!object->required)
        return 0;
    return vmm_fail(error_of(closure), result, VMM_FAULT_NOT_EXECUTABLE, "/%s: %s",
                    object->member->path, elf->why ? elf->why : strerror(-result));
}

static int add_interpreter(struct closure *closure, struct library_object *object,
                           struct elf_file *elf)
{
    const char *path;
    struct member *member;
    int result = elf_file_interpreter(elf, closure->files->arena, &path);
    if (result)
        return result == -ENOMEM ? fail_memory(closure) : fail_elf(closure, object, elf, result);
    const char *slash = strrchr(path, '/');
    object->musl = strncmp(slash + 1, "ld-musl-", 8) == 0;
    result = host_file_add(closure->files, path, object->required ? RANK_INTERPRETER : RANK_OTHER,
                           &member);
    if (!result)
        result = closure_queue(closure, member, path, object);
    if (!result)
        result = library_note_loaded(closure, object, slash + 1);
    if (!result || result == -ENOMEM || !object->required)
        return result == -ENOMEM ? fail_memory(closure) : 0;
    const char *why = result == -ENOENT ? "is not there" : "cannot be used";
    return vmm_fail(error_of(closure), result,
                    result == -ENOENT ? VMM_FAULT_NOT_FOUND : VMM_FAULT_NOT_EXECUTABLE,
                    "/%s: its interpreter %s %s", object->member->path, path, why);
}

/* A string of the dynamic section; stays NULL when there is none. */
static int keep_string(struct closure *closure, struct elf_file *elf,
                       const struct elf_dynamic *dynamic, uint64_t offset, const char **kept)
{
    if (offset == 0 || dynamic->needed_count == 0)
        return 0;
    return elf_file_string(elf, dynamic, offset, closure->files->arena, kept);
}

static int add_needed(struct closure *closure, struct library_object *object, const char *name)
{
    int result = library_find(closure, object, name);
    if (result == -ENOMEM)
        return fail_memory(closure);
    if (result == 0)
        return 0;
    if (object->required && result == -ENOENT)
        return vmm_fail(error_of(closure), result, VMM_FAULT_NOT_FOUND,
                        "/%s: needs the library %s, which is not there", object->member->path,
                        name);
    if (object->required)
        return vmm_fail(error_of(closure), result, VMM_FAULT_NOT_EXECUTABLE,
                        "/%s: needs the library %s: %s", object->member->path, name,
                        strerror(-result));
    vmm_log(closure->files->config, VMM_LOG_DEBUG, "/%s: library %s not found, left out",
            object->member->path, name);
    return 0;
}

/*
 * What glibc opens by itself while a program runs, as far as a program can be
 * seen to want it: the unwinder behind these functions.
 */
static int add_unwinder(struct closure *closure, struct library_object *object,
                        struct elf_file *elf, const struct elf_dynamic *dynamic)
{
    static const char *const unwinding[] = {"pthread_exit", "pthread_cancel", "thrd_exit",
                                            "backtrace", NULL};
    int result = 0;
    if (!library_is_loaded(object, UNWINDER))
        result = elf_file_mentions(elf, dynamic, unwinding);
    if (result <= 0)
        return result;
    result = library_find(closure, object, UNWINDER);
    return result == -ENOMEM ? result : 0; /* without it, it ends as it would natively */
}

/* Interpreter and libraries of one object join members and queue. */
static int scan(struct closure *closure, struct library_object *object)
{
    struct elf_source source;
    struct elf_file elf;
    struct elf_dynamic dynamic;
    const char *name;
    bool uses_glibc = false;

    elf_source_of(object->member, &source);
    int result = elf_file_open(&source, &elf);
    if (result)
        return fail_elf(closure, object, &elf, result);
    /* Libraries that can be run by themselves name one, too, for that case only. */
    if (elf.interpreter_size && !object->loader) {
        result = add_interpreter(closure, object, &elf);
        if (result)
            return result;
    }
    if (elf.dynamic_size == 0)
        return 0;
    result = elf_file_dynamic(&elf, &dynamic);
    if (!result)
        result = keep_string(closure, &elf, &dynamic, dynamic.runpath, &object->runpath);
    if (!result && !object->runpath)
        result = keep_string(closure, &elf, &dynamic, dynamic.rpath, &object->rpath);
    for (uint32_t i = 0; i < dynamic.needed_count && !result; i++) {
        result = elf_file_string(&elf, &dynamic, dynamic.needed[i], closure->files->arena, &name);
        if (result)
            break;
        int found = add_needed(closure, object, name);
        if (found)
            return found;
        uses_glibc |= strcmp(name, GLIBC) == 0;
    }
    if (!result && uses_glibc)
        result = add_unwinder(closure, object, &elf, &dynamic);
    if (result == -ENOMEM)
        return fail_memory(closure);
    return result ? fail_elf(closure, object, &elf, result) : 0;
}

static int scan_queue(struct closure *closure)
{
    for (; closure->first; closure->first = closure->first->next) {
        int result = scan(closure, closure->first);
        if (result)
            return result;
    }
    closure->last = NULL;
    return 0;
}

static int add_executable(struct closure *closure, const char *path, unsigned int depth,
                          struct member **program);

/* "env NAME" in a script means NAME in the guest's PATH. */
static __attribute__((noinline)) int add_env_program(struct closure *closure, const char *name,
                                                     unsigned int depth)
{
    char path[PATH_MAX];
    struct member *member;
    size_t name_length = strcspn(name, " \t");
    if (name_length == 0 || name[0] == '-' || memchr(name, '/', name_length) ||
        memchr(name, '=', name_length))
        return 0;
    for (const char *dir = SCRIPT_PATH; *dir;) {
        size_t length = strcspn(dir, ":");
        if (length + 1 + name_length + 1 <= sizeof(path)) {
            memcpy(path, dir, length);
            path[length] = '/';
            memcpy(path + length + 1, name, name_length);
            path[length + 1 + name_length] = '\0';
            if (access(path, F_OK) == 0)
                return add_executable(closure, path, depth, &member);
        }
        dir += length + (dir[length] == ':');
    }
    return 0; /* env itself will say so */
}

/* The "#!" line: interpreter and what it needs. */
static __attribute__((noinline)) int add_script(struct closure *closure,
                                                const struct member *script, unsigned int depth)
{
    char line[SCRIPT_LINE_MAX];
    struct member *member;
    size_t length = script->size < sizeof(line) ? (size_t)script->size : sizeof(line);
    if (script->bytes)
        memcpy(line, script->bytes, length);
    else if (pread(script->fd, line, length, 0) != (ssize_t)length)
        return fail_program(closure, script->host_path, -EIO);
    if (length < 2 || line[0] != '#' || line[1] != '!')
        return vmm_fail(error_of(closure), -ENOEXEC, VMM_FAULT_NOT_EXECUTABLE,
                        "/%s: neither an ELF program nor a script that begins with #!",
                        script->path);
    char *end = memchr(line, '\n', length);
    if (!end)
        end = line + length - (length == sizeof(line));
    *end = '\0';
    char *name = line + 2 + strspn(line + 2, " \t");
    size_t name_length = strcspn(name, " \t");
    char *argument = name + name_length + strspn(name + name_length, " \t");
    name[name_length] = '\0';
    if (name[0] != '/')
        return vmm_fail(error_of(closure), -ENOEXEC, VMM_FAULT_NOT_EXECUTABLE,
                        "/%s: its #! line names no interpreter by absolute path", script->path);
    if (depth == SCRIPT_DEPTH_MAX)
        return vmm_fail(error_of(closure), -ELOOP, VMM_FAULT_NOT_EXECUTABLE,
                        "/%s: scripts interpret scripts too deeply", script->path);
    if (access(name, F_OK) != 0 && errno == ENOENT)
        return vmm_fail(error_of(closure), -ENOENT, VMM_FAULT_NOT_FOUND,
                        "/%s: its interpreter %s is not there", script->path, name);
    int result = add_executable(closure, name, depth + 1, &member);
    const char *slash = strrchr(name, '/');
    if (!result && strcmp(slash, ENV_PROGRAM) == 0)
        result = add_env_program(closure, argument, depth + 1);
    return result;
}

static int add_executable(struct closure *closure, const char *path, unsigned int depth,
                          struct member **program)
{
    struct member *member;
    int result = host_file_add(closure->files, path, RANK_PROGRAM, &member);
    if (result)
        return fail_program(closure, path, result);
    *program = member;
    if (!(member->mode & 0111))
        return vmm_fail(error_of(closure), -EACCES, VMM_FAULT_NOT_EXECUTABLE,
                        "%s: permission denied (not executable; chmod +x?)", path);
    if (!member->is_elf)
        return add_script(closure, member, depth);
    member->scanned = false;
    result = closure_queue(closure, member, member->host_path, NULL);
    if (result)
        return fail_memory(closure);
    closure->last->required = true;
    return scan_queue(closure);
}

int closure_add_program(struct closure *closure, const char *path, const char **exe)
{
    struct member *member = NULL;
    int result = add_executable(closure, path, 0, &member);
    if (result || !member)
        return result;
    /* As typed, so that a program that looks at its own name finds it; ".." may
     * lead through directories the guest does not have. */
    *exe = path;
    if (strstr(path, "..")) {
        size_t size = strlen(member->path) + 1;
        char *rooted = arena_alloc(closure->files->arena, size + 1);
        if (!rooted)
            return fail_memory(closure);
        rooted[0] = '/';
        memcpy(rooted + 1, member->path, size);
        *exe = rooted;
    }
    return 0;
}

int closure_add_members(struct closure *closure)
{
    struct members *members = closure->files->members;
    uint32_t count = members->count; /* what the scan adds is queued by itself */
    for (uint32_t i = 0; i < count; i++) {
        struct member *member = members->items[i];
        if (!S_ISREG(member->mode) || !member->is_elf || member->scanned || !member->host_path)
            continue;
        if (closure_queue(closure, member, member->host_path, NULL))
            return fail_memory(closure);
    }
    return scan_queue(closure);
}

void closure_free(struct closure *closure)
{
    if (closure->cache_map)
        munmap(closure->cache_map, closure->cache_map_size);
    closure->cache_map = NULL;
}
