// SPDX-License-Identifier: MIT
/*
 * Streams of Redis and Valkey, by hiredis. Message N has the ID N-0 and the fields "id"
 * and "data". A script appends it, so that comparing the stream's last ID and adding the
 * message are one atomic step.
 */
#define _GNU_SOURCE
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include "bridge.h"

#define PORT		6379
#define CONNECT_S	5
#define WAIT_S		15	/* for a reply */
#define FETCH		"32"	/* messages */

struct redis_link {
	struct link base;
	redisContext *context;
	redisReply *list;	/* fetched messages, a part of @reply; or NULL */
	redisReply *reply;
	size_t next;
};

static const char append_script[] =
	"local last = '0-0'\n"
	"if redis.call('EXISTS', KEYS[1]) == 1 then\n"
	"  local info = redis.call('XINFO', 'STREAM', KEYS[1])\n"
	"  for i = 1, #info, 2 do\n"
	"    if info[i] == 'last-generated-id' then last = info[i + 1] end\n"
	"  end\n"
	"end\n"
	"if last ~= ARGV[1] then return redis.error_reply('CONFLICT last is ' .. last) end\n"
	"return redis.call('XADD', KEYS[1], ARGV[2], 'id', ARGV[3], 'data', ARGV[4])\n";

static struct redis_link *to_redis(struct link *link)
{
	return (struct redis_link *)link;
}

/* An error in append_script has its code anywhere in the text. */
static enum link_status text_status(const char *text)
{
	static const struct {
		const char *code;
		enum link_status status;
	} known[] = {
		{ "CONFLICT", LINK_CONFLICT },
		{ "OOM", LINK_REFUSED },
		{ "MISCONF", LINK_REFUSED },
		{ "NOAUTH", LINK_FAILED },
		{ "WRONGPASS", LINK_FAILED },
		{ "NOPERM", LINK_FAILED },
		{ "WRONGTYPE", LINK_FAILED },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++)
		if (strstr(text, known[i].code))
			return known[i].status;
	/* LOADING, READONLY, and unknown errors: reconnect */
	return LINK_DOWN;
}

/* The server is untrusted: LINK_OK only if the reply has the expected type. */
static enum link_status check_reply(struct redis_link *l, const redisReply *reply, int type)
{
	if (!reply)
		return link_error(&l->base, LINK_DOWN, "no reply: %s",
				  l->context->err ? l->context->errstr : "out of memory");
	if (reply->type == type)
		return LINK_OK;
	if (reply->type != REDIS_REPLY_ERROR)
		return link_error(&l->base, LINK_DOWN, "unexpected reply");
	return link_error(&l->base, text_status(reply->str), "%s", reply->str);
}

static redisReply *command(struct redis_link *l, const char *a, const char *b, const char *c,
			   const char *d)
{
	const char *words[4] = { a, b, c, d };
	int n = 0;

	while (n < 4 && words[n])
		n++;
	return redisCommandArgv(l->context, n, words, NULL);
}

static enum link_status log_in(struct redis_link *l)
{
	const char *path = l->base.target->credentials;
	enum link_status status;
	char *user, *password;
	redisReply *reply;

	if (!path)
		return LINK_OK;
	user = read_credentials(path);
	password = strchr(user, ':');
	if (password)
		*password++ = '\0';
	reply = command(l, "AUTH", user, password, NULL);
	status = check_reply(l, reply, REDIS_REPLY_STATUS);
	/* the same credentials would be refused again */
	if (status && reply)
		status = LINK_FAILED;
	freeReplyObject(reply);
	return status;
}

/* Refuse a server that does not log messages to disk, if it lets CONFIG tell. */
static enum link_status check_durable(struct redis_link *l)
{
	redisReply *reply = command(l, "CONFIG", "GET", "appendonly", NULL);
	enum link_status status = LINK_OK;

