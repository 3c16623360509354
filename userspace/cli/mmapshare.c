// SPDX-License-Identifier: MIT
/* mmapshare: regions of memory on the command line. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "cli.h"

static const struct command commands[] = {
	{ "create", cmd_create },
	{ "destroy", cmd_destroy },
	{ "list", cmd_list },
	{ "info", cmd_info },
	{ "read", cmd_read },
	{ "write", cmd_write },
	{ "fill", cmd_fill },
	{ "checksum", cmd_checksum },
	{ "seal", cmd_seal },
	{ "notify", cmd_notify },
	{ "wait", cmd_wait },
	{ "watch", cmd_watch },
	{ "ring", cmd_ring },
	{ "scope", cmd_scope },
	{ "doctor", cmd_doctor },
	{ NULL, NULL }
};

static const char doc[] =
	"Make regions of memory that programs and the kernel share, look at them, "
	"and copy bytes in and out.\v"
	"Commands:\n"
	"  create NAME SIZE    make a region, /dev/mmapshare-NAME\n"
	"  destroy NAME...     take away a region's name and node\n"
	"  list                which regions there are\n"
	"  info [REGION]       facts about one\n"
	"  read [REGION]       copy bytes to standard output\n"
	"  write [REGION]      copy bytes from standard input\n"
	"  fill [REGION]       let the kernel store a pattern\n"
	"  checksum [REGION]   let the kernel compute a CRC-32C\n"
	"  seal REGION [SEAL]  take away the right to store, for good\n"
	"  notify [REGION]     tell those who wait that there is something new\n"
	"  wait [REGION]       wait until somebody does\n"
	"  watch               look at all regions, again and again\n"
	"  ring COMMAND        records from one to many: see mmapshare ring --help\n"
	"  scope [NAME]        samples of the example device, as they come\n"
	"  doctor              why can this not be used, and what to do\n"
	"\n"
	"REGION is a name, or the path of a node, or /dev/mmapshare if there is none. "
	"'mmapshare COMMAND --help' has the options.";

static void print_version(FILE *stream, struct argp_state *state)
{
	(void)state;
	fprintf(stream, "mmapshare %s\n", mmapshare_version());
}

/* No region must get one of those descriptors: a closed one stays useless. */
static void reserve_standard(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			exit(STATUS_FAILED);
}

int main(int argc, char **argv)
{
	static char name[16] = "mmapshare";
	int status;

	reserve_standard();
	argp_program_version_hook = print_version;
	argv[0] = name;
	program_invocation_name = name;
	status = run_command(commands, doc, argc, argv);
	close_output();
	return status;
}
