// SPDX-License-Identifier: MIT
/* Find the named region that an argument denotes: a name, or the path of a node. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "cli.h"

#define DEVICE	"/dev/mmapshare"
#define CLASS	"/mmapshare/mmapshare-"

/*
 * Store the name of the region whose node @path is, or a link to it. sysfs tells it
 * by the device number, also to a user that may not open the node.
 */
static int name_of_node(const char *path, char *name, size_t size)
{
	char link[64], target[PATH_MAX];
	const char *found;
	struct stat st;
	ssize_t n;

	if (stat(path, &st))
		return -errno;
	if (!S_ISCHR(st.st_mode))
		return -ENOTTY;
	snprintf(link, sizeof(link), "/sys/dev/char/%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return -ENOENT;
	target[n] = '\0';
	if (!strcmp(basename(target), "mmapshare"))
		return -EISNAM;
	found = strstr(target, CLASS);
	if (!found)
		return -ENOTTY;
	snprintf(name, size, "%s", found + strlen(CLASS));
	return 0;
}

int query_region(const char *text, struct mmapshare_query *query)
{
	char name[MMAPSHARE_NAME_SIZE];
	int ret;

	if (!strchr(text, '/'))
		return mmapshare_query_name(text, query);
	ret = name_of_node(text, name, sizeof(name));
	if (!ret)
		return mmapshare_query_name(name, query);
	/* as in a container: a /dev without this node, or no sysfs */
	if (ret == -ENOENT && !strncmp(text, DEVICE "-", strlen(DEVICE "-")))
		ret = mmapshare_query_name(text + strlen(DEVICE "-"), query);
	return ret;
}
