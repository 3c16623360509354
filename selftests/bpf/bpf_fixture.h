/* SPDX-License-Identifier: GPL-2.0 */
/* Loads ring.bpf.elf, from the directory of the test, and runs its programs. */
#ifndef BPF_FIXTURE_H
#define BPF_FIXTURE_H

#include "ring_test.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/mmapshare_bpf.h>
#include <stdarg.h>
#include "bpf_test.h"

#define BPF_OBJECT	"ring.bpf.elf"
#define BPF_NODE	DEVICE "-" BPF_RING

static char bpf_log[1 << 16];

static int bpf_keep_log(enum libbpf_print_level level, const char *format, va_list args)
{
	const size_t used = strlen(bpf_log);

	if (level != LIBBPF_DEBUG && used + 1 < sizeof(bpf_log))
		vsnprintf(bpf_log + used, sizeof(bpf_log) - used, format, args);
	return 0;
}

/* Returns why the tests cannot run, or NULL. The module is loaded. */
static inline const char *bpf_missing(void)
{
	if (geteuid())
		return "needs root";
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return "the kernel has no BTF";
	if (access("/sys/kernel/btf/mmapshare", R_OK))
		return "the module has no BTF, or the kernel is older than 6.12";
	libbpf_set_print(bpf_keep_log);
	return NULL;
}

/* Must come first in a FIXTURE_SETUP. */
#define BPF_SKIP()							\
	do {								\
		struct device dev_;					\
									\
		DEVICE_OPEN(&dev_, O_RDWR);				\
		close(dev_.fd);						\
		if (bpf_missing())					\
			SKIP(return, "%s", bpf_missing());		\
	} while (0)

static inline struct bpf_program *bpf_find(struct bpf_object *object, const char *program)
{
	return bpf_object__find_program_by_name(object, program);
}

/*
 * Load the programs that are loaded by default, or only the one of this name.
 * Returns 0 or an errno.
 */
static inline int bpf_load(struct bpf_object **object, const char *only)
{
	struct bpf_program *program;
	int ret;

	bpf_log[0] = '\0';
	*object = bpf_object__open_file(BPF_OBJECT, NULL);
	if (!*object)
		return errno;
	if (only)
		bpf_object__for_each_program(program, *object)
			bpf_program__set_autoload(program,
						  !strcmp(bpf_program__name(program), only));
	ret = -bpf_object__load(*object);
	if (!ret)
		return 0;
	bpf_object__close(*object);
	*object = NULL;
	return ret;
}

/* Run a program once. Returns what it returns, or a negative errno. */
static inline int bpf_run_args(struct bpf_object *object, const char *program,
			       struct bpf_test_run_opts *opts)
{
	const int ret = bpf_prog_test_run_opts(bpf_program__fd(bpf_find(object, program)), opts);

	return ret ? ret : (int)opts->retval;
}

/* One of type syscall, without arguments */
static inline int bpf_run(struct bpf_object *object, const char *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_run_args(object, program, &opts);
}

/* One of type XDP or tc, with a packet */
static inline int bpf_run_packet(struct bpf_object *object, const char *program)
{
	char packet[64] = { };

	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

	return bpf_run_args(object, program, &opts);
}

/*
 * Returns 1 if @program has created the ring, 0 if not, or a negative errno. The
 * kernel stores the context where it has read it.
 */
static inline int bpf_create_by(struct bpf_object *object, const char *program,
				const struct mmapshare_bpf_params *params)
{
	struct bpf_create_args args = { .params = *params };

	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &args, .ctx_size_in = sizeof(args));

	const int ret = bpf_run_args(object, program, &opts);

	return ret ? -EIO : (int)args.created;
}

static inline int bpf_create(struct bpf_object *object, const struct mmapshare_bpf_params *params)
{
	return bpf_create_by(object, "create", params);
}

/* Map the global variables of the programs. Returns MAP_FAILED if that fails. */
static inline struct bpf_globals *bpf_map_globals(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		if (strstr(bpf_map__name(map), ".bss"))
			return mmap(NULL, sizeof(struct bpf_globals), PROT_READ | PROT_WRITE,
				    MAP_SHARED, bpf_map__fd(map), 0);
	return MAP_FAILED;
}

#endif /* BPF_FIXTURE_H */
