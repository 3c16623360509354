/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loads the helper module mmapshare_contexts, whose contexts publish records or
 * ring a doorbell.
 */
#ifndef CONTEXTS_TEST_H
#define CONTEXTS_TEST_H

#include "doorbell_test.h"
#include "helper_module.h"
#include "../../driver/tests/contexts.h"

#define CONTEXTS_MODULE	"mmapshare_contexts"
#define CONTEXTS_NODE	DEVICE "-contexts"
#define CONTEXTS_ERRORS	5

/* A line of the parameter "counts" */
struct context_counts {
	char name[32];
	unsigned int written;
	unsigned int refused[CONTEXTS_ERRORS];
};

static inline unsigned int context_refused(const struct context_counts *c)
{
	unsigned int i, n = 0;

	for (i = 0; i < CONTEXTS_ERRORS; i++)
		n += c->refused[i];
	return n;
}

/* Must come first in a FIXTURE_SETUP. */
#define CONTEXTS_LOAD(params)						\
	do {								\
		int error_;						\
									\
		if (geteuid() || !getenv("MMAPSHARE_KO"))		\
			SKIP(return, "needs root, and MMAPSHARE_KO");	\
		/* a failed test may leave the module loaded */		\
		contexts_unload();					\
		error_ = helper_load(CONTEXTS_MODULE, params);		\
		if (error_ == ENOENT)					\
			SKIP(return, "needs " CONTEXTS_MODULE ".ko");	\
		ASSERT_EQ(0, error_);					\
	} while (0)

/* Take the second processor off line, or on line again. */
static inline bool contexts_online(bool on)
{
	const int fd = open("/sys/devices/system/cpu/cpu1/online", O_WRONLY);
	const bool done = fd < 0 || write(fd, on ? "1" : "0", 1) == 1;

	close(fd);
	return done;
}

/*
 * Set the parameter "run" while only one processor is on line. Setting it
 * inserts probes into code, or removes them from code, that another processor
 * may be executing. An emulated processor may then execute instructions that
 * were replaced, and the kernel crashes.
 */
static inline bool contexts_set(const char *names)
{
	bool done = contexts_online(false) && helper_set(CONTEXTS_MODULE, "run", names);
	const int error = errno;

	done &= contexts_online(true);
	errno = error;
	return done;
}

/* After this, no context publishes, and the counts are final. */
static inline bool contexts_stop(void)
{
	return contexts_set("none");
}

/* Returns 0 or an errno. */
static inline int contexts_unload(void)
{
	contexts_stop();
	return helper_unload(CONTEXTS_MODULE);
}

/*
 * Make these contexts publish. Skips if the kernel has no such probe, or if the
 * architecture cannot raise an NMI.
 */
#define CONTEXTS_RUN(names)						\
	do {								\
		const bool done_ = contexts_set(names);			\
									\
		if (!done_ && errno == EOPNOTSUPP)			\
			SKIP(return, "the kernel cannot run one of " names); \
		ASSERT_TRUE(done_) TH_LOG("%s: %s", names, strerror(errno)); \
	} while (0)

static inline void *contexts_echo(void *arg)
{
	const int *pipes = arg;
	char byte;

	while (read(pipes[0], &byte, 1) == 1 && write(pipes[3], &byte, 1) == 1)
		;
	return NULL;
}

/*
 * Wait until all but @n have made all their attempts. Meanwhile two threads wake
 * each other, so that probes are hit.
 */
static inline bool contexts_end_but(int n)
{
	const int64_t end = now() + 200 * SECOND;
	int pipes[4];
	pthread_t thread;
	char byte = 0;

	if (pipe(pipes) || pipe(pipes + 2) ||
	    pthread_create(&thread, NULL, contexts_echo, pipes))
		return false;
	while (atoi(helper_get(CONTEXTS_MODULE, "running")) > n && now() < end)
		if (write(pipes[1], &byte, 1) != 1 || read(pipes[2], &byte, 1) != 1)
			break;
	close(pipes[1]);
	pthread_join(thread, NULL);
	close(pipes[0]);
	close(pipes[2]);
	close(pipes[3]);
	return atoi(helper_get(CONTEXTS_MODULE, "running")) <= n;
}

static inline bool contexts_get(struct context_counts counts[CONTEXTS])
{
	char text[4096], *line = text;
	const int fd = helper_parameter(CONTEXTS_MODULE, "counts", O_RDONLY);
	const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	int i;

	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	for (i = 0; i < CONTEXTS; i++) {
		struct context_counts *c = &counts[i];

		if (sscanf(line, "%31s %u %u %u %u %u %u\n", c->name, &c->written,
			   &c->refused[0], &c->refused[1], &c->refused[2], &c->refused[3],
			   &c->refused[4]) != 7)
			return false;
		line = strchr(line, '\n') + 1;
	}
	return true;
}

/* One line for each context that made attempts */
static inline void contexts_print(const struct context_counts counts[CONTEXTS])
{
	const struct context_counts *c;

	for (c = counts; c < counts + CONTEXTS; c++)
		if (c->written + context_refused(c))
			printf("# %s: %u written, %u EAGAIN, %u EBUSY, %u EMSGSIZE, %u ENODEV, %u other\n",
			       c->name, c->written, c->refused[0], c->refused[1],
			       c->refused[2], c->refused[3], c->refused[4]);
}

#endif /* CONTEXTS_TEST_H */
