// SPDX-License-Identifier: GPL-2.0
/*
 * Revoke a region while a process that maps it holds its mmap lock
 * indefinitely. One thread of the process holds the lock for reading in a page
 * fault of a file whose server (FUSE) does not answer. Another thread waits for
 * the lock for writing, which blocks further readers.
 */
#include "torture.h"
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define PATIENCE	60000	/* ms; enough for a peer to get stuck */

struct stuck {
	char path[40];		/* the file, itself the root of the file system */
	int fuse;
	int notified[2];	/* the server writes when the peer is stuck */
	int go[2];		/* the same, for the peer's second thread */
	pid_t server, peer;
};

static void reply(int fuse, uint64_t unique, int error, const void *data, size_t size)
{
	struct fuse_out_header out = {
		.len = sizeof(out) + size,
		.error = error,
		.unique = unique,
	};
	char buf[sizeof(out) + 256];

	memcpy(buf, &out, sizeof(out));
	if (size)
		memcpy(buf + sizeof(out), data, size);
	(void)!write(fuse, buf, out.len);
}

/* Answer a request. Returns true if it was a read request. */
static bool serve(int fuse)
{
	static const struct fuse_attr_out attr = {
		.attr = { .ino = FUSE_ROOT_ID, .size = PAGE, .mode = S_IFREG | 0600, .nlink = 1 },
	};
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .max_write = PAGE };
	/*
	 * without this flag, exit() of the peer would wait for a reply to
	 * FUSE_FLUSH
	 */
	static const struct fuse_open_out opened = { .open_flags = FOPEN_NOFLUSH };
	struct {
		struct fuse_in_header head;
		struct fuse_init_in init;
		char rest[1 << 16];
	} in;

	if (read(fuse, &in, sizeof(in)) < (ssize_t)sizeof(in.head))
		_exit(1);
	switch (in.head.opcode) {
	case FUSE_INIT:
		init.minor = in.init.minor < FUSE_KERNEL_MINOR_VERSION ?
			     in.init.minor : FUSE_KERNEL_MINOR_VERSION;
		reply(fuse, in.head.unique, 0, &init, sizeof(init));
		return false;
	case FUSE_GETATTR:
		reply(fuse, in.head.unique, 0, &attr, sizeof(attr));
		return false;
	case FUSE_OPEN:
		reply(fuse, in.head.unique, 0, &opened, sizeof(opened));
		return false;
	default:
		reply(fuse, in.head.unique, in.head.opcode == FUSE_READ ? -EIO : -ENOSYS, NULL, 0);
		return in.head.opcode == FUSE_READ;
	}
}

/*
 * The kernel first reads the page without the mmap lock. The server makes that
 * fail, so the kernel retries the fault with the lock held. The server does not
 * read the second request: a process can be killed only while its request is
 * unread.
 */
static void run_server(const struct stuck *s)
{
	struct pollfd request = { .fd = s->fuse, .events = POLLIN };

	while (!serve(s->fuse))
		;
	poll(&request, 1, -1);
	(void)!write(s->go[1], "", 1);
	(void)!write(s->notified[1], "", 1);
	pause();
}

static void *take_lock(void *arg)
{
	const struct stuck *s = arg;
	char byte;

	if (read(s->go[0], &byte, 1) == 1)
		munmap(mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), PAGE);
	return NULL;
}

static void run_peer(struct stuck *s, volatile char *mem)
{
	const int fd = open(s->path, O_RDONLY | O_CLOEXEC);
	volatile char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	struct stat stat;
	pthread_t thread;

	(void)*mem;
	/*
	 * fstat() fetches the size now, and MADV_RANDOM prevents read-ahead, so
	 * that the server later gets only the requests of the page fault.
	 */
	if (fstat(fd, &stat) || page == MAP_FAILED || madvise((void *)page, PAGE, MADV_RANDOM) ||
	    pthread_create(&thread, NULL, take_lock, s))
		return;
	(void)*page;
}

static pid_t start(void (*fn)(struct stuck *s, char *mem), struct stuck *s, char *mem)
{
	const pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fn(s, mem);
	_exit(1);
}

