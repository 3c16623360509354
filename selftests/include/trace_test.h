/* SPDX-License-Identifier: GPL-2.0 */
/* Reading the driver's trace events from a tracefs instance of the test. */
#ifndef TRACE_TEST_H
#define TRACE_TEST_H

#include "mmapshare_test.h"
#include <stdio.h>
#include <sys/stat.h>

#define TRACING	"/sys/kernel/tracing"
#define TRACE	TRACING "/instances/mmapshare_test"

struct tracer {
	char record_cmd[2];	/* to be restored */
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

/* Use in FIXTURE_SETUP, after DEVICE_OPEN(). */
#define TRACE_SKIP()							\
	do {								\
		if (access(TRACING "/events", F_OK))			\
			SKIP(return, "no tracefs at " TRACING);		\
	} while (0)

/*
 * record-cmd is turned off: the tests need no command names, and recording them
 * patches the kernel's scheduler code, at which emulators have failed.
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

/*
 * Read and clear the trace. Returns the number of events @name; the text of the
 * last one is left in @t.
 */
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

/* Expect exactly one event of that name, with exactly that text. */
#define EXPECT_EVENT(name, ...)						\
	do {								\
		struct tracer *_t = &self->tracer;			\
									\
		snprintf(_t->want, sizeof(_t->want), __VA_ARGS__);	\
		EXPECT_EQ(1, trace_take(_t, name));			\
		EXPECT_STREQ(_t->want, _t->text);			\
	} while (0)

#endif /* TRACE_TEST_H */
