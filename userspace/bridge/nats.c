// SPDX-License-Identifier: MIT
/*
 * Streams of NATS JetStream, by libnats. Reconnecting by the library is disabled: when
 * the connection of a link breaks, the link is destroyed with all state of the library.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <nats/nats.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "bridge.h"

#define SERVERS_MAX	16
#define FETCH		32		/* messages */
/* if the stream has messages but none arrives: number of fetches, and timeout of each */
#define FETCH_TRIES	10
#define FETCH_MS	1000
#define WAIT_MS		15000		/* for an acknowledgment */
/* the server removes a consumer that has fetched nothing for so long */
#define INACTIVE_NS	(600 * INT64_C(1000000000))
/* headers and protocol, which count for the server's limit, too */
#define OVERHEAD	1024

struct nats_link {
	struct link base;
	natsConnection *connection;
	jsCtx *js;
	char *subject;
	natsSubscription *sub;
	bool connecting;	/* the options are valid */
	uint64_t consumer_seq;	/* of the last message */
	natsMsgList list;	/* fetched */
	int next;
};

/*
 * What threads of the library report. It outlives the link: a thread may still run
 * after the connection was destroyed. @id tells links apart.
 */
static struct {
	pthread_mutex_t lock;
	uintptr_t id;
	enum link_status status;
	bool denied;
	char text[256];
} report = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct nats_link *to_nats(struct link *link)
{
	return (struct nats_link *)link;
}

/* What an error code of JetStream means for the bridge. */
static enum link_status code_status(jsErrCode code)
{
	switch (code) {
	case JSStreamWrongLastMsgIDErr:
	case JSStreamWrongLastSequenceErr:
		return LINK_CONFLICT;
	case JSStreamStoreFailedErr:
	case JSInsufficientResourcesErr:
	case JSMemoryResourcesExceededErr:
	case JSStorageResourcesExceededErr:
	case JSAccountResourcesExceededErr:
		return LINK_REFUSED;
	case JSStreamMessageExceedsMaximumErr:
	case JSNotEnabledErr:
	case JSNotEnabledForAccountErr:
	case JSStreamReplicasNotSupportedErr:
		return LINK_FAILED;
	default:
		return LINK_DOWN;
	}
}

static enum link_status nats_status(natsStatus s)
{
	switch (s) {
	case NATS_CONNECTION_AUTH_FAILED:
	case NATS_SSL_ERROR:
	case NATS_SECURE_CONNECTION_REQUIRED:
	case NATS_SECURE_CONNECTION_WANTED:
	case NATS_ADDRESS_MISSING:
	case NATS_INVALID_ARG:
	case NATS_NOT_PERMITTED:
	case NATS_MAX_PAYLOAD:
	case NATS_NO_MEMORY:
		return LINK_FAILED;
	default:
		return LINK_DOWN;
	}
}

/* Set the error text after a failure of the library, from the most specific cause known. */
static enum link_status nats_error(struct nats_link *l, const char *what, natsStatus s,
				   jsErrCode code)
{
	const char *text = nats_GetLastError(NULL);
	enum link_status status;

	pthread_mutex_lock(&report.lock);
	if (report.denied)
		status = link_error(&l->base, LINK_FAILED, "%s: %s", what, report.text);
	else if (s == NATS_NO_RESPONDERS)
		status = link_error(&l->base, LINK_DOWN,
				    "%s: no JetStream server has answered", what);
	else
		status = link_error(&l->base, code ? code_status(code) : nats_status(s), "%s: %s",
				    what, code && text && *text ? text : natsStatus_GetText(s));
	pthread_mutex_unlock(&report.lock);
	return status;
}

static bool accepts_report(void *closure)
{
	return (uintptr_t)closure == report.id && !report.status && !report.denied;
}

