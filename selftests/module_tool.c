// SPDX-License-Identifier: GPL-2.0
/*
 * What the module_*.sh need and a shell cannot do: load and unload with the
 * system call's own errno, hold the device open or mapped, and look through a
 * mapping. Not a test.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE	((size_t)sysconf(_SC_PAGESIZE))

static int usage(void)
{
	fprintf(stderr,
		"usage: module_tool VERB ARGUMENT...\n"
		"	load FILE [PARAMETER...]	print 0 or the errno's name\n"
		"	try FILE [PARAMETER...]		and what is in the log then\n"
		"	unload NAME			print 0 or the errno's name\n"
		"	open NODE			hold it until standard input ends\n"
		"	map NODE			hold a mapping, not the descriptor\n"
		"	peek NODE OFFSET LENGTH		print bytes, from a mapping\n"
		"	poke NODE OFFSET TEXT		store them, through a mapping\n");
	return 2;
}

static const char *error_name(long ret)
{
	return ret < 0 ? strerrorname_np(errno) : "0";
}

/* What the module has said from here to the end of the log. */
static void print_log(int kmsg)
{
	int lines = 0, level = 0;
	char record[8192];
	ssize_t n;

	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0) {
		record[n] = '\0';
		if (!strstr(record, ";mmapshare: "))
			continue;
		level = atoi(record) & 7;
		lines++;
	}
	printf(", %d line of level %d", lines, level);
}

static int load(const char *file, char **params, int show_log)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	char text[4096] = "";

	if (fd < 0) {
		perror(file);
		return 2;
	}
	for (; *params; params++) {
		if (strlen(text) + strlen(*params) + 2 > sizeof(text))
			return usage();
		strcat(strcat(text, *params), " ");
	}
	lseek(kmsg, 0, SEEK_END);
	printf("%s", error_name(syscall(SYS_finit_module, fd, text, 0)));
	if (show_log)
		print_log(kmsg);
	putchar('\n');
	return 0;
}

static int unload(const char *name)
{
	puts(error_name(syscall(SYS_delete_module, name, O_NONBLOCK)));
	return 0;
}

/* One page of @node, the one that @offset is in. */
static char *map_page(const char *node, unsigned long long offset)
{
	int fd = open(node, O_RDWR | O_CLOEXEC);
	char *p;

	if (fd < 0) {
		perror(node);
		exit(1);
	}
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		 offset & -(unsigned long long)PAGE);
	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	close(fd);
	return p;
}

static int hold(void)
{
	char byte;

	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}

/* Both stay inside the page. */
static int look(char **arg, int store)
{
	unsigned long long offset = strtoull(arg[1], NULL, 0);
	char *p = map_page(arg[0], offset) + offset % PAGE;
	size_t room = PAGE - offset % PAGE;
	size_t length = store ? strlen(arg[2]) : strtoull(arg[2], NULL, 0);

	if (length > room)
		return usage();
	if (store)
		memcpy(p, arg[2], length);
	else
		fwrite(p, 1, length, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";

	if (!strcmp(verb, "load"))
		return load(argv[2], argv + 3, 0);
	if (!strcmp(verb, "try"))
		return load(argv[2], argv + 3, 1);
	if (!strcmp(verb, "unload") && argc == 3)
		return unload(argv[2]);
	if (!strcmp(verb, "open") && argc == 3)
		return open(argv[2], O_RDWR) < 0 ? 1 : hold();
	if (!strcmp(verb, "map") && argc == 3) {
		map_page(argv[2], 0);
		return hold();
	}
	if (!strcmp(verb, "peek") && argc == 5)
		return look(argv + 2, 0);
	if (!strcmp(verb, "poke") && argc == 5)
		return look(argv + 2, 1);
	return usage();
}
