// SPDX-License-Identifier: MIT
/*
 * Two processes talk through /dev/mmapshare: one multiplies what the other
 * asks. Messages pass by stores and loads; the kernel is called only when
 * one side has to sleep, and by the other to wake it.
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
 * A message and its number, which is stored last. A zeroed region is two
 * empty boxes; a question that has no answer of its number yet is open.
 */
struct box {
	atomic_uint number;
	atomic_uint sleeping;	/* the reader waits for a number */
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

static void box_put(struct box *box, unsigned int number, const char *text)
{
	box->pid = getpid();
	snprintf(box->text, TEXT, "%s", text);
	atomic_store(&box->number, number);
	if (atomic_load(&box->sleeping))
		futex(&box->number, FUTEX_WAKE, INT_MAX);
}

/* Wait until the number is not @seen any more: a little awake, then asleep. */
static unsigned int box_get(struct box *box, unsigned int seen)
{
	unsigned int number;
	int spins;

	for (spins = 0; spins < SPINS; spins++) {
		number = atomic_load(&box->number);
		if (number != seen)
			return number;
	}
	/* Either the sender sees the flag, or we see the number. */
	atomic_store(&box->sleeping, 1);
	while ((number = atomic_load(&box->number)) == seen)
		futex(&box->number, FUTEX_WAIT, seen);
	atomic_store(&box->sleeping, 0);
	return number;
}

static void answer(struct channel *c)
{
	unsigned int number = atomic_load(&c->answer.number);
	unsigned int count = 0;
	char text[TEXT];
	int a, b;

	do {
		number = box_get(&c->question, number);
		/* Copy it, then judge: the other side may still write. */
		snprintf(text, TEXT, "%.*s", TEXT - 1, c->question.text);
		if (sscanf(text, "%d * %d", &a, &b) == 2)
			snprintf(text, TEXT, "%lld", (long long)a * b);
		else if (strcmp(text, "bye"))
			snprintf(text, TEXT, "what?");
		box_put(&c->answer, number, text);
		count++;
	} while (strcmp(text, "bye"));
	printf("pid %d gave %u answers with %u futex calls\n", (int)getpid(),
	       count, futex_calls);
}

/* One asker at a time. */
static void ask(struct channel *c, const char *question, char *text)
{
	unsigned int seen = atomic_load(&c->answer.number);
	unsigned int number = atomic_load(&c->question.number) + 1;

	box_put(&c->question, number, question);
	while (seen != number)
		seen = box_get(&c->answer, seen);
	snprintf(text, TEXT, "%.*s", TEXT - 1, c->answer.text);
}

/* 1 * 1, 2 * 2, ...: as fast as it goes */
static void ask_squares(struct channel *c, int count)
{
	char question[TEXT], text[TEXT], want[TEXT];
	int i;

	for (i = 1; i <= count; i++) {
		snprintf(question, TEXT, "%d * %d", i, i);
		snprintf(want, TEXT, "%lld", (long long)i * i);
		ask(c, question, text);
		if (strcmp(text, want))
			errx(1, "%s is not %s", question, text);
	}
	printf("pid %d got %d right answers with %u futex calls\n",
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
		errx(1, "no futex in memory of this strategy");
	/* The mapping stays. */
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
