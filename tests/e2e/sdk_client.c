/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls functions of one VM by libvmm, in order: sdk_client PROGRAM NAME[=INPUT]...
 * A line each: the name, what vmm_call_with() returned, the output (or its length and whether it
 * is the input), the error.  INPUT "#N" is a pattern of N bytes. ENGINE,
 * CPUS and DEADLINE_MS may be in the environment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm.h"

#define DEADLINE_MS 10000u
#define SHOWN 200u

static char in[VMM_INPUT_MAX + 1], out[VMM_INPUT_MAX];

/* The embedder's function: its input, and once more. */
static int twice(void *arg, const void *bytes, size_t length, void *answer, size_t capacity,
                 size_t *answer_length)
{
    (void)arg;
    if (length > capacity / 2)
        return 5;
    memcpy(answer, bytes, length);
    memcpy((char *)answer + length, bytes, length);
    *answer_length = 2 * length;
    return 0;
}

static size_t make_input(const char *text)
{
    if (text == NULL)
        return 0;
    size_t length = *text == '#' ? strtoul(text + 1, NULL, 10) : strlen(text);
    for (size_t i = 0; i < length && i < sizeof(in); i++)
        in[i] = *text == '#' ? (char)('a' + i % 26) : text[i];
    return length;
}

static void show(const struct vmm_call *call, int result)
{
    size_t length = call->out_length;

    printf("%s: %d ", call->name, result);
    if (result >= 0 && length > SHOWN)
        printf("%zu bytes%s", length,
               length == call->in_length && memcmp(in, out, length) == 0 ? ", as given" : "");
    else if (result >= 0)
        printf("%.*s", (int)length, out);
    else
        printf("%s", call->error.text);
    putchar('\n');
}

static int fail(const char *what, const struct vmm_error *error)
{
    printf("%s: %s\n", what, error->text);
    return 1;
}

int main(int argc, char **argv)
{
    const char *deadline = getenv("DEADLINE_MS");
    uint64_t deadline_ms = deadline != NULL ? strtoul(deadline, NULL, 10) : DEADLINE_MS;
    const char *const arguments[] = {argv[1], NULL};
    struct vmm_config *config;
    struct vmm_error error = {.fault = VMM_FAULT_NONE};
    struct vmm *vm;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2 || vmm_config_new(&config) != 0)
        return 2;
    vmm_config_set_program(config, argv[1], 1, arguments);
    vmm_config_set_functions(config, true);
    if (getenv("ENGINE") != NULL)
        vmm_config_set_engine(config, strcmp(getenv("ENGINE"), "qemu") == 0 ? VMM_ENGINE_QEMU
                                                                            : VMM_ENGINE_KVM);
    if (getenv("CPUS") != NULL)
        vmm_config_set_cpus(config, (unsigned int)atoi(getenv("CPUS")));
    vmm_export(config, "twice", twice, NULL);
    if (vmm_create(config, &vm, &error) != 0)
        return fail("create", &error);
    vmm_config_free(config);
    if (vmm_start(vm, &error) != 0)
        return fail("start", &error);
    for (int i = 2; i < argc; i++) {
        char *text = strchr(argv[i], '=');
        if (text != NULL)
            *text++ = '\0';
        struct vmm_call call = {.size = sizeof(call),
                                .name = argv[i],
                                .in = in,
                                .in_length = make_input(text),
                                .out = out,
                                .out_capacity = sizeof(out),
                                .timeout_ns = deadline_ms * 1000000ull};
        show(&call, vmm_call_with(vm, &call));
    }
    vmm_destroy(vm);
    return 0;
}
