// SPDX-License-Identifier: MIT
/* seal: add seals to a region, or print them */
#include <string.h>
#include "cli.h"

const struct bit_name seal_names[SEAL_NAMES] = {
	{ MMAPSHARE_SEAL_WRITE, "write" },
	{ MMAPSHARE_SEAL_FUTURE_WRITE, "future" },
	{ MMAPSHARE_SEAL_REVOKE, "revoke" },
	{ MMAPSHARE_SEAL_SEAL, "seal" },
};

struct seal_args {
	const char *name;
	unsigned int add;
};

static unsigned int parse_seal(const char *text)
{
	size_t i;

	for (i = 0; i < SEAL_NAMES; i++)
		if (!strcmp(seal_names[i].name, text))
			return seal_names[i].bit;
	fail_usage("'%s': SEAL must be write, future, revoke or seal", text);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct seal_args *s = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (state->arg_num)
			s->add |= parse_seal(arg);
		else
			s->name = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		fail_usage("REGION is required");
	default:
		return parse_other(key, state);
	}
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "REGION [SEAL...]",
	.doc = "Add seals to REGION, which bind all processes and are permanent: \"write\" "
	       "forbids all writes, and needs a region without shared mappings of a writable "
	       "descriptor; \"future\" forbids writes except through existing mappings; "
	       "\"revoke\" forbids to revoke REGION; \"seal\" forbids further seals. Without "
	       "SEAL, print the seals of REGION.",
};

int cmd_seal(int argc, char **argv)
{
	struct seal_args s = { 0 };
	struct mmapshare *region;
	unsigned int seals;
	size_t i;
	int ret;

	parse_arguments(&argp, argc, argv, &s);
	region = open_region(s.name, s.add ? MMAPSHARE_WRITE : MMAPSHARE_READ);
	ret = mmapshare_seal(region, s.add, &seals);
	if (ret)
		fail_error(OP_SEAL, s.name, region, ret);
	for (i = 0; i < SEAL_NAMES && !s.add; i++)
		if (seals & seal_names[i].bit)
			puts(seal_names[i].name);
	mmapshare_close(region);
	return STATUS_OK;
}
