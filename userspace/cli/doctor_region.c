// SPDX-License-Identifier: MIT
/* doctor: check one region. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "doctor.h"

struct region {
	const char *text;		/* as the user wrote it */
	struct mmapshare_query query;
	char node[80];
	struct stat st;
};

static bool find_region(struct region *r)
{
	const int ret = query_region(r->text, &r->query);
	char remedy[160], size[BYTES_TEXT];

	if (ret == -ENOTTY)
		return report_problem("pass the name of a region, or /dev/mmapshare-NAME",
				      "'%s' is not a region", r->text);
	if (ret == -ENOENT || ret == -EINVAL) {
		snprintf(remedy, sizeof(remedy), "see mmapshare list, or: mmapshare create %s SIZE",
			 strchr(r->text, '/') ? "NAME" : r->text);
		return report_problem(remedy, "'%s': no such region", r->text);
	}
	if (ret)
		return report_problem("check the kernel log", "'%s': %s", r->text,
				      strerror(-ret));
	report_ok("'%s' exists: a %s of %s", r->query.name,
		  r->query.ring & MMAPSHARE_RING ? "ring" : "plain region",
		  bytes_text(r->query.region_size, size));
	return true;
}

static bool check_node(struct region *r)
{
	mmapshare_path(r->query.name, r->node, sizeof(r->node));
	if (stat(r->node, &r->st))
		return report_problem("mount devtmpfs on /dev; in a container, pass the node in",
				      "%s: %s", r->node, strerror(errno));
	if (!S_ISCHR(r->st.st_mode) || minor(r->st.st_rdev) != r->query.id)
		return report_problem("as root: remove it and mount devtmpfs on /dev; in a "
				      "container, pass the node in again",
				      "%s is not the node of that region", r->node);
	report_ok("%s exists", r->node);
	return true;
}

/* @what: "r", "w" or "rw". Its group may use the node, or another one must. */
static void describe_remedy(const struct region *r, const char *what, char *remedy, size_t size)
{
	if (user_has_group(r->st.st_gid) && !session_has_group(r->st.st_gid))
		snprintf(remedy, size, "log in again: %s is in the group %s, this session is not",
			 user_text(geteuid()), group_text(r->st.st_gid));
	else if (session_has_group(r->st.st_gid))
		snprintf(remedy, size, "as %s or root: chmod g+%s %s", user_text(r->st.st_uid),
			 what, r->node);
	else
		snprintf(remedy, size, "as root: chgrp GROUP %s && chmod g+%s %s, with a group "
			 "of the user", r->node, what, r->node);
}

static bool check_permission(const struct region *r)
{
	const bool reads = !access(r->node, R_OK), writes = !access(r->node, W_OK);
	char remedy[400], owner[40];

	if (reads && writes) {
		report_ok("permission to read and write it");
		return true;
	}
	snprintf(owner, sizeof(owner), "%s", user_text(r->st.st_uid));
	if (r->st.st_uid == geteuid())
		snprintf(remedy, sizeof(remedy), "chmod u+%s %s",
			 reads ? "w" : writes ? "r" : "rw", r->node);
	else
		describe_remedy(r, reads ? "w" : writes ? "r" : "rw", remedy, sizeof(remedy));
	if (reads || writes)
		return report_note(remedy, "permission to %s it only: owner %s, group %s, mode "
				   "%04o", reads ? "read" : "write", owner,
				   group_text(r->st.st_gid), r->st.st_mode & 0777);
	return report_problem(remedy, "no permission to read or write it: owner %s, group %s, "
			      "mode %04o", owner, group_text(r->st.st_gid), r->st.st_mode & 0777);
}

static bool check_seals(const struct region *r)
{
	unsigned long long seals;

	if (r->query.ring & MMAPSHARE_RING)
		return report_note("write records with mmapshare ring write",
				   "a ring refuses write(2), and stores to other bytes than "
				   "those of the own endpoint");
	if (sysfs_counter(r->query.name, "seals", &seals) &&
	    seals & (MMAPSHARE_SEAL_WRITE | MMAPSHARE_SEAL_FUTURE_WRITE))
		return report_note("create another region: seals are permanent",
				   "it is sealed against writes");
	return true;
}

static bool try_map(const struct region *r)
{
	struct mmapshare *region;
	void *address;
	int ret = mmapshare_open(&region, r->node, MMAPSHARE_READ);

	if (ret == -EACCES)
		return true;
	if (ret == -EPERM)
		return report_problem("in a container, allow access to the device",
				      "opening %s is not permitted", r->node);
	if (ret)
		return report_problem("see mmapshare list", "%s: %s", r->node, strerror(-ret));
	ret = mmapshare_map(region, MMAPSHARE_READ, 0, 0, &address);
	mmapshare_close(region);
	if (ret)
		return report_problem("check ulimit -v and the kernel log", "cannot map it: %s",
				      strerror(-ret));
	report_ok("it can be opened and mapped");
	return true;
}

bool check_region(const char *text)
{
	struct region r = { .text = text, .query.size = sizeof(r.query) };

	/* the default region was checked before */
	if (query_region(text, &r.query) == -EISNAM)
		return true;
	return find_region(&r) && check_node(&r) && check_permission(&r) && check_seals(&r) &&
	       try_map(&r);
}
