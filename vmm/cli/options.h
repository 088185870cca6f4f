/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words of the command line that begin with "-": which of them are options, and their values.
 * What an option means is its table's business.
 */
#ifndef VMM_CLI_OPTIONS_H
#define VMM_CLI_OPTIONS_H

#include "vmm/cli/cli.h"

enum option_value { NO_VALUE, VALUE, MAYBE_VALUE /* only as --name=value */ };

/* Characters, not pointers: a table of pointers costs relocations at every start. */
struct option_row {
    char name[18];
    char letter; /* 0: none */
    uint8_t value;
    uint8_t id;
};

struct option_table {
    const struct option_row *rows;
    size_t count;
    bool (*belongs)(const void *arg, unsigned int id); /* NULL: all do */
    /* 0 or an exit status; value is "" where there is none. */
    int (*apply)(void *arg, unsigned int id, char *value);
    void *arg;
};

/*
 * Takes options until the first word that is none, "--", or until *help is set.  *used: words
 * taken.  Where two tables have an option, the first has it.  command: for "see vmm help ...".
 */
int options_parse(int argc, char **argv, const struct option_table *tables, size_t table_count,
                  const char *command, const bool *help, int *used);

#endif
