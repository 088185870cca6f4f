/* SPDX-License-Identifier: BSD-2-Clause */
/* Names for numbers in --strace: errors, signals, and the flags of frequent calls. */
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "syscall/trace.h"

#define ERROR(name) [name] = #name
static const char *const errors[] = {
    ERROR(E2BIG),        ERROR(EACCES),       ERROR(EADDRINUSE),      ERROR(EADDRNOTAVAIL),
    ERROR(EAFNOSUPPORT), ERROR(EAGAIN),       ERROR(EALREADY),        ERROR(EBADF),
    ERROR(EBADMSG),      ERROR(EBUSY),        ERROR(ECANCELED),       ERROR(ECHILD),
    ERROR(ECONNABORTED), ERROR(ECONNREFUSED), ERROR(ECONNRESET),      ERROR(EDEADLK),
    ERROR(EDESTADDRREQ), ERROR(EDOM),         ERROR(EDQUOT),          ERROR(EEXIST),
    ERROR(EFAULT),       ERROR(EFBIG),        ERROR(EHOSTDOWN),       ERROR(EHOSTUNREACH),
    ERROR(EIDRM),        ERROR(EILSEQ),       ERROR(EINPROGRESS),     ERROR(EINTR),
    ERROR(EINVAL),       ERROR(EIO),          ERROR(EISCONN),         ERROR(EISDIR),
    ERROR(ELOOP),        ERROR(EMFILE),       ERROR(EMLINK),          ERROR(EMSGSIZE),
    ERROR(ENAMETOOLONG), ERROR(ENETDOWN),     ERROR(ENETUNREACH),     ERROR(ENFILE),
    ERROR(ENOBUFS),      ERROR(ENODATA),      ERROR(ENODEV),          ERROR(ENOENT),
    ERROR(ENOEXEC),      ERROR(ENOLCK),       ERROR(ENOMEM),          ERROR(ENOMSG),
    ERROR(ENOPROTOOPT),  ERROR(ENOSPC),       ERROR(ENOSYS),          ERROR(ENOTBLK),
    ERROR(ENOTCONN),     ERROR(ENOTDIR),      ERROR(ENOTEMPTY),       ERROR(ENOTRECOVERABLE),
    ERROR(ENOTSOCK),     ERROR(ENOTTY),       ERROR(ENXIO),           ERROR(EOPNOTSUPP),
    ERROR(EOVERFLOW),    ERROR(EOWNERDEAD),   ERROR(EPERM),           ERROR(EPFNOSUPPORT),
    ERROR(EPIPE),        ERROR(EPROTO),       ERROR(EPROTONOSUPPORT), ERROR(EPROTOTYPE),
    ERROR(ERANGE),       ERROR(EROFS),        ERROR(ESHUTDOWN),       ERROR(ESOCKTNOSUPPORT),
    ERROR(ESPIPE),       ERROR(ESRCH),        ERROR(ESTALE),          ERROR(ETIME),
    ERROR(ETIMEDOUT),    ERROR(ETOOMANYREFS), ERROR(ETXTBSY),         ERROR(EXDEV)};

const char *trace_errno_name(unsigned int error)
{
    return error < ARRAY_SIZE(errors) ? errors[error] : NULL;
}

static const char *const signals[] = {
    "0",         "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",
    "SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM",
    "SIGSTKFLT", "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",
    "SIGXCPU",   "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS"};

const char *trace_signal_name(unsigned int signo, char buf[16])
{
    if (signo < ARRAY_SIZE(signals))
        return signals[signo];
    snprintf(buf, 16, "SIGRT_%u", signo - (unsigned int)ARRAY_SIZE(signals));
    return buf;
}

#define TABLE(name) static const struct trace_name name[]

