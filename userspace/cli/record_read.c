// SPDX-License-Identifier: MIT
/*
 * Files of records: read them. No byte is trusted: a block counts if its header has
 * the random number of the file, its own offset and a right checksum, if it is
 * inside the file, and if its payload has a right checksum and valid entries.
 *
 * Bytes that are no valid block are skipped, up to the next one. If there is none,
 * they are a torn tail, the trace of a crash. Otherwise the file is corrupt.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "record.h"

#define SCAN	65536
#define KNOWN_FEATURES	(MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_BOOTTIME | \
			 MMAPSHARE_RING_FEAT_CPU | MMAPSHARE_RING_FEAT_TYPE)

/* Read exactly @length bytes. False, without a message, if the file is shorter. */
static bool read_at(struct record_source *s, void *buffer, size_t length, uint64_t offset)
{
	size_t done = 0;
	ssize_t n;

	if (offset > s->size || length > s->size - offset)
		return false;
	while (done < length) {
		n = pread(s->fd, (char *)buffer + done, length - done, offset + done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fail("'%s': %s", s->path, strerror(errno));
		if (!n)
			return false;
		done += n;
	}
	return true;
}

/* Read the header at @offset. Is it valid, and the block inside the file? */
static bool read_header(struct record_source *s, struct record_header *h, uint64_t offset)
{
	return read_at(s, h, sizeof(*h), offset) && record_check_header(h, s->id, offset) &&
	       record_total(h) <= s->size - offset;
}

/* Read the payload of @h to @s->payload. False if its checksum is wrong. */
static bool read_payload(struct record_source *s, const struct record_header *h)
{
	if (h->bytes > s->capacity) {
		free(s->payload);
		s->payload = malloc(h->bytes);
		s->capacity = h->bytes;
		if (!s->payload)
			fail("'%s': %s", s->path, strerror(ENOMEM));
	}
	return read_at(s, s->payload, h->bytes, h->offset + h->start) &&
	       record_crc(0, s->payload, h->bytes) == h->payload_crc;
}

static void begin_walk(struct record_source *s, const struct record_header *h)
{
	s->walk.next = s->payload;
	s->walk.end = s->payload + h->bytes;
	s->walk.seq = h->seq;
	s->walk.info_bytes = s->info.features ? sizeof(struct mmapshare_record_info) : 0;
}

/* Are all entries of the payload valid, and as the header says? */
static bool check_entries(struct record_source *s, const struct record_header *h)
{
	struct record_item item;
	uint32_t entries = 0;
	int ret;

	for (begin_walk(s, h); s->walk.next < s->walk.end; entries += ret) {
		ret = record_walk(&s->walk, &item);
		if (ret < 0)
			return false;
	}
	return entries == h->entries && s->walk.seq == h->next_seq;
}

static bool check_payload(struct record_source *s, const struct record_header *h)
{
	return h->kind != RECORD_FILE && read_payload(s, h) &&
	       (h->kind == RECORD_END || check_entries(s, h));
}

/* Find a valid header from @offset on. Returns its offset, or the file's size. */
static uint64_t find_header(struct record_source *s, uint64_t offset)
{
	const uint32_t magic = htole32(RECORD_MAGIC);
	struct record_header h;
	static char buffer[SCAN];
	size_t length, i;

	for (; offset < s->size && s->size - offset >= sizeof(h); offset += length) {
		length = s->size - offset < SCAN ? (s->size - offset) & ~7ULL : SCAN;
		if (!read_at(s, buffer, length, offset))
			break;
		for (i = 0; i < length; i += 8)
			if (!memcmp(buffer + i, &magic, sizeof(magic)) &&
			    read_header(s, &h, offset + i))
				return offset + i;
	}
	return s->size;
}

static void complain_bad(struct record_source *s, uint64_t end)
{
	complain("'%s': corrupt: %llu bytes from %llu on are no valid block; skipped", s->path,
		 (unsigned long long)(end - s->bad_from), (unsigned long long)s->bad_from);
	s->corrupt = true;
	s->bad = false;
}

/* A valid block follows whatever was skipped. */
static void accept_block(struct record_source *s, const struct record_header *h)
{
	if (s->bad) {
		complain_bad(s, h->offset);
	} else if (h->seq < s->next_seq) {
		complain("'%s': corrupt: sequence numbers go back from %llu to %llu", s->path,
			 (unsigned long long)s->next_seq, (unsigned long long)h->seq);
		s->corrupt = true;
	} else if (h->seq > s->next_seq) {
		complain("'%s': corrupt: records %llu to %llu are missing", s->path,
			 (unsigned long long)s->next_seq, (unsigned long long)h->seq - 1);
		s->corrupt = true;
	}
	s->next_seq = h->next_seq;
	s->offset = h->offset + record_total(h);
	s->good_end = s->offset;
}

static void finish(struct record_source *s)
{
	if (!s->id && !s->torn) {
		complain("'%s': torn: it ends in its first block", s->path);
		s->torn = true;
	} else if (s->bad && s->ended) {
		complain_bad(s, s->size);
	} else if (s->bad && !s->torn) {
		complain("'%s': torn: the last %llu bytes are no whole block; ignored", s->path,
			 (unsigned long long)(s->size - s->bad_from));
		s->torn = true;
	}
	s->offset = s->size;
}

/* Skip a block with a wrong payload, or bytes up to the next header. */
static void skip_bad(struct record_source *s, const struct record_header *h)
{
	if (!s->bad)
		s->bad_from = s->offset;
	s->bad = true;
	if (s->ended)
		s->offset = s->size;
	else
		s->offset = h ? s->offset + record_total(h) : find_header(s, s->offset + 8);
}

bool record_next_block(struct record_source *s)
{
	struct record_header h;

	while (s->offset < s->size) {
		if (s->ended || !read_header(s, &h, s->offset)) {
			skip_bad(s, NULL);
		} else if (!check_payload(s, &h)) {
			skip_bad(s, &h);
		} else {
			accept_block(s, &h);
			s->ended = h.kind == RECORD_END;
			if (s->ended)
				continue;
			s->block = h;
			begin_walk(s, &h);
			return true;
		}
	}
	finish(s);
	return false;
}

static bool is_wanted(const struct record_source *s, const struct record_item *item)
{
	uint64_t time;

	if (item->loss ? item->seq <= s->from : item->seq < s->from)
		return false;
	if (!s->block.clock || item->loss)
		return s->block.realtime >= s->since;
	/* a producer in a program can have stored any time */
	time = item->info.time < s->block.clock ? s->block.clock - item->info.time : 0;
	return time <= s->block.realtime && s->block.realtime - time >= s->since;
}

bool record_next(struct record_source *s, struct record_item *item)
{
	do {
		while (s->walk.next < s->walk.end)
			if (record_walk(&s->walk, item) > 0 && is_wanted(s, item))
				return true;
	} while (record_next_block(s));
	return false;
}

/* The offset of a block that begins before the record @seq, or the current one. */
static uint64_t look_up(struct record_source *s, uint64_t seq)
{
	struct record_trailer trailer;
	struct record_index entry;
	struct record_header h;
	uint64_t found = s->offset;
	size_t i;

	if (s->size < sizeof(trailer) ||
	    !read_at(s, &trailer, sizeof(trailer), s->size - sizeof(trailer)) ||
	    !read_header(s, &h, le64toh(trailer.offset)) || h.kind != RECORD_END ||
	    h.bytes < sizeof(trailer) || !read_payload(s, &h))
		return found;
	for (i = 0; i < (h.bytes - sizeof(trailer)) / sizeof(entry); i++) {
		memcpy(&entry, s->payload + i * sizeof(entry), sizeof(entry));
		if (le64toh(entry.seq) <= seq && le64toh(entry.offset) > found)
			found = le64toh(entry.offset);
	}
	return found;
}

void record_seek(struct record_source *s, uint64_t seq, uint64_t since)
{
	struct record_header h;
	uint64_t offset;

	s->from = seq;
	s->since = since;
	if (!seq && !since)
		return;
	offset = look_up(s, seq);
	if (read_header(s, &h, offset) && h.kind == RECORD_DATA && h.seq <= seq) {
		s->offset = offset;
		s->next_seq = h.seq;
	}
	/* from there on, headers are enough to know what to skip */
	while (read_header(s, &h, s->offset) && h.kind == RECORD_DATA &&
	       (h.next_seq <= seq || h.realtime < since)) {
		s->offset += record_total(&h);
		s->next_seq = h.next_seq;
		s->good_end = s->offset;
	}
}

/* Is this the beginning of a file whose recorder was killed at once? */
static bool is_torn_at_once(struct record_source *s)
{
	const uint32_t magic = htole32(RECORD_MAGIC);
	struct record_header h = { 0 };

	if (s->size < sizeof(h))
		return read_at(s, &h, s->size, 0) &&
		       !memcmp(&h, &magic, s->size < sizeof(magic) ? s->size : sizeof(magic));
	return read_at(s, &h, sizeof(h), 0) && record_check_header(&h, 0, 0) &&
	       h.kind == RECORD_FILE && record_total(&h) > s->size;
}

static const char *read_first_block(struct record_source *s)
{
	struct record_header h;

	if (is_torn_at_once(s)) {
		finish(s);
		return NULL;
	}
	if (!read_at(s, &h, sizeof(h), 0))
		return "not a file of records";
	if (le32toh(h.magic) == RECORD_MAGIC && le16toh(h.version) != RECORD_VERSION)
		return "a file of records of a version that this command does not know";
	if (le32toh(h.magic) != RECORD_MAGIC)
		return "not a file of records";
	if (!record_check_header(&h, 0, 0) || h.kind != RECORD_FILE || !h.id ||
	    h.bytes != sizeof(s->info) || record_total(&h) > s->size || !read_payload(s, &h))
		return "corrupt: its first block is not valid";
	s->id = h.id;
	memcpy(&s->info, s->payload, sizeof(s->info));
	s->info.features = le64toh(s->info.features);
	if (s->info.features & ~(uint64_t)KNOWN_FEATURES)
		return "records of a ring with features that this command does not know";
	s->info.data_size = le64toh(s->info.data_size);
	s->info.number = le64toh(s->info.number);
	s->info.previous_id = le64toh(s->info.previous_id);
	s->info.name[sizeof(s->info.name) - 1] = '\0';
	s->offset = record_total(&h);
	s->good_end = s->offset;
	s->next_seq = h.next_seq;
	s->block = h;
	return NULL;
}

bool record_open(struct record_source *s, const char *path)
{
	const char *error = NULL;
	struct stat st;

	memset(s, 0, sizeof(*s));
	s->path = path;
	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (s->fd < 0 || fstat(s->fd, &st))
		error = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		error = "not a regular file";
	else
		s->size = st.st_size;
	if (!error)
		error = read_first_block(s);
	if (!error)
		return true;
	complain("'%s': %s", path, error);
	s->corrupt = true;
	return false;
}

int record_close(struct record_source *s)
{
	free(s->payload);
	if (s->fd >= 0)
		close(s->fd);
	return s->corrupt ? STATUS_FAILED : STATUS_OK;
}
