/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program needs to start: its interpreter and libraries, found as the
 * dynamic linkers of glibc and musl would find them, by reading files only;
 * nothing is executed.  What a program opens or dlopen()s by itself cannot be
 * known here: "--add" is for that.
 */
#ifndef VMM_LOAD_CLOSURE_H
#define VMM_LOAD_CLOSURE_H

#include "vmm/load/elf_file.h"
#include "vmm/load/host_files.h"
#include "vmm/load/ldso_cache.h"

struct library_object; /* an ELF file whose libraries are looked for */
struct known_library; /* a name that was found, or not, in the common places */
struct loaded_name; /* a name that a program's process has loaded by then */

struct closure {
    struct host_files *files;
    struct library_object *first, *last; /* queue of objects to scan */
    struct known_library *known;
    size_t known_count; /* found ones, for the guest's ld.so.cache */
    const char *library_path; /* LD_LIBRARY_PATH of the guest, or NULL */
    struct ldso_cache cache;
    void *cache_map; /* NULL: not tried or not there */
    size_t cache_map_size;
    bool cache_tried;
    char **conf_dirs; /* of ld.so.conf, read when there is no cache */
    size_t conf_dir_count;
    bool conf_tried;
};

/* One object of the graph; loader is the one that needs it. */
struct library_object {
    struct library_object *next;
    struct member *member;
    const struct library_object *loader; /* NULL: a program, or an added file */
    struct library_object *root; /* the end of the chain of loaders */
    struct loaded_name *loaded; /* of a root */
    const char *origin; /* directory, for $ORIGIN */
    const char *rpath, *runpath; /* unexpanded, or NULL */
    bool musl; /* the program's interpreter is musl's */
    bool required; /* a missing library is an error */
};

/*
 * Program (absolute path, in the arena) and everything it needs.  *exe is the
 * path the guest starts, in the arena, too.  Fills files->error.
 */
int closure_add_program(struct closure *closure, const char *path, const char **exe);
/* Interpreters and libraries of ELF files that were added; none is required. */
int closure_add_members(struct closure *closure);
/* The guest's own /etc/ld.so.cache, with what was found. */
int closure_add_cache(struct closure *closure);
void closure_free(struct closure *closure);

/* library_search.c: members for a needed name, queued.  -ENOENT: nowhere. */
int library_find(struct closure *closure, const struct library_object *object, const char *name);
bool library_is_loaded(const struct library_object *object, const char *name);
/* A name that need not be looked for by objects of this root any more; kept, not copied. */
int library_note_loaded(struct closure *closure, const struct library_object *object,
                        const char *name);
/* closure.c, for library_search.c: -ENOEXEC is for another machine or no ELF. */
int closure_queue(struct closure *closure, struct member *member, const char *found_path,
                  const struct library_object *loader);
/* ldso_conf.c: the directories of /etc/ld.so.conf, in order, in the arena. */
int ldso_conf_read(struct arena *arena, const char *path, char ***dirs, size_t *count);

#endif