TABLE(open_flags) = {{1, "O_WRONLY"},
                     {2, "O_RDWR"},
                     {0x40, "O_CREAT"},
                     {0x80, "O_EXCL"},
                     {0x100, "O_NOCTTY"},
                     {0x200, "O_TRUNC"},
                     {0x400, "O_APPEND"},
                     {0x800, "O_NONBLOCK"},
                     {0x410000, "O_TMPFILE"},
                     {0x101000, "O_SYNC"},
                     {0x1000, "O_DSYNC"},
                     {0x4000, "O_DIRECT"},
                     {0x10000, "O_DIRECTORY"},
                     {0x20000, "O_NOFOLLOW"},
                     {0x40000, "O_NOATIME"},
                     {0x80000, "O_CLOEXEC"},
                     {0x200000, "O_PATH"},
                     {0, "O_RDONLY"},
                     {0}};
TABLE(protection) = {{1, "PROT_READ"}, {2, "PROT_WRITE"}, {4, "PROT_EXEC"}, {0, "PROT_NONE"}, {0}};
TABLE(map_flags) = {{3, "MAP_SHARED_VALIDATE"},
                    {1, "MAP_SHARED"},
                    {2, "MAP_PRIVATE"},
                    {0x10, "MAP_FIXED"},
                    {0x20, "MAP_ANONYMOUS"},
                    {0x40, "MAP_32BIT"},
                    {0x100, "MAP_GROWSDOWN"},
                    {0x800, "MAP_DENYWRITE"},
                    {0x2000, "MAP_LOCKED"},
                    {0x4000, "MAP_NORESERVE"},
                    {0x8000, "MAP_POPULATE"},
                    {0x20000, "MAP_STACK"},
                    {0x100000, "MAP_FIXED_NOREPLACE"},
                    {0}};
TABLE(clone_flags) = {{0x100, "CLONE_VM"},
                      {0x200, "CLONE_FS"},
                      {0x400, "CLONE_FILES"},
                      {0x800, "CLONE_SIGHAND"},
                      {0x1000, "CLONE_PIDFD"},
                      {0x4000, "CLONE_VFORK"},
                      {0x8000, "CLONE_PARENT"},
                      {0x10000, "CLONE_THREAD"},
                      {0x40000, "CLONE_SYSVSEM"},
                      {0x80000, "CLONE_SETTLS"},
                      {0x100000, "CLONE_PARENT_SETTID"},
                      {0x200000, "CLONE_CHILD_CLEARTID"},
                      {0x1000000, "CLONE_CHILD_SETTID"},
                      {17, "SIGCHLD"},
                      {0}};
TABLE(at_flags) = {{0x100, "AT_SYMLINK_NOFOLLOW"}, {0x200, "AT_REMOVEDIR"},
                   {0x400, "AT_SYMLINK_FOLLOW"},   {0x800, "AT_NO_AUTOMOUNT"},
                   {0x1000, "AT_EMPTY_PATH"},      {0}};
TABLE(access_modes) = {{4, "R_OK"}, {2, "W_OK"}, {1, "X_OK"}, {0, "F_OK"}, {0}};
TABLE(whence) = {{0, "SEEK_SET"},  {1, "SEEK_CUR"},  {2, "SEEK_END"},
                 {3, "SEEK_DATA"}, {4, "SEEK_HOLE"}, {0}};
TABLE(mask_how) = {{0, "SIG_BLOCK"}, {1, "SIG_UNBLOCK"}, {2, "SIG_SETMASK"}, {0}};
TABLE(fcntl_commands) = {{0, "F_DUPFD"},
                         {1, "F_GETFD"},
                         {2, "F_SETFD"},
                         {3, "F_GETFL"},
                         {4, "F_SETFL"},
                         {5, "F_GETLK"},
                         {6, "F_SETLK"},
                         {7, "F_SETLKW"},
                         {8, "F_SETOWN"},
                         {9, "F_GETOWN"},
                         {10, "F_SETSIG"},
                         {11, "F_GETSIG"},
                         {36, "F_OFD_GETLK"},
                         {37, "F_OFD_SETLK"},
                         {38, "F_OFD_SETLKW"},
                         {1030, "F_DUPFD_CLOEXEC"},
                         {1031, "F_SETPIPE_SZ"},
                         {1032, "F_GETPIPE_SZ"},
                         {1033, "F_ADD_SEALS"},
                         {1034, "F_GET_SEALS"},
                         {0}};
