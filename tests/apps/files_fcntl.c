/* SPDX-License-Identifier: BSD-2-Clause */
/* fcntl: status flags, close-on-exec, locks against oneself. */
#include "check.h"
#include <sys/file.h>

int main(void)
{
    enter_scratch();
    write_file("f", "abc");
    int fd = open("f", O_RDWR);
    VALUE(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    VALUE(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
    VALUE(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    VALUE(write(fd, "d", 1));
    show_file("f");
    VALUE(fcntl(fd, F_SETFD, FD_CLOEXEC));
    VALUE(fcntl(fd, F_GETFD));
    VALUE(fcntl(fd, F_SETFD, 0));
    VALUE(fcntl(fd, F_GETFD));
    CALL(fcntl(fd, 9999));
    CALL(fcntl(-1, F_GETFD));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    CALL(fcntl(fd, F_SETLK, &lock));
    lock.l_type = F_RDLCK;
    CALL(fcntl(fd, F_GETLK, &lock));
    VALUE(lock.l_type);
    lock.l_type = F_UNLCK;
    CALL(fcntl(fd, F_SETLK, &lock));
    CALL(flock(fd, LOCK_EX));
    CALL(flock(fd, LOCK_UN));
    CALL(fsync(fd));
    CALL(fdatasync(fd));
    CALL(fsync(-1));
    CALL(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    return 0;
}
