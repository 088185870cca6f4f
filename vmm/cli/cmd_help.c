/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "vmm help".  The manual pages say more; the words are the same.
 */
#include <string.h>
#include <unistd.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/help_functions.h"

static const char overview[] =
    "vmm - run one Linux program in its own virtual machine\n"
    "\n"
    "usage: vmm run [options] PROGRAM [ARGS...]\n"
    "       vmm image disk|efi [options] -o FILE PROGRAM [ARGS...]\n"
    "       vmm call [options] PROGRAM|--from SNAPSHOT NAME < input > output\n"
    "       vmm serve [options] PROGRAM|--from SNAPSHOT --http PORT\n"
    "       vmm snapshot save|restore|ls|rm ...\n"
    "       vmm doctor\n"
    "       vmm help [run|call|serve|snapshot|image|doctor]\n"
    "       vmm --version\n"
    "\n"
    "  run      start PROGRAM, unmodified, in a virtual machine of its own\n"
    "  call     call a function of PROGRAM in a virtual machine\n"
    "  serve    offer the functions of PROGRAM by HTTP, a clean virtual machine per call\n"
    "  snapshot keep a program that has started up, and go on from there\n"
    "  image    make a bootable disk, or one .efi file, with PROGRAM\n"
    "  doctor   what this host offers, and what to install or change\n"
    "  help     this text, or more about a command\n"
    "\n"
    "Examples:\n"
    "  vmm run busybox echo hello\n"
    "  vmm run --add /usr/lib/python3.11 python3 -c 'print(6 * 7)'\n"
    "  vmm run -m 1G --timeout 10 ./job < input > output\n"
    "\n"
    "See vmm(1), vmm-run(1), vmm-call(1), vmm-serve(1), vmm-snapshot(1), vmm-image(1),\n"
    "vmm-call(7), vmm-guest(7), libvmm(3).\n";

static const char run_help[] =
    "usage: vmm run [options] PROGRAM [ARGS...]\n"
    "       vmm run [options] --kernel FILE [--initrd FILE] [--append WORDS]\n"
    "\n"
    "Starts PROGRAM (a path, or a name searched in PATH) in its own virtual machine.\n"
    "The guest sees the program, its interpreter and libraries, what --add names, and\n"
    "nothing else: no network, no other host files.\n"
    "\n"
    "  -e, --env NAME=VALUE     set a variable; NAME alone takes the host's value\n"
    "  -w, --workdir DIR        start in this directory of the guest (default /)\n"
    "  -m, --memory SIZE        guest memory, with K, M or G (default 256M)\n"
    "  -c, --cpus N             number of CPUs (default 1)\n"
    "      --add HOST[:GUEST]   a file or directory tree for the guest; may be repeated\n"
    "      --disk FILE[,ro]     a raw disk image, as /dev/vda and on; may be repeated\n"
    "      --hostname NAME      the guest's host name (default vmm)\n"
    "  -t, --tty                give the program a terminal; standard input must be one\n"
    "  -i, --interactive        the same, if standard input is one\n"
    "      --timeout DURATION   stop the VM after so long (ms, s, m or h; default s)\n"
    "      --engine ENGINE      auto (default), kvm, or qemu (no isolation without KVM)\n"
    "      --machine M[,cpu=C]  for qemu: microvm (default), q35, pc, efi, and a CPU model\n"
    "      --kernel FILE        another kernel: ELF with a PVH note, or a bzImage\n"
    "      --initrd FILE        its initial RAM disk\n"
    "      --append WORDS       words for the kernel's command line\n"
    "      --console[=LEVEL]    kernel messages on standard error, up to LEVEL (0 to 7)\n"
    "      --stats json[:FILE]  statistics about the run on standard error, or in FILE\n"
    "      --strace[=WHAT[:FILE]] each system call (calls), or sums (summary)\n"
    "      --from SNAPSHOT      go on from there instead of starting PROGRAM\n"
    "      --name NAME          let \"vmm snapshot save --of NAME\" save it while it runs\n"
    "      --snapshot-at-ready SNAPSHOT  save one when PROGRAM says ready, and end\n"
    "      --strict             end with 125 at the first thing that is not supported\n"
    "      --no-sandbox         no seccomp, no Landlock: for debugging only\n"
    "  -v, --verbose            say what is done; twice: say more\n"
    "\n"
    "Exit status: the program's; 128+N if signal N ended it; 124 if the time limit\n"
    "did; 125 if vmm itself failed; 126 if PROGRAM cannot be executed; 127 if it is\n"
    "not found.  SIGINT and SIGTERM are passed on; a second one stops the VM.\n";

static const char image_help[] =
    "usage: vmm image disk [options] -o FILE PROGRAM [ARGS...]\n"
    "       vmm image efi [options] -o FILE PROGRAM [ARGS...]\n"
    "\n"
    "Makes what a machine with UEFI firmware boots by itself: a disk image (GPT with an\n"
    "EFI system partition) for a stick, a cloud or a hypervisor, or one .efi file for a\n"
    "boot menu or the network.  In it are PROGRAM with all that it needs, the kernel and\n"
    "its loader.  The program talks on the serial port and on the screen; its status is\n"
    "shown at the end, and the machine is switched off.\n"
    "\n"
    "  -o, --output FILE        the image; may also stand behind ARGS\n"
    "  -e, --env NAME=VALUE     set a variable; NAME alone takes the host's value\n"
    "  -w, --workdir DIR        start in this directory of the guest (default /)\n"
    "      --add HOST[:GUEST]   a file or directory tree for the guest; may be repeated\n"
    "      --hostname NAME      the guest's host name (default vmm)\n"
    "      --append WORDS       the kernel's command line: vmm-guest(7)\n"
    "\n"
    "\"vmm image disk\" takes mtools (apt install mtools), but not root.\n";

static const char doctor_help[] =
    "usage: vmm doctor\n"
    "\n"
    "Shows what this host offers to run virtual machines, whether KVM really works\n"
    "(a small probe guest is run when in doubt), and what to install or change.\n"
    "Exit status: 0 if programs can be run on this host, 125 if not.\n";

static int print(const char *text, size_t length)
{
    return cli_write(STDOUT_FILENO, text, length) ? CLI_OK : CLI_FAILED;
}

int cmd_help(const char *topic)
{
    if (!topic)
        return print(overview, sizeof(overview) - 1);
    if (strcmp(topic, "run") == 0)
        return print(run_help, sizeof(run_help) - 1);
    if (strcmp(topic, "call") == 0)
        return print(call_help, sizeof(call_help) - 1);
    if (strcmp(topic, "serve") == 0)
        return print(serve_help, sizeof(serve_help) - 1);
    if (strcmp(topic, "snapshot") == 0)
        return print(snapshot_help, sizeof(snapshot_help) - 1);
    if (strcmp(topic, "image") == 0)
        return print(image_help, sizeof(image_help) - 1);
    if (strcmp(topic, "doctor") == 0)
        return print(doctor_help, sizeof(doctor_help) - 1);
    return cli_fail(CLI_FAILED, "no help on %s; see \"vmm help\"", topic);
}