TABLE(futex_operations) = {{0, "FUTEX_WAIT"},
                           {1, "FUTEX_WAKE"},
                           {3, "FUTEX_REQUEUE"},
                           {4, "FUTEX_CMP_REQUEUE"},
                           {5, "FUTEX_WAKE_OP"},
                           {6, "FUTEX_LOCK_PI"},
                           {7, "FUTEX_UNLOCK_PI"},
                           {9, "FUTEX_WAIT_BITSET"},
                           {128, "FUTEX_WAIT_PRIVATE"},
                           {129, "FUTEX_WAKE_PRIVATE"},
                           {131, "FUTEX_REQUEUE_PRIVATE"},
                           {132, "FUTEX_CMP_REQUEUE_PRIVATE"},
                           {133, "FUTEX_WAKE_OP_PRIVATE"},
                           {134, "FUTEX_LOCK_PI_PRIVATE"},
                           {135, "FUTEX_UNLOCK_PI_PRIVATE"},
                           {137, "FUTEX_WAIT_BITSET_PRIVATE"},
                           {393, "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME"},
                           {0}};
TABLE(wait_options) = {{1, "WNOHANG"},    {2, "WUNTRACED"},       {4, "WEXITED"},
                       {8, "WCONTINUED"}, {0x1000000, "WNOWAIT"}, {0}};
TABLE(clocks) = {
    {0, "CLOCK_REALTIME"},          {1, "CLOCK_MONOTONIC"},     {2, "CLOCK_PROCESS_CPUTIME_ID"},
    {3, "CLOCK_THREAD_CPUTIME_ID"}, {4, "CLOCK_MONOTONIC_RAW"}, {5, "CLOCK_REALTIME_COARSE"},
    {6, "CLOCK_MONOTONIC_COARSE"},  {7, "CLOCK_BOOTTIME"},      {0}};
TABLE(families) = {{1, "AF_UNIX"}, {2, "AF_INET"}, {10, "AF_INET6"}, {16, "AF_NETLINK"}, {0}};
TABLE(socket_types) = {{5, "SOCK_SEQPACKET"},    {2, "SOCK_DGRAM"},         {1, "SOCK_STREAM"},
                       {0x800, "SOCK_NONBLOCK"}, {0x80000, "SOCK_CLOEXEC"}, {0}};
TABLE(advice) = {{0, "MADV_NORMAL"},
                 {3, "MADV_WILLNEED"},
                 {4, "MADV_DONTNEED"},
                 {8, "MADV_FREE"},
                 {14, "MADV_HUGEPAGE"},
                 {15, "MADV_NOHUGEPAGE"},
                 {0}};
TABLE(requests) = {{0x5401, "TCGETS"},
                   {0x5402, "TCSETS"},
                   {0x5403, "TCSETSW"},
                   {0x540f, "TIOCGPGRP"},
                   {0x5410, "TIOCSPGRP"},
                   {0x5413, "TIOCGWINSZ"},
                   {0x5414, "TIOCSWINSZ"},
                   {0x541b, "FIONREAD"},
                   {0x5421, "FIONBIO"},
                   {0x5451, "FIOCLEX"},
                   {0x80045430, "TIOCGPTN"},
                   {0x40045431, "TIOCSPTLCK"},
                   {0}};
TABLE(epoll_operations) = {{1, "EPOLL_CTL_ADD"}, {2, "EPOLL_CTL_DEL"}, {3, "EPOLL_CTL_MOD"}, {0}};
TABLE(arch_codes) = {{0x1001, "ARCH_SET_GS"},
                     {0x1002, "ARCH_SET_FS"},
                     {0x1003, "ARCH_GET_FS"},
                     {0x1004, "ARCH_GET_GS"},
                     {0}};