static void server(struct stuck *s, char *mem)
{
	(void)mem;
	run_server(s);
}

static void peer(struct stuck *s, char *mem)
{
	close(s->fuse);
	run_peer(s, mem);
}

/*
 * Mount the file system. Returns false if FUSE or the right to mount is
 * missing.
 */
static bool stuck_open(struct worker *w, struct stuck *s)
{
	char options[80];
	int fd;

	s->fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (s->fuse < 0 || geteuid())
		return false;
	snprintf(s->path, sizeof(s->path), "/tmp/torture.%d.%u", getpid(), w->id);
	fd = open(s->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	snprintf(options, sizeof(options), "fd=%d,rootmode=100000,user_id=0,group_id=0", s->fuse);
	if (fd < 0 || mount("torture", s->path, "fuse", MS_NOSUID | MS_NODEV, options) ||
	    pipe2(s->notified, O_CLOEXEC) || pipe2(s->go, O_CLOEXEC))
		fail(w, "cannot mount FUSE: errno %d", errno);
	return !w->failed;
}

static void stuck_close(struct stuck *s)
{
	kill(s->peer, SIGKILL);
	waitpid(s->peer, NULL, 0);
	kill(s->server, SIGKILL);
	waitpid(s->server, NULL, 0);
	umount2(s->path, MNT_DETACH);
	unlink(s->path);
	close(s->notified[0]);
	close(s->notified[1]);
	close(s->go[0]);
	close(s->go[1]);
}

/* Only the kernel accesses the mapping: the worker would get SIGBUS. */
static void revoke_region(struct worker *w, int fd, const char *name, char *mem)
{
	struct mmapshare_revoke_args args = { .size = sizeof(args) };
	struct mmapshare_destroy_args destroy = {
		.size = sizeof(destroy),
		.flags = MMAPSHARE_DESTROY_REVOKE,
	};
	int ret;

	strcpy(destroy.name, name);
	ret = *name ? ioctl(w->fd, MMAPSHARE_IOC_DESTROY, &destroy) :
		      ioctl(fd, MMAPSHARE_IOC_REVOKE, &args);
	if (!expect(w, ret, 0))
		return;
	expect(w, pread(fd, w->buf, PAGE, 0), ENODEV);
	expect(w, write(w->pipe[1], mem, 8), EFAULT);
	expect(w, ioctl(fd, MMAPSHARE_IOC_REVOKE, &args), ENODEV);
}

static void with_peer(struct worker *w, struct stuck *s, int fd, const char *name, char *mem)
{
	struct pollfd stuck = { .fd = s->notified[0], .events = POLLIN };

	s->server = start(server, s, NULL);
	s->peer = start(peer, s, mem);
	close(s->fuse);
	if (poll(&stuck, 1, PATIENCE) == 1)
		revoke_region(w, fd, name, mem);
	else
		fail(w, "the peer does not get stuck");
	stuck_close(s);
}

void op_stuck(struct worker *w)
{
	const unsigned int at = random_below(w, ARENA_PAGES);
	const bool huge = random_below(w, 2), named = random_below(w, 2);
	char name[MMAPSHARE_NAME_SIZE] = "";
	struct stuck s = { };
	char *mem;
	int fd;

	note(w, "stuck", at, huge, named);
	if (named)
		snprintf(name, sizeof(name), "torture.stuck.%u", w->id);
	fd = create_region(w, name, 1, huge ? MMAPSHARE_STRATEGY_HUGE : MMAPSHARE_STRATEGY_FAULT);
	if (!expect(w, fd, 0))
		return;
	mem = mmap(address(w, at), PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	if (expect(w, (long)mem, 0)) {
		clear_places(w, at, 1);
		*mem = 1;
		if (stuck_open(w, &s)) {
			with_peer(w, &s, fd, name, mem);
		} else {
			if (s.fuse >= 0)
				close(s.fuse);
			revoke_region(w, fd, name, mem);
		}
		munmap(mem, PAGE);
	}
	close(fd);
}
