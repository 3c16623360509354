// SPDX-License-Identifier: MIT
/* Reopening a link that is down; signals; metrics. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bridge.h"

#define PAUSE_MIN	0.05	/* seconds until a link is opened again */
#define PAUSE_MAX	2.0
#define METRICS_EVERY	1.0

static sigjmp_buf revoked;

static void jump(int signal)
{
	(void)signal;
	siglongjmp(revoked, 1);
}

/*
 * Block the signals while an engine's function runs: threads that its library starts
 * inherit the mask, so only the main thread handles them.
 */
static void mask_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(how, &set, NULL);
}

enum link_status link_error(struct link *link, enum link_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(link->error, sizeof(link->error), format, args);
	va_end(args);
	return status;
}

/* Say what has happened to the link, once for each change. */
static void report(struct bridge *b, enum link_status status)
{
	const struct target *t = &b->target;

	if (status == b->reported)
		return;
	b->reported = status;
	if (status == LINK_OK)
		complain("%s, stream '%s': continued", t->servers, t->stream);
	else
		complain("%s, stream '%s': %s; trying again", t->servers, t->stream,
			 b->link->error);
}

void bridge_set_timeout(struct bridge *b)
{
	b->end = monotonic_time() + b->timeout;
}

bool bridge_is_late(const struct bridge *b)
{
	return b->timeout >= 0 && monotonic_time() >= b->end;
}

static void pause_link(struct bridge *b)
{
	struct timespec t;

	b->expired = bridge_is_late(b);
	if (b->expired)
		return;
	if (b->pause < PAUSE_MIN)
		b->pause = PAUSE_MIN;
	t.tv_sec = b->pause;
	t.tv_nsec = (b->pause - t.tv_sec) * 1e9;
	bridge_metrics(b, false);
	nanosleep(&t, NULL);
	b->pause = b->pause * 2 < PAUSE_MAX ? b->pause * 2 : PAUSE_MAX;
}

void bridge_close(struct bridge *b)
{
	if (!b->link)
		return;
	mask_signals(SIG_BLOCK);
	b->target.engine->close(b->link);
	mask_signals(SIG_UNBLOCK);
	b->link = NULL;
}

bool bridge_check(struct bridge *b, enum link_status status)
{
	switch (status) {
	case LINK_OK:
		return true;
	case LINK_CONFLICT:
		pause_link(b);
		return false;
	case LINK_REFUSED:
		b->refusals++;
		report(b, status);
		pause_link(b);
		return false;
	case LINK_DOWN:
		report(b, status);
		bridge_close(b);
		pause_link(b);
		return false;
	default:
		bridge_metrics(b, true);
		fail("%s, stream '%s': %s", b->target.servers, b->target.stream, b->link->error);
	}
}

void bridge_passed(struct bridge *b)
{
	report(b, LINK_OK);
	b->pause = PAUSE_MIN;
}

bool bridge_open(struct bridge *b)
{
	enum link_status status;

	if (b->link)
		return true;
	mask_signals(SIG_BLOCK);
	status = b->target.engine->open(&b->target, &b->link);
	mask_signals(SIG_UNBLOCK);
	if (!b->link)
		fail("%s", strerror(ENOMEM));
	if (status) {
		bridge_check(b, status);
		return false;
	}
	b->links++;
	return true;
}

enum link_status bridge_append(struct bridge *b, uint64_t last, const struct message *m,
			       unsigned int count)
{
	enum link_status status;

	mask_signals(SIG_BLOCK);
	status = b->target.engine->append(b->link, last, m, count);
	mask_signals(SIG_UNBLOCK);
	return status;
}

enum link_status bridge_range(struct bridge *b, uint64_t *first, uint64_t *last)
{
	enum link_status status;

	mask_signals(SIG_BLOCK);
	status = b->target.engine->range(b->link, first, last);
	mask_signals(SIG_UNBLOCK);
	return status;
}

enum link_status bridge_receive(struct bridge *b, struct message *m, int timeout)
{
	enum link_status status;

	mask_signals(SIG_BLOCK);
	status = b->target.engine->receive(b->link, m, timeout);
	mask_signals(SIG_UNBLOCK);
	return status;
}

void bridge_check_message(struct bridge *b, struct message *m)
{
	if (message_check(m))
		return;
	bridge_metrics(b, true);
	fail("%s, stream '%s': message %" PRIu64 " is corrupt, or has an unknown format",
	     b->target.servers, b->target.stream, m->number);
}

