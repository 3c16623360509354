/* SPDX-License-Identifier: MIT */
/*
 * mmapshare-bridge: copies records of a ring to a stream of messages on a server, and
 * from a stream to a ring. mmapshare-bridge(5) describes the messages.
 */
#ifndef MMAPSHARE_BRIDGE_H
#define MMAPSHARE_BRIDGE_H

#include "../cli/record.h"

#define BRIDGE_MAGIC		0x4d42534dU	/* "MSBM" */
#define BRIDGE_VERSION		1

/* For an index that does not count records: see struct bridge_header. */
#define BRIDGE_INDEX_SHIFT	32

/*
 * The first bytes of a message. Its entries follow: those of a file of records, see
 * ../cli/record.h. All numbers are little-endian.
 *
 * @index counts the records of a stream, from 0 on, over all rings that were exported
 * to it. If the last message was removed from the stream when a bridge begins, the count
 * is lost: @index restarts at the number of the last message, shifted left by
 * BRIDGE_INDEX_SHIFT, which is more than any index before.
 */
struct bridge_header {
	uint32_t magic;
	uint16_t version;
	uint16_t size;		/* bytes of this structure */
	uint64_t generation;	/* of the ring */
	uint64_t features;	/* of the ring: MMAPSHARE_RING_FEAT_* */
	uint64_t seq;		/* sequence numbers of records are from here on */
	uint64_t next_seq;	/* and below this */
	uint64_t index;		/* records in all messages before this one */
	uint32_t records;	/* in this message */
	uint32_t entries;	/* records and losses */
	uint64_t realtime;	/* when the message was made, nanoseconds */
	uint64_t clock;		/* the same moment by the ring's clock; 0 if it has none */
	uint32_t reserved;	/* 0 */
	uint32_t crc;		/* CRC-32C of the whole message, with 0 here */
};

/* "GENERATION:NEXT_SEQ", see message_end() */
#define MESSAGE_ID_SIZE		40

struct message {
	char id[MESSAGE_ID_SIZE];
	char *data;
	size_t length;
	size_t capacity;
	uint64_t number;	/* in the stream, from 1 on */
	struct bridge_header header;	/* in the byte order of this machine */
};

/* message.c */

/* Begin a message of at most @length bytes. False without memory. */
bool message_begin(struct message *m, size_t length);
/* Add an entry. False if it does not fit. */
bool message_add_record(struct message *m, uint64_t seq, const void *data, size_t length,
			const struct mmapshare_record_info *info);
bool message_add_loss(struct message *m, uint64_t seq, uint64_t lost);
/* Bytes that a record takes in a message. */
size_t message_record_size(uint64_t features, size_t length);
/* Complete the message. */
void message_end(struct message *m);
/* Check @m->data, of which no byte is trusted, and set @m->header. */
bool message_check(struct message *m);
void message_walk(const struct message *m, struct record_walk *w);

/* What a function of an engine returns. With all but LINK_OK, link->error says why. */
enum link_status {
	LINK_OK,
	LINK_DOWN,		/* no connection, or no answer: open the link again */
	LINK_REFUSED,		/* the server cannot store now (no space, disk error): retry */
	LINK_CONFLICT,		/* the last message is not the expected one */
	LINK_FAILED,		/* permanent: do not retry */
};

/* Where the stream is. */
struct target {
	const struct engine *engine;
	char *servers;		/* HOST:PORT, or several with ',' between them */
	char *stream;
	bool tls;
	const char *credentials;	/* files, or NULL */
	const char *tls_ca, *tls_cert, *tls_key;
	unsigned int replicas;	/* of a stream that is created */
};

/* Engines begin their own structure with this one. */
struct link {
	const struct engine *engine;
	const struct target *target;
	size_t message_max;	/* bytes that the server accepts */
	char error[320];
};

/*
 * A stream is a sequence of messages, numbered from 1 on, which remain when the server
 * is killed. Each engine offers this on a server. A call may take seconds.
 */
