// SPDX-License-Identifier: MIT
/* Files of records: checksums, headers and entries. */
#define _GNU_SOURCE
#include <endian.h>
#include <stddef.h>
#include <string.h>
#include "record.h"

_Static_assert(sizeof(struct record_header) == 96, "no padding");
_Static_assert(sizeof(struct record_file) == 128, "no padding");

#define POLYNOMIAL	0x82f63b78U	/* of CRC-32C, reversed */
#define WORD		sizeof(uint64_t)

static uint32_t table[WORD][256];

static void init_table(void)
{
	uint32_t crc, i, bit;

	for (i = 0; i < 256; i++) {
		for (crc = i, bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[0][i] = crc;
	}
	for (i = 0; i < 256 * (WORD - 1); i++) {
		crc = table[i / 256][i % 256];
		table[i / 256 + 1][i % 256] = crc >> 8 ^ table[0][crc & 0xff];
	}
}

/* Eight bytes at once: each has a table of its own. */
static uint32_t crc_words(uint32_t crc, const unsigned char *p, size_t words)
{
	unsigned int i;
	uint64_t word;
	uint32_t next;

	for (; words--; p += WORD) {
		memcpy(&word, p, WORD);
		word = le64toh(word) ^ crc;
		next = 0;
#pragma GCC unroll 8
		for (i = 0; i < WORD; i++)
			next ^= table[WORD - 1 - i][word >> 8 * i & 0xff];
		crc = next;
	}
	return crc;
}

#ifdef __x86_64__
#define LANE	128	/* words */

__attribute__((target("sse4.2")))
static inline uint32_t crc_word_sse(uint32_t crc, const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, WORD);
	return __builtin_ia32_crc32di(crc, word);
}

/* What becomes of each byte of a checksum by as many 0 as a lane has. */
static uint32_t lane_table[4][256];

__attribute__((target("sse4.2")))
static void init_lanes(void)
{
	uint32_t crc, i, n;

	for (i = 0; i < 4 * 256; i++) {
		crc = i % 256 << 8 * (i / 256);
		for (n = 0; n < LANE; n++)
			crc = __builtin_ia32_crc32di(crc, 0);
		lane_table[i / 256][i % 256] = crc;
	}
}

static uint32_t skip_lane(uint32_t crc)
{
	return lane_table[0][crc & 0xff] ^ lane_table[1][crc >> 8 & 0xff] ^
	       lane_table[2][crc >> 16 & 0xff] ^ lane_table[3][crc >> 24];
}

/*
 * The instruction takes three cycles, but one begins in each: three lanes at once
 * take as long as one.
 */
__attribute__((target("sse4.2")))
static uint32_t crc_words_sse(uint32_t crc, const unsigned char *p, size_t words)
{
	uint32_t second, third;
	unsigned int n;

	if (words >= 3 * LANE && !lane_table[0][1])
		init_lanes();
	for (; words >= 3 * LANE; words -= 3 * LANE, p += 2 * LANE * WORD) {
		for (second = third = n = 0; n < LANE; n++, p += WORD) {
			crc = crc_word_sse(crc, p);
			second = crc_word_sse(second, p + LANE * WORD);
			third = crc_word_sse(third, p + 2 * LANE * WORD);
		}
		crc = skip_lane(skip_lane(crc) ^ second) ^ third;
	}
	for (; words--; p += WORD)
		crc = crc_word_sse(crc, p);
	return crc;
}

static bool has_sse(void)
{
	return __builtin_cpu_supports("sse4.2");
}
#else
#define crc_words_sse	crc_words
static bool has_sse(void)
{
	return false;
}
#endif

/* CRC-32C of @data after bytes with the CRC-32C @crc, which is 0 for none. */
uint32_t record_crc(uint32_t crc, const void *data, size_t length)
{
	const unsigned char *p = data;
	const size_t words = length / WORD;

	if (!table[0][1])
		init_table();
	crc = has_sse() ? crc_words_sse(~crc, p, words) : crc_words(~crc, p, words);
	for (p += words * WORD, length %= WORD; length--; p++)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
	return ~crc;
}

