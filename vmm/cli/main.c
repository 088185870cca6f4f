/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vmm program: picks the subcommand.  Everything else is in its own file.
 */
#include <string.h>
#include <unistd.h>

#include "vmm/cli/cli.h"

static int print_version(void)
{
    static const char version[] = "vmm " VMM_VERSION "\n";
    return cli_write(STDOUT_FILENO, version, sizeof(version) - 1) ? CLI_OK : CLI_FAILED;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return cli_fail(CLI_FAILED, "no command given; see \"vmm --help\"");
    const char *command = argv[1];
    if (strcmp(command, "run") == 0)
        return cmd_run(argc - 2, argv + 2);
    if (strcmp(command, "call") == 0)
        return cmd_call(argc - 2, argv + 2);
    if (strcmp(command, "serve") == 0)
        return cmd_serve(argc - 2, argv + 2);
    if (strcmp(command, "snapshot") == 0)
        return cmd_snapshot(argc - 2, argv + 2);
    if (strcmp(command, "image") == 0)
        return cmd_image(argc - 2, argv + 2);
    if (strcmp(command, "doctor") == 0)
        return cmd_doctor(argc - 2, argv + 2);
    if (strcmp(command, "help") == 0)
        return cmd_help(argc > 2 ? argv[2] : NULL);
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0)
        return cmd_help(NULL);
    if (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0 ||
        strcmp(command, "-V") == 0)
        return print_version();
    return cli_fail(CLI_FAILED, "unknown %s %s; see \"vmm --help\"",
                    command[0] == '-' ? "option" : "command", command);
}
