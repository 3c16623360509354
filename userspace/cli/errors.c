// SPDX-License-Identifier: MIT
/*
 * Error messages: what an errno means for the operation that failed. If an
 * errno can have several causes, facts about the region, from the kernel,
 * distinguish them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli.h"

#define DEVICE		"/dev/mmapshare"
#define PARAMETERS	"/sys/module/mmapshare/parameters/"

#define OP_ATTACH	(OP_ATTACH_PRODUCER | OP_ATTACH_CONSUMER)
#define OP_OPENING	(OP_OPEN | OP_ATTACH)
/* ioctls of /dev/mmapshare */
#define OP_CONTROL	(OP_CREATE | OP_DESTROY | OP_LIST)
#define OP_ANY		(~0U)

struct failure {
	unsigned int ops;
	const char *name;
	bool has_info, has_query;
	struct mmapshare_info info;	/* all 0 without @has_info */
	struct mmapshare_query query;	/* likewise */
};

static bool is_default(const struct failure *f)
{
	return !f->name;
}

static bool is_path(const struct failure *f)
{
	return f->name && strchr(f->name, '/');
}

static bool is_named(const struct failure *f)
{
	return f->name && !is_path(f);
}

static bool is_region(const struct failure *f)
{
	return f->has_info;
}

/* A region of that name exists, whether or not it can be opened. */
static bool is_listed(const struct failure *f)
{
	return f->has_query;
}

static bool is_ring(const struct failure *f)
{
	return f->info.ring & MMAPSHARE_RING;
}

static bool is_ring_set(const struct failure *f)
{
	return f->info.members;
}

static bool is_kernel_consumed(const struct failure *f)
{
	return f->info.ring & MMAPSHARE_RING_KERNEL_CONSUMER;
}

static bool is_kernel_produced(const struct failure *f)
{
	return f->info.ring & MMAPSHARE_RING_KERNEL_PRODUCER;
}

static bool is_write_sealed(const struct failure *f)
{
	return f->info.seals & (MMAPSHARE_SEAL_WRITE | MMAPSHARE_SEAL_FUTURE_WRITE);
}

static bool is_revoke_sealed(const struct failure *f)
{
	return f->info.seals & MMAPSHARE_SEAL_REVOKE;
}

static bool is_seal_sealed(const struct failure *f)
{
	return f->info.seals & MMAPSHARE_SEAL_SEAL;
}

static bool device_is_missing(const struct failure *f)
{
	return !is_path(f) && access(DEVICE, F_OK) && errno == ENOENT;
}

static bool device_is_refused(const struct failure *f)
{
	const int mode = f->ops & OP_LIST ? R_OK : R_OK | W_OK;

	return faccessat(AT_FDCWD, DEVICE, mode, AT_EACCESS) && errno == EACCES;
}