TABLE(limits) = {{0, "RLIMIT_CPU"},
                 {1, "RLIMIT_FSIZE"},
                 {2, "RLIMIT_DATA"},
                 {3, "RLIMIT_STACK"},
                 {4, "RLIMIT_CORE"},
                 {6, "RLIMIT_NPROC"},
                 {7, "RLIMIT_NOFILE"},
                 {8, "RLIMIT_MEMLOCK"},
                 {9, "RLIMIT_AS"},
                 {12, "RLIMIT_MSGQUEUE"},
                 {0}};
TABLE(ipc_flags) = {{0x200, "IPC_CREAT"}, {0x400, "IPC_EXCL"}, {0x800, "IPC_NOWAIT"}, {0}};
TABLE(ipc_commands) = {{0, "IPC_RMID"}, {1, "IPC_SET"}, {2, "IPC_STAT"}, {3, "IPC_INFO"},
                       {11, "GETPID"},  {12, "GETVAL"}, {13, "GETALL"},  {14, "GETNCNT"},
                       {15, "GETZCNT"}, {16, "SETVAL"}, {17, "SETALL"},  {0}};
TABLE(message_flags) = {{1, "MSG_OOB"},
                        {2, "MSG_PEEK"},
                        {0x20, "MSG_TRUNC"},
                        {0x40, "MSG_DONTWAIT"},
                        {0x100, "MSG_WAITALL"},
                        {0x4000, "MSG_NOSIGNAL"},
                        {0x40000000, "MSG_CMSG_CLOEXEC"},
                        {0}};
TABLE(option_levels) = {{1, "SOL_SOCKET"}, {6, "SOL_TCP"}, {0}};
TABLE(socket_options) = {{2, "SO_REUSEADDR"},
                         {3, "SO_TYPE"},
                         {4, "SO_ERROR"},
                         {7, "SO_SNDBUF"},
                         {8, "SO_RCVBUF"},
                         {9, "SO_KEEPALIVE"},
                         {13, "SO_LINGER"},
                         {16, "SO_PASSCRED"},
                         {17, "SO_PEERCRED"},
                         {20, "SO_RCVTIMEO"},
                         {21, "SO_SNDTIMEO"},
                         {30, "SO_ACCEPTCONN"},
                         {0}};
TABLE(shutdowns) = {{0, "SHUT_RD"}, {1, "SHUT_WR"}, {2, "SHUT_RDWR"}, {0}};
TABLE(lock_operations) = {{1, "LOCK_SH"}, {2, "LOCK_EX"}, {8, "LOCK_UN"}, {4, "LOCK_NB"}, {0}};
TABLE(timer_flags) = {{1, "TFD_TIMER_ABSTIME"}, {2, "TFD_TIMER_CANCEL_ON_SET"}, {0}};
TABLE(descriptor_flags) = {{0x800, "O_NONBLOCK"}, {0x80000, "O_CLOEXEC"}, {0}};
TABLE(event_flags) = {{1, "EFD_SEMAPHORE"}, {0x800, "EFD_NONBLOCK"}, {0x80000, "EFD_CLOEXEC"}, {0}};

