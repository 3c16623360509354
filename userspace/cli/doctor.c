// SPDX-License-Identifier: MIT
/*
 * doctor: why can this not be used? It goes through what has to be there, one
 * after the other, and says of the first that is not what to do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "cli.h"

#define DEVICE		"/dev/mmapshare"
#define PARAMETERS	"/sys/module/mmapshare/parameters/"

static void report_ok(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void report_ok(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("ok       ");
	vprintf(format, args);
	putchar('\n');
	va_end(args);
}

/* What is wrong, and in the next line what to do. Returns false. */
static bool report_problem(const char *remedy, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static bool report_problem(const char *remedy, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("PROBLEM  ");
	vprintf(format, args);
	printf("\nto do    %s\n", remedy);
	va_end(args);
	return false;
}

/* The first line of a small file; "" if there is none. */
static const char *line_of(const char *path)
{
	static char line[128];
	FILE *f = fopen(path, "re");

	if (!f || !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* Four bytes of attributes, then 1 if it is on. */
static bool secure_boot(void)
{
	unsigned char bytes[5] = { 0 };
	FILE *f = fopen("/sys/firmware/efi/efivars/SecureBoot-"
			"8be4df61-93ca-11d2-aa0d-00e098032b8c", "re");
	bool on;

	if (!f)
		return false;
	on = fread(bytes, 1, sizeof(bytes), f) == sizeof(bytes) && bytes[4] == 1;
	fclose(f);
	return on;
}

/* Does this kernel refuse modules without a signature that it knows? */
static const char *wants_signature(void)
{
	const char *lockdown = line_of("/sys/kernel/security/lockdown");

	if (strchr(lockdown, '[') && !strstr(lockdown, "[none]"))
		return secure_boot() ? "Secure Boot" : "lockdown";
	if (!strcmp(line_of("/sys/module/module/parameters/sig_enforce"), "Y"))
		return "module.sig_enforce";
	return NULL;
}

static bool module_installed(const char *release)
{
	static const char * const places[] = {
		"updates/dkms", "updates", "extra",
	};
	static const char * const suffixes[] = { "", ".xz", ".zst", ".gz" };
	char path[320];
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		for (j = 0; j < ARRAY_SIZE(suffixes); j++) {
			snprintf(path, sizeof(path), "/lib/modules/%s/%s/mmapshare.ko%s",
				 release, places[i], suffixes[j]);
			if (!access(path, F_OK))
				return true;
		}
	}
	return false;
}

static bool check_module(void)
{
	const char *why = wants_signature();
	struct utsname system;

	if (!access("/sys/module/mmapshare", F_OK)) {
		report_ok("the module is loaded");
		return true;
	}
	uname(&system);
	if (!module_installed(system.release))
		return report_problem("in the source tree: make && make modules_install, "
			   "then: modprobe mmapshare",
			   "the module is not loaded, and not installed for Linux %s",
			   system.release);
	if (why)
		return report_problem("sign it with a key that this kernel knows "
			   "(kmodsign, mokutil --import), then: modprobe mmapshare",
			   "the module is not loaded, and without a signature cannot be, because of %s",
			   why);
	return report_problem("as root: modprobe mmapshare", "the module is not loaded");
}

static bool check_node(void)
{
	struct stat st;

	if (stat(DEVICE, &st))
		return report_problem("mount devtmpfs on /dev; in a container: give it the device " DEVICE,
			   "%s: %s", DEVICE, strerror(errno));
	if (!S_ISCHR(st.st_mode))
		return report_problem("as root: remove it, and load the module again",
			   "%s is not a device", DEVICE);
	report_ok("%s is there", DEVICE);
	return true;
}

static const char *group_of(const struct stat *st)
{
	const struct group *group = getgrgid(st->st_gid);

	return group ? group->gr_name : "?";
}

static bool check_permission(void)
{
	char remedy[200];
	struct stat st;

	if (!access(DEVICE, R_OK | W_OK)) {
		report_ok("it may be read and written");
		return true;
	}
	if (stat(DEVICE, &st))
		return report_problem("try again", "%s: %s", DEVICE, strerror(errno));
	if (!st.st_gid || (st.st_mode & 060) != 060)
		snprintf(remedy, sizeof(remedy),
			 "as root: chgrp mmapshare " DEVICE " && chmod 660 " DEVICE
			 ", and put yourself into that group");
	else
		snprintf(remedy, sizeof(remedy),
			 "as root: adduser USER %s; then log in anew", group_of(&st));
	return report_problem(remedy, "%s may not be read and written by you, but by mode %o, group %s",
		   DEVICE, st.st_mode & 0777, group_of(&st));
}

static bool check_abi(void)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	struct mmapshare *region;
	int ret = mmapshare_open(&region, NULL, MMAPSHARE_READ);

	if (ret == -ENOTTY)
		return report_problem("as root: remove the node, and load the module again",
			   "%s is another driver's", DEVICE);
	if (ret)
		return report_problem("look at the kernel's log", "%s: %s", DEVICE, strerror(-ret));
	ret = mmapshare_get_info(region, &info);
	mmapshare_close(region);
	if (ret || info.abi_version != MMAPSHARE_ABI_VERSION)
		return report_problem("install module and command of the same release",
			   "the module has version %u of the ABI, this command %u",
			   info.abi_version, MMAPSHARE_ABI_VERSION);
	report_ok("the module has version %u of the ABI, as this command", info.abi_version);
	return true;
}

/* The least there can be; it is gone again at once. */
static bool check_create(void)
{
	struct mmapshare *region;
	void *address;
	int ret = mmapshare_create(&region, NULL, 1, MMAPSHARE_STRATEGY_FAULT, 0);

	if (ret == -ENOSPC)
		return report_problem("destroy regions (mmapshare list), or as root write more to the "
			   "files in " PARAMETERS,
			   "there are as many regions as max_regions (%s) allows, or bytes as max_bytes",
			   line_of(PARAMETERS "max_regions"));
	if (ret == -EDQUOT)
		return report_problem("destroy regions of yours (mmapshare list), or have more written to "
			   PARAMETERS "max_user_bytes",
			   "you have as many bytes in regions as max_user_bytes (%s) allows",
			   line_of(PARAMETERS "max_user_bytes"));
	if (ret == -ENOMEM)
		return report_problem("free some; or raise memory.max of the control group",
			   "there is no memory for a region");
	if (ret)
		return report_problem("look at the kernel's log", "cannot create a region: %s",
			   strerror(-ret));
	ret = mmapshare_map(region, MMAPSHARE_WRITE, 0, 0, &address);
	mmapshare_close(region);
	if (ret)
		return report_problem("look at ulimit -v, and at the kernel's log",
			   "cannot map a region: %s", strerror(-ret));
	report_ok("a region could be created and mapped");
	return true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key == ARGP_KEY_ARG)
		fail_usage("%s: doctor takes no arguments", arg);
	return parse_other(key, state);
}

static const struct argp argp = {
	.parser = parse,
	.doc = "Say why regions cannot be used here, and what to do.",
};

int cmd_doctor(int argc, char **argv)
{
	static bool (* const checks[])(void) = {
		check_module, check_node, check_permission, check_abi, check_create,
	};
	size_t i;

	parse_arguments(&argp, argc, argv, NULL);
	for (i = 0; i < ARRAY_SIZE(checks); i++)
		if (!checks[i]())
			return STATUS_FAILED;
	return STATUS_OK;
}
