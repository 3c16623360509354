// SPDX-License-Identifier: MIT
/*
 * doctor: check the prerequisites in the order in which they depend on each
 * other, and print a remedy for the first that is not met.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "doctor.h"

#define DEVICE		"/dev/mmapshare"
#define PARAMETERS	"/sys/module/mmapshare/parameters/"

void report_ok(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("ok       ");
	vprintf(format, args);
	putchar('\n');
	va_end(args);
}

bool report_problem(const char *remedy, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("PROBLEM  ");
	vprintf(format, args);
	printf("\nremedy   %s\n", remedy);
	va_end(args);
	return false;
}

bool report_note(const char *remedy, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("note     ");
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	if (remedy)
		printf("remedy   %s\n", remedy);
	return true;
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

/* Find the installed module. @path becomes "" if there is none. */
static void find_module(const char *release, char *path, size_t size)
{
	static const char * const places[] = {
		"updates/dkms", "updates", "extra/mmapshare", "extra",
	};
	static const char * const suffixes[] = { "", ".xz", ".zst", ".gz" };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		for (j = 0; j < ARRAY_SIZE(suffixes); j++) {
			snprintf(path, size, "/lib/modules/%s/%s/mmapshare.ko%s", release,
				 places[i], suffixes[j]);
			if (!access(path, F_OK))
				return;
		}
	}
	path[0] = '\0';
}

/*
 * The first line that a command prints, "" if there is none. Returns its exit status,
 * also 127 if there is no such command.
 */
static int run_tool(char *line, int size, const char *format, const char *path)
{
	char command[500];
	FILE *f;

	line[0] = '\0';
	snprintf(command, sizeof(command), format, path);
	f = popen(command, "re");
	if (!f)
		return -1;
	if (fgets(line, size, f))
		line[strcspn(line, "\n")] = '\0';
	return pclose(f);
}

static bool is_compressed(const char *path)
{
	return strcmp(path + strlen(path) - strlen(".ko"), ".ko") != 0;
}

/* modinfo examines compressed files, too, but need not be there. */
static bool lacks_signature(const char *path)
{
	static const char magic[] = "~Module signature appended~\n";
	char end[sizeof(magic)] = "", signer[128];
	bool lacks;
	FILE *f;

	if (is_compressed(path))
		return !run_tool(signer, sizeof(signer), "PATH=$PATH:/usr/sbin:/sbin "
				 "modinfo -F signer '%s' 2>/dev/null", path) && !signer[0];
	f = fopen(path, "re");
	if (!f)
		return false;
	lacks = fseek(f, -(long)strlen(magic), SEEK_END) ||
		fread(end, 1, strlen(magic), f) != strlen(magic) || strcmp(end, magic);
	fclose(f);
	return lacks;
}

/* The certificate of the key with which this machine signs a module at @path. */
static const char *certificate(const char *path)
{
	static const char * const dkms[] = {
		"/var/lib/dkms/mok.pub", "/var/lib/shim-signed/mok/MOK.der",
	};

	if (strstr(path, "/extra/mmapshare/"))
		return "/etc/pki/akmods/certs/public_key.der";
	if (!strstr(path, "/dkms/"))
		return "CERTIFICATE";
	return access(dkms[0], F_OK) && !access(dkms[1], F_OK) ? dkms[1] : dkms[0];
}

static bool report_unsigned(const char *release, const char *path, const char *policy)
{
	char remedy[700];

	if (is_compressed(path))
		snprintf(remedy, sizeof(remedy), "as root: sign mmapshare.ko with "
			 "/lib/modules/%s/build/scripts/sign-file before it is compressed; mokutil "
			 "--import CERTIFICATE; reboot and enroll it; modprobe mmapshare", release);
	else
		snprintf(remedy, sizeof(remedy), "as root: /lib/modules/%s/build/scripts/sign-file "
			 "sha256 KEY CERTIFICATE %s; mokutil --import CERTIFICATE; reboot and "
			 "enroll it; modprobe mmapshare", release, path);
	return report_problem(remedy, "the module is not loaded: %s requires a signature, "
			      "and %s has none", policy, path);
}