	if (!reply)
		status = check_reply(l, reply, REDIS_REPLY_ARRAY);
	else if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
		 reply->element[1]->type == REDIS_REPLY_STRING &&
		 strcmp(reply->element[1]->str, "yes"))
		status = link_error(&l->base, LINK_FAILED,
				    "appendonly is off: a crash would lose records; set 'appendonly yes'");
	freeReplyObject(reply);
	return status;
}

static enum link_status redis_open(const struct target *target, struct link **link)
{
	const struct timeval connect = { CONNECT_S, 0 }, wait = { WAIT_S, 0 };
	struct redis_link *l = calloc(1, sizeof(*l));
	char host[256];
	const char *colon = strrchr(target->servers, ':');
	const int length = colon ? colon - target->servers : (int)strlen(target->servers);
	enum link_status status;

	*link = &l->base;
	if (!l)
		return LINK_FAILED;
	l->base.engine = &redis_engine;
	l->base.target = target;
	l->base.message_max = RECORD_BYTES_MAX / 4;
	snprintf(host, sizeof(host), "%.*s", length, target->servers);
	l->context = redisConnectWithTimeout(host, colon ? atoi(colon + 1) : PORT, connect);
	if (!l->context || l->context->err)
		return link_error(&l->base, LINK_DOWN, "cannot connect: %s",
				  l->context ? l->context->errstr : "out of memory");
	redisSetTimeout(l->context, wait);
	status = log_in(l);
	return status ? status : check_durable(l);
}

static void redis_close(struct link *link)
{
	struct redis_link *l = to_redis(link);

	freeReplyObject(l->reply);
	if (l->context)
		redisFree(l->context);
	free(l);
}

/* The number of the ID "N-0" */
static uint64_t number_of(const redisReply *id)
{
	return id && id->type == REDIS_REPLY_STRING ? strtoull(id->str, NULL, 10) : 0;
}

/* The value after @name in an array of names and values; NULL if it is not there. */
static redisReply *value_of(const redisReply *array, const char *name)
{
	size_t i;

	if (!array || array->type != REDIS_REPLY_ARRAY)
		return NULL;
	for (i = 0; i + 1 < array->elements; i += 2)
		if (array->element[i]->type == REDIS_REPLY_STRING &&
		    !strcmp(array->element[i]->str, name))
			return array->element[i + 1];
	return NULL;
}

/* The first element of a pair: the ID in [ID, fields]. NULL if @entry is no pair. */
static redisReply *id_of(const redisReply *entry)
{
	return entry && entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 ?
	       entry->element[0] : NULL;
}

static enum link_status copy_entry(struct redis_link *l, struct message *m,
				   const redisReply *entry)
{
	const redisReply *data = id_of(entry) ? value_of(entry->element[1], "data") : NULL;

	if (!data || data->type != REDIS_REPLY_STRING)
		return link_error(&l->base, LINK_FAILED, "message %" PRIu64 " has no field 'data'",
				  number_of(id_of(entry)));
	m->number = number_of(id_of(entry));
	return message_copy(&l->base, m, data->str, data->len);
}

static enum link_status redis_range(struct link *link, uint64_t *first, uint64_t *last)
{
	struct redis_link *l = to_redis(link);
	redisReply *reply = command(l, "XINFO", "STREAM", link->target->stream, NULL);
	enum link_status status = check_reply(l, reply, REDIS_REPLY_ARRAY);

	*first = 1;
	*last = 0;
	if (status && reply && reply->type == REDIS_REPLY_ERROR &&
	    strstr(reply->str, "no such key"))
		status = LINK_OK;
	if (!status && reply->type == REDIS_REPLY_ARRAY) {
		*last = number_of(value_of(reply, "last-generated-id"));
		*first = number_of(id_of(value_of(reply, "first-entry")));
		if (!*first)
			*first = *last + 1;
	}
	freeReplyObject(reply);
	return status;
}

static enum link_status redis_get(struct link *link, struct message *m)
{
	struct redis_link *l = to_redis(link);
	char id[32];
	redisReply *reply;
	enum link_status status;

