/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/vmm/generation: the VM generation ID as text.  Each open file remembers the generation
 * it has read last, in private_data; in a new one it begins again.
 */
#include "arch/generation.h"
#include "fs/vmm_files_internal.h"
#include "lib/errno.h"
#include "lib/printf.h"

#define TEXT_SIZE 37u /* 8-4-4-4-12 digits and a newline */
#define NOTHING_READ 1ul /* in private_data; otherwise the counter, shifted */

static struct wait_queue changed = {SPINLOCK_INIT(LOCK_RANK_WAIT), LIST_INIT(changed.entries)};

static void *as_read(uint32_t counter)
{
    return (void *)((uint64_t)counter << 1);
}

static void format(char text[TEXT_SIZE + 1])
{
    uint8_t id[16];
    size_t at = 0;

    generation_id(id);
    for (unsigned int i = 0; i < sizeof(id); i++)
        at += (size_t)snprintf(text + at, TEXT_SIZE + 1 - at, "%s%02x",
                               i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
    text[at] = '\n';
}

/* file->pos_lock is held. */
static ssize_t generation_read(struct file *file, struct iobuf *buf, loff_t *pos)
{
    char text[TEXT_SIZE + 1];
    uint32_t counter = generation_counter();

    if (__atomic_load_n(&file->private_data, __ATOMIC_RELAXED) != as_read(counter))
        *pos = 0;
    if (*pos < 0 || *pos >= (loff_t)TEXT_SIZE)
        return 0;
    format(text);
    ssize_t done = iobuf_put(buf, text + *pos, MIN(buf->remaining, TEXT_SIZE - (size_t)*pos));
    if (done >= 0) {
        *pos += done;
        __atomic_store_n(&file->private_data, as_read(counter), __ATOMIC_RELAXED);
    }
    return done;
}

static uint32_t generation_poll(struct file *file, struct poll_table *table)
{
    if (table)
        table->add(table, &changed);
    bool fresh =
        __atomic_load_n(&file->private_data, __ATOMIC_RELAXED) != as_read(generation_counter());
    return fresh ? POLL_IN | POLL_RDNORM : 0;
}

void vmm_generation_changed(void)
{
    wait_clock_was_set(); /* the time of day jumps */
    wake_all(&changed, POLL_IN | POLL_RDNORM);
}

static const struct file_ops generation_ops = {.read = generation_read, .poll = generation_poll};

int vmm_generation_open(struct file *file)
{
    if (!generation_is_known())
        return -ENXIO;
    file->ops = &generation_ops;
    file->mode |= FMODE_SEEK;
    file->private_data = (void *)NOTHING_READ;
    return 0;
}
