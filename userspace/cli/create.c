// SPDX-License-Identifier: MIT
/* create, destroy, and the arguments of every command that creates a region */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli.h"

/* The number of a user or group without a name. The greatest one means "none". */
static uint32_t parse_id(const char *text, const char *what)
{
	char *end = NULL;
	const unsigned long n = isdigit((unsigned char)*text) ? strtoul(text, &end, 10) : 0;

	if (!end || *end || n >= UINT32_MAX)
		fail_usage("'%s': no such %s", text, what);
	return n;
}

/* USER[:GROUP], as names or numbers. The default is the user's own group. */
static void parse_owner(const char *text, struct create_args *c)
{
	char *user = strdup(text), *group = user ? strchr(user, ':') : NULL;
	const struct passwd *pw;
	const struct group *gr;

	if (!user)
		fail("%s", strerror(ENOMEM));
	if (group)
		*group++ = '\0';
	pw = getpwnam(user);
	c->uid = pw ? pw->pw_uid : parse_id(user, "user");
	if (!group && !pw)
		fail_usage("'%s': GROUP is required for a user without a name", text);
	if (group) {
		gr = getgrnam(group);
		c->gid = gr ? gr->gr_gid : parse_id(group, "group");
	} else {
		c->gid = pw->pw_gid;
	}
	free(user);
	c->owner = text;
}

/*
 * The driver makes the process's user the owner. A chown() of the node afterwards
 * would not change the owner of the region, and udev could revert it. The process
 * keeps the group that can open /dev/mmapshare, which udev may be about to change.
 */
void become_owner(const struct create_args *c)
{
	const struct group *group = getgrnam("mmapshare");
	gid_t groups[2];
	struct stat st;
	int n = 0;

	if (!c->owner)
		return;
	if (!stat("/dev/mmapshare", &st))
		groups[n++] = st.st_gid;
	if (group)
		groups[n++] = group->gr_gid;
	if (setgroups(n, groups) || setgid(c->gid) || setuid(c->uid))
		fail("'%s': cannot create a region for %s: %s", c->name, c->owner,
		     strerror(errno));
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct create_args *c = state->input;

	switch (key) {
	case 'e':
		c->exist_ok = true;
		return 0;
	case 'm':
		c->mode = parse_mode(arg);
		return 0;
	case 'O':
		parse_owner(arg, c);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num == 0) {
			check_name(arg);
			c->name = arg;
		} else if (state->arg_num == 1) {
			c->size = parse_size(arg);
		} else {
			fail_usage("'%s': extra argument after NAME and SIZE", arg);
		}
		return 0;
	case ARGP_KEY_END:
		if (!c->name || !c->size)
			fail_usage("NAME and SIZE are required, for example: %s", c->example);
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option common_options[] = {
	{ "exist-ok", 'e', NULL, 0, "succeed if NAME exists and can be read and written", 0 },
	{ "mode", 'm', "MODE", 0, "permissions of the node, minus the umask (default 600)", 0 },
	{ "owner", 'O', "USER[:GROUP]", 0,
	  "the region belongs to USER, the node also to GROUP; needs to be root", 0 },
	{ 0 }
};

static const struct argp common_argp = {
	.options = common_options,
	.parser = parse_common,
};

const struct argp_child create_child[] = {
	{ &common_argp, 0, NULL, 0 },
	{ 0 }
};

/* With --exist-ok a node that exists is opened first. */
unsigned int create_ops(const struct create_args *args)
{
	char path[80];

	if (!args->exist_ok || mmapshare_path(args->name, path, sizeof(path)) ||
	    access(path, F_OK))
		return OP_CREATE;
	return OP_CREATE | OP_OPEN;
}

struct region_args {
	struct create_args common;
	int strategy;
};

static int parse_strategy(const char *text)
{
	int strategy = mmapshare_strategy_by_name(text);

	if (strategy < 0)
		fail_usage("'%s': STRATEGY must be fault, huge, vmalloc, pfn or reserved", text);
	return strategy;
}

static error_t parse_create(int key, char *arg, struct argp_state *state)
{
	struct region_args *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->common;
		return parse_other(key, state);
	case 's':
		c->strategy = parse_strategy(arg);
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option create_options[] = {
	{ "strategy", 's', "STRATEGY", 0,
	  "allocate and map memory by fault (default), huge, vmalloc, pfn or reserved", 0 },
	{ 0 }
};

static const struct argp create_argp = {
	.options = create_options,
	.parser = parse_create,
	.children = create_child,
	.args_doc = "NAME SIZE",
	.doc = "Create a region of SIZE bytes with the node /dev/mmapshare-NAME. SIZE may have "
	       "the suffix K, M, G or T.",
};

int cmd_create(int argc, char **argv)
{
	struct region_args r = {
		.common = { .mode = 0600, .example = "mmapshare create picture 64K" },
	};
	const struct create_args *c = &r.common;
	struct mmapshare *region;
	int ret;

	parse_arguments(&create_argp, argc, argv, &r);
	become_owner(c);
	if (c->exist_ok)
		ret = mmapshare_create_or_open(&region, c->name, c->size, r.strategy,
					       c->mode);
	else
		ret = mmapshare_create(&region, c->name, c->size, r.strategy, c->mode);
	if (ret < 0)
		fail_error(create_ops(c), c->name, NULL, ret);
	mmapshare_close(region);
	return STATUS_OK;
}

struct destroy_args {
	int first;		/* index of the first REGION in argv */
	unsigned int flags;
};

static error_t parse_destroy(int key, char *arg, struct argp_state *state)
{
	struct destroy_args *d = state->input;

	switch (key) {
	case 'r':
		d->flags = MMAPSHARE_DESTROY_REVOKE;
		return 0;
	case ARGP_KEY_ARGS:
		d->first = state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		fail_usage("REGION is required");
	default:
		(void)arg;
		return parse_other(key, state);
	}
}

static const struct argp_option destroy_options[] = {
	{ "revoke", 'r', NULL, 0,
	  "also revoke the region from all its users; access to a mapping then raises SIGBUS", 0 },
	{ 0 }
};

static const struct argp destroy_argp = {
	.options = destroy_options,
	.parser = parse_destroy,
	.args_doc = "REGION...",
	.doc = "Remove the names and nodes of regions. Processes that have a region open or "
	       "mapped keep it; its memory is freed with the last descriptor and mapping.",
};

static int destroy_region(const char *text, unsigned int flags)
{
	struct mmapshare_query query = { .size = sizeof(query) };
	int ret;

	if (!strchr(text, '/'))
		return mmapshare_destroy(text, flags);
	ret = query_region(text, &query);
	return ret ? ret : mmapshare_destroy(query.name, flags);
}

/* Like rm, continue after a failure. */
int cmd_destroy(int argc, char **argv)
{
	struct destroy_args d = { 0 };
	int status = STATUS_OK, i, ret;

	parse_arguments(&destroy_argp, argc, argv, &d);
	for (i = d.first; i < argc; i++) {
		if (!strchr(argv[i], '/'))
			check_name(argv[i]);
		ret = destroy_region(argv[i], d.flags);
		if (ret) {
			complain_error(OP_DESTROY, argv[i], NULL, ret);
			status = STATUS_FAILED;
		}
	}
	return status;
}
