// SPDX-License-Identifier: MIT
/* ring record: write the records of a ring to files */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "record.h"

struct recorder {
	const char *name;
	bool hang_up;
	bool may_lose;
	uint64_t count;		/* UINT64_MAX: unlimited */
	double timeout;		/* seconds; negative: none */
	struct mmapshare_endpoint *ep;
	struct recording file;
	struct record_block block;
	/*
	 * Records are written from the ring itself if the producer waits until they
	 * are released. A ring's headers have the byte order of the machine.
	 */
	bool straight;
	bool last_is_ring;	/* the last bytes of the block are in the ring */
	uint32_t info_bytes;
	uint64_t block_max;	/* a block with more is complete */
	uint64_t lost;		/* recorded so far */
	char *buffer;		/* for records that are copied, and for losses */
	size_t size, used;
};

#define ENTRY_OF_LOSS	(sizeof(struct mmapshare_record) + sizeof(struct record_loss))

static uint64_t round8(uint64_t n)
{
	return (n + 7) & ~7ULL;
}

/*
 * Add bytes to the block, which are in the ring or in the buffer. Those of a ring
 * are followed by their mirror.
 */
static void add_bytes(struct recorder *r, char *data, size_t length, bool ring)
{
	struct record_block *b = &r->block;
	struct iovec *last = &b->iov[b->count];
	char *end = b->count ? (char *)last->iov_base + last->iov_len : NULL;

	if (b->count && ring == r->last_is_ring &&
	    (data == end || (ring && data + r->file.data_size == end))) {
		last->iov_len += length;
	} else {
		last = &b->iov[++b->count];
		last->iov_base = data;
		last->iov_len = length;
	}
	r->last_is_ring = ring;
	b->entries++;
	b->bytes += length;
}

static void add_copy(struct recorder *r, size_t length)
{
	add_bytes(r, r->buffer + r->used, length, false);
	r->used += length;
}

/* Record what was lost before the record with the sequence number @seq. */
static void add_loss(struct recorder *r, uint64_t seq)
{
	const uint64_t lost = mmapshare_ring_lost(r->ep);
	const struct record_loss loss = { htole64(lost - r->lost), htole64(seq) };
	const struct mmapshare_record header = {
		.length = htole32(RECORD_LOSS | sizeof(loss)),
		.seq = htole32((uint32_t)seq),
	};
	char *p = r->buffer + r->used;

	if (lost == r->lost)
		return;
	p = mempcpy(p, &header, sizeof(header));
	memcpy(p, &loss, sizeof(loss));
	add_copy(r, ENTRY_OF_LOSS);
	r->lost = lost;
	r->block.next_seq = seq;
}

/* Take a record, which remains in the ring until the block is written. */
static int add_straight(struct recorder *r)
{
	const void *data;
	size_t length;
	int ret = mmapshare_ring_next(r->ep, &data, &length);
	uint64_t seq;

	if (ret)
		return ret;
	seq = mmapshare_ring_seq(r->ep) - 1;
	add_loss(r, seq);
	length += r->info_bytes;
	data = (const char *)data - r->info_bytes - sizeof(struct mmapshare_record);
	add_bytes(r, (void *)data, sizeof(struct mmapshare_record) + round8(length), true);
	r->block.next_seq = seq + 1;
	return 0;
}

/* A record may follow a loss that is not recorded yet: keep space for that. */
static int add_copied(struct recorder *r)
{
	const size_t header = sizeof(struct mmapshare_record) + r->info_bytes;
	char *record = r->buffer + r->used + ENTRY_OF_LOSS, *p;
	const size_t space = r->size - r->used - ENTRY_OF_LOSS;
	struct mmapshare_record h = { 0 };
	struct mmapshare_record_info info = { 0 };
	ssize_t length;
	uint64_t seq;

	if (space < header + 8)
		return -EMSGSIZE;
	length = mmapshare_ring_read(r->ep, record + header, (space - header) & ~7ULL);
	if (length < 0)
		return length;
	if (r->info_bytes)
		mmapshare_ring_record_info(r->ep, &info);
	seq = mmapshare_ring_seq(r->ep) - 1;
	add_loss(r, seq);
	h.length = htole32(length + r->info_bytes);
	h.seq = htole32((uint32_t)seq);
	info.time = htole64(info.time);
	info.cpu = htole32(info.cpu);
	info.type = htole16(info.type);
	p = r->buffer + r->used;
	/* without a loss, the record is moved to its place */
	memmove(p + header, record + header, length);
	p = mempcpy(p, &h, sizeof(h));
	p = mempcpy(p, &info, r->info_bytes);
	memset(p + length, 0, round8(length) - length);
	add_copy(r, header + round8(length));
	r->block.next_seq = seq + 1;
	return 0;
}

/*
 * Put records into the block until it is full. Returns 0, or the negative errno
 * that ended this.
 */
