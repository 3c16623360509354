/* SPDX-License-Identifier: GPL-2.0 */
/* Looking at the driver's tracepoints, in an instance of tracefs of our own. */
#ifndef TRACE_TEST_H
#define TRACE_TEST_H

#include "mmapshare_test.h"
#include <stdio.h>
#include <sys/stat.h>

#define TRACING	"/sys/kernel/tracing"
#define TRACE	TRACING "/instances/mmapshare_test"

struct tracer {
	char record_cmd[2];	/* as it was */
	char want[256];
	char text[256];		/* of the last event */
};

static inline bool trace_get(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, size - 1);

	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

static inline bool trace_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n == (ssize_t)strlen(text);
}

/* Use in FIXTURE_SETUP, behind DEVICE_OPEN(). */
#define TRACE_SKIP()							\
	do {								\
		if (access(TRACING "/events", F_OK))			\
			SKIP(return, "no tracefs in " TRACING);		\
	} while (0)

/*
 * Nobody wants the names of commands, for which the kernel would have to patch
 * its scheduler; emulators have been seen to stumble there.
 */
static inline bool trace_begin(struct tracer *t)
{
	return trace_get(TRACING "/options/record-cmd", t->record_cmd,
			 sizeof(t->record_cmd)) &&
	       trace_put(TRACING "/options/record-cmd", "0") &&
	       (!mkdir(TRACE, 0700) || errno == EEXIST) &&
	       trace_put(TRACE "/events/mmapshare/enable", "1");
}

static inline void trace_end(struct tracer *t)
{
	trace_put(TRACE "/events/mmapshare/enable", "0");
	rmdir(TRACE);
	trace_put(TRACING "/options/record-cmd", t->record_cmd);
}

/* Take all that was recorded; how many events of that name were there? */
static inline int trace_take(struct tracer *t, const char *name)
{
	FILE *f = fopen(TRACE "/trace", "r");
	char line[512], tag[64], *p;
	int n = 0;

	snprintf(tag, sizeof(tag), " mmapshare_%s: ", name);
	t->text[0] = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		p = strstr(line, tag);
		if (*line == '#' || !p)
			continue;
		snprintf(t->text, sizeof(t->text), "%.*s",
			 (int)strcspn(p + strlen(tag), "\n"), p + strlen(tag));
		n++;
	}
	if (f)
		fclose(f);
	trace_put(TRACE "/trace", "");
	return n;
}

/* One event of that name, and just that text. */
#define EXPECT_EVENT(name, ...)						\
	do {								\
		struct tracer *_t = &self->tracer;			\
									\
		snprintf(_t->want, sizeof(_t->want), __VA_ARGS__);	\
		EXPECT_EQ(1, trace_take(_t, name));			\
		EXPECT_STREQ(_t->want, _t->text);			\
	} while (0)

#endif /* TRACE_TEST_H */
