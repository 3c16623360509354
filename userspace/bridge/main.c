// SPDX-License-Identifier: MIT
/*
 * mmapshare-bridge, which "mmapshare bridge" executes: a separate program, so that
 * mmapshare does not depend on libnats or hiredis.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "bridge.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct bridge *b = state->input;

	switch (key) {
	case 'a':
		b->target.tls_ca = arg;
		return 0;
	case 'C':
		b->target.tls_cert = arg;
		return 0;
	case 'K':
		b->target.tls_key = arg;
		return 0;
	case 'm':
		b->metrics_path = arg;
		return 0;
	case 'p':
		b->target.credentials = arg;
		return 0;
	case 't':
		b->timeout = parse_timeout(arg);
		return 0;
	case 'u':
		b->hang_up = true;
		return 0;
	case ARGP_KEY_END:
		if (!b->target.engine->has_tls &&
		    (b->target.tls_ca || b->target.tls_cert || b->target.tls_key))
			fail_usage("--tls-ca, --tls-cert and --tls-key are not supported for %s://", b->target.engine->scheme);
		if (!b->target.tls_cert != !b->target.tls_key)
			fail_usage("--tls-cert and --tls-key must be used together");
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option options[] = {
	{ "credentials", 'p', "FILE", 0,
	  "log in with USER:PASSWORD or a token from FILE, or with a NATS credentials file", 0 },
	{ "hang-up", 'u', NULL, 0, "exit with status 4 when the ring has no peer any more", 0 },
	{ "metrics", 'm', "FILE", 0,
	  "write counters to FILE each second, for Prometheus' node exporter", 0 },
	{ "timeout", 't', "SECONDS", 0,
	  "exit with status 3 after SECONDS in which no record was passed on (default: no "
	  "timeout)", 0 },
	{ "tls-ca", 'a', "FILE", 0,
	  "trust these authorities (default: those of the system)", 0 },
	{ "tls-cert", 'C', "FILE", 0, "certificate of the bridge", 0 },
	{ "tls-key", 'K', "FILE", 0, "private key of that certificate", 0 },
	{ 0 }
};

static const struct argp argp = { .options = options, .parser = parse };

const struct argp_child bridge_child[] = { { &argp, 0, NULL, 0 }, { 0 } };

static const struct command commands[] = {
	{ "export", bridge_export },
	{ "import", bridge_import },
	{ NULL, NULL }
};

static const char doc[] =
	"Pass the records of a ring to a stream on a server, or from there to a ring.\v"
	"Commands:\n"
	"  export NAME URL     publish the records of a ring\n"
	"  import URL NAME     write the records of a stream to a ring\n"
	"  help [COMMAND]      print this list, or the help of a command\n"
	"\n"
	"URL is SCHEME://HOST:PORT/STREAM. 'mmapshare bridge COMMAND --help' lists the "
	"options of a command.";

int main(int argc, char **argv)
{
	static char name[24] = "mmapshare bridge";
	int status;

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
