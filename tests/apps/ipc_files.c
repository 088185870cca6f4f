/* SPDX-License-Identifier: BSD-2-Clause */
/* IPC as files: /proc/sysvipc, and message queues in a directory of their own. */
#include "check.h"

#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/vfs.h>

/* The line of /proc/sysvipc/kind with that id, without times, pids and the caller's ids. */
static void show_line(const char *kind, int id, int columns)
{
    char path[64], line[512], word[32];
    int at = 0, length, column, number;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/sysvipc/%s", kind);
    NEED((file = fopen(path, "r")) != NULL);
    NEED(fgets(line, sizeof(line), file) != NULL);
    printf("%s", line);
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%*d %d", &number) != 1 || number != id)
            continue;
        printf("%zu bytes:", strlen(line));
        for (column = 0; sscanf(line + at, "%31s%n", word, &length) == 1; column++, at += length)
            if (column != 1 && column < columns)
                printf(" %s", word);
        printf("; %d columns\n", column);
    }
    fclose(file);
}

static void test_sysv(void)
{
    struct {
        long type;
        char text[5];
    } message = {1, "five"};
    struct sembuf up = {1, 2, 0};
    int msg = msgget(0x1234abc, IPC_CREAT | 0640), sem = semget(0x1234abd, 7, IPC_CREAT | 0604);
    int shm = shmget(0x1234abe, 3 * 4096 + 1, IPC_CREAT | 0600);
    char *memory;

    NEED(msg >= 0 && sem >= 0 && shm >= 0);
    show_line("msg", msg, 5);
    NEED(msgsnd(msg, &message, 5, 0) == 0);
    show_line("msg", msg, 5);
    show_line("sem", sem, 4);
    NEED(semop(sem, &up, 1) == 0);
    NEED((memory = shmat(shm, NULL, 0)) != (void *)-1);
    memory[0] = memory[4096] = 1;
    show_line("shm", shm, 4);
    NEED(shmctl(shm, IPC_RMID, NULL) == 0);
    show_line("shm", shm, 4);
    shmdt(memory);
    show_line("shm", shm, 4);
    msgctl(msg, IPC_RMID, NULL);
    semctl(sem, 0, IPC_RMID);
    show_line("msg", msg, 5);
}

static char name[32]; /* with a slash */

static int listed(void)
{
    DIR *dir = opendir("queues");
    struct dirent *entry;
    int found = 0;

    NEED(dir);
    while ((entry = readdir(dir)) != NULL)
        found += !strcmp(entry->d_name, name + 1) && entry->d_type == DT_REG;
    closedir(dir);
    return found;
}

static void test_queues(void)
{
    char path[64], text[128] = "";
    struct mq_attr attr = {.mq_maxmsg = 3, .mq_msgsize = 16};
    struct statfs fs;
    struct stat status, of_fd;
    mqd_t queue;
    int fd;

    NEED(mkdir("queues", 0755) == 0);
    CALL(mount("none", "queues", "mqueue", 0, "size=1"));
    CALL(mount("none", "queues", "mqueue", 0, NULL));
    NEED(statfs("queues", &fs) == 0 && stat("queues", &status) == 0);
    CHECK(fs.f_type == 0x19800202 && fs.f_namelen == 255);
    CHECK(status.st_mode == (S_IFDIR | 01777));
    snprintf(name, sizeof(name), "/apps.%d", getpid());
    snprintf(path, sizeof(path), "queues%s", name);
    CHECK(!listed());
    umask(022);
    NEED((queue = mq_open(name, O_CREAT | O_RDWR, 0662, &attr)) >= 0);
    CHECK(listed());
    CALL(stat(path, &status));
    CHECK(status.st_mode == (S_IFREG | 0640) && status.st_size == 80 && status.st_nlink == 1);
    CHECK(fstat(queue, &of_fd) == 0 && of_fd.st_dev == status.st_dev &&
          of_fd.st_ino == status.st_ino);
    NEED(mq_send(queue, "four", 4, 0) == 0);
    NEED((fd = open(path, O_RDONLY)) >= 0);
    VALUE(read(fd, text, sizeof(text)));
    printf("%s", text);
    VALUE(read(fd, text, sizeof(text)));
    VALUE(mq_receive(fd, text, sizeof(text), NULL)); /* it is the queue itself */
    VALUE(write(fd, "x", 1));
    close(fd);
    CALL(chmod(path, 0600));
    CALL(rename(path, "queues/other"));
    CALL(link(path, "queues/other"));
    CALL(mkdir("queues/dir", 0700));
    CALL(symlink("x", "queues/link"));
    CALL(mknod("queues/pipe", S_IFIFO | 0600, 0));
    CALL(unlink(path));
    CALL(unlink(path));
    CHECK(!listed());
    CALL(mq_open(name, O_RDWR));
    NEED(mq_send(queue, "still there", 11, 0) == 0);
    mq_close(queue);

    fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0666); /* with the usual limits */
    NEED(fd >= 0);
    NEED(mq_getattr(fd, &attr) == 0);
    CHECK(attr.mq_maxmsg == 10 && attr.mq_msgsize == 8192);
    CALL(mq_unlink(name));
    CALL(stat(path, &status));
    NEED((queue = mq_open(name, O_CREAT | O_RDWR, 0600, NULL)) >= 0);
    CHECK(stat(path, &status) == 0 && fstat(fd, &of_fd) == 0 && status.st_ino != of_fd.st_ino);
    CHECK(fstat(queue, &of_fd) == 0 && status.st_ino == of_fd.st_ino);
    close(fd);
    mq_close(queue);
    CALL(umount("queues"));
    CALL(mq_unlink(name));
}

int main(void)
{
    enter_scratch();
    test_sysv();
    test_queues();
    return 0;
}
