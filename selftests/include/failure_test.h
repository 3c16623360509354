/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Injects memory failures, and checks whether an access gets the signal for
 * one.
 */
#ifndef FAILURE_TEST_H
#define FAILURE_TEST_H

#include "mmapshare_test.h"
#include <setjmp.h>

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

static sigjmp_buf failure_jump;
static siginfo_t failure_caught;

static inline void failure_on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	failure_caught = *info;
	siglongjmp(failure_jump, 1);
}

/* Does a load raise the signal for a page with a memory failure? */
static inline bool is_refused(volatile char *p)
{
	struct sigaction action = { .sa_sigaction = failure_on_sigbus, .sa_flags = SA_SIGINFO };
	struct sigaction old;
	bool refused = false;

	sigaction(SIGBUS, &action, &old);
	if (sigsetjmp(failure_jump, 1))
		refused = failure_caught.si_code == BUS_MCEERR_AR && failure_caught.si_addr == p;
	else
		(void)*p;
	sigaction(SIGBUS, &old, NULL);
	return refused;
}

static inline void failure_ignore(int sig)
{
	(void)sig;
}

/*
 * Inject a memory failure of the page at @p. Returns 0 or an errno. The caller
 * gets SIGBUS, because it has accessed the page; the signal is ignored. Because
 * a region's page stays in the page cache, madvise() fails with EBUSY. A
 * memfd's page stays there, too, but for a memfd the kernel treats that as
 * success.
 */
static inline int fail_page(void *p, size_t page, bool device)
{
	int error;

	signal(SIGBUS, failure_ignore);
	error = madvise(p, page, MADV_HWPOISON) ? errno : 0;
	signal(SIGBUS, SIG_DFL);
	return device && error == EBUSY ? 0 : error;
}

/*
 * Returns why the caller is unable to inject memory failures, or NULL. @p is a
 * page of the caller.
 */
static inline const char *no_failures(void *p)
{
	if (geteuid())
		return "needs root";
	if (madvise(p, 0, MADV_HWPOISON) && errno == EINVAL)
		return "the kernel has no CONFIG_MEMORY_FAILURE";
	return NULL;
}

#endif /* FAILURE_TEST_H */