#define BITS true
#define ONE false
static const struct trace_names arguments[] = {
    {2, 1, BITS, open_flags},
    {257, 2, BITS, open_flags},
    {9, 2, BITS, protection},
    {9, 3, BITS, map_flags},
    {10, 2, BITS, protection},
    {56, 0, BITS, clone_flags},
    {262, 3, BITS, at_flags},
    {263, 2, BITS, at_flags},
    {332, 2, BITS, at_flags},
    {265, 4, BITS, at_flags},
    {280, 3, BITS, at_flags},
    {21, 1, BITS, access_modes},
    {269, 2, BITS, access_modes},
    {439, 2, BITS, access_modes},
    {8, 2, ONE, whence},
    {14, 0, ONE, mask_how},
    {72, 1, ONE, fcntl_commands},
    {202, 1, ONE, futex_operations},
    {61, 2, BITS, wait_options},
    {247, 3, BITS, wait_options},
    {228, 0, ONE, clocks},
    {230, 0, ONE, clocks},
    {41, 0, ONE, families},
    {41, 1, BITS, socket_types},
    {53, 0, ONE, families},
    {53, 1, BITS, socket_types},
    {28, 2, ONE, advice},
    {16, 1, ONE, requests},
    {233, 1, ONE, epoll_operations},
    {158, 0, ONE, arch_codes},
    {293, 1, BITS, open_flags},
    {302, 1, ONE, limits},
    {97, 0, ONE, limits},
    {160, 0, ONE, limits},
    {292, 2, BITS, open_flags},
    {288, 3, BITS, socket_types},
    {29, 2, BITS, ipc_flags},
    {64, 2, BITS, ipc_flags},
    {68, 1, BITS, ipc_flags},
    {69, 3, BITS, ipc_flags},
    {70, 4, BITS, ipc_flags},
    {31, 1, ONE, ipc_commands},
    {66, 2, ONE, ipc_commands},
    {71, 1, ONE, ipc_commands},
    {240, 1, BITS, open_flags},
    {44, 3, BITS, message_flags},
    {45, 3, BITS, message_flags},
    {46, 2, BITS, message_flags},
    {47, 2, BITS, message_flags},
    {54, 1, ONE, option_levels},
    {55, 1, ONE, option_levels},
    {54, 2, ONE, socket_options},
    {55, 2, ONE, socket_options},
    {48, 1, ONE, shutdowns},
    {73, 1, BITS, lock_operations},
    {291, 0, BITS, descriptor_flags},
    {283, 0, ONE, clocks},
    {283, 1, BITS, descriptor_flags},
    {286, 1, BITS, timer_flags},
    {290, 1, BITS, event_flags},
    {294, 0, BITS, descriptor_flags},
    {289, 3, BITS, descriptor_flags},
};

const struct trace_names *trace_names_find(uint64_t number, unsigned int argument)
{
    for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
        if (arguments[i].number == number && arguments[i].argument == argument)
            return &arguments[i];
    return NULL;
}

static const struct {
    uint16_t number;
    uint8_t argument, kind;
} memory[] = {
    {0, 1, TRACE_BYTES},      {1, 1, TRACE_BYTES},      {17, 1, TRACE_BYTES},
    {18, 1, TRACE_BYTES},     {44, 1, TRACE_BYTES},     {45, 1, TRACE_BYTES},
    {89, 1, TRACE_BYTES},     {267, 2, TRACE_BYTES},    {79, 0, TRACE_BYTES},
    {318, 0, TRACE_BYTES},    {59, 1, TRACE_STRINGS},   {322, 2, TRACE_STRINGS},
    {35, 0, TRACE_TIMESPEC},  {230, 2, TRACE_TIMESPEC}, {202, 3, TRACE_TIMESPEC},
    {228, 1, TRACE_TIMESPEC}, {22, 0, TRACE_TWO_INTS},  {293, 0, TRACE_TWO_INTS},
    {53, 3, TRACE_TWO_INTS},  {4, 1, TRACE_STAT},       {5, 1, TRACE_STAT},
    {6, 1, TRACE_STAT},       {262, 2, TRACE_STAT},     {61, 1, TRACE_WAIT_STATUS},
    {42, 1, TRACE_SOCKADDR},  {49, 1, TRACE_SOCKADDR},
};

enum trace_memory trace_memory_kind(uint64_t number, unsigned int argument)
{
    for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
        if (memory[i].number == number && memory[i].argument == argument)
            return memory[i].kind;
    return TRACE_POINTER;
}
