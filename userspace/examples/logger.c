// SPDX-License-Identifier: MIT
/*
 * Append records to the log in /dev/mmapshare until it is full, and print the
 * sequence number of each after it is committed. No flush is needed: a stored
 * record is in the region and survives the death of this process.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "log.h"
#include "region.h"

int main(void)
{
	struct region r = region_map(O_RDWR);
	struct record *log = (struct record *)r.base;
	unsigned int count = r.size / RECORD_SIZE, i = 0;
	struct timespec now;

	while (i < count && record_is_intact(&log[i], i + 1))
		i++;

	for (; i < count; i++) {
		struct record *rec = &log[i];
		int n;

		clock_gettime(CLOCK_REALTIME, &now);
		n = snprintf(rec->data, RECORD_DATA, "%lld.%09ld pid %d ",
			     (long long)now.tv_sec, now.tv_nsec, (int)getpid());
		memset(rec->data + n, 'a' + i % 26, RECORD_DATA - n);
		rec->length = RECORD_DATA - i % 100;
		record_commit(rec, i + 1);

		/* acknowledge: from here on the record must not get lost */
		dprintf(STDOUT_FILENO, "%u\n", i + 1);
	}
	errx(1, DEVICE ": the log is full (%u records)", count);
}