/* Called for each message that was not stored. Keep the first error: the others follow from it. */
static void publish_failed(jsCtx *js, jsPubAckErr *error, void *closure)
{
	(void)js;
	pthread_mutex_lock(&report.lock);
	if (accepts_report(closure)) {
		report.status = error->ErrCode ? code_status(error->ErrCode) : LINK_DOWN;
		snprintf(report.text, sizeof(report.text), "%s",
			 error->ErrText ? error->ErrText : natsStatus_GetText(error->Err));
	}
	pthread_mutex_unlock(&report.lock);
}

/* A permission error is reported only here: the request itself gets no answer. */
static void connection_error(natsConnection *connection, natsSubscription *sub, natsStatus s,
			     void *closure)
{
	const char *text = NULL;

	(void)sub;
	if (s != NATS_NOT_PERMITTED)
		return;
	natsConnection_GetLastError(connection, &text);
	pthread_mutex_lock(&report.lock);
	if (accepts_report(closure)) {
		report.denied = true;
		snprintf(report.text, sizeof(report.text), "%s",
			 text && *text ? text : natsStatus_GetText(s));
	}
	pthread_mutex_unlock(&report.lock);
}

static natsStatus set_servers(natsOptions *o, const struct target *t)
{
	const char *urls[SERVERS_MAX];
	char *list = strdup(t->servers), *state, *host, *url;
	natsStatus s = list ? NATS_OK : NATS_NO_MEMORY;
	int n = 0;

	for (host = strtok_r(list, ",", &state); host && !s; host = strtok_r(NULL, ",", &state)) {
		if (n == SERVERS_MAX)
			s = NATS_INVALID_ARG;
		else if (asprintf(&url, "%s://%s", t->tls ? "tls" : "nats", host) < 0)
			s = NATS_NO_MEMORY;
		else
			urls[n++] = url;
	}
	if (!s)
		s = natsOptions_SetServers(o, urls, n);
	while (n--)
		free((char *)urls[n]);
	free(list);
	return s;
}

static natsStatus set_credentials(natsOptions *o, const struct target *t)
{
	char *text, *password;

	if (!t->credentials)
		return NATS_OK;
	text = read_credentials(t->credentials);
	if (!strncmp(text, "-----BEGIN ", 11))
		return natsOptions_SetUserCredentialsFromFiles(o, t->credentials, NULL);
	password = strchr(text, ':');
	if (!password)
		return natsOptions_SetToken(o, text);
	*password++ = '\0';
	return natsOptions_SetUserInfo(o, text, password);
}

static natsStatus set_tls(natsOptions *o, const struct target *t)
{
	natsStatus s = NATS_OK;

	if (t->tls)
		s = natsOptions_SetSecure(o, true);
	if (!s && t->tls_ca)
		s = natsOptions_LoadCATrustedCertificates(o, t->tls_ca);
	if (!s && t->tls_cert)
		s = natsOptions_LoadCertificatesChain(o, t->tls_cert, t->tls_key);
	return s;
}

static natsStatus connect_server(struct nats_link *l)
{
	void *id = (void *)report.id;
	natsOptions *o;
	natsStatus s = natsOptions_Create(&o);

	if (s)
		return s;
	s = set_servers(o, l->base.target);
	if (!s)
		s = set_credentials(o, l->base.target);
	if (!s)
		s = set_tls(o, l->base.target);
	if (!s)
		s = natsOptions_SetWriteDeadline(o, WAIT_MS);
	if (!s)
		s = natsOptions_SetAllowReconnect(o, false);
	if (!s)
		s = natsOptions_SetName(o, "mmapshare-bridge");
	if (!s)
		s = natsOptions_SetErrorHandler(o, connection_error, id);
	l->connecting = !s;
	if (!s)
		s = natsConnection_Connect(&l->connection, o);
	natsOptions_Destroy(o);
	return s;
}

static natsStatus open_context(struct nats_link *l)
{
	jsOptions o;
	natsStatus s = jsOptions_Init(&o);

	if (s)
		return s;
	o.PublishAsync.ErrHandler = publish_failed;
	o.PublishAsync.ErrHandlerClosure = (void *)report.id;
	return natsConnection_JetStream(&l->js, l->connection, &o);
}

