/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "--stats json": one JSON object about a run.  The format is in vmm-run(1).
 */
#ifndef VMM_CLI_STATS_H
#define VMM_CLI_STATS_H

#include "vmm/cli/cli.h"

void stats_format(struct text *text, const struct vmm_stats *stats, const struct vmm_result *result,
                  int status);

#endif
