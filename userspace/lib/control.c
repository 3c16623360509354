// SPDX-License-Identifier: MIT
/* Names, and the functions that need /dev/mmapshare: destroy, query, list. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "lib.h"

#define DEVICE	"/dev/mmapshare"

/*
 * struct mmapshare_list - state of an iteration over all named regions
 * @fd: descriptor of /dev/mmapshare
 * @next: least id of the next region; more than UINT32_MAX at the end
 */
struct mmapshare_list {
	int fd;
	uint64_t next;
};

static const char * const strategies[] = {
	[MMAPSHARE_STRATEGY_FAULT] = "fault",
	[MMAPSHARE_STRATEGY_HUGE] = "huge",
	[MMAPSHARE_STRATEGY_VMALLOC] = "vmalloc",
	[MMAPSHARE_STRATEGY_PFN] = "pfn",
	[MMAPSHARE_STRATEGY_RESERVED] = "reserved",
};

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

const char *mmapshare_strategy_name(unsigned int strategy)
{
	return strategy < ARRAY_SIZE(strategies) ? strategies[strategy] : NULL;
}

int mmapshare_strategy_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(strategies); i++)
		if (!strcmp(strategies[i], name))
			return i;
	return -EINVAL;
}

const char *mmapshare_version(void)
{
	return MMAPSHARE_VERSION;
}

int mms_ioctl(int fd, unsigned long request, void *arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

int mms_control_open(int flags)
{
	int fd = open(DEVICE, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int mms_control_ioctl(int flags, unsigned long request, void *arg)
{
	int fd = mms_control_open(flags), ret;

	if (fd < 0)
		return fd;
	ret = mms_ioctl(fd, request, arg);
	close(fd);
	return ret;
}

/* Checks the length only; the kernel checks the characters. */
int mms_copy_name(char *field, const char *name)
{
	const size_t length = name ? strlen(name) : 0;

	if (!length || length >= MMAPSHARE_NAME_SIZE)
		return -EINVAL;
	memcpy(field, name, length);
	return 0;
}

int mmapshare_path(const char *name, char *path, size_t size)
{
	char field[MMAPSHARE_NAME_SIZE] = "";
	int ret;

	if (name && (mms_copy_name(field, name) || strchr(name, '/')))
		return -EINVAL;
	ret = snprintf(path, size, DEVICE "%s%s", name ? "-" : "", field);
	return (size_t)ret < size ? 0 : -ERANGE;
}

int mmapshare_destroy(const char *name, unsigned int flags)
{
	struct mmapshare_destroy_args destroy = {
		.size = sizeof(destroy),
		.flags = flags,
	};
	int ret = mms_copy_name(destroy.name, name);

	return ret ? ret : mms_control_ioctl(O_RDWR, MMAPSHARE_IOC_DESTROY, &destroy);
}

/* Clear the caller's structure, whose first member is its size. */
static int clear_query(struct mmapshare_query *query)
{
	const uint32_t size = query->size;

	/*
	 * smaller than the first version of the structure: every kernel refuses
	 * that
	 */
	if (size < offsetof(struct mmapshare_query, name) + sizeof(query->name))
		return -EINVAL;
	memset(query, 0, size);
	query->size = size;
	return 0;
}

int mmapshare_query_name(const char *name, struct mmapshare_query *query)
{
	int ret = clear_query(query);

	if (!ret)
		ret = mms_copy_name(query->name, name);
	return ret ? ret : mms_control_ioctl(O_RDONLY, MMAPSHARE_IOC_QUERY, query);
}

int mmapshare_list_open(struct mmapshare_list **list)
{
	struct mmapshare_list *l = malloc(sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->next = 0;
	l->fd = mms_control_open(O_RDONLY);
	if (l->fd < 0) {
		int ret = l->fd;

		free(l);
		return ret;
	}
	*list = l;
	return 0;
}

int mmapshare_list_next(struct mmapshare_list *list, struct mmapshare_query *query)
{
	int ret = clear_query(query);

	if (ret)
		return ret;
	if (list->next > UINT32_MAX)
		return 0;
	query->flags = MMAPSHARE_QUERY_NEXT;
	query->id = list->next;
	ret = mms_ioctl(list->fd, MMAPSHARE_IOC_QUERY, query);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	list->next = (uint64_t)query->id + 1;
	return 1;
}

void mmapshare_list_close(struct mmapshare_list *list)
{
	if (!list)
		return;
	close(list->fd);
	free(list);
}
