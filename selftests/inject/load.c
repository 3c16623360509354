// SPDX-License-Identifier: GPL-2.0
/*
 * If an allocation by the module fails, loading fails and leaves nothing
 * behind, and the next attempt succeeds. Faults are injected into callees of
 * the module alone, because the module loader does not handle all of its own
 * failures (6.12 warns of trace events that it has not set up). The module is
 * loaded with the strategy of the test run.
 */
#include "inject.h"
#include <sys/stat.h>

#define MODULE_RANGE	(64UL << 20)
#define PARAMETERS	"/sys/module/mmapshare/parameters/"

FIXTURE(load) {
	struct inject in;
	struct inject_resources before;
	bool filtered;
	void *image;
	size_t length;
	char strategy[16];
	char saved_params[128];	/* of the module after the test */
	char params[128];	/* of the module in the test */
};

static bool read_parameter(const char *name, char *value, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, value, size - 1);
	close(fd);
	if (n > 0)
		value[n - 1] = '\0';
	return n > 0;
}

/*
 * Read the module, for init_module(): finit_module() would read the file in the
 * kernel, and the kernel logs many lines if that fails.
 */
static bool read_image(FIXTURE_DATA(load) *self)
{
	const char *path = getenv("MMAPSHARE_KO");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct stat st;
	bool ok;

	if (fd < 0 || fstat(fd, &st))
		return false;
	self->length = st.st_size;
	self->image = malloc(self->length);
	ok = self->image &&
	     read(fd, self->image, self->length) == st.st_size;
	close(fd);
	return ok;
}

static long load_with(FIXTURE_DATA(load) *self, const char *params)
{
	return result_of(syscall(SYS_init_module, self->image, self->length,
				 params));
}

static long load(void *arg)
{
	FIXTURE_DATA(load) *self = arg;

	return load_with(self, self->params);
}

static long unload(void)
{
	return result_of(syscall(SYS_delete_module, "mmapshare", O_NONBLOCK));
}

/* Returns a path or list that still contains the unloaded module, or NULL. */
static const char *find_leftover(void)
{
	static const char * const paths[] = {
		DEVICE, "/sys/module/mmapshare", "/sys/class/misc/mmapshare",
		"/sys/devices/virtual/misc/mmapshare",
		"/sys/kernel/tracing/events/mmapshare",
	};
	static const char * const lists[] = {
		"/proc/modules", "/proc/misc", "/proc/filesystems",
		"/proc/vmallocinfo",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		if (!access(paths[i], F_OK))
			return paths[i];
	for (i = 0; i < ARRAY_SIZE(lists); i++)
		if (inject_count_lines(lists[i], "mmapshare"))
			return lists[i];
	return NULL;
}

static const char *check(void *arg, long ret)
{
	struct device dev;
	const char *error = NULL;
	char byte = 'x';

	if (ret < 0)
		return find_leftover();
	if (!device_open(&dev, O_RDWR))
		return "cannot open the device";
	if (pread(dev.fd, &byte, 1, dev.size - 1) != 1 || byte ||
	    pwrite(dev.fd, "x", 1, dev.size - 1) != 1)
		error = "cannot read and write the region";
	close(dev.fd);
	if (unload())
		error = "cannot unload the module";
	return error ?: find_leftover();
}

/*
 * Inject into callees of the module alone. It is loaded again within MODULE_RANGE
 * of its present address.
 */
static bool filter_module(void)
{
	FILE *f = fopen("/sys/module/mmapshare/sections/.text", "re");
	unsigned long text = 0;

	if (f && fscanf(f, "%lx", &text) != 1)
		text = 0;
	if (f)
		fclose(f);
	text &= -MODULE_RANGE;
	return text && inject_filter("require", text - MODULE_RANGE,
				     text + 2 * MODULE_RANGE);
}

FIXTURE_SETUP(load)
{
	char size[32], exec[8];

	ASSERT_TRUE(read_parameter("strategy", self->strategy,
				   sizeof(self->strategy))) {
		TH_LOG("load the module first");
	}
	ASSERT_TRUE(read_parameter("size", size, sizeof(size)));
	ASSERT_TRUE(read_parameter("exec", exec, sizeof(exec)));
	ASSERT_TRUE(read_image(self)) {
		TH_LOG("set MMAPSHARE_KO to the path of mmapshare.ko");
	}
	snprintf(self->saved_params, sizeof(self->saved_params), "size=%s strategy=%s exec=%s",
		 size, self->strategy, exec);
	/* one huge page or 16 small ones: each is a failure point */
	snprintf(self->params, sizeof(self->params), "size=%s strategy=%s",
		 strcmp(self->strategy, "huge") ? "64K" : "2M", self->strategy);
	self->in.nth = open(INJECT_NTH, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->in.nth);
	self->filtered = filter_module();
	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, load(self));
	ASSERT_EQ(NULL, check(self, 0));
	self->before = inject_snapshot(-1);
}

FIXTURE_TEARDOWN(load)
{
	struct inject_resources now = inject_snapshot(-1);

	EXPECT_STREQ("", inject_find_leak(&self->in, &self->before, &now));
	EXPECT_EQ(0, load_with(self, self->saved_params));
	inject_report(&self->in);
	close(self->in.nth);
	free(self->image);
}

TEST_F_TIMEOUT(load, each_failure_point, INJECT_TIMEOUT)
{
	struct inject_case c = {
		.call = load,
		.after = check,
		.arg = self,
		.errnos = inject_efault,
		.no_retry = true,
	};
	if (!self->filtered)
		SKIP(return, "CONFIG_FAULT_INJECTION_STACKTRACE_FILTER is not set");
	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	EXPECT_LT(0, self->in.failed);
}

TEST_HARNESS_MAIN