static int collect(struct recorder *r)
{
	struct record_block *b = &r->block;
	int ret = 0;

	b->count = 0;
	b->entries = 0;
	b->bytes = 0;
	b->next_seq = r->file.next_seq;
	r->used = 0;
	while (!ret && r->count && b->bytes < r->block_max && b->count < RECORD_IOV - 2) {
		ret = r->straight ? add_straight(r) : add_copied(r);
		r->count -= !ret;
	}
	/* after which no record follows yet */
	if (ret == -EAGAIN && r->size - r->used >= ENTRY_OF_LOSS)
		add_loss(r, mmapshare_ring_seq(r->ep));
	return ret == -EMSGSIZE ? 0 : ret;
}

static sigjmp_buf revoked;

static void jump(int signal)
{
	(void)signal;
	siglongjmp(revoked, 1);
}

/*
 * Wait for records, a signal, or the time to sync. Returns 0, or a negative errno
 * of mmapshare_ring_wait(): -ETIMEDOUT if there was no record for @r->timeout
 * seconds.
 */
static int wait_for_records(struct recorder *r)
{
	const unsigned int flags = r->hang_up ? 0 : MMAPSHARE_RING_WAIT_IGNORE_HUP;
	const double end = monotonic_time() + r->timeout;
	double sync, left;
	int ret;

	for (;;) {
		sync = recording_sync(&r->file);
		left = r->timeout < 0 ? -1 : end - monotonic_time();
		if (r->timeout >= 0 && left < 0)
			left = 0;
		if (left < 0 || (sync >= 0 && sync < left))
			left = sync;
		ret = mmapshare_ring_wait(r->ep, flags, left < 0 ? -1 : (int64_t)(left * 1e9));
		if (stopped)
			return -EINTR;
		if (ret == -ETIMEDOUT && r->timeout >= 0 && monotonic_time() >= end)
			return ret;
		if (ret != -ETIMEDOUT && ret != -EINTR)
			return ret;
	}
}

/* Returns 0 after @r->count records or a signal, or a negative errno. */
static int record_all(struct recorder *r)
{
	int ret = 0;

	while (!ret && r->count && !stopped) {
		ret = collect(r);
		if (r->block.entries) {
			recording_write(&r->file, &r->block);
			mmapshare_ring_release(r->ep);
			recording_sync(&r->file);
		}
		if (ret == -EAGAIN)
			ret = wait_for_records(r);
	}
	return ret == -EINTR ? 0 : ret;
}

/* Returns an exit status; exits on failure. */
static int end(struct recorder *r, int ret)
{
	recording_close(&r->file);
	if (ret && ret != -ETIMEDOUT && ret != -EPIPE)
		fail_error(OP_RING, r->name, NULL, ret);
	if (r->lost)
		complain("'%s': %llu records lost: overwritten before they were read, or dropped by the producer",
			 r->name, (unsigned long long)r->lost);
	return ret == -ETIMEDOUT ? STATUS_TIMEOUT : ret ? STATUS_HUNGUP : STATUS_OK;
}

/* A SIGBUS ends here: the ring was revoked, or memory has failed. */
static int run(struct recorder *r)
{
	int ret;

	if (!sigsetjmp(revoked, 1)) {
		catch_stop_signals();
		signal(SIGBUS, jump);
		return end(r, record_all(r));
	}
	signal(SIGBUS, SIG_DFL);
	ret = mmapshare_ring_wait(r->ep, 0, 0);
	return end(r, ret == -ENODEV ? ret : -EFAULT);
}

/* The name of the ring is that of its node without the prefix. */
static void set_ring_name(struct recorder *r)
{
	const char *name = basename(r->name);

	if (!strncmp(name, "mmapshare-", 10) && name != r->name)
		name += 10;
	snprintf(r->file.ring, sizeof(r->file.ring), "%s", name);
}

static void get_size(struct recorder *r)
{
	struct mmapshare_ring_producer producer;
	struct mmapshare_ring ring;
	struct mmapshare *region = open_region(r->name, MMAPSHARE_READ);
	const int ret = mmapshare_ring_stat(region, &ring, &producer, NULL, 0);

	if (ret)
		fail_error(OP_RING_STAT, r->name, region, ret);
	r->file.data_size = ring.data_size;
	mmapshare_close(region);
}

