// SPDX-License-Identifier: MIT
/*
 * doctor: check the prerequisites in the order in which they depend on each
 * other, and print a remedy for the first that is not met.
 */
#define _GNU_SOURCE
#include <errno.h>
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

/* Print the problem and, on the next line, the remedy. Returns false. */
static bool report_problem(const char *remedy, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static bool report_problem(const char *remedy, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("PROBLEM  ");
	vprintf(format, args);
	printf("\nremedy   %s\n", remedy);
	va_end(args);
	return false;
}

/* The first line of a file, "" if it is empty or reading it fails. */
static const char *read_line(const char *path)
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

/* The EFI variable has 4 bytes of attributes and 1 byte of value. */
static bool secure_boot_is_on(void)
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

/*
 * The policy by which this kernel refuses unsigned modules; NULL if there is
 * none.
 */
static const char *signature_policy(void)
{
	const char *lockdown = read_line("/sys/kernel/security/lockdown");

	if (strchr(lockdown, '[') && !strstr(lockdown, "[none]"))
		return secure_boot_is_on() ? "Secure Boot" : "lockdown";
	if (!strcmp(read_line("/sys/module/module/parameters/sig_enforce"), "Y"))
		return "module.sig_enforce";
	return NULL;
}

static bool module_is_installed(const char *release)
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
	const char *policy = signature_policy();
	struct utsname system;

	if (!access("/sys/module/mmapshare", F_OK)) {
		report_ok("the module is loaded");
		return true;
	}
	uname(&system);
	if (!module_is_installed(system.release))
		return report_problem("in the source tree: make && make modules_install, "
				      "then: modprobe mmapshare",
				      "the module is not loaded, and not installed for Linux %s",
				      system.release);
	if (policy)
		return report_problem("sign it with a key that this kernel trusts "
				      "(kmodsign, mokutil --import), then: modprobe mmapshare",
				      "the module is not loaded, and %s requires a signature",
				      policy);
	return report_problem("as root: modprobe mmapshare", "the module is not loaded");
}

static bool check_node(void)
{
	struct stat st;

	if (stat(DEVICE, &st))
		return report_problem("mount devtmpfs on /dev; in a container, pass " DEVICE " in",
				      "%s: %s", DEVICE, strerror(errno));
	if (!S_ISCHR(st.st_mode))
		return report_problem("as root: remove it, then unload and load the module",
				      "%s is not a device", DEVICE);
	report_ok("%s exists", DEVICE);
	return true;
}

static bool check_permission(void)
{
	char remedy[200];
	struct stat st;

	if (!access(DEVICE, R_OK | W_OK)) {
		report_ok("permission to read and write it");
		return true;
	}
	if (stat(DEVICE, &st))
		return report_problem("run mmapshare doctor again", "%s: %s", DEVICE,
				      strerror(errno));
	if (!st.st_gid || (st.st_mode & 060) != 060)
		snprintf(remedy, sizeof(remedy),
			 "as root: chgrp mmapshare " DEVICE " && chmod 660 " DEVICE
			 ", then add the user to that group");
	else
		snprintf(remedy, sizeof(remedy),
			 "as root: adduser USER %s; then log in again", group_text(st.st_gid));
	return report_problem(remedy, "no permission to read and write %s: mode %o, group %s",
			      DEVICE, st.st_mode & 0777, group_text(st.st_gid));
}

static bool check_abi(void)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	struct mmapshare *region;
	int ret = mmapshare_open(&region, NULL, MMAPSHARE_READ);

	if (ret == -ENOTTY)
		return report_problem("as root: remove it, then unload and load the module",
				      "%s belongs to another driver", DEVICE);
	if (!ret) {
		ret = mmapshare_get_info(region, &info);
		mmapshare_close(region);
	}
	if (ret)
		return report_problem("check the kernel log", "%s: %s", DEVICE, strerror(-ret));
	if (info.abi_version != MMAPSHARE_ABI_VERSION)
		return report_problem("install module and command of the same release",
				      "the module has ABI version %u, this command %u",
				      info.abi_version, MMAPSHARE_ABI_VERSION);
	report_ok("module and command have ABI version %u", info.abi_version);
	return true;
}

/* Create and map an anonymous region of one page. */
static bool check_create(void)
{
	struct mmapshare *region;
	void *address;
	int ret = mmapshare_create(&region, NULL, 1, MMAPSHARE_STRATEGY_FAULT, 0);

	if (ret == -ENOSPC)
		return report_problem("destroy regions (see mmapshare list), or as root "
				      "raise the limits in " PARAMETERS,
				      "max_regions (%s) or max_bytes is reached "
				      "(one 16th is reserved for root)",
				      read_line(PARAMETERS "max_regions"));
	if (ret == -EDQUOT)
		return report_problem("destroy regions of this user (see mmapshare list), or "
				      "as root raise its limits in " PARAMETERS,
				      "max_user_regions or max_user_bytes (%s) is reached",
				      read_line(PARAMETERS "max_user_bytes"));
	if (ret == -ENOMEM)
		return report_problem("free memory, or raise memory.max of the control group",
				      "not enough memory for a region");
	if (ret)
		return report_problem("check the kernel log", "cannot create a region: %s",
				      strerror(-ret));
	ret = mmapshare_map(region, MMAPSHARE_WRITE, 0, 0, &address);
	mmapshare_close(region);
	if (ret)
		return report_problem("check ulimit -v and the kernel log",
				      "cannot map a region: %s", strerror(-ret));
	report_ok("regions can be created and mapped");
	return true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key == ARGP_KEY_ARG)
		fail_usage("'%s': doctor takes no arguments", arg);
	return parse_other(key, state);
}

static const struct argp argp = {
	.parser = parse,
	.doc = "Check whether regions can be used on this system, and print the remedy for the "
	       "first problem found.",
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
