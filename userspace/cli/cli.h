/* SPDX-License-Identifier: MIT */
/* Declarations shared by all commands. */
#ifndef MMAPSHARE_CLI_H
#define MMAPSHARE_CLI_H

#include <argp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <mmapshare.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1U << (n))

/* Exit statuses; mmapshare(1) documents them. */
enum {
	STATUS_OK	= 0,
	STATUS_FAILED	= 1,	/* including a problem found by doctor */
	STATUS_USAGE	= 2,
	STATUS_TIMEOUT	= 3,	/* a wait timed out */
	STATUS_HUNGUP	= 4,	/* no peer is left to wait for */
	STATUS_DROPPED	= 5,	/* records were dropped */
};

/* Arrays of these end with an entry whose @name is NULL. */
struct command {
	const char *name;
	/* argv[0] is "mmapshare NAME"; returns an exit status */
	int (*run)(int argc, char **argv);
};

/* Run the command argv[1]; @doc is for --help. Returns an exit status. */
int run_command(const struct command *commands, const char *doc, int argc, char **argv);

/* Is this "mmapshare __complete WORD..."? complete.c describes what that does. */
bool start_completing(int argc, char **argv);
bool is_completing(void);
/* Complete what run_command() or parse_arguments() would parse. */
int complete_command(const struct command *commands, const char *doc, int argc, char **argv);
_Noreturn void complete_argument(const struct argp *argp, int argc, char **argv);

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
int cmd_bridge(int argc, char **argv);
int cmd_scope(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_setup(int argc, char **argv);

/*
 * Print one line on standard error, prefixed with the command's name. fail()
 * exits with STATUS_FAILED, fail_usage() with STATUS_USAGE.
 */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
_Noreturn void fail_usage(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/*
 * The operation that failed: the meaning of an errno depends on it. Several can
 * be or-ed.
 */
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
 * Print what the negative errno @error of a library function means, and what to
 * do about it.
 * @ops: OP_*
 * @name: the region's name or path, NULL for /dev/mmapshare
 * @region: its handle, or NULL to look it up by @name when that is needed
 */
void complain_error(unsigned int ops, const char *name, const struct mmapshare *region,
		    int error);
_Noreturn void fail_error(unsigned int ops, const char *name,
			  const struct mmapshare *region, int error);

/* The same, after @done bytes were written to the region. */
_Noreturn void fail_after(uint64_t done, unsigned int ops, const char *name,
			  const struct mmapshare *region, int error);

/* For argp_program_version_hook. */
void print_version(FILE *stream, struct argp_state *state);
/* Parse options and arguments; exits with STATUS_USAGE if they are invalid. */
void parse_arguments(const struct argp *argp, int argc, char **argv, void *input);
/* After this, no command has --help and --version. */
void disable_help(void);
/* argp_parse() with the option -h. @argp may have one child. */
error_t parse_with_help(const struct argp *argp, int argc, char **argv, unsigned int flags,
			void *input);
/* The default case of every argp parser. */
error_t parse_other(int key, struct argp_state *state);

/*
 * Arguments of commands that create a region: NAME, SIZE, --exist-ok, --mode,
 * --owner.
 * They are parsed by an argp child, whose input is the first member of the
 * command's own input. @example is printed if NAME or SIZE is missing.
 */
struct create_args {
	const char *name;
	uint64_t size;
	unsigned int mode;
	bool exist_ok;
	const char *owner;	/* NULL for the caller; then @uid and @gid are unused */
	uid_t uid;
	gid_t gid;
	const char *example;
};

extern const struct argp_child create_child[];

/* Become the owner that the arguments name, for the rest of this process. */
void become_owner(const struct create_args *args);

/* The OP_* that may have failed if @args->name could not be created. */
unsigned int create_ops(const struct create_args *args);

/* Parse command line values; exit with STATUS_USAGE if they are invalid. */
uint64_t parse_number(const char *text, const char *what);
uint64_t parse_size(const char *text);
unsigned int parse_mode(const char *text);
double parse_seconds(const char *text);
double parse_timeout(const char *text);		/* may be 0 */
void check_name(const char *name);

/* Format a size the way parse_number() reads it, for example "64K". */
#define BYTES_TEXT	24
const char *bytes_text(uint64_t bytes, char text[BYTES_TEXT]);

/* Names of users and groups; the next call reuses the buffer. */
const char *user_text(uint32_t uid);
const char *group_text(uint32_t gid);

/* The name of a bit in a mask. */
struct bit_name {
	unsigned long long bit;
	const char *name;
};

#define SEAL_NAMES	4
extern const struct bit_name seal_names[SEAL_NAMES];

/* Open a region, NULL for /dev/mmapshare; exits on failure. */
struct mmapshare *open_region(const char *name, unsigned int access);
/* The region's name in messages. */
const char *region_text(const char *name);

/*
 * Get facts about the named region that @text denotes: its name, or the path of its
 * node. Returns 0 or a negative errno: -EISNAM for the default region, -ENOTTY if
 * the path is not that of a region.
 */
int query_region(const char *text, struct mmapshare_query *query);

/* Read a counter in a region's sysfs directory; false if there is none. */
bool sysfs_counter(const char *name, const char *counter, unsigned long long *value);

/*
 * After this, SIGINT, SIGTERM and SIGHUP set @stopped, unless they are ignored. They
 * interrupt waits, again and again.
 */
extern volatile sig_atomic_t stopped;
void catch_stop_signals(void);

/* Flush standard output; exits if anything could not be written. */
void close_output(void);

/* CLOCK_MONOTONIC in seconds. */
double monotonic_time(void);

/*
 * Draw a progress bar on standard error, if that is a terminal. @total is 0 if
 * it is unknown; @end erases the bar.
 */
void progress(uint64_t done, uint64_t total, bool end);

#endif /* MMAPSHARE_CLI_H */