static void attach(struct recorder *r)
{
	const unsigned int flags = MMAPSHARE_RING_ATTACH_CONSUMER |
				   (r->may_lose ? MMAPSHARE_RING_ATTACH_MAY_LOSE : 0);
	size_t longest;
	int ret = mmapshare_ring_open(&r->ep, r->name, flags);

	if (ret)
		fail_error(OP_ATTACH_CONSUMER, r->name, NULL, ret);
	get_size(r);
	set_ring_name(r);
	r->file.features = mmapshare_ring_features(r->ep);
	r->file.next_seq = mmapshare_ring_seq(r->ep);
	r->info_bytes = r->file.features ? sizeof(struct mmapshare_record_info) : 0;
	r->straight = !mmapshare_ring_may_lose(r->ep) && htole32(1) == 1;
	longest = r->straight ? 0 : round8(mmapshare_ring_record_max(r->ep));
	r->size = (longest > RECORD_BLOCK ? longest : RECORD_BLOCK) + 2 * ENTRY_OF_LOSS +
		  sizeof(struct mmapshare_record) + r->info_bytes;
	r->buffer = malloc(r->size);
	if (!r->buffer)
		fail("%s", strerror(ENOMEM));
}

/* A file is synced at its end; more often after so many bytes, or seconds. */
static void parse_sync(struct record_sync *sync, const char *arg)
{
	const size_t length = strlen(arg);
	char *seconds;

	if (!strcmp(arg, "none")) {
		sync->none = true;
	} else if (length > 1 && arg[length - 1] == 's') {
		seconds = strndup(arg, length - 1);
		if (!seconds)
			fail("%s", strerror(ENOMEM));
		sync->seconds = parse_seconds(seconds);
		free(seconds);
	} else if (strcmp(arg, "file")) {
		sync->bytes = parse_size(arg);
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct recorder *r = state->input;

	switch (key) {
	case 'b':
		r->file.file_bytes = parse_size(arg);
		return 0;
	case 'c':
		r->count = parse_number(arg, "COUNT");
		return 0;
	case 'D':
		r->file.direct = true;
		return 0;
	case 'k':
		r->file.keep = parse_size(arg);
		return 0;
	case 'm':
		r->may_lose = true;
		return 0;
	case 'r':
		r->file.report = true;
		return 0;
	case 'S':
		r->file.file_seconds = parse_seconds(arg);
		return 0;
	case 's':
		parse_sync(&r->file.sync, arg);
		return 0;
	case 't':
		r->timeout = parse_timeout(arg);
		return 0;
	case 'u':
		r->hang_up = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!r->name)
			set_name(&r->name, arg);
		else if (r->file.path)
			fail_usage("'%s': extra argument; only NAME and PATH are allowed", arg);
		else
			r->file.path = arg;
		return 0;
	case ARGP_KEY_END:
		if (!r->file.path)
			fail_usage("NAME and PATH are required");
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option options[] = {
	{ "count", 'c', "COUNT", 0, "record at most COUNT records (default: unlimited)", 0 },
	{ "direct", 'D', NULL, 0, "write past the page cache, with O_DIRECT", 0 },
	{ "file-bytes", 'b', "SIZE", 0,
	  "in a directory: begin the next file before this one exceeds SIZE", 0 },
	{ "file-time", 'S', "SECONDS", 0,
	  "in a directory: begin the next file with the first record after SECONDS", 0 },
	{ "hang-up", 'u', NULL, 0, "exit with status 4 when the producer has detached", 0 },
	{ "keep", 'k', "COUNT", 0,
	  "in a directory: remove the oldest files of this ring until COUNT are left", 0 },
	{ "may-lose", 'm', NULL, 0,
	  "let the producer of a lossless ring go on, and lose records rather than let it "
	  "wait", 0 },
	{ "report", 'r', NULL, 0,
	  "print \"safe SEQ FILE\" when the records below the sequence number SEQ are on the "
	  "disk", 0 },
	{ "sync", 's', "WHEN", 0,
	  "when records must be on the disk: at the end of each \"file\" (default), after "
	  "so many bytes (\"1M\"), after so many seconds (\"0.1s\"), or \"none\"", 0 },
	{ "timeout", 't', "SECONDS", 0,
	  "exit with status 3 after SECONDS without a record (default: no timeout)", 0 },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NAME PATH",
	.doc = "Write the records of a ring to the new file PATH, or to new files in the "
	       "directory PATH. The producer of a lossless ring waits until records are "
	       "written. SIGINT and SIGTERM end the recording. 'ring dump' prints the "
	       "files, 'ring replay' writes their records to a ring.",
};

int ring_record(int argc, char **argv)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int status;

	if (!r)
		fail("%s", strerror(ENOMEM));
	r->count = UINT64_MAX;
	r->timeout = -1;
	parse_arguments(&argp, argc, argv, r);
	if (r->file.report && r->file.sync.none)
		fail_usage("--report and --sync none exclude each other");
	attach(r);
	r->block_max = RECORD_BLOCK;
	if (r->file.file_bytes && r->file.file_bytes / 4 < r->block_max)
		r->block_max = r->file.file_bytes / 4;
	recording_open(&r->file);
	status = run(r);
	mmapshare_ring_close(r->ep);
	free(r->buffer);
	free(r);
	return status;
}