/* 0, or the errno of opening the device. */
static int try_device(int flags)
{
	const int fd = open(DEVICE, flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* A device cgroup, for example, makes open() fail with EPERM. */
static bool device_is_forbidden(const struct failure *f)
{
	return try_device(f->ops & OP_LIST ? O_RDONLY : O_RDWR) == EPERM;
}

/*
 * Does the node exist although the module is not loaded? This is impossible in
 * a devtmpfs.
 */
static bool device_is_stale(const struct failure *f)
{
	return !is_path(f) && try_device(O_RDONLY) == ENODEV;
}

static char detail[160];

static const char *describe_node(const struct failure *f)
{
	char path[PATH_MAX];
	struct stat st;

	if (is_path(f))
		snprintf(path, sizeof(path), "%.*s", (int)sizeof(path) - 1, f->name);
	else if (mmapshare_path(f->name, path, sizeof(path)))
		return NULL;
	if (stat(path, &st))
		return NULL;
	snprintf(detail, sizeof(detail), "owner %s, group %s, mode %04o",
		 user_text(st.st_uid), group_text(st.st_gid), st.st_mode & 0777);
	return detail;
}

static const char *describe_owner(const struct failure *f)
{
	if (!f->has_query)
		return NULL;
	snprintf(detail, sizeof(detail), "owner %s", user_text(f->query.uid));
	return detail;
}

static const char *describe_seals(const struct failure *f)
{
	size_t i;

	detail[0] = '\0';
	for (i = 0; i < SEAL_NAMES; i++)
		if (f->info.seals & seal_names[i].bit)
			snprintf(detail + strlen(detail), sizeof(detail) - strlen(detail),
				 "%s%s", detail[0] ? ", " : "", seal_names[i].name);
	return detail;
}

static bool read_parameter(const char *path, unsigned long long *value)
{
	FILE *f = fopen(path, "re");
	bool found;

	if (!f)
		return false;
	found = fscanf(f, "%llu", value) == 1;
	fclose(f);
	return found;
}

/* Describe the limits of the number of regions and of their bytes. */
static const char *describe_limits(const char *number_path, const char *bytes_path,
				   const char *more)
{
	unsigned long long number, bytes;
	char text[BYTES_TEXT];

	if (!read_parameter(number_path, &number) || !read_parameter(bytes_path, &bytes))
		return NULL;
	snprintf(detail, sizeof(detail), "%s %llu, %s %s%s", strrchr(number_path, '/') + 1,
		 number, strrchr(bytes_path, '/') + 1, bytes_text(bytes, text), more);
	return detail;
}

static const char *describe_total_limits(const struct failure *f)
{
	(void)f;
	return describe_limits(PARAMETERS "max_regions", PARAMETERS "max_bytes",
			       ", one 16th of both reserved for root");
}

static const char *describe_user_limits(const struct failure *f)
{
	(void)f;
	return describe_limits(PARAMETERS "max_user_regions", PARAMETERS "max_user_bytes", "");
}

/* Read the first page of a ring. Returns whether that was possible. */
static bool get_ring(const struct failure *f, struct mmapshare_ring *ring)
{
	struct mmapshare_ring_producer producer;
	struct mmapshare *region;
	int ret = mmapshare_open(&region, f->name, MMAPSHARE_READ);

	if (ret)
		return false;
	ret = mmapshare_ring_stat(region, ring, &producer, NULL, 0);
	mmapshare_close(region);
	return !ret;
}

static const char *describe_slots(const struct failure *f)
{
	struct mmapshare_ring ring;
	unsigned int used;

	if (!get_ring(f, &ring))
		return NULL;
	used = __builtin_popcountll(ring.consumers | ring.may_lose | ring.unheld);
	if (used < ring.consumers_max && ring.consumers_reserved)
		snprintf(detail, sizeof(detail), "%u of %u in use, %u reserved for the owner",
			 used, ring.consumers_max, ring.consumers_reserved);
	else
		snprintf(detail, sizeof(detail), "%u of %u in use", used, ring.consumers_max);
	return detail;
}

static const char *describe_slots_of_user(const struct failure *f)
{
	struct mmapshare_ring ring;

	if (!get_ring(f, &ring))
		return NULL;
	snprintf(detail, sizeof(detail), "%u of %u for each user", ring.consumers_per_uid,
		 ring.consumers_max);
	return detail;
}

#define RUN_DOCTOR	"run mmapshare doctor"
/* the name of the region follows */
#define RUN_DOCTOR_ON	"run mmapshare doctor "
#define SAME_RELEASE	"install module and command of the same release"
#define CORRUPT		"the ring's shared state is corrupt"
#define RECREATE	"destroy the ring and create it again"

/*
 * The first entry that matches is printed as "cause (describe()); remedy". OP_*
 * that open a node can get any errno that open() returns for an arbitrary path.
 * Their entries therefore test, with is_ring() for example, whether the cause
 * applies.
 */
static const struct reason {
	unsigned int ops;
	int error;
	bool (*applies)(const struct failure *f);		/* NULL: always */
	const char *cause;
	const char *(*describe)(const struct failure *f);	/* NULL: nothing to add */
	const char *remedy;					/* NULL: none */
} reasons[] = {
	{ OP_ANY, E2BIG, NULL, "the loaded module does not support this", NULL, SAME_RELEASE },

	{ OP_ANY, EACCES, is_default, "permission denied", NULL, RUN_DOCTOR },
	{ OP_OPENING, EACCES, NULL, "permission denied", describe_node, RUN_DOCTOR_ON },
	{ OP_CONTROL, EACCES, device_is_refused,
	  "no permission to use " DEVICE, NULL, RUN_DOCTOR },
	{ OP_ANY, EACCES, NULL, "permission denied", NULL, NULL },

	{ OP_RING, EAGAIN, NULL, "the ring is full", NULL, "try again" },

	{ OP_ATTACH, EBADMSG, is_ring, CORRUPT, NULL, RECREATE },
	{ OP_RING, EBADMSG, NULL, CORRUPT, NULL, RECREATE },

	{ OP_SEAL, EBUSY, NULL,
	  "it is mapped through a writable descriptor, or its pages are in use for I/O", NULL,
	  "retry later, or add the seal \"future\" instead" },
	{ OP_ATTACH_PRODUCER, EBUSY, is_kernel_produced,
	  "the kernel is its producer", NULL, "programs can only be consumers" },
	{ OP_ATTACH_PRODUCER, EBUSY, is_ring,
	  "a producer is attached already", NULL, "a ring has one at a time" },
	{ OP_ATTACH_CONSUMER, EBUSY, is_kernel_consumed,
	  "the kernel is its consumer", NULL, "a program can only be the producer" },

	{ OP_CREATE, EDQUOT, NULL,
	  "exceeds the user's share of regions", describe_user_limits,
	  "ask for less, destroy regions, or have the limit raised" },

	{ OP_ATTACH_CONSUMER, EDQUOT, is_ring,
	  "this user has its share of the consumer slots", describe_slots_of_user,
	  "create the ring with more --per-user" },

	{ OP_DESTROY, EISNAM, NULL, "the default region exists until the module is unloaded",
	  NULL, "as root: rmmod mmapshare" },

	{ OP_CREATE, EEXIST, NULL, "a region of that name exists", NULL,
	  "choose another name, destroy it, or use --exist-ok" },

	{ OP_OPEN | OP_ATTACH | OP_CONTROL, ENODEV, device_is_stale,
	  "no driver serves " DEVICE, NULL, RUN_DOCTOR },
	{ OP_OPENING, ENODEV, is_path,
	  "no driver serves this node, or the region was revoked", NULL, NULL },
	{ OP_ANY & ~(OP_CREATE | OP_LIST), ENODEV, NULL, "the region was revoked", NULL, NULL },

	{ OP_ANY, ENOENT, is_default, "no such device node", NULL, RUN_DOCTOR },
	{ OP_ANY, ENOENT, device_is_missing, DEVICE " does not exist", NULL, RUN_DOCTOR },
	{ OP_OPENING | OP_CREATE, ENOENT, is_listed,
	  "the region exists, but its node is missing from /dev", NULL,
	  "mount devtmpfs on /dev; in a container, pass the node in" },
	{ OP_DESTROY, ENOENT, NULL, "no such region", NULL, "see mmapshare list" },
	{ OP_OPENING, ENOENT, is_named,
	  "no such region", NULL, "see mmapshare list" },

	{ OP_CREATE, ENOMEM, NULL,
	  "not enough memory, or the control group's memory.max is reached", NULL,
	  "ask for less" },

	{ OP_CREATE, ENOSPC, NULL,
	  "a limit on all regions is reached", describe_total_limits,
	  "ask for less, destroy regions, or have the limit raised" },
	{ OP_ATTACH_CONSUMER, ENOSPC, is_ring,
	  "no consumer slot left", describe_slots,
	  "create the ring with more --consumers" },

	{ OP_ATTACH | OP_RING_STAT, ENOTTY, is_region,
	  "a plain region, not a ring", NULL, "create rings with mmapshare ring create" },
	{ OP_OPENING, ENOTTY, NULL, "not a region of mmapshare", NULL, NULL },
	{ OP_DESTROY, ENOTTY, is_path, "not a region of mmapshare", NULL, NULL },
	{ OP_CONTROL, ENOTTY, NULL,
	  DEVICE " does not belong to this driver", NULL, RUN_DOCTOR },
	{ OP_ANY, ENOTTY, NULL, "the loaded module does not support this", NULL, SAME_RELEASE },

	{ OP_OPENING, ENXIO, NULL, "no region behind this node", NULL, "see mmapshare list" },

	{ OP_ATTACH_CONSUMER, EOPNOTSUPP, is_ring_set,
	  "this is not possible with a ring set", NULL, "see mmapshare ring read --help" },
	{ OP_ATTACH, EOPNOTSUPP, is_ring,
	  "rings need a processor with atomic 64-bit stores", NULL, NULL },

	{ OP_CONTROL, EPERM, device_is_forbidden,
	  "opening " DEVICE " is not permitted", NULL,
	  "in a container, allow access to the device" },
	{ OP_DESTROY, EOPNOTSUPP, NULL, "its strategy does not support revocation", NULL,
	  "end the processes that use it" },
	{ OP_DESTROY, EPERM, is_revoke_sealed, "it is sealed against revocation", NULL,
	  "end the processes that use it" },
	{ OP_DESTROY, EPERM, NULL,
	  "it belongs to another user", describe_owner,
	  "only the owner or CAP_SYS_ADMIN may destroy it" },
	{ OP_STORE, EPERM, is_ring,
	  "it is a ring", NULL, "write records with mmapshare ring write" },
	{ OP_STORE, EPERM, is_write_sealed, "it is sealed against writes", describe_seals, NULL },
	{ OP_SEAL, EPERM, is_seal_sealed, "it is sealed against further seals", NULL, NULL },
	{ OP_SEAL, EPERM, is_ring, "it is a ring, which cannot be sealed against writes", NULL,
	  "a ring can get revoke and seal" },
	{ OP_SEAL, EPERM, is_region,
	  "it belongs to another user", describe_owner,
	  "only the owner or CAP_SYS_ADMIN may seal it" },

	{ OP_ATTACH | OP_RING_STAT, EPROTONOSUPPORT, NULL,
	  "the ring has a layout this command does not know", NULL, SAME_RELEASE },

	{ OP_CREATE_RING, ERANGE, NULL, "larger than a ring can be (16G)", NULL, NULL },
	{ OP_CREATE, ERANGE, NULL, "a region must be smaller than 1T", NULL, NULL },
};

/*
 * Open a region for writing if reading is not permitted, as may be so for a
 * producer: INFO works on any descriptor.
 */
static struct mmapshare *open_any(const char *name)
{
	struct mmapshare *region;
	char path[80];
	int fd;

	if (!mmapshare_open(&region, name, MMAPSHARE_READ))
		return region;
	if (name && strchr(name, '/'))
		fd = open(name, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	else if (!mmapshare_path(name, path, sizeof(path)))
		fd = open(path, O_WRONLY | O_CLOEXEC);
	else
		return NULL;
	if (fd < 0)
		return NULL;
	if (!mmapshare_open_fd(&region, fd))
		return region;
	close(fd);
	return NULL;
}

static void get_facts(struct failure *f, const struct mmapshare *region)
{
	struct mmapshare *opened = NULL;

	if (!region && f->ops & OP_ATTACH) {
		opened = open_any(f->name);
		region = opened;
	}
	if (region)
		f->has_info = !mmapshare_get_info(region, &f->info);
	if (f->name)
		f->has_query = !query_region(f->name, &f->query);
	mmapshare_close(opened);
}

/* @note is added at the end of the line. */
static void print_error(unsigned int ops, const char *name, const struct mmapshare *region,
			int error, const char *note)
{
	struct failure f = {
		.ops = ops,
		.name = name,
		.info.size = sizeof(f.info),
		.query.size = sizeof(f.query),
	};
	const char *text = NULL, *remedy = "", *remedied = "";
	const struct reason *r;
	size_t i;

	get_facts(&f, region);
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		r = &reasons[i];
		if (r->error == -error && r->ops & ops && (!r->applies || r->applies(&f)))
			break;
	}
	if (i == ARRAY_SIZE(reasons)) {
		complain("'%s': %s%s", region_text(name), strerror(-error), note);
		return;
	}
	if (r->describe)
		text = r->describe(&f);
	if (r->remedy)
		remedy = r->remedy;
	if (!strcmp(remedy, RUN_DOCTOR_ON))
		remedied = name;
	complain("'%s': %s%s%s%s%s%s%s%s", region_text(name), r->cause, text ? " (" : "",
		 text ? text : "", text ? ")" : "", r->remedy ? "; " : "", remedy, remedied,
		 note);
}

void complain_error(unsigned int ops, const char *name, const struct mmapshare *region,
		    int error)
{
	print_error(ops, name, region, error, "");
}

void fail_after(uint64_t done, unsigned int ops, const char *name,
		const struct mmapshare *region, int error)
{
	char note[64] = "";

	if (done)
		snprintf(note, sizeof(note), "; the first %llu bytes were written",
			 (unsigned long long)done);
	print_error(ops, name, region, error, note);
	exit(STATUS_FAILED);
}

void fail_error(unsigned int ops, const char *name, const struct mmapshare *region, int error)
{
	complain_error(ops, name, region, error);
	exit(STATUS_FAILED);
}
