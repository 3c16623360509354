/* SPDX-License-Identifier: MIT */
/*
 * Files of records: what "mmapshare ring record" writes, and "ring dump" and
 * "ring replay" read. mmapshare-record(5) describes the format.
 *
 * A file is a sequence of blocks. Each block is a struct record_header, bytes up
 * to @start, @bytes of payload, and @pad bytes. All numbers are little-endian.
 */
#ifndef MMAPSHARE_CLI_RECORD_H
#define MMAPSHARE_CLI_RECORD_H

#include <sys/uio.h>
#include "ring.h"

#define RECORD_MAGIC		0x4252534dU	/* "MSRB" */
#define RECORD_VERSION		1
#define RECORD_SUFFIX		".mmr"
/* O_DIRECT: the alignment in the file and in memory, and of lengths */
#define RECORD_ALIGN		4096
/* A block is written when it has so many bytes; a longer record makes it longer. */
#define RECORD_BLOCK		(1U << 20)
/* A payload is shorter: a record and its info have less than 512 MiB. */
#define RECORD_BYTES_MAX	(1U << 30)

/* record_header.kind */
enum {
	RECORD_FILE	= 1,	/* the first block: struct record_file */
	RECORD_DATA	= 2,	/* entries: struct record_entry */
	RECORD_END	= 3,	/* the last block: struct record_index, struct record_trailer */
};

/*
 * @id is random. So a producer cannot make a record that looks like a block of the
 * file in which it is. @seq is the @next_seq of the block before.
 */
struct record_header {
	uint32_t magic;
	uint16_t version;
	uint16_t size;		/* bytes of this structure */
	uint64_t id;		/* of the file, the same in all its blocks */
	uint64_t offset;	/* of this block in the file */
	uint32_t kind;
	uint32_t entries;	/* in the payload */
	uint64_t bytes;
	uint64_t seq;		/* sequence numbers of the records are from here on */
	uint64_t next_seq;	/* and below this */
	uint64_t realtime;	/* when the block was written, nanoseconds */
	uint64_t clock;		/* the same moment by the ring's clock; 0 if it has none */
	uint32_t start;
	uint32_t pad;
	uint64_t reserved;	/* 0 */
	uint32_t payload_crc;	/* CRC-32C */
	uint32_t header_crc;	/* of what is before it */
};

struct record_file {
	uint64_t features;	/* MMAPSHARE_RING_FEAT_* */
	uint64_t data_size;	/* bytes of the ring */
	uint64_t number;	/* of the file in its directory; 0 for a single file */
	uint64_t previous_id;	/* of the file before it in this recording; 0 for none */
	uint64_t reserved[4];
	char name[64];		/* of the ring */
};

/*
 * A record as it is in a ring: struct mmapshare_record, struct
 * mmapshare_record_info if the ring has features, and its bytes. The next entry
 * follows at the next multiple of 8. With RECORD_LOSS in @length, struct
 * record_loss follows. Readers skip entries with MMAPSHARE_RECORD_DISCARD.
 */
#define RECORD_LOSS	MMAPSHARE_RECORD_BUSY

struct record_loss {
	uint64_t lost;		/* records that the recorder lost here */
	uint64_t seq;		/* of the record that follows */
};

struct record_index {
	uint64_t offset;	/* of a block */
	uint64_t seq;		/* its @seq */
};

/* The last bytes of a file that was closed. */
struct record_trailer {
	uint64_t offset;	/* of the last block */
	uint64_t id;
};

/* record_format.c */

uint32_t record_crc(uint32_t crc, const void *data, size_t length);
/* Convert between the byte order of files and of this machine. */
void record_swap_header(struct record_header *h);
uint64_t record_total(const struct record_header *h);
/* Set @h->header_crc, and the byte order of files. */
void record_seal_header(struct record_header *h);
/*
 * Is @h, as it was read at @offset, the header of a block of the file @id? 0 is any
 * id. Afterwards it has this machine's byte order.
 */
