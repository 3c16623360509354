// SPDX-License-Identifier: GPL-2.0
/* open() whose allocations fail leaves no reference to the module. */
#include "inject.h"

static long open_path(void *path)
{
	return result_of(open(path, O_RDWR | O_CLOEXEC));
}

static const char *check(void *path, long ret)
{
	struct mmapshare_info info;
	const char *error = NULL;

	if (ret < 0)
		return NULL;
	if (device_info(ret, &info))
		error = "the descriptor is not the device";
	close(ret);
	return error;
}

static void sweep(struct __test_metadata *_metadata, struct inject *in,
		  char *path)
{
	struct inject_case c = {
		.call = open_path,
		.after = check,
		.arg = path,
		/* EFAULT: open() copies the path */
		.errnos = inject_efault,
	};

	EXPECT_STREQ("", inject_sweep(in, &c));
}

TEST_F_TIMEOUT(inject, open_node, INJECT_TIMEOUT)
{
	sweep(_metadata, &self->in, DEVICE);
}

TEST_F_TIMEOUT(inject, reopen, INJECT_TIMEOUT)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->dev.fd);
	sweep(_metadata, &self->in, path);
}

TEST_HARNESS_MAIN