/* DiscardNew: at a limit the server refuses new messages, instead of removing old ones. */
static natsStatus create_stream(struct nats_link *l, jsStreamInfo **info, jsErrCode *code)
{
	const struct target *t = l->base.target;
	const char *subject = t->stream;
	jsStreamConfig c;
	natsStatus s = jsStreamConfig_Init(&c);

	if (s)
		return s;
	c.Name = t->stream;
	c.Subjects = &subject;
	c.SubjectsLen = 1;
	c.Storage = js_FileStorage;
	c.Replicas = t->replicas;
	c.Discard = js_DiscardNew;
	return js_AddStream(info, l->js, &c, NULL, code);
}

/*
 * Publish to the first subject of the stream, within its size limit. Refuse a stream that
 * loses what the server has acknowledged.
 */
static enum link_status use_stream(struct nats_link *l, const jsStreamConfig *c)
{
	const int64_t payload = natsConnection_GetMaxPayload(l->connection) - OVERHEAD;
	const int64_t limit = c->MaxMsgSize - OVERHEAD;

	if (c->Storage != js_FileStorage)
		return link_error(&l->base, LINK_FAILED, "is stored in memory: a restart of the server would lose records; use file storage");
	if (c->Retention != js_LimitsPolicy)
		return link_error(&l->base, LINK_FAILED, "its retention policy removes messages; use the policy 'limits'");
	if (c->SubjectsLen < 1 || strpbrk(c->Subjects[0], "*>"))
		return link_error(&l->base, LINK_FAILED, "has no subject, or its first subject has * or >");
	l->subject = strdup(c->Subjects[0]);
	if (!l->subject)
		return link_error(&l->base, LINK_FAILED, "out of memory");
	l->base.message_max = c->MaxMsgSize > 0 && limit < payload ? limit : payload;
	if (payload <= 0 || (c->MaxMsgSize > 0 && limit <= 0))
		return link_error(&l->base, LINK_FAILED, "the size limit for messages is too small");
	return LINK_OK;
}

static enum link_status find_stream(struct nats_link *l)
{
	const struct target *t = l->base.target;
	enum link_status status;
	jsStreamInfo *info = NULL;
	jsErrCode code = 0;
	natsStatus s = js_GetStreamInfo(&info, l->js, t->stream, NULL, &code);

	if (s && code == JSStreamNotFoundErr && !t->replicas)
		return link_error(&l->base, LINK_DOWN, "there is no such stream");
	if (s && code == JSStreamNotFoundErr) {
		code = 0;
		s = create_stream(l, &info, &code);
	}
	if (s)
		return nats_error(l, "JetStream", s, code);
	status = use_stream(l, info->Config);
	jsStreamInfo_Destroy(info);
	return status;
}

/* Permanent if a file is not valid, or a certificate was refused. Else the server was stopped. */
static enum link_status tls_error(struct nats_link *l, const char *text)
{
	const bool failed = !l->connecting || strstr(text, "certificate") ||
			    strstr(text, "unknown ca");

	return link_error(&l->base, failed ? LINK_FAILED : LINK_DOWN, "TLS: %s", text);
}

static enum link_status nats_open(const struct target *target, struct link **link)
{
	struct nats_link *l = calloc(1, sizeof(*l));
	natsStatus s;

	*link = &l->base;
	if (!l)
		return LINK_FAILED;
	l->base.engine = &nats_engine;
	l->base.target = target;
	pthread_mutex_lock(&report.lock);
	report.id++;
	report.status = LINK_OK;
	report.denied = false;
	pthread_mutex_unlock(&report.lock);
	s = connect_server(l);
	if (s == NATS_SSL_ERROR)
		return tls_error(l, nats_GetLastError(NULL));
	if (!s)
		s = open_context(l);
	if (s)
		return nats_error(l, "cannot connect", s, 0);
	return find_stream(l);
}

