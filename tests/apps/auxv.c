/* SPDX-License-Identifier: BSD-2-Clause */
/* The auxiliary vector and the first stack. */
/* variants: dynamic static pie musl */
/* args: one two */
/* env: A=1 B=2 */
#include "check.h"
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

extern char **environ;

int main(int argc, char **argv)
{
    char **after = environ;

    VALUE(argc);
    CHECK(argv[argc] == NULL);
    while (*after)
        after++;
    ElfW(auxv_t) *aux = (ElfW(auxv_t) *)(after + 1);
    int random = 0, ended = 0, entry = 0;
    for (int i = 0; i < 60 && !ended; i++, aux++) {
        ended = aux->a_type == AT_NULL;
        entry += aux->a_type == AT_ENTRY;
        random += aux->a_type == AT_RANDOM;
    }
    printf("%d %d %d\n", ended, random, entry);
    VALUE(getauxval(AT_PAGESZ));
    VALUE(getauxval(AT_CLKTCK));
    VALUE(getauxval(AT_SECURE));
    VALUE(getauxval(AT_PHENT));
    VALUE(getauxval(AT_FLAGS));
    CHECK(getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid() &&
          getauxval(AT_GID) == getgid());
    CHECK(getauxval(AT_PHNUM) > 3);
    const ElfW(Phdr) *phdr = (const void *)getauxval(AT_PHDR);
    CHECK(phdr->p_type == PT_PHDR || phdr->p_type == PT_LOAD || phdr->p_type == PT_NOTE);
    CHECK(getauxval(AT_ENTRY) != 0);
    const char *name = (const char *)getauxval(AT_EXECFN);
    CHECK(name && strstr(name, "/apps/auxv"));
    CHECK(!strcmp(name, argv[0]));
    const unsigned char *bytes = (const unsigned char *)getauxval(AT_RANDOM);
    int nonzero = 0;
    for (int i = 0; i < 16; i++)
        nonzero += bytes[i] != 0;
    CHECK(nonzero > 6);
    CHECK(getauxval(AT_PLATFORM) && !strcmp((char *)getauxval(AT_PLATFORM), "x86_64"));
    const unsigned char *vdso = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
    CHECK(vdso && !memcmp(vdso, ELFMAG, SELFMAG));
    CHECK(getauxval(AT_HWCAP) != 0);
    CHECK(((uintptr_t)argv & 7) == 0 && (char *)argv < argv[0]);
    return 0;
}
