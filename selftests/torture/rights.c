// SPDX-License-Identifier: GPL-2.0
/* Operations on seals, read-only descriptors, revocation and the doorbell. */
#include "torture.h"

/* A region that no other worker uses, mapped in the arena. */
struct own_region {
	int fd;
	char *mem;
	size_t length;
};

static bool own_open(struct worker *w, struct own_region *own, const char *op)
{
	const unsigned int n = 1 + random_below(w, BLOCK);
	const unsigned int at = random_below(w, ARENA_PAGES - BLOCK);
	const unsigned int strategy = random_below(w, 4);
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
	clear_places(w, at, n);
	for (i = 0; i < n; i++)
		make_private(w->t, &w->buf[i * WORDS], i, w->private_version += 2);
	memcpy(own->mem, w->buf, own->length);
	return true;
}

static void own_close(struct own_region *own)
{
	munmap(own->mem, own->length);
	close(own->fd);
}

/* Record an errno that depends on other workers; it is not hashed. */
static int record_errno(struct worker *w, int ret)
{
	w->history[(w->n_events - 1) % HISTORY].error = ret ? errno : 0;
	return ret ? errno : 0;
}

/* expect() without the hash, for calls that other workers may prevent. */
static bool expect_unhashed(struct worker *w, long ret, int error)
{
	const int seen = record_errno(w, ret == -1);

	if (seen == error)
		return true;
	fail(w, "errno %d instead of %d", seen, error);
	return false;
}

static bool check_refused(struct worker *w, const struct own_region *own, int fd, int error,
			  int map_error)
{
	return expect_unhashed(w, pwrite(fd, w->buf, PAGE, 0), error) &&
	       expect_unhashed(w, (long)mmap(own->mem, own->length, PROT_READ | PROT_WRITE,
					     MAP_SHARED | MAP_FIXED, fd, 0), map_error);
}

/* A read-only mapping shows the bytes and cannot become writable. */
static void check_read_only(struct worker *w, const struct own_region *own, int fd)
{
	char *mem = mmap(own->mem, own->length, PROT_READ, MAP_SHARED | MAP_FIXED,
			 fd, 0);

	if (!expect_unhashed(w, (long)mem, 0))
		return;
	if (memcmp(mem, w->buf, own->length))
		fail(w, "the read-only mapping shows other bytes");
	expect_unhashed(w, mprotect(mem, own->length, PROT_READ | PROT_WRITE), EACCES);
}

/*
 * A child that another thread has forked may still have the mapping: EBUSY is
 * permitted.
 */
void op_seal(struct worker *w)
{
	struct mmapshare_seal_args seal = { .size = sizeof(seal) };
	struct own_region own;
	int error;

	if (!own_open(w, &own, "seal"))
		return;
	seal.seals = MMAPSHARE_SEAL_WRITE;
	expect(w, ioctl(own.fd, MMAPSHARE_IOC_SEAL, &seal), EBUSY);
	munmap(own.mem, own.length);
	error = record_errno(w, ioctl(own.fd, MMAPSHARE_IOC_SEAL, &seal));
	if (error && error != EBUSY)
		fail(w, "seal: errno %d", error);
	else if (!error && check_refused(w, &own, own.fd, EPERM, EPERM))
		check_read_only(w, &own, own.fd);
	own_close(&own);
}

void op_read_only(struct worker *w)
{
	struct mmapshare_read_only_args ro = {
		.size = sizeof(ro),
		.flags = MMAPSHARE_READ_ONLY_CLOEXEC,
	};
	struct own_region own;
	int fd;

	if (!own_open(w, &own, "read_only"))
		return;
	fd = ioctl(own.fd, MMAPSHARE_IOC_READ_ONLY, &ro);
	if (expect(w, fd, 0)) {
		if (check_refused(w, &own, fd, EBADF, EACCES))
			check_read_only(w, &own, fd);
		close(fd);
	}
	own_close(&own);
}

/* Only the kernel accesses the mapping: the worker would get SIGBUS. */
void op_revoke(struct worker *w)
{
	struct mmapshare_revoke_args revoke = { .size = sizeof(revoke) };
	struct mmapshare_info info;
	struct own_region own;

	if (!own_open(w, &own, "revoke"))
		return;
	expect(w, device_info(own.fd, &info), 0);
	if (!(info.features & MMAPSHARE_FEAT_REVOKE)) {
		expect(w, ioctl(own.fd, MMAPSHARE_IOC_REVOKE, &revoke), EOPNOTSUPP);
	} else if (expect(w, ioctl(own.fd, MMAPSHARE_IOC_REVOKE, &revoke), 0)) {
		expect(w, write(w->pipe[1], own.mem, 8), EFAULT);
		check_refused(w, &own, own.fd, ENODEV, ENODEV);
		expect(w, pread(own.fd, w->buf, PAGE, 0), ENODEV);
		expect(w, ioctl(own.fd, MMAPSHARE_IOC_REVOKE, &revoke), ENODEV);
	}
	own_close(&own);
}

/* All workers ring the same doorbell: the count grows by at least one a call. */
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
		fail(w, "NOTIFY, but the count went from %llu to %llu",
		     (unsigned long long)count, (unsigned long long)notify.count);
	wait.count = count;
	if (expect(w, ioctl(w->fd, MMAPSHARE_IOC_WAIT, &wait), 0) &&
	    wait.count < notify.count)
		fail(w, "WAIT returned a count before the last NOTIFY");
	error = record_errno(w, ioctl(w->fd, MMAPSHARE_IOC_WAIT, &wait));
	if (error && error != ETIMEDOUT)
		fail(w, "wait: errno %d", error);
}