bool bridge_get(struct bridge *b, struct message *m, uint64_t number)
{
	enum link_status status;

	m->number = number;
	mask_signals(SIG_BLOCK);
	status = b->target.engine->get(b->link, m);
	mask_signals(SIG_UNBLOCK);
	if (!bridge_check(b, status))
		return false;
	if (m->length)
		bridge_check_message(b, m);
	return true;
}

static void print_metric(FILE *f, const struct bridge *b, const char *name, const char *type,
			 const char *help, uint64_t value)
{
	fprintf(f, "# HELP mmapshare_bridge_%s %s\n# TYPE mmapshare_bridge_%s %s\n", name, help,
		name, type);
	fprintf(f, "mmapshare_bridge_%s{ring=\"%s\",stream=\"%s\"} %" PRIu64 "\n", name, b->name,
		b->target.stream, value);
}

static void print_metrics(FILE *f, const struct bridge *b)
{
	print_metric(f, b, "records_total", "counter", "Records that were passed on.", b->records);
	print_metric(f, b, "messages_total", "counter", "Messages that were passed on.",
		     b->messages);
	print_metric(f, b, "bytes_total", "counter", "Bytes of these messages.", b->bytes);
	print_metric(f, b, "lost_records_total", "counter",
		     "Records that were lost before the bridge got them.", b->lost);
	print_metric(f, b, "connections_total", "counter", "Connections to the server.", b->links);
	print_metric(f, b, "refusals_total", "counter",
		     "How often the server could not store messages.", b->refusals);
	print_metric(f, b, "connected", "gauge", "1 while there is a connection.", !!b->link);
	print_metric(f, b, "next_seq", "gauge",
		     "Sequence number of the next record in the ring.", b->seq);
}

void bridge_metrics(struct bridge *b, bool now)
{
	char *temporary;
	FILE *f;

	if (!b->metrics_path || (!now && monotonic_time() < b->metrics_next))
		return;
	b->metrics_next = monotonic_time() + METRICS_EVERY;
	if (asprintf(&temporary, "%s.new", b->metrics_path) < 0)
		fail("%s", strerror(ENOMEM));
	f = fopen(temporary, "we");
	if (f)
		print_metrics(f, b);
	if (!f || ferror(f) | fclose(f) || rename(temporary, b->metrics_path))
		complain("'%s': %s", b->metrics_path, strerror(errno));
	free(temporary);
}

int64_t bridge_sleep(const struct bridge *b)
{
	const double now = monotonic_time();
	double left = b->timeout < 0 ? -1 : b->end > now ? b->end - now : 0;

	if (b->metrics_path && (left < 0 || left > METRICS_EVERY))
		left = METRICS_EVERY;
	return left < 0 ? -1 : left * 1e9;
}

/* Returns an exit status; exits on failure. */
static int end(struct bridge *b, int ret, const char *done)
{
	bridge_close(b);
	bridge_metrics(b, true);
	if (ret && ret != -ETIMEDOUT && ret != -EPIPE)
		fail_error(OP_RING, b->name, NULL, ret);
	if (b->lost)
		complain("%s, stream '%s': %" PRIu64 " records lost before they were %s",
			 b->target.servers, b->target.stream, b->lost, done);
	mmapshare_ring_close(b->ep);
	return ret == -ETIMEDOUT ? STATUS_TIMEOUT : ret ? STATUS_HUNGUP : STATUS_OK;
}

/* A SIGBUS ends here: the ring was revoked, or memory has failed. */
int bridge_run(struct bridge *b, int (*pass)(struct bridge *b), const char *done)
{
	int ret;

	if (!sigsetjmp(revoked, 1)) {
		catch_stop_signals();
		signal(SIGBUS, jump);
		/* hiredis writes to connections that the server may have closed */
		signal(SIGPIPE, SIG_IGN);
		bridge_set_timeout(b);
		ret = pass(b);
		return end(b, stopped ? 0 : b->expired ? -ETIMEDOUT : ret, done);
	}
	signal(SIGBUS, SIG_DFL);
	ret = mmapshare_ring_wait(b->ep, 0, 0);
	return end(b, ret == -ENODEV ? ret : -EFAULT, done);
}
