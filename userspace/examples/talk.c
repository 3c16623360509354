// SPDX-License-Identifier: MIT
/*
 * Two processes exchange messages through /dev/mmapshare: a client sends
 * multiplications, a server answers them. Messages are stored and loaded
 * directly; a process calls the kernel only to sleep until a message arrives,
 * or to wake its sleeping peer.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "region.h"

#define SPINS	20000
#define TEXT	52

/*
 * A message and its sequence number, which is stored last. A zeroed region
 * contains two empty boxes. A question is answered once the box of the answer
 * has the question's sequence number.
 */
struct box {
	atomic_uint seq;
	atomic_uint sleeping;	/* the reader is in FUTEX_WAIT, or about to be */
	int pid;
	char text[TEXT];
};

struct channel {
	struct box question;
	struct box answer;
};

static unsigned int futex_calls;

static void futex(atomic_uint *word, int op, unsigned int value)
{
	futex_calls++;
	if (syscall(SYS_futex, word, op, value, NULL, NULL, 0) < 0 &&
	    errno != EAGAIN && errno != EINTR)
		err(1, "futex");
}

static void box_put(struct box *box, unsigned int seq, const char *text)
{
	box->pid = getpid();
	snprintf(box->text, TEXT, "%s", text);
	/* pairs with box_wait(), which stores sleeping and then loads seq */
	atomic_store(&box->seq, seq);
	if (atomic_load(&box->sleeping))
		futex(&box->seq, FUTEX_WAKE, INT_MAX);
}

/* Wait until the sequence number differs from @seen: spin first, then sleep. */
static unsigned int box_wait(struct box *box, unsigned int seen)
{
	unsigned int seq;
	int spins;

	for (spins = 0; spins < SPINS; spins++) {
		seq = atomic_load(&box->seq);
		if (seq != seen)
			return seq;
	}
	/*
	 * Both accesses are sequentially consistent, as those in box_put():
	 * either the sender sees the flag, or this process sees the new
	 * sequence number.
	 */
	atomic_store(&box->sleeping, 1);
	while ((seq = atomic_load(&box->seq)) == seen)
		futex(&box->seq, FUTEX_WAIT, seen);
	atomic_store(&box->sleeping, 0);
	return seq;
}

static void answer(struct channel *c)
{
	unsigned int seq = atomic_load(&c->answer.seq);
	unsigned int count = 0;
	char text[TEXT];
	int a, b;

	do {
		seq = box_wait(&c->question, seq);
		/* Parse a copy: the client is untrusted and may still store. */
		snprintf(text, TEXT, "%.*s", TEXT - 1, c->question.text);
		if (sscanf(text, "%d * %d", &a, &b) == 2)
			snprintf(text, TEXT, "%lld", (long long)a * b);
		else if (strcmp(text, "bye"))
			snprintf(text, TEXT, "what?");
		box_put(&c->answer, seq, text);
		count++;
	} while (strcmp(text, "bye"));
	printf("pid %d gave %u answers with %u futex calls\n", (int)getpid(),
	       count, futex_calls);
}

/* Only one client may run at a time. */
static void ask(struct channel *c, const char *question, char *text)
{
	unsigned int seen = atomic_load(&c->answer.seq);
	unsigned int seq = atomic_load(&c->question.seq) + 1;

	box_put(&c->question, seq, question);
	while (seen != seq)
		seen = box_wait(&c->answer, seen);
	snprintf(text, TEXT, "%.*s", TEXT - 1, c->answer.text);
}

/* Ask 1 * 1, 2 * 2, ... without a pause, and check the answers. */
static void ask_squares(struct channel *c, int count)
{
	char question[TEXT], text[TEXT], expected[TEXT];
	int i;

	for (i = 1; i <= count; i++) {
		snprintf(question, TEXT, "%d * %d", i, i);
		snprintf(expected, TEXT, "%lld", (long long)i * i);
		ask(c, question, text);
		if (strcmp(text, expected))
			errx(1, "%s: got %s, expected %s", question, text, expected);
	}
	printf("pid %d got %d correct answers with %u futex calls\n",
	       (int)getpid(), count, futex_calls);
}

int main(int argc, char **argv)
{
	struct channel *c;
	struct region r;
	char text[TEXT];
	int i;

	if (argc < 2 || (strcmp(argv[1], "answer") && argc < 3))
		errx(1, "usage: talk answer | talk squares COUNT | talk ask QUESTION...");

	r = region_map(O_RDWR);
	if (!(r.features & MMAPSHARE_FEAT_FUTEX))
		errx(1, DEVICE ": no futexes; load the module with another strategy than pfn");
	/* the mapping keeps the region open */
	close(r.fd);
	c = (struct channel *)r.base;

	if (!strcmp(argv[1], "answer")) {
		answer(c);
	} else if (!strcmp(argv[1], "squares")) {
		ask_squares(c, parse_number(argv[2]));
	} else {
		for (i = 2; i < argc; i++) {
			ask(c, argv[i], text);
			printf("pid %d asks \"%s\", pid %d answers \"%s\"\n",
			       (int)getpid(), argv[i], c->answer.pid, text);
		}
	}
	return 0;
}
