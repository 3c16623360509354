// SPDX-License-Identifier: MIT
/* The URL of a stream, SCHEME://HOST:PORT[,HOST:PORT...]/STREAM, and credentials. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "bridge.h"

void parse_ring(struct bridge *b, const char *name)
{
	if (b->name)
		fail_usage("'%s': extra argument; only NAME and URL are allowed", name);
	if (!strchr(name, '/'))
		check_name(name);
	b->name = name;
}

static const struct {
	const char *scheme;
	const struct engine *engine;
	bool tls;
} schemes[] = {
#ifdef HAVE_NATS
	{ "nats", &nats_engine, false },
	{ "tls", &nats_engine, true },
#endif
#ifdef HAVE_REDIS
	{ "redis", &redis_engine, false },
#endif
};

static void set_scheme(struct target *t, const char *url, size_t length)
{
	char known[80] = "";

	for (unsigned int i = 0; i < ARRAY_SIZE(schemes); i++) {
		const char *s = schemes[i].scheme;

		if (strlen(s) == length && !memcmp(s, url, length)) {
			t->engine = schemes[i].engine;
			t->tls = schemes[i].tls;
			return;
		}
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s://",
			 i ? ", " : "", s);
	}
	fail_usage("'%s': URL must begin with one of %s", url, known);
}

/* The name becomes a subject or a key: refuse characters that are special there. */
static bool is_stream(const char *name)
{
	return *name && strlen(name) < 200 && !strpbrk(name, ". \t\r\n*>/\\?#%");
}

static char *copy(const char *text, size_t length)
{
	char *s = strndup(text, length);

	if (!s)
		fail("%s", strerror(ENOMEM));
	return s;
}

void parse_target(struct target *t, const char *url)
{
	const char *hosts = strstr(url, "://"), *path;

	if (!hosts)
		fail_usage("'%s': URL must be as in nats://HOST:PORT/STREAM", url);
	set_scheme(t, url, hosts - url);
	hosts += 3;
	path = hosts + strcspn(hosts, "/");
	t->servers = copy(hosts, path - hosts);
	t->stream = copy(*path ? path + 1 : path, strlen(path));
	if (strchr(t->servers, '@'))
		fail_usage("'%s': no user or password is allowed in URL; use --credentials",
			   t->stream);
	if (!*t->servers || strpbrk(t->servers, " \t\r\n"))
		fail_usage("'%s': URL must name the host of the server", url);
	if (!t->engine->has_several && strchr(t->servers, ','))
		fail_usage("'%s': %s:// allows only one HOST:PORT", url, t->engine->scheme);
	if (!is_stream(t->stream))
		fail_usage("'%s': URL must end in a stream's name of 1 to 199 characters, without spaces and . * > / \\ ? # %%",
			   url);
}

char *read_credentials(const char *path)
{
	static char text[1024];
	FILE *f = fopen(path, "re");
	size_t n = 0;

	if (f)
		n = fread(text, 1, sizeof(text) - 1, f);
	if (!f || ferror(f))
		fail("'%s': %s", path, strerror(errno));
	fclose(f);
	text[n] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	return text;
}
