/* SPDX-License-Identifier: BSD-2-Clause */
/* process_vm_readv(2), process_vm_writev(2): lists side by side, parts, and refusals. */
#include "check.h"
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

int main(void)
{
    char *shared = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char out[64];
    int ready[2], go[2];
    char byte;

    NEED(pipe(ready) == 0 && pipe(go) == 0);
    NEED(mprotect(shared + 4096, 4096, PROT_NONE) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(go[1]);
        memcpy(shared, "abcdefghij", 11);
        strcpy(shared + 4096 - 4, "end");
        strcpy(shared + 2 * 4096, "last");
        NEED(write(ready[1], "r", 1) == 1);
        NEED(read(go[0], &byte, 1) == 1);
        _exit(strcmp(shared, "aXYdefghZj") == 0 ? 0 : 1);
    }
    NEED(read(ready[0], &byte, 1) == 1);

    struct iovec local[3] = {{out, 3}, {out + 3, 4}, {out + 7, 20}};
    struct iovec remote[3] = {{shared + 8, 2}, {shared, 3}, {shared + 4, 1}};
    memset(out, '.', sizeof(out));
    VALUE(process_vm_readv(pid, local, 3, remote, 3, 0));
    printf("%.8s\n", out);
    struct iovec to_end = {shared + 4096 - 4, 100};
    VALUE(process_vm_readv(pid, &local[2], 1, &to_end, 1, 0));
    struct iovec none = {shared + 4096, 10}, both[2] = {{shared, 2}, {shared + 4096, 2}};
    VALUE(process_vm_readv(pid, local, 1, &none, 1, 0));
    VALUE(process_vm_readv(pid, &local[2], 1, both, 2, 0));
    VALUE(process_vm_readv(pid, local, 0, remote, 1, 0));
    VALUE(process_vm_readv(pid, local, 1, remote, 0, 0));
    VALUE(process_vm_readv(pid, local, 1, remote, 1, 1));
    VALUE(process_vm_readv(pid, local, 2000, remote, 1, 0));
    VALUE(process_vm_readv(pid, (void *)8, 1, remote, 1, 0));
    VALUE(process_vm_readv(pid, local, 1, (void *)8, 1, 0));
    VALUE(process_vm_readv(1 << 22, local, 1, remote, 1, 0));
    struct iovec bad = {(void *)8, 8};
    VALUE(process_vm_readv(pid, &bad, 1, remote, 1, 0));
    struct iovec source[2] = {{(void *)(uintptr_t) "XY", 2}, {(void *)(uintptr_t) "Z", 1}};
    struct iovec target[2] = {{shared + 1, 2}, {shared + 8, 1}};
    VALUE(process_vm_writev(pid, source, 2, target, 2, 0));
    VALUE(process_vm_writev(pid, source, 1, &none, 1, 0));
    VALUE(shared[0]); /* ours has not changed */
    NEED(write(go[1], "g", 1) == 1);
    int status;
    NEED(waitpid(pid, &status, 0) == pid);
    VALUE(WEXITSTATUS(status));
    VALUE(process_vm_readv(pid, local, 1, remote, 1, 0));
    return 0;
}