/* The library leaves the list as it is when there are no further messages. */
static void drop_list(struct nats_link *l)
{
	natsMsgList_Destroy(&l->list);
	memset(&l->list, 0, sizeof(l->list));
	l->next = 0;
}

static void nats_close(struct link *link)
{
	struct nats_link *l = to_nats(link);

	pthread_mutex_lock(&report.lock);
	report.id++;
	pthread_mutex_unlock(&report.lock);
	drop_list(l);
	natsSubscription_Destroy(l->sub);
	jsCtx_Destroy(l->js);
	natsConnection_Destroy(l->connection);
	free(l->subject);
	free(l);
}

static enum link_status nats_range(struct link *link, uint64_t *first, uint64_t *last)
{
	struct nats_link *l = to_nats(link);
	jsStreamInfo *info;
	jsErrCode code = 0;
	const natsStatus s = js_GetStreamInfo(&info, l->js, link->target->stream, NULL, &code);

	if (s)
		return nats_error(l, "JetStream", s, code);
	*first = info->State.FirstSeq;
	*last = info->State.LastSeq;
	jsStreamInfo_Destroy(info);
	return LINK_OK;
}

static enum link_status nats_get(struct link *link, struct message *m)
{
	struct nats_link *l = to_nats(link);
	enum link_status status;
	natsMsg *msg;
	jsErrCode code = 0;
	const natsStatus s = js_GetMsg(&msg, l->js, link->target->stream, m->number, NULL, &code);

	m->length = 0;
	if (s && (code == JSNoMessageFoundErr || code == JSSequenceNotFoundErr))
		return LINK_OK;
	if (s)
		return nats_error(l, "cannot get a message", s, code);
	status = message_copy(link, m, natsMsg_GetData(msg), natsMsg_GetDataLength(msg));
	natsMsg_Destroy(msg);
	return status;
}

/*
 * Send a message without waiting for its acknowledgment. The first one of a batch names
 * the message that it must follow by number, because the server discards message IDs
 * after its duplicate window; each later one names it by ID.
 */
static natsStatus publish(struct nats_link *l, const struct message *m, const uint64_t *last,
			  const char *last_id)
{
	jsPubOptions o;
	char number[24];
	natsMsg *msg;
	natsStatus s = natsMsg_Create(&msg, l->subject, NULL, m->data, m->length);

	if (s)
		return s;
	jsPubOptions_Init(&o);
	o.MsgId = m->id;
	o.ExpectStream = l->base.target->stream;
	o.ExpectLastMsgId = last_id;
	if (last) {
		/* by hand, because the library does not send an expected sequence of 0 */
		snprintf(number, sizeof(number), "%" PRIu64, *last);
		s = natsMsgHeader_Set(msg, "Nats-Expected-Last-Sequence", number);
	}
	if (!s)
		s = js_PublishMsgAsync(l->js, &msg, &o);
	natsMsg_Destroy(msg);
	return s;
}

static enum link_status reported_status(struct nats_link *l)
{
	enum link_status status;

	pthread_mutex_lock(&report.lock);
	status = report.status;
	if (status)
		link_error(&l->base, status, "a message was not stored: %s", report.text);
	pthread_mutex_unlock(&report.lock);
	return status;
}

static enum link_status nats_append(struct link *link, uint64_t last, const struct message *m,
				    unsigned int count)
{
	struct nats_link *l = to_nats(link);
	jsPubOptions o;
	natsStatus s = NATS_OK;
	unsigned int i;

	pthread_mutex_lock(&report.lock);
	report.status = LINK_OK;
	pthread_mutex_unlock(&report.lock);
	for (i = 0; i < count && !s; i++)
		s = publish(l, &m[i], i ? NULL : &last, i ? m[i - 1].id : NULL);
	if (!s) {
		jsPubOptions_Init(&o);
		o.MaxWait = WAIT_MS;
		s = js_PublishAsyncComplete(l->js, &o);
	}
	if (s)
		return nats_error(l, "publishing failed", s, 0);
	return reported_status(l);
}

