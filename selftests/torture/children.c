// SPDX-License-Identifier: GPL-2.0
/*
 * Operations of a forked child on its copy of the worker's mappings. The child
 * stores to the worker's pages, while the worker waits for the child to exit.
 */
#include "torture.h"
#include <sys/prctl.h>
#include <time.h>

static void become_child(struct worker *w, uint64_t seed)
{
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	w->is_child = true;
	w->rng = seed;
	w->n_spliced = 0;
	for (i = 0; i < ARENA_PAGES; i++)
		if (w->place[i].attr & ATTR_DONTFORK)
			memset(&w->place[i], 0, sizeof(w->place[i]));
	if (!worker_pipes(w))
		fail(w, "cannot create a pipe for the child: errno %d", errno);
}

static pid_t start_op_child(struct worker *w, uint64_t seed, uint64_t ops)
{
	pid_t pid = fork();

	if (!pid) {
		become_child(w, seed);
		run_ops(w, ops);
		_exit(w->failed);
	}
	return pid;
}

void op_fork(struct worker *w)
{
	const uint64_t seed = random_below(w, 1ULL << 40);
	int status = 0;
	pid_t pid;

	note(w, "fork", 0, 0, seed);
	pid = start_op_child(w, seed, 1 + seed % 24);
	if (expect(w, pid, 0) &&
	    (waitpid(pid, &status, 0) != pid || status))
		fail(w, "the child ended with status %#x", status);
}

/* The killed store left words of both versions: store the page again. */
static void repair_page(struct worker *w, unsigned int page)
{
	struct view v;

	view_pages(w, &v, page, 1);
	if (pread(w->fd, w->buf, PAGE, (off_t)page * PAGE) != PAGE)
		return fail(w, "read: errno %d", errno);
	if (!view_check(w, &v, w->buf))
		return;
	make_page(w->t, w->buf, page, begin_store(w->t, page, false));
	if (pwrite(w->fd, w->buf, PAGE, (off_t)page * PAGE) != PAGE)
		return fail(w, "write: errno %d", errno);
	end_store(w->t, page);
}

void op_kill(struct worker *w)
{
	const uint64_t seed = random_below(w, 1ULL << 40);
	const struct timespec pause = { .tv_nsec = seed % 4000000 };
	unsigned int page;
	int status = 0;
	pid_t pid;

	note(w, "kill", 0, 0, seed);
	pid = start_op_child(w, seed, UINT64_MAX);
	if (!expect(w, pid, 0))
		return;
	nanosleep(&pause, NULL);
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != SIGKILL)
		fail(w, "the child ended with status %#x", status);
	for (page = 0; page < w->t->pages && !w->failed; page++)
		if (owns(w, page) &&
		    w->t->model[page].begun != w->t->model[page].done)
			repair_page(w, page);
}
