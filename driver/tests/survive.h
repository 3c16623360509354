/* SPDX-License-Identifier: GPL-2.0 */
/* What mmapshare_survive.ko publishes, for the module and the selftests. */
#ifndef MMAPSHARE_SURVIVE_H
#define MMAPSHARE_SURVIVE_H

#include <linux/types.h>

#define SURVIVE_THREADS	8
/* Maximum of bytes in a record */
#define SURVIVE_BYTES	1000

/**
 * struct survive_record - a record
 * @crc: CRC-32C of all that follows
 * @thread: index of the thread
 * @number: number of the record of this thread, from 1 on
 * @bytes: random
 */
struct survive_record {
	__u32 crc;
	__u32 thread;
	__u64 number;
	__u8 bytes[];
};

#endif /* MMAPSHARE_SURVIVE_H */