void record_swap_header(struct record_header *h)
{
	h->magic = le32toh(h->magic);
	h->version = le16toh(h->version);
	h->size = le16toh(h->size);
	h->id = le64toh(h->id);
	h->offset = le64toh(h->offset);
	h->kind = le32toh(h->kind);
	h->entries = le32toh(h->entries);
	h->bytes = le64toh(h->bytes);
	h->seq = le64toh(h->seq);
	h->next_seq = le64toh(h->next_seq);
	h->realtime = le64toh(h->realtime);
	h->clock = le64toh(h->clock);
	h->start = le32toh(h->start);
	h->pad = le32toh(h->pad);
	h->reserved = le64toh(h->reserved);
	h->payload_crc = le32toh(h->payload_crc);
	h->header_crc = le32toh(h->header_crc);
}

uint64_t record_total(const struct record_header *h)
{
	return h->start + h->bytes + h->pad;
}

void record_seal_header(struct record_header *h)
{
	record_swap_header(h);
	h->header_crc = htole32(record_crc(0, h, offsetof(struct record_header, header_crc)));
}

bool record_check_header(struct record_header *h, uint64_t id, uint64_t offset)
{
	const uint32_t crc = record_crc(0, h, offsetof(struct record_header, header_crc));

	record_swap_header(h);
	return h->magic == RECORD_MAGIC && h->version == RECORD_VERSION &&
	       h->header_crc == crc && h->size == sizeof(*h) && h->offset == offset &&
	       (!id || h->id == id) && h->kind >= RECORD_FILE && h->kind <= RECORD_END &&
	       h->start >= sizeof(*h) && h->bytes < RECORD_BYTES_MAX &&
	       !(h->start % 8) && !(h->bytes % 8) && !(h->pad % 8);
}

static bool walk_loss(struct record_walk *w, struct record_item *item, const char *data,
		      uint32_t length)
{
	struct record_loss loss;

	if (length != (RECORD_LOSS | sizeof(loss)))
		return false;
	memcpy(&loss, data, sizeof(loss));
	item->loss = true;
	item->lost = le64toh(loss.lost);
	item->seq = le64toh(loss.seq);
	if (item->seq < w->seq || item->lost > item->seq - w->seq)
		return false;
	w->seq = item->seq;
	return true;
}

static void copy_info(struct record_item *item, const char *data, uint32_t bytes)
{
	memset(&item->info, 0, sizeof(item->info));
	memcpy(&item->info, data, bytes);
	item->info.time = le64toh(item->info.time);
	item->info.cpu = le32toh(item->info.cpu);
	item->info.type = le16toh(item->info.type);
}

int record_walk(struct record_walk *w, struct record_item *item)
{
	struct mmapshare_record header;
	const char *data;
	uint32_t bytes, skip;

	if ((size_t)(w->end - w->next) < sizeof(header))
		return -1;
	memcpy(&header, w->next, sizeof(header));
	header.length = le32toh(header.length);
	data = w->next + sizeof(header);
	bytes = header.length & MMAPSHARE_RECORD_LENGTH;
	if ((bytes + 7ULL) / 8 * 8 > (uint64_t)(w->end - data))
		return -1;
	w->next = data + (bytes + 7) / 8 * 8;
	if (header.length & RECORD_LOSS)
		return walk_loss(w, item, data, header.length) ? 1 : -1;
	if (header.length != bytes)
		return 0;
	skip = le32toh(header.seq) - (uint32_t)w->seq;
	if (bytes < w->info_bytes || skip > INT32_MAX || w->seq > UINT64_MAX - skip - 1)
		return -1;
	item->loss = false;
	item->seq = w->seq + skip;
	w->seq = item->seq + 1;
	copy_info(item, data, w->info_bytes);
	item->data = data + w->info_bytes;
	item->length = bytes - w->info_bytes;
	return 1;
}
