// SPDX-License-Identifier: GPL-2.0
/* Operations on other regions: anonymous ones, and named ones of all workers. */
#include "torture.h"

#define NAMES	6	/* few, so that workers use the same ones */

static void region_name(char *name, unsigned int n)
{
	snprintf(name, MMAPSHARE_NAME_SIZE, "torture.%u", n);
}

int create_region(struct worker *w, const char *name, unsigned int pages,
		  unsigned int strategy)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.flags = MMAPSHARE_CREATE_CLOEXEC,
		.region_size = (uint64_t)pages * PAGE,
		.strategy = strategy,
		.mode = *name ? 0600 : 0,
	};

	strcpy(create.name, name);
	return ioctl(w->fd, MMAPSHARE_IOC_CREATE, &create);
}

static bool is_zero(const void *mem, size_t length)
{
	return !*(const char *)mem && !memcmp(mem, (const char *)mem + 1, length - 1);
}

/* Compare the mapping with read() and write(). Returns NULL or an error. */
static const char *check_region(struct worker *w, int fd, char *mem, size_t length)
{
	unsigned int i;

	if (!is_zero(mem, length))
		return "a new region is not zero";
	for (i = 0; i < length / PAGE; i++)
		make_private(w->t, (uint64_t *)(mem + (size_t)i * PAGE), i,
			     w->private_version += 2);
	if (pread(fd, w->buf, length, 0) != (ssize_t)length ||
	    memcmp(w->buf, mem, length))
		return "read() and the mapping differ";
	w->buf[0] = ~w->buf[0];
	if (pwrite(fd, w->buf, PAGE, length - PAGE) != PAGE ||
	    memcmp(w->buf, mem + length - PAGE, PAGE))
		return "write() and the mapping differ";
	return NULL;
}

/*
 * An anonymous region, which its mapping keeps after the descriptor is closed.
 */
void op_anonymous(struct worker *w)
{
	const unsigned int n = 1 + random_below(w, BLOCK);
	const unsigned int at = random_below(w, ARENA_PAGES - BLOCK);
	const unsigned int strategy = random_below(w, 4);
	const size_t length = (size_t)n * PAGE;
	const char *error;
	char *mem;
	int fd;

	note(w, "anonymous", at, n, strategy);
	fd = create_region(w, "", n, strategy);
	if (!expect(w, fd, 0))
		return;
	mem = mmap(address(w, at), length, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, fd, 0);
	if (expect(w, (long)mem, 0)) {
		clear_places(w, at, n);
		error = check_region(w, fd, mem, length);
		close(fd);
		fd = -1;
		if (!error && memcmp(w->buf, mem + length - PAGE, PAGE))
			error = "the mapping changed after the close()";
		if (error)
			fail(w, "%s", error);
		munmap(mem, length);
	}
	if (fd >= 0)
		close(fd);
}

/* The result depends on other workers, hence it is not added to the hash. */
static int named_errno(struct worker *w, unsigned int action, const char *name)
{
	struct mmapshare_destroy_args destroy = { .size = sizeof(destroy) };
	struct mmapshare_query query = { .size = sizeof(query) };
	char path[sizeof(DEVICE) + 1 + MMAPSHARE_NAME_SIZE];
	int ret;

	switch (action) {
	case 0:
		ret = create_region(w, name, 1, MMAPSHARE_STRATEGY_FAULT);
		break;
	case 1:
		strcpy(destroy.name, name);
		ret = ioctl(w->fd, MMAPSHARE_IOC_DESTROY, &destroy);
		return ret ? errno : 0;
	case 2:
		strcpy(query.name, name);
		ret = ioctl(w->fd, MMAPSHARE_IOC_QUERY, &query);
		return ret ? errno : 0;
	default:
		snprintf(path, sizeof(path), DEVICE "-%s", name);
		ret = open(path, O_RDWR | O_CLOEXEC);
	}
	if (ret < 0)
		return errno;
	/* all workers write the same bytes */
	if (pwrite(ret, name, sizeof(destroy.name), 0) != sizeof(destroy.name) ||
	    pread(ret, w->buf, sizeof(destroy.name), 0) != sizeof(destroy.name) ||
	    memcmp(w->buf, name, sizeof(destroy.name)))
		fail(w, "%s: read() does not return the bytes written", name);
	close(ret);
	return 0;
}

void op_named(struct worker *w)
{
	/*
	 * permitted errnos; ENXIO: the region is destroyed, its node not yet
	 * removed
	 */
	static const int permitted[][2] = {
		{ EEXIST }, { ENOENT }, { ENOENT }, { ENOENT, ENXIO },
	};
	const unsigned int action = random_below(w, ARRAY_SIZE(permitted));
	char name[MMAPSHARE_NAME_SIZE] = "";
	struct event *e;

	region_name(name, random_below(w, NAMES));
	e = note(w, "named", 0, 0, action);
	e->error = named_errno(w, action, name);
	if (e->error && e->error != permitted[action][0] && e->error != permitted[action][1])
		fail(w, "%s: errno %d", name, e->error);
}

/* Destroy the named regions that are left. */
void destroy_named(struct torture *t)
{
	struct mmapshare_destroy_args destroy = { .size = sizeof(destroy) };
	unsigned int i;

	for (i = 0; i < NAMES; i++) {
		region_name(destroy.name, i);
		ioctl(t->dev.fd, MMAPSHARE_IOC_DESTROY, &destroy);
	}
}
