// SPDX-License-Identifier: GPL-2.0
/*
 * Helper of the scripts here, not a test: load and unload the module and print
 * the errno, hold the device open or mapped, read and write through a mapping.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/mmapshare.h>

#define PAGE	((size_t)sysconf(_SC_PAGESIZE))

static int usage(void)
{
	fprintf(stderr,
		"usage: module_tool VERB ARGUMENT...\n"
		"	load FILE [PARAMETER...]	print 0 or the errno's name\n"
		"	try FILE [PARAMETER...]		also count the module's log lines\n"
		"	unload NAME			print 0 or the errno's name\n"
		"	open NODE			keep it open until standard input ends\n"
		"	map NODE			keep it mapped only, until then\n"
		"	peek NODE OFFSET LENGTH		print bytes of a mapping\n"
		"	poke NODE OFFSET TEXT		store TEXT to a mapping\n"
		"	reload-loop ROUNDS FILE [PARAMETER...]	load and unload\n"
		"	open-loop NODE PAGE		open and map until SIGTERM\n"
		"	create NODE NAME		print 0 or the errno's name\n");
	return 2;
}

static const char *error_name(long ret)
{
	return ret < 0 ? strerrorname_np(errno) : "0";
}

/* Count the module's lines in the log from the position of @kmsg on. */
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

/* Join the parameters into one string, as finit_module() requires. */
static char *join(char **params)
{
	static char text[4096];

	for (; *params; params++) {
		if (strlen(text) + strlen(*params) + 2 > sizeof(text))
			exit(usage());
		strcat(strcat(text, *params), " ");
	}
	return text;
}

static int load(const char *file, char **params, int show_log)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	const char *text = join(params);

	if (fd < 0) {
		perror(file);
		return 2;
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

/* Map the page of @node that contains @offset. */
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

static int wait_for_eof(void)
{
	char byte;

	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}

/* @arg: NODE OFFSET LENGTH or TEXT. The bytes must not cross a page boundary. */
static int peek_or_poke(char **arg, int store)
{
	unsigned long long offset = strtoull(arg[1], NULL, 0);
	char *p = map_page(arg[0], offset) + offset % PAGE;
	size_t length_max = PAGE - offset % PAGE;
	size_t length = store ? strlen(arg[2]) : strtoull(arg[2], NULL, 0);

	if (length > length_max)
		return usage();
	if (store)
		memcpy(p, arg[2], length);
	else
		fwrite(p, 1, length, stdout);
	return 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/*
 * Load and unload, with a pause in between for other processes to use the module.
 * Prints how often unloading failed because the module was in use, or the call
 * that failed otherwise.
 */
static int reload_loop(unsigned int rounds, const char *file, char **params)
{
	const double deadline = now() + 60;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	const char *text = join(params);
	unsigned int i, busy = 0;

	for (i = 0; i < rounds; i++) {
		if (syscall(SYS_finit_module, fd, text, 0)) {
			printf("load: %s\n", error_name(-1));
			return 1;
		}
		usleep(i % 4 * 10000);
		while (syscall(SYS_delete_module, "mmapshare", O_NONBLOCK)) {
			if (errno != EAGAIN || now() > deadline) {
				printf("unload: %s\n", error_name(-1));
				return 1;
			}
			busy++;
			usleep(100);
		}
	}
	printf("loaded and unloaded %u times, %u times in use\n", rounds, busy);
	return 0;
}

/*
 * Map a page and close @fd, so that only a mapping, of this process or of a
 * child, keeps the module in use. The page must have the value stored last, or
 * 0 if the module was loaded again since. Returns NULL or an error message.
 */
static const char *check_and_store(int fd, off_t page, unsigned long *last,
				   int in_child)
{
	volatile unsigned long *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					 MAP_SHARED, fd, page * PAGE);
	int status = 0;

	close(fd);
	if (p == MAP_FAILED)
		return error_name(-1);
	if (*p && *p != *last)
		return "a value that this process did not store";
	*p = ++*last;
	if (in_child) {
		pid_t pid = fork();

		if (!pid)
			_exit(*p != *last);
		munmap((void *)p, PAGE);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			return "a child that does not see the value";
		return NULL;
	}
	if (*p != *last)
		return "another value than was stored";
	munmap((void *)p, PAGE);
	return NULL;
}

static volatile sig_atomic_t stop;

static void on_sigterm(int sig __attribute__((unused)))
{
	stop = 1;
}

/*
 * Runs concurrently with reload_loop(). Prints how often open() succeeded, or
 * an error.
 */
static int open_loop(const char *node, off_t page)
{
	unsigned int opened = 0, refused = 0;
	unsigned long last = 0;
	const char *error;

	signal(SIGTERM, on_sigterm);
	while (!stop) {
		int fd = open(node, O_RDWR | O_CLOEXEC);

		if (fd >= 0) {
			error = check_and_store(fd, page, &last,
						opened++ % 8 == 7);
			if (error) {
				printf("found %s\n", error);
				return 1;
			}
		} else if (errno == ENOENT || errno == ENXIO ||
			   errno == ENODEV) {
			refused++;
		} else {
			printf("open: %s\n", error_name(-1));
			return 1;
		}
		usleep((opened + refused) % 4 * 300);
	}
	printf("opened %u times, no device %u times\n", opened, refused);
	return opened ? 0 : 1;
}

static int create(const char *node, const char *name)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.region_size = 1,
		.mode = 0600,
	};
	int fd = open(node, O_RDWR | O_CLOEXEC);

	memcpy(create.name, name, strnlen(name, sizeof(create.name)));
	puts(error_name(ioctl(fd, MMAPSHARE_IOC_CREATE, &create)));
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
		return open(argv[2], O_RDWR) < 0 ? 1 : wait_for_eof();
	if (!strcmp(verb, "map") && argc == 3) {
		map_page(argv[2], 0);
		return wait_for_eof();
	}
	if (!strcmp(verb, "create") && argc == 4)
		return create(argv[2], argv[3]);
	if (!strcmp(verb, "peek") && argc == 5)
		return peek_or_poke(argv + 2, 0);
	if (!strcmp(verb, "poke") && argc == 5)
		return peek_or_poke(argv + 2, 1);
	if (!strcmp(verb, "reload-loop") && argc > 3)
		return reload_loop(atoi(argv[2]), argv[3], argv + 4);
	if (!strcmp(verb, "open-loop") && argc == 4)
		return open_loop(argv[2], atol(argv[3]));
	return usage();
}
