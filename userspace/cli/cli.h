/* SPDX-License-Identifier: MIT */
/* What the commands have in common. */
#ifndef MMAPSHARE_CLI_H
#define MMAPSHARE_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <mmapshare.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1U << (n))

/*
 * Statuses: it went as asked, it did not, nobody can know what was asked; and of
 * who waits: nothing came in time, nobody is there any more.
 */
enum {
	STATUS_OK	= 0,
	STATUS_FAILED	= 1,
	STATUS_USAGE	= 2,
	STATUS_TIMEOUT	= 3,
	STATUS_HUNGUP	= 4,
};

/* One of several, of which the last has no name. */
struct command {
	const char *name;
	/* with argv[0] being "mmapshare NAME"; returns a status */
	int (*run)(int argc, char **argv);
};

/* Run the one that argv[1] names; @doc is for --help. Returns its status. */
int run_command(const struct command *commands, const char *doc, int argc, char **argv);

int cmd_create(int argc, char **argv);
int cmd_destroy(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_read(int argc, char **argv);
int cmd_write(int argc, char **argv);
int cmd_fill(int argc, char **argv);
int cmd_checksum(int argc, char **argv);
int cmd_seal(int argc, char **argv);
int cmd_notify(int argc, char **argv);
int cmd_wait(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_ring(int argc, char **argv);
int cmd_scope(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/*
 * What is wrong, in one line behind the command's name, and what to do. Only
 * fail_usage() and fail() end the program.
 */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
_Noreturn void fail_usage(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* What failed. The meaning of an errno depends on it; several can be or-ed. */
#define OP_OPEN			BIT(0)	/* open a region's node */
#define OP_CREATE		BIT(1)	/* create a region or a ring */
#define OP_CREATE_RING		BIT(2)	/* in addition to OP_CREATE */
#define OP_DESTROY		BIT(3)
#define OP_LIST			BIT(4)
#define OP_USE			BIT(5)	/* read, checksum, notify, wait */
#define OP_STORE		BIT(6)	/* write, fill */
#define OP_SEAL			BIT(7)
#define OP_ATTACH_PRODUCER	BIT(8)	/* includes opening the node */
#define OP_ATTACH_CONSUMER	BIT(9)	/* likewise */
#define OP_RING			BIT(10)	/* use an endpoint */
#define OP_RING_STAT		BIT(11)

/*
 * Explain the negative errno @error that a library function returned, and what
 * to do about it.
 * @ops: OP_*
 * @name: the region's name or path, NULL for /dev/mmapshare
 * @region: its handle, or NULL to look it up by @name when that is needed
 */
void complain_error(unsigned int ops, const char *name, const struct mmapshare *region,
		    int error);
_Noreturn void fail_error(unsigned int ops, const char *name,
			  const struct mmapshare *region, int error);

/* Options and arguments; bad ones end the program. */
void parse_arguments(const struct argp *argp, int argc, char **argv, void *input);
/* What a parser does with the keys that it does not know. */
error_t parse_other(int key, struct argp_state *state);

/*
 * What is to be made: NAME, SIZE, and the options --exist-ok and --mode. The child
 * parses them, whose input the first member of the command's own one is; @example
 * is shown to who forgets them.
 */
struct creation {
	const char *name;
	uint64_t size;
	unsigned int mode;
	bool may_exist;
	const char *example;
};

extern const struct argp_child creation_child[];

/* OP_* that can have failed when @args->name was to be created. */
unsigned int create_ops(const struct creation *args);

/* Numbers on the command line; what is none ends the program. */
uint64_t parse_bytes(const char *text, const char *what);
uint64_t parse_size(const char *text);
unsigned int parse_mode(const char *text);
double parse_seconds(const char *text);
void check_name(const char *name);

/* Sizes as people write them, and parse_bytes() reads them: "64K". */
#define BYTES_TEXT	24
const char *bytes_text(uint64_t bytes, char text[BYTES_TEXT]);

/* Names of users and groups; the next call reuses the buffer. */
const char *user_text(uint32_t uid);
const char *group_text(uint32_t gid);

/* What bits of a number are called. */
struct bit_name {
	unsigned long long bit;
	const char *name;
};

#define SEAL_NAMES	3
extern const struct bit_name seal_names[SEAL_NAMES];

/* An open region, or the program ends. NULL is the default region. */
struct mmapshare *open_region(const char *name, unsigned int access);
/* How to call it in a message. */
const char *region_text(const char *name);

/* A counter of a region in sysfs; false if there is none. */
bool sysfs_counter(const char *name, const char *counter, unsigned long long *value);

/* All output is where it belongs, or the program ends. */
void close_output(void);

/* A bar on standard error, for who waits there; @total 0 if nobody knows. */
void progress(uint64_t done, uint64_t total, bool end);

#endif /* MMAPSHARE_CLI_H */