	m->length = 0;
	snprintf(id, sizeof(id), "%" PRIu64 "-0", m->number);
	reply = command(l, "XRANGE", link->target->stream, id, id);
	status = check_reply(l, reply, REDIS_REPLY_ARRAY);
	if (!status && reply->elements)
		status = copy_entry(l, m, reply->element[0]);
	freeReplyObject(reply);
	return status;
}

static int send_append(struct redis_link *l, uint64_t last, const struct message *m)
{
	char before[32], id[32];
	const char *words[8] = { "EVAL", append_script, "1", l->base.target->stream, before, id,
				m->id, m->data };
	size_t lengths[ARRAY_SIZE(words)], i;

	snprintf(before, sizeof(before), "%" PRIu64 "-0", last);
	snprintf(id, sizeof(id), "%" PRIu64 "-0", last + 1);
	for (i = 0; i < ARRAY_SIZE(words) - 1; i++)
		lengths[i] = strlen(words[i]);
	lengths[i] = m->length;
	return redisAppendCommandArgv(l->context, ARRAY_SIZE(words), words, lengths);
}

static enum link_status redis_append(struct link *link, uint64_t last, const struct message *m,
				     unsigned int count)
{
	struct redis_link *l = to_redis(link);
	enum link_status first = LINK_OK, status;
	char error[sizeof(link->error)] = "";
	redisReply *reply;
	unsigned int i;

	for (i = 0; i < count; i++)
		if (send_append(l, last + i, &m[i]))
			return link_error(link, LINK_DOWN, "%s", l->context->errstr);
	/* report the first failure: the later ones follow from it */
	for (i = 0; i < count; i++) {
		reply = NULL;
		redisGetReply(l->context, (void **)&reply);
		status = check_reply(l, reply, REDIS_REPLY_STRING);
		if (status && !first) {
			first = status;
			memcpy(error, link->error, sizeof(error));
		}
		if (!reply)
			break;
		freeReplyObject(reply);
	}
	if (first)
		memcpy(link->error, error, sizeof(error));
	return first;
}

/* Fetch messages, from @number on, into the list. */
static enum link_status fetch(struct redis_link *l, uint64_t number, int timeout)
{
	uint64_t first, last;
	char milliseconds[16], after[32];
	const char *words[8] = { "XREAD", "COUNT", FETCH, "BLOCK", milliseconds, "STREAMS",
				l->base.target->stream, after };
	enum link_status status;

	freeReplyObject(l->reply);
	l->list = NULL;
	l->next = 0;
	snprintf(milliseconds, sizeof(milliseconds), "%d", timeout > 0 ? timeout : 1);
	snprintf(after, sizeof(after), "%" PRIu64 "-0", number ? number - 1 : 0);
	l->reply = redisCommandArgv(l->context, ARRAY_SIZE(words), words, NULL);
	if (l->reply && l->reply->type == REDIS_REPLY_NIL) {
		status = redis_range(&l->base, &first, &last);
		/* a stream that was deleted does not end the connection */
		if (!status && last + 1 < number)
			return link_error(&l->base, LINK_DOWN, "last message is %" PRIu64, last);
		return status;
	}
	status = check_reply(l, l->reply, REDIS_REPLY_ARRAY);
	if (!status && l->reply->elements && id_of(l->reply->element[0]) &&
	    l->reply->element[0]->element[1]->type == REDIS_REPLY_ARRAY)
		l->list = l->reply->element[0]->element[1];
	return status;
}

static enum link_status redis_receive(struct link *link, struct message *m, int timeout)
{
	struct redis_link *l = to_redis(link);
	enum link_status status;

	m->length = 0;
	if (!l->list || l->next == l->list->elements) {
		status = fetch(l, m->number, timeout);
		if (status || !l->list || !l->list->elements)
			return status;
	}
	return copy_entry(l, m, l->list->element[l->next++]);
}

const struct engine redis_engine = {
	.scheme = "redis",
	.open = redis_open,
	.close = redis_close,
	.range = redis_range,
	.get = redis_get,
	.append = redis_append,
	.receive = redis_receive,
};
