/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "vmm image": a program as a bootable disk or .efi file.  Takes the options of "vmm run"
 * that say what the program sees.
 */
#include <string.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/run_options.h"

int cmd_image(int argc, char **argv)
{
    struct run_options options;
    struct vmm_error error = {.fault = VMM_FAULT_NONE};
    enum vmm_image kind;

    if (argc < 1 || strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
        return argc < 1 ? cli_fail(CLI_FAILED, "image: give disk or efi; see \"vmm help image\"")
                        : cmd_help("image");
    if (strcmp(argv[0], "disk") == 0)
        kind = VMM_IMAGE_DISK;
    else if (strcmp(argv[0], "efi") == 0)
        kind = VMM_IMAGE_EFI;
    else
        return cli_fail(CLI_FAILED, "image %s: unknown; give disk or efi", argv[0]);
    int used, status = run_options_new(&options);
    options.image = true;
    if (!status)
        status = run_options_parse(argc - 1, argv + 1, &options, "image", NULL, &used);
    if (status)
        return status;
    if (options.help)
        return cmd_help("image");
    if (used == argc - 1)
        return cli_fail(CLI_FAILED, "no program given; see \"vmm help image\"");
    status = run_options_program(&options, argc - 1 - used, argv + 1 + used);
    if (status)
        return status;
    if (!options.output)
        return cli_fail(CLI_FAILED, "no name for the image; give -o FILE");
    if (vmm_image_write(options.config, kind, options.output, &error) != 0)
        return cli_fail(cli_status_of(error.fault), "%s", error.text);
    return CLI_OK;
}