/* Create an ephemeral pull consumer without acknowledgments, for this link only. */
static enum link_status subscribe(struct nats_link *l, uint64_t number)
{
	jsSubOptions o;
	jsErrCode code = 0;
	natsStatus s = jsSubOptions_Init(&o);

	o.Stream = l->base.target->stream;
	o.Config.DeliverPolicy = js_DeliverByStartSequence;
	o.Config.OptStartSeq = number ? number : 1;
	o.Config.AckPolicy = js_AckNone;
	o.Config.InactiveThreshold = INACTIVE_NS;
	if (!s)
		s = js_PullSubscribe(&l->sub, l->js, l->subject, NULL, NULL, &o, &code);
	l->consumer_seq = 0;
	return s ? nats_error(l, "cannot subscribe", s, code) : LINK_OK;
}

/* Has the stream a message that was not received? */
static enum link_status is_pending(struct nats_link *l, bool *pending)
{
	jsConsumerInfo *info;
	jsErrCode code = 0;
	const natsStatus s = natsSubscription_GetConsumerInfo(&info, l->sub, NULL, &code);

	if (s)
		return nats_error(l, "consumer", s, code);
	*pending = info->NumPending || info->Delivered.Consumer != l->consumer_seq;
	jsConsumerInfo_Destroy(info);
	return LINK_OK;
}

/* Fetch messages into the list. It stays empty if the stream has no further ones. */
static enum link_status fetch(struct nats_link *l, int timeout)
{
	enum link_status status;
	bool pending;
	jsErrCode code;
	natsStatus s;
	int i;

	for (i = 0; i < FETCH_TRIES; i++) {
		drop_list(l);
		code = 0;
		s = natsSubscription_Fetch(&l->list, l->sub, FETCH, timeout > 0 ? timeout : 1,
					   &code);
		if (s != NATS_TIMEOUT)
			return s ? nats_error(l, "cannot fetch messages", s, code) : LINK_OK;
		status = is_pending(l, &pending);
		if (status || !pending)
			return status;
		timeout = FETCH_MS;
	}
	return link_error(&l->base, LINK_DOWN, "the server sends no messages");
}

/* The server numbers the messages that it sends to a consumer: a gap is a lost message. */
static enum link_status take(struct nats_link *l, struct message *m, natsMsg *msg)
{
	const uint64_t number = m->number;
	jsMsgMetaData *meta;
	uint64_t consumer_seq;
	natsStatus s = natsMsg_GetMetaData(&meta, msg);

	if (s)
		return nats_error(l, "message without JetStream metadata", s, 0);
	m->number = meta->Sequence.Stream;
	consumer_seq = meta->Sequence.Consumer;
	jsMsgMetaData_Destroy(meta);
	if (consumer_seq != ++l->consumer_seq || m->number < number)
		return link_error(&l->base, LINK_DOWN, "messages arrive out of sequence");
	return message_copy(&l->base, m, natsMsg_GetData(msg), natsMsg_GetDataLength(msg));
}

static enum link_status nats_receive(struct link *link, struct message *m, int timeout)
{
	struct nats_link *l = to_nats(link);
	enum link_status status;

	m->length = 0;
	if (!l->sub) {
		status = subscribe(l, m->number);
		if (status)
			return status;
	}
	if (l->next == l->list.Count) {
		status = fetch(l, timeout);
		if (status || !l->list.Count)
			return status;
	}
	return take(l, m, l->list.Msgs[l->next++]);
}

const struct engine nats_engine = {
	.scheme = "nats",
	.has_tls = true,
	.has_several = true,
	.open = nats_open,
	.close = nats_close,
	.range = nats_range,
	.get = nats_get,
	.append = nats_append,
	.receive = nats_receive,
};