struct engine {
	const char *scheme;	/* of the URL */
	bool has_tls, has_several;
	/*
	 * Connect, and create the stream if it does not exist. *@link is set even on
	 * failure, for its error text; it is NULL only if there is no memory.
	 */
	enum link_status (*open)(const struct target *target, struct link **link);
	void (*close)(struct link *link);
	/* Numbers of the first and the last message; @last is 0 if there never was one. */
	enum link_status (*range)(struct link *link, uint64_t *first, uint64_t *last);
	/* Get the message @m->number; its length is 0 if it is not there. */
	enum link_status (*get)(struct link *link, struct message *m);
	/*
	 * Append messages in this order after message number @last, and wait until the
	 * server has stored all of them. The server stores each one only if its predecessor
	 * is the last message of the stream. On failure a prefix may have been stored.
	 */
	enum link_status (*append)(struct link *link, uint64_t last, const struct message *m,
				   unsigned int count);
	/*
	 * Get the first message with @m->number or a greater one; wait for it for at most
	 * @timeout milliseconds. Its length is 0 if there is none.
	 */
	enum link_status (*receive)(struct link *link, struct message *m, int timeout);
};

extern const struct engine nats_engine, redis_engine;

/* Copy @data to @m, whose number is set. Returns LINK_FAILED without memory, or data. */
enum link_status message_copy(struct link *link, struct message *m, const void *data,
			      size_t length);
/* Set the error's text, and return @status. */
enum link_status link_error(struct link *link, enum link_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* link.c: a link that is opened again when it is down */

struct bridge {
	const char *name;	/* of the ring */
	struct target target;
	struct link *link;	/* NULL while it is down */
	struct mmapshare_endpoint *ep;
	double timeout;		/* seconds; negative: none */
	double end;		/* when it expires */
	bool expired;		/* it has expired without a link: @pass must return */
	bool hang_up;
	const char *metrics_path;
	/* counters */
	uint64_t records, messages, bytes, lost;
	uint64_t links;		/* how often a link was opened */
	uint64_t refusals;
	uint64_t seq;		/* sequence number of the next record in the ring */
	double metrics_next;
	/* state of link.c */
	double pause;
	enum link_status reported;
};

/*
 * Run @pass, which returns 0 after a signal, or a negative errno of the ring. Then close
 * link and endpoint, and print how many records were lost before they were @done.
 * SIGBUS (the ring was revoked, or memory failed) ends @pass. Returns an exit status;
 * exits on failure.
 */
int bridge_run(struct bridge *b, int (*pass)(struct bridge *b), const char *done);
/*
 * Open the link unless it is open. On failure, sleep for a while, or until a signal, and
 * return false: the caller retries. Exits after a permanent failure.
 */
bool bridge_open(struct bridge *b);
/*
 * Handle the status of an engine's function. True if it is LINK_OK. Otherwise close the
 * link if it is down, sleep for a while, and return false. Exits after a permanent failure.
 */
bool bridge_check(struct bridge *b, enum link_status status);
/* Progress was made: reset the retry delay, and report the next failure again. */
void bridge_passed(struct bridge *b);
void bridge_close(struct bridge *b);
/* Functions of the engine. */
enum link_status bridge_append(struct bridge *b, uint64_t last, const struct message *m,
			       unsigned int count);
enum link_status bridge_range(struct bridge *b, uint64_t *first, uint64_t *last);
enum link_status bridge_receive(struct bridge *b, struct message *m, int timeout);
/* Exits if the message is not valid. */
void bridge_check_message(struct bridge *b, struct message *m);
/*
 * Get and check the message @number. False if the link failed. @m->length is 0 if the
 * message is not there.
 */
bool bridge_get(struct bridge *b, struct message *m, uint64_t number);
/* Write the metrics if they are due, or if @now. */
void bridge_metrics(struct bridge *b, bool now);
/* A record was passed on: restart the timeout. */
void bridge_set_timeout(struct bridge *b);
/* Has the timeout expired? */
bool bridge_is_late(const struct bridge *b);
/* For how long may the bridge sleep? Nanoseconds, negative for no limit. */
int64_t bridge_sleep(const struct bridge *b);
/* target.c */
void parse_ring(struct bridge *b, const char *name);
void parse_target(struct target *t, const char *url);
/* The first line of a credentials file, valid until the next call; exits on failure. */
char *read_credentials(const char *path);

/* main.c: options that both directions have; struct bridge is the input */
extern const struct argp_child bridge_child[];

int bridge_export(int argc, char **argv);
int bridge_import(int argc, char **argv);

#endif /* MMAPSHARE_BRIDGE_H */