/* mokutil, if it is there and works, knows whether the key is trusted. */
static bool report_signed(const char *path, const char *policy)
{
	const char *key = certificate(path);
	char remedy[400], answer[200];

	run_tool(answer, sizeof(answer), "LC_ALL=C mokutil --test-key '%s' 2>/dev/null", key);
	if (strstr(answer, "already enrolled") || strstr(answer, "already in db") ||
	    strstr(answer, "trusted keyring"))
		return report_problem("as root: modprobe mmapshare", "the module is not loaded; %s "
				      "requires a signature, and the key %s is enrolled", policy,
				      key);
	if (strstr(answer, "enrollment request"))
		return report_problem("reboot at the machine's console, choose Enroll MOK, and type "
				      "the password that mokutil asked for; modprobe mmapshare",
				      "the module is not loaded: %s requires a signature, and the "
				      "key %s is not enrolled until a reboot", policy, key);
	if (strstr(answer, "not enrolled")) {
		snprintf(remedy, sizeof(remedy), "as root: mokutil --import %s; reboot and enroll "
			 "it; modprobe mmapshare", key);
		return report_problem(remedy, "the module is not loaded: %s requires a signature, "
				      "and the key %s is not enrolled", policy, key);
	}
	snprintf(remedy, sizeof(remedy), "as root: modprobe mmapshare; if that fails: "
		 "mokutil --import %s; reboot and enroll it", key);
	return report_problem(remedy, "the module is not loaded, and %s requires a signature by a "
			      "key that this kernel trusts", policy);
}

/* An installed module that was not loaded, although this may be all that it lacks. */
static bool report_unloaded(const char *release, const char *path)
{
	const char *policy = signature_policy();

	if (!policy)
		return report_problem("as root: modprobe mmapshare", "the module is not loaded");
	if (lacks_signature(path))
		return report_unsigned(release, path, policy);
	return report_signed(path, policy);
}

static bool check_module(void)
{
	struct utsname system;
	char path[320];

	if (!access("/sys/module/mmapshare", F_OK)) {
		report_ok("the module is loaded");
		return true;
	}
	uname(&system);
	find_module(system.release, path, sizeof(path));
	if (!path[0])
		return report_problem("in the source tree: make && make modules_install, "
				      "then: modprobe mmapshare",
				      "the module is not loaded, and not installed for Linux %s",
				      system.release);
	return report_unloaded(system.release, path);
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

static bool has_gid(const gid_t *gids, int count, gid_t gid)
{
	int i;

	for (i = 0; i < count; i++)
		if (gids[i] == gid)
			return true;
	return false;
}

#define GROUPS_MAX	1024

bool session_has_group(gid_t gid)
{
	gid_t gids[GROUPS_MAX];

	return gid == getegid() || has_gid(gids, getgroups(GROUPS_MAX, gids), gid);
}

bool user_has_group(gid_t gid)
{
	const struct passwd *user = getpwuid(geteuid());
	gid_t gids[GROUPS_MAX];
	int count = GROUPS_MAX;

	if (!user || getgrouplist(user->pw_name, user->pw_gid, gids, &count) < 0)
		return false;
	return has_gid(gids, count, gid);
}

/* How the user gets permission to use /dev/mmapshare. */
static void describe_remedy(const struct stat *st, char *remedy, size_t size)
{
	const char *user = user_text(geteuid());

	if (!st->st_gid || (st->st_mode & 060) != 060)
		snprintf(remedy, size, "as root: %schgrp mmapshare " DEVICE " && chmod 660 " DEVICE
			 " && usermod -aG mmapshare %s; then log in again",
			 getgrnam("mmapshare") ? "" : "groupadd --system mmapshare && ", user);
	else if (user_has_group(st->st_gid))
		snprintf(remedy, size, "log in again: %s is in the group %s, this session is not",
			 user, group_text(st->st_gid));
	else
		snprintf(remedy, size, "as root: usermod -aG %s %s; then log in again",
			 group_text(st->st_gid), user);
}

static bool check_permission(void)
{
	char remedy[300];
	struct stat st;

	if (!access(DEVICE, R_OK | W_OK)) {
		report_ok("permission to read and write it");
		return true;
	}
	if (errno == EPERM)
		return report_problem("in a container, allow access to the device",
				      "no process here is permitted to open %s", DEVICE);
	if (stat(DEVICE, &st))
		return report_problem("run mmapshare doctor again", "%s: %s", DEVICE,
				      strerror(errno));
	describe_remedy(&st, remedy, sizeof(remedy));
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
	const char **name = state->input;

	if (key != ARGP_KEY_ARG)
		return parse_other(key, state);
	if (*name)
		fail_usage("'%s': extra argument; only one REGION is allowed", arg);
	if (!strchr(arg, '/'))
		check_name(arg);
	*name = arg;
	return 0;
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "[REGION]",
	.doc = "Check whether regions can be used on this system, and whether this user can use "
	       "REGION. Print the remedy for the first problem found.",
};

int cmd_doctor(int argc, char **argv)
{
	static bool (* const checks[])(void) = {
		check_module, check_node, check_permission, check_abi, check_create,
	};
	const char *name = NULL;
	size_t i;

	parse_arguments(&argp, argc, argv, &name);
	for (i = 0; i < ARRAY_SIZE(checks); i++)
		if (!checks[i]())
			return STATUS_FAILED;
	return !name || check_region(name) ? STATUS_OK : STATUS_FAILED;
}
