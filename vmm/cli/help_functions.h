/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts of "vmm help" about calls and snapshots.
 */
#ifndef VMM_CLI_HELP_FUNCTIONS_H
#define VMM_CLI_HELP_FUNCTIONS_H

static const char call_help[] =
    "usage: vmm call [options] PROGRAM NAME [-- ARGS...] < input > output\n"
    "       vmm call [options] --from SNAPSHOT NAME < input > output\n"
    "\n"
    "Starts PROGRAM, which serves functions (see vmm-call(7)), in its own virtual machine,\n"
    "and calls NAME with standard input.  What the function returns goes to standard\n"
    "output; what the program prints, to standard error.\n"
    "\n"
    "      --repeat N           call N times; the last output is printed\n"
    "      --reset-between      undo in between what the calls did (KVM only)\n"
    "      --timeout DURATION   of each call, and of the start\n"
    "      --cpu-time DURATION  CPU time that each call may use\n"
    "      --output-max SIZE    largest output (default and at most 16M)\n"
    "      --from SNAPSHOT      go on from there instead of starting PROGRAM\n"
    "      --stats json[:FILE]  times and exits of the calls\n"
    "\n"
    "The other options are those of \"vmm run\".\n"
    "\n"
    "Exit status: 0 if the function succeeded; 1 to 123, its status, if it failed; 124 if\n"
    "it ran out of time; 128+N if signal N ended the program; 125 for everything else:\n"
    "no such function, an output that is too large, an error of vmm.\n";

static const char serve_help[] =
    "usage: vmm serve [options] --http [ADDRESS:]PORT|--socket PATH PROGRAM [-- ARGS...]\n"
    "       vmm serve [options] --http [ADDRESS:]PORT|--socket PATH --from SNAPSHOT\n"
    "\n"
    "Starts PROGRAM once, until it waits for calls, and offers its functions by HTTP: POST\n"
    "/NAME with the input as body.  Each call meets the program as it was then.  Needs KVM.\n"
    "\n"
    "      --http [ADDRESS:]PORT  a TCP port; of 127.0.0.1 without ADDRESS\n"
    "      --socket PATH        HTTP on a Unix socket; also --http unix:PATH\n"
    "      --concurrency N      calls at a time (default: the host's CPUs)\n"
    "      --queue N            requests that may wait (default 256); others get 503\n"
    "      --pool N             virtual machines kept ready (default: --concurrency)\n"
    "      --fresh              a new virtual machine for each call, not one that was reset\n"
    "      --deadline DURATION  from the request to the answer (default 30 s, 0: none)\n"
    "      --cpu-time DURATION  CPU time that a call may use\n"
    "      --input-max SIZE     largest input (default 1M, at most 16M)\n"
    "      --output-max SIZE    largest output (default 1M, at most 16M)\n"
    "\n"
    "The other options are those of \"vmm run\".  GET /metrics is for Prometheus, GET /healthz\n"
    "says whether all is well.\n"
    "\n"
    "Answers: 200 with the output; 500 if the function failed, with its message and the\n"
    "header Vmm-Status; 404 no such function; 413 input too large; 502 it crashed, or its\n"
    "output is too large; 503 too much to do; 504 out of time.\n"
    "\n"
    "SIGTERM lets calls finish and ends with status 0; a second one ends at once.\n";

static const char snapshot_help[] =
    "usage: vmm snapshot save [options] SNAPSHOT PROGRAM [ARGS...]\n"
    "       vmm snapshot save --of NAME SNAPSHOT\n"
    "       vmm snapshot restore [options] SNAPSHOT\n"
    "       vmm snapshot ls\n"
    "       vmm snapshot rm SNAPSHOT...\n"
    "\n"
    "A snapshot is a program and its whole machine at one moment.  A SNAPSHOT without a slash\n"
    "is a name in the user's store, $XDG_DATA_HOME/vmm/snapshots; else it is a path.\n"
    "\n"
    "  save       run PROGRAM until it says that it is ready (see vmm-call(7)), then save it;\n"
    "             -f, --functions: it serves functions, and is ready when it waits for calls;\n"
    "             --of NAME: save what \"vmm run --name NAME\" runs, as it is; it goes on\n"
    "  restore    go on: the same as \"vmm run --from SNAPSHOT\"\n"
    "  ls         names, sizes on disk, dates and programs of the store\n"
    "  rm         remove snapshots\n"
    "\n"
    "The options of save and restore are those of \"vmm run\".  Needs KVM.\n";

#endif