bool record_check_header(struct record_header *h, uint64_t id, uint64_t offset);

/* An entry of a block. */
struct record_item {
	bool loss;
	uint64_t seq;		/* of the record, or of the one after the loss */
	uint64_t lost;
	struct mmapshare_record_info info;
	const char *data;
	size_t length;
};

/* A walk through a payload. @seq is at first that of the block. */
struct record_walk {
	const char *next, *end;
	uint64_t seq;
	uint32_t info_bytes;
};

/* Returns 1 for an entry, 0 for one to skip, -1 if it is invalid. */
int record_walk(struct record_walk *w, struct record_item *item);

/* record_file.c: files are written */

/* When a file is written to the disk. */
struct record_sync {
	bool none;
	uint64_t bytes;		/* after so many; 0 for no limit */
	double seconds;		/* after so long; 0 for no limit */
};

/* @header has room for what O_DIRECT needs. */
#define RECORD_IOV	256

struct record_block {
	struct iovec iov[RECORD_IOV + 1];	/* the first one is for the header */
	unsigned int count;			/* of the others */
	uint32_t entries;
	uint64_t bytes;
	uint64_t next_seq;
};

struct recording {
	const char *path;	/* a directory, or a file to be made */
	char ring[64];
	uint64_t features;
	uint64_t data_size;
	uint64_t file_bytes;	/* limits; 0 for none */
	double file_seconds;
	uint64_t keep;
	struct record_sync sync;
	bool direct;
	bool report;
	/* state */
	bool is_directory;
	int dir_fd;
	int fd;
	char *file;		/* path of the file */
	uint64_t number;
	uint64_t id;
	uint64_t previous_id;
	uint64_t offset;	/* end of the last whole block */
	uint64_t next_seq;	/* of the records in whole blocks */
	uint64_t safe_seq;	/* of those on the disk */
	bool has_data;
	uint64_t unsynced;	/* bytes */
	double unsynced_since;
	double file_since;
	struct record_index *index;
	size_t index_count;
	uint64_t index_distance;
	char *bounce;
	size_t bounce_size;
};

/*
 * These exit on failure, after the file was cut to whole blocks. They raise SIGBUS
 * if they cannot load the payload: the ring was revoked.
 */
void recording_open(struct recording *r);
void recording_write(struct recording *r, struct record_block *block);
/* Sync if that is due. Returns in how many seconds it will be, -1 for never. */
double recording_sync(struct recording *r);
void recording_close(struct recording *r);

/* record_read.c: files are read; no byte of them is trusted */

struct record_source {
	const char *path;
	int fd;
	uint64_t size;
	uint64_t id;
	struct record_file info;
	uint64_t offset;	/* of the next block */
	uint64_t good_end;	/* of the last valid block */
	uint64_t bad_from;	/* of bytes that are no valid block, if @bad */
	bool bad;
	bool torn;		/* the file ends at @good_end, behind that is a torn block */
	bool ended;		/* by a block RECORD_END */
	bool corrupt;
	uint64_t next_seq;
	uint64_t from, since;	/* set by record_seek() */
	struct record_header block;
	char *payload;
	size_t capacity;
	struct record_walk walk;
};

/*
 * Print what is wrong, and return false, if this is not a file of records. In any
 * case, record_close() follows.
 */
bool record_open(struct record_source *s, const char *path);
/* Let record_next() begin with the record @seq, and with those of the time @since. */
void record_seek(struct record_source *s, uint64_t seq, uint64_t since);
/* Read and check the next block of data. False at the end. */
bool record_next_block(struct record_source *s);
/* The next entry. False at the end. */
bool record_next(struct record_source *s, struct record_item *item);
/* Returns an exit status: STATUS_FAILED if the file is corrupt. */
int record_close(struct record_source *s);

/* record_replay.c: seconds since 1970 as nanoseconds */
uint64_t record_parse_time(const char *text);

#endif /* MMAPSHARE_CLI_RECORD_H */
