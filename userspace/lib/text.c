// SPDX-License-Identifier: MIT
/*
 * Search, read lines, and move bytes in a mapping. Other processes may store to
 * it concurrently, so no function relies on a byte keeping the value that was
 * read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "lib.h"

ssize_t mmapshare_find(const void *map, size_t length, size_t from,
		       const void *what, size_t what_length)
{
	const char *found;

	if (from > length)
		return -ENXIO;
	found = memmem((const char *)map + from, length - from, what, what_length);
	return found ? found - (const char *)map : -ENOENT;
}

ssize_t mmapshare_find_last(const void *map, size_t length, const void *what,
			    size_t what_length)
{
	const char *bytes = map;
	size_t at;

	if (what_length > length)
		return -ENOENT;
	for (at = length - what_length + 1; at-- > 0;)
		if (!memcmp(bytes + at, what, what_length))
			return at;
	return -ENOENT;
}

/*
 * memccpy() may read a byte twice. If another process changes it in between,
 * the line may lack its '\n', or have one before its end; its length is right.
 */
ssize_t mmapshare_read_line(const void *map, size_t length, size_t *position,
			    char *line, size_t size)
{
	const size_t at = *position;
	size_t n;
	char *end;

	if (size < 2 || at > length)
		return -EINVAL;
	n = length - at < size - 1 ? length - at : size - 1;
	end = n ? memccpy(line, (const char *)map + at, '\n', n) : NULL;
	if (end)
		n = end - line;
	line[n] = '\0';
	*position = at + n;
	return n;
}

int mmapshare_move(void *map, size_t length, size_t to, size_t from, size_t count)
{
	if (!mms_range_ok(length, to, count) || !mms_range_ok(length, from, count))
		return -ENXIO;
	memmove((char *)map + to, (char *)map + from, count);
	return 0;
}
