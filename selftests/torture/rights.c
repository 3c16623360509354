// SPDX-License-Identifier: GPL-2.0
/* Regions that are sealed, lent for reading, revoked; and the doorbell. */
#include "torture.h"

/* A region of a worker's own, mapped in the arena. */
struct own {
	int fd;
	char *mem;
	size_t length;
};

static bool own_open(struct worker *w, struct own *own, const char *op)
{
	const unsigned int n = 1 + dice(w, BLOCK);
	const unsigned int at = dice(w, ARENA_PAGES - BLOCK);
	const unsigned int strategy = dice(w, 4);
	unsigned int i;

	note(w, op, at, n, strategy);
	own->length = (size_t)n * PAGE;
	own->fd = create_region(w, "", n, strategy);
	if (!expect(w, own->fd, 0))
		return false;
	own->mem = mmap(address(w, at), own->length, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED, own->fd, 0);
	if (!expect(w, (long)own->mem, 0)) {
		close(own->fd);
		return false;
	}
	forget(w, at, n);
	for (i = 0; i < n; i++)
		make_private(w->t, &w->buf[i * WORDS], i, w->private_version += 2);
	memcpy(own->mem, w->buf, own->length);
	return true;
}

static void own_close(struct own *own)
{
	munmap(own->mem, own->length);
	close(own->fd);
}

/* The errno of a call that does not come out the same each time. */
static int chance(struct worker *w, int ret)
{
	w->history[(w->n_events - 1) % HISTORY].error = ret ? errno : 0;
	return ret ? errno : 0;
}

/* As expect(), and no part of what the seed decides: it may not come to it. */
static bool must(struct worker *w, long ret, int error)
{
	const int seen = chance(w, ret == -1);

	if (seen == error)
		return true;
	fail(w, "errno %d instead of %d", seen, error);
	return false;
}

static bool refused(struct worker *w, const struct own *own, int fd, int error,
		    int map_error)
{
	return must(w, pwrite(fd, w->buf, PAGE, 0), error) &&
	       must(w, (long)mmap(own->mem, own->length, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_FIXED, fd, 0), map_error);
}

/* What was stored is seen, and stays, in a map for reading. */
static void look(struct worker *w, const struct own *own, int fd)
{
	char *mem = mmap(own->mem, own->length, PROT_READ, MAP_SHARED | MAP_FIXED,
			 fd, 0);

	if (!must(w, (long)mem, 0))
		return;
	if (memcmp(mem, w->buf, own->length))
		fail(w, "a map for reading shows something else");
	must(w, mprotect(mem, own->length, PROT_READ | PROT_WRITE), EACCES);
}

/* Others' children may have the map for a while: EBUSY is no failure then. */
void op_seal(struct worker *w)
{
	struct mmapshare_seal_args seal = { .size = sizeof(seal) };
	struct own own;
	int error;

	if (!own_open(w, &own, "seal"))
		return;
	seal.seals = MMAPSHARE_SEAL_WRITE;
	expect(w, ioctl(own.fd, MMAPSHARE_IOC_SEAL, &seal), EBUSY);
	munmap(own.mem, own.length);
	error = chance(w, ioctl(own.fd, MMAPSHARE_IOC_SEAL, &seal));
	if (error && error != EBUSY)
		fail(w, "seal: errno %d", error);
	else if (!error && refused(w, &own, own.fd, EPERM, EPERM))
		look(w, &own, own.fd);
	own_close(&own);
}

void op_read_only(struct worker *w)
{
	struct mmapshare_read_only_args lend = {
		.size = sizeof(lend),
		.flags = MMAPSHARE_READ_ONLY_CLOEXEC,
	};
	struct own own;
	int fd;

	if (!own_open(w, &own, "read_only"))
		return;
	fd = ioctl(own.fd, MMAPSHARE_IOC_READ_ONLY, &lend);
	if (expect(w, fd, 0)) {
		if (refused(w, &own, fd, EBADF, EACCES))
			look(w, &own, fd);
		close(fd);
	}
	own_close(&own);
}

/* Not touched, for that is SIGBUS, but by the kernel. */
void op_revoke(struct worker *w)
{
	struct mmapshare_revoke_args revoke = { .size = sizeof(revoke) };
	struct own own;

	if (!own_open(w, &own, "revoke"))
		return;
	if (expect(w, ioctl(own.fd, MMAPSHARE_IOC_REVOKE, &revoke), 0)) {
		expect(w, write(w->pipe[1], own.mem, 8), EFAULT);
		refused(w, &own, own.fd, ENODEV, ENODEV);
		expect(w, pread(own.fd, w->buf, PAGE, 0), ENODEV);
		expect(w, ioctl(own.fd, MMAPSHARE_IOC_REVOKE, &revoke), ENODEV);
	}
	own_close(&own);
}

/* All ring the same bell: it counts no less than what this one did. */
void op_bell(struct worker *w)
{
	struct mmapshare_notify_args notify = { .size = sizeof(notify) };
	struct mmapshare_wait_args wait = { .size = sizeof(wait) };
	uint64_t count;
	int error;

	note(w, "bell", 0, 0, 0);
	if (!expect(w, ioctl(w->fd, MMAPSHARE_IOC_NOTIFY, &notify), 0))
		return;
	count = notify.count;
	if (!expect(w, ioctl(w->fd, MMAPSHARE_IOC_NOTIFY, &notify), 0))
		return;
	if (notify.count <= count)
		fail(w, "rung, and the count went from %llu to %llu",
		     (unsigned long long)count, (unsigned long long)notify.count);
	wait.count = count;
	if (expect(w, ioctl(w->fd, MMAPSHARE_IOC_WAIT, &wait), 0) &&
	    wait.count < notify.count)
		fail(w, "a ring was forgotten");
	error = chance(w, ioctl(w->fd, MMAPSHARE_IOC_WAIT, &wait));
	if (error && error != ETIMEDOUT)
		fail(w, "wait: errno %d", error);
}
