/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes the command line's options apart; knows no option itself.
 */
#include "vmm/cli/options.h"

#include <string.h>

struct parser {
    const struct option_table *tables;
    size_t table_count;
    const char *command;
};

static bool has_name(const struct option_row *row, const char *name, size_t length, char letter)
{
    if (letter)
        return row->letter == letter;
    return length && length < sizeof(row->name) && row->name[length] == '\0' &&
           memcmp(row->name, name, length) == 0;
}

/* By name, or by letter when that is not 0; NULL: unknown. */
static const struct option_row *find(const struct parser *parser, const char *name, size_t length,
                                     char letter, const struct option_table **table)
{
    const struct option_table *end = parser->tables + parser->table_count;
    for (*table = parser->tables; *table < end; ++*table)
        for (size_t i = 0; i < (*table)->count; i++) {
            const struct option_row *row = &(*table)->rows[i];
            if (has_name(row, name, length, letter) &&
                (!(*table)->belongs || (*table)->belongs((*table)->arg, row->id)))
                return row;
        }
    return NULL;
}

static int unknown_option(const struct parser *parser, const char *word, int length)
{
    return cli_fail(CLI_FAILED, "unknown option %.*s; see \"vmm help %s\"", length, word,
                    parser->command);
}

/* "--name", "--name=value", "--name value"; *used counts words. */
static int take_long(const struct parser *parser, char **words, int count, int *used)
{
    char *name = words[0] + 2;
    char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const struct option_table *table;
    const struct option_row *row = find(parser, name, length, 0, &table);
    char none[] = "", *value = equals ? equals + 1 : none;

    if (!row)
        return unknown_option(parser, words[0], (int)length + 2);
    if (row->value == NO_VALUE && equals)
        return cli_fail(CLI_FAILED, "--%s takes no value", row->name);
    if (row->value == VALUE && !equals) {
        if (count < 2)
            return cli_fail(CLI_FAILED, "--%s needs a value", row->name);
        value = words[1];
        (*used)++;
    }
    return table->apply(table->arg, row->id, value);
}

/* "-t", "-it", "-m512M", "-m 512M". */
static int take_letters(const struct parser *parser, char **words, int count, int *used)
{
    for (char *letter = words[0] + 1; *letter; letter++) {
        const struct option_table *table;
        const struct option_row *row = find(parser, NULL, 0, *letter, &table);
        if (!row)
            return cli_fail(CLI_FAILED, "unknown option -%c; see \"vmm help %s\"", *letter,
                            parser->command);
        if (row->value == NO_VALUE) {
            int result = table->apply(table->arg, row->id, letter);
            if (result)
                return result;
            continue;
        }
        if (letter[1])
            return table->apply(table->arg, row->id, letter + 1);
        if (count < 2)
            return cli_fail(CLI_FAILED, "-%c needs a value", *letter);
        (*used)++;
        return table->apply(table->arg, row->id, words[1]);
    }
    return 0;
}

int options_parse(int argc, char **argv, const struct option_table *tables, size_t table_count,
                  const char *command, const bool *help, int *used)
{
    struct parser parser = {tables, table_count, command};
    int i = 0;
    *used = 0;
    while (i < argc && argv[i][0] == '-' && argv[i][1] != '\0') {
        int words = 1, result;
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (argv[i][1] == '-')
            result = take_long(&parser, argv + i, argc - i, &words);
        else
            result = take_letters(&parser, argv + i, argc - i, &words);
        if (result || *help)
            return result;
        i += words;
    }
    *used = i;
    return 0;
}
