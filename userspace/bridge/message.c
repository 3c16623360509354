// SPDX-License-Identifier: MIT
/* Messages: records are packed, and unpacked. mmapshare-bridge(5) has the format. */
#define _GNU_SOURCE
#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bridge.h"

_Static_assert(sizeof(struct bridge_header) == 80, "no padding");

#define ENTRY_OF_LOSS	(sizeof(struct mmapshare_record) + sizeof(struct record_loss))
#define KNOWN_FEATURES	(MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_BOOTTIME | \
			 MMAPSHARE_RING_FEAT_CPU | MMAPSHARE_RING_FEAT_TYPE)

static size_t round8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static size_t info_bytes(uint64_t features)
{
	return features ? sizeof(struct mmapshare_record_info) : 0;
}

static void swap_header(struct bridge_header *h)
{
	h->magic = le32toh(h->magic);
	h->version = le16toh(h->version);
	h->size = le16toh(h->size);
	h->generation = le64toh(h->generation);
	h->features = le64toh(h->features);
	h->seq = le64toh(h->seq);
	h->next_seq = le64toh(h->next_seq);
	h->index = le64toh(h->index);
	h->records = le32toh(h->records);
	h->entries = le32toh(h->entries);
	h->realtime = le64toh(h->realtime);
	h->clock = le64toh(h->clock);
	h->reserved = le32toh(h->reserved);
	h->crc = le32toh(h->crc);
}

bool message_begin(struct message *m, size_t length)
{
	if (length > m->capacity) {
		free(m->data);
		m->data = malloc(length);
		m->capacity = m->data ? length : 0;
	}
	m->length = sizeof(struct bridge_header);
	return m->data;
}

size_t message_record_size(uint64_t features, size_t length)
{
	return sizeof(struct mmapshare_record) + round8(info_bytes(features) + length);
}

bool message_add_record(struct message *m, uint64_t seq, const void *data, size_t length,
			const struct mmapshare_record_info *info)
{
	const size_t infos = info_bytes(m->header.features);
	const struct mmapshare_record record = {
		.length = htole32(infos + length),
		.seq = htole32((uint32_t)seq),
	};
	const struct mmapshare_record_info swapped = {
		.time = htole64(info->time),
		.cpu = htole32(info->cpu),
		.type = htole16(info->type),
	};
	char *p = m->data + m->length;
	const size_t size = message_record_size(m->header.features, length);

	if (size > m->capacity - m->length)
		return false;
	p = mempcpy(p, &record, sizeof(record));
	p = mempcpy(p, &swapped, infos);
	p = mempcpy(p, data, length);
	memset(p, 0, m->data + m->length + size - p);
	m->length += size;
	m->header.records++;
	m->header.entries++;
	m->header.next_seq = seq + 1;
	return true;
}

bool message_add_loss(struct message *m, uint64_t seq, uint64_t lost)
{
	const struct record_loss loss = { htole64(lost), htole64(seq) };
	const struct mmapshare_record record = {
		.length = htole32(RECORD_LOSS | sizeof(loss)),
		.seq = htole32((uint32_t)seq),
	};
	char *p = m->data + m->length;

	if (m->capacity - m->length < ENTRY_OF_LOSS)
		return false;
	p = mempcpy(p, &record, sizeof(record));
	memcpy(p, &loss, sizeof(loss));
	m->length += ENTRY_OF_LOSS;
	m->header.entries++;
	m->header.next_seq = seq;
	return true;
}

static uint64_t get_time(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void set_times(struct bridge_header *h)
{
	h->realtime = get_time(CLOCK_REALTIME);
	h->clock = 0;
	if (h->features & MMAPSHARE_RING_FEAT_MONOTONIC)
		h->clock = get_time(CLOCK_MONOTONIC);
	if (h->features & MMAPSHARE_RING_FEAT_BOOTTIME)
		h->clock = get_time(CLOCK_BOOTTIME);
}

void message_end(struct message *m)
{
	struct bridge_header h;

	m->header.magic = BRIDGE_MAGIC;
	m->header.version = BRIDGE_VERSION;
	m->header.size = sizeof(h);
	m->header.reserved = 0;
	m->header.crc = 0;
	set_times(&m->header);
	h = m->header;
	swap_header(&h);
	memcpy(m->data, &h, sizeof(h));
	h.crc = htole32(record_crc(0, m->data, m->length));
	memcpy(m->data, &h, sizeof(h));
	snprintf(m->id, sizeof(m->id), "%016" PRIx64 ":%" PRIu64, m->header.generation,
		 m->header.next_seq);
}

void message_walk(const struct message *m, struct record_walk *w)
{
	w->next = m->data + sizeof(struct bridge_header);
	w->end = m->data + m->length;
	w->seq = m->header.seq;
	w->info_bytes = info_bytes(m->header.features);
}

static bool check_entries(const struct message *m)
{
	uint32_t entries = 0, records = 0;
	struct record_item item;
	struct record_walk w;
	int ret;

	for (message_walk(m, &w); w.next < w.end; entries += ret) {
		ret = record_walk(&w, &item);
		if (ret < 0)
			return false;
		records += ret && !item.loss;
	}
	return entries == m->header.entries && records == m->header.records &&
	       w.seq == m->header.next_seq;
}

bool message_check(struct message *m)
{
	struct bridge_header *h = &m->header, zero;
	uint32_t crc;

	if (m->length < sizeof(*h))
		return false;
	memcpy(h, m->data, sizeof(*h));
	zero = *h;
	zero.crc = 0;
	crc = record_crc(0, &zero, sizeof(zero));
	crc = record_crc(crc, m->data + sizeof(zero), m->length - sizeof(zero));
	swap_header(h);
	return h->magic == BRIDGE_MAGIC && h->version == BRIDGE_VERSION &&
	       h->size == sizeof(*h) && h->crc == crc && !(h->features & ~KNOWN_FEATURES) &&
	       h->index <= UINT64_MAX - h->records && check_entries(m);
}

enum link_status message_copy(struct link *link, struct message *m, const void *data,
			      size_t length)
{
	/* it would look as if there was no message */
	if (!length)
		return link_error(link, LINK_FAILED, "message %" PRIu64 " is empty", m->number);
	if (!message_begin(m, length))
		return link_error(link, LINK_FAILED, "out of memory");
	memcpy(m->data, data, length);
	m->length = length;
	return LINK_OK;
}
