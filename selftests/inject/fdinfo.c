// SPDX-License-Identifier: GPL-2.0
/* Reading fdinfo under fault injection: an errno or the complete text. */
#include "inject.h"

struct fdinfo {
	char path[64];
	char text[4096];
};

static long read_fdinfo(void *arg)
{
	struct fdinfo *f = arg;
	long ret = result_of(open(f->path, O_RDONLY | O_CLOEXEC));
	int fd = ret;

	if (fd < 0)
		return ret;
	ret = result_of(read(fd, f->text, sizeof(f->text) - 1));
	close(fd);
	if (ret >= 0)
		f->text[ret] = '\0';
	return ret;
}

static const char *check(void *arg, long ret)
{
	struct fdinfo *f = arg;

	if (ret < 0)
		return NULL;
	return strstr(f->text, "\nmmapshare-size:\t") &&
	       strstr(f->text, "\nmmapshare-maps:\t") ? NULL : "the text is incomplete";
}

TEST_F_TIMEOUT(inject, fdinfo, INJECT_TIMEOUT)
{
	struct fdinfo f;
	/* ENOENT: what the lookup in /proc returns for a failed allocation */
	static const int errnos[] = { ENOMEM, EFAULT, ENOENT, 0 };
	struct inject_case c = {
		.call = read_fdinfo,
		.after = check,
		.arg = &f,
		.errnos = errnos,
	};

	snprintf(f.path, sizeof(f.path), "/proc/self/fdinfo/%d", self->dev.fd);
	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	EXPECT_LT(0, self->in.failed);
}

TEST_HARNESS_MAIN
