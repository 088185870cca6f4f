/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One HTTP request, for tests in the lab, where a real client takes a second to start:
 * http SOCKET METHOD /PATH BODY-FILE OUTPUT [HEADER...]: prints the status; the answer's headers
 * are put into OUTPUT.headers.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BYTES_MAX (4u << 20)

static void send_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t done = send(fd, bytes, length, MSG_NOSIGNAL);
        if (done <= 0)
            return; /* it does not listen any more: it may have answered */
        bytes += done;
        length -= (size_t)done;
    }
}

static size_t read_file(const char *path, char *bytes)
{
    FILE *file = fopen(path, "r");
    if (!file)
        err(1, "%s", path);
    size_t length = fread(bytes, 1, BYTES_MAX, file);
    fclose(file);
    return length;
}

static void write_file(const char *path, const char *suffix, const char *bytes, size_t length)
{
    char name[4096];
    snprintf(name, sizeof(name), "%s%s", path, suffix);
    FILE *file = fopen(name, "w");
    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        err(1, "%s", name);
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    static char body[BYTES_MAX], answer[BYTES_MAX + 1];
    char head[4096];
    size_t length, got = 0;
    ssize_t done;

    if (argc < 6)
        errx(1, "usage: http SOCKET METHOD PATH BODY-FILE OUTPUT [HEADER...]");
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        err(1, "%s", argv[1]);
    length = read_file(argv[4], body);
    int at = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: vmm\r\nConnection: close\r\n",
                      argv[2], argv[3]);
    for (int i = 6; i < argc; i++)
        at += snprintf(head + at, sizeof(head) - (size_t)at, "%s\r\n", argv[i]);
    if (argc == 6)
        at += snprintf(head + at, sizeof(head) - (size_t)at, "Content-Length: %zu\r\n", length);
    send_all(fd, head, (size_t)at);
    send_all(fd, "\r\n", 2);
    send_all(fd, body, length);
    while (got < BYTES_MAX && (done = read(fd, answer + got, BYTES_MAX - got)) > 0)
        got += (size_t)done;
    answer[got] = '\0';
    char *end = strstr(answer, "\r\n\r\n");
    if (!end || got < 12)
        errx(1, "no answer");
    printf("%.3s\n", answer + 9);
    write_file(argv[5], ".headers", answer, (size_t)(end - answer) + 2);
    write_file(argv[5], "", end + 4, got - (size_t)(end + 4 - answer));
    return 0;
}
