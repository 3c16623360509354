// SPDX-License-Identifier: MIT
/* mmapshare: command line access to regions. */
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
	{ "bridge", cmd_bridge },
	{ "scope", cmd_scope },
	{ "doctor", cmd_doctor },
	{ "setup", cmd_setup },
	{ NULL, NULL }
};

static const char doc[] =
	"Manage and access regions, memory that programs and the kernel share.\v"
	"Commands:\n"
	"  create NAME SIZE    create a region with the node /dev/mmapshare-NAME\n"
	"  destroy REGION...   remove the names and nodes of regions\n"
	"  list                list regions\n"
	"  info [REGION]       print facts about a region\n"
	"  read [REGION]       copy bytes to standard output\n"
	"  write [REGION]      copy bytes from standard input\n"
	"  fill [REGION]       have the kernel fill bytes with a pattern\n"
	"  checksum [REGION]   have the kernel compute a CRC-32C\n"
	"  seal REGION [SEAL]  irrevocably forbid writes to a region\n"
	"  notify [REGION]     wake all waiters of a region\n"
	"  wait [REGION]       wait for a notification\n"
	"  watch               show all regions, periodically\n"
	"  ring COMMAND        rings of records; see mmapshare ring --help\n"
	"  bridge COMMAND      records to and from a server; see mmapshare bridge --help\n"
	"  scope [NAME]        show the samples of the example device\n"
	"  doctor [REGION]     diagnose a broken setup and print the remedy\n"
	"  setup [FILE...]     create the regions that files describe\n"
	"  help [COMMAND]      print this list, or the help of a command\n"
	"\n"
	"REGION is a name or the path of a node; the default is /dev/mmapshare. "
	"'mmapshare COMMAND --help' lists the options of a command.";

/*
 * Open /dev/null in place of closed standard descriptors, so that no region
 * gets their numbers. The access mode is the opposite one: reading or writing
 * still fails.
 */
static void occupy_standard_fds(void)
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

	occupy_standard_fds();
	argp_program_version_hook = print_version;
	if (start_completing(argc, argv)) {
		argc--;
		argv++;
	}
	argv[0] = name;
	program_invocation_name = name;
	status = run_command(commands, doc, argc, argv);
	close_output();
	return status;
}
