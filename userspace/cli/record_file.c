// SPDX-License-Identifier: MIT
/*
 * Files of records: write them.
 *
 * A file ends at @offset with a whole block, whatever is behind it. What was
 * reported as safe is before @offset, and was on the disk before it was reported:
 * a kill, a full disk or a crash can only spoil what is behind it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "record.h"

#define INDEX_MAX	4096
/* O_DIRECT: below this, copying costs less than two blocks of the disk */
#define STRAIGHT_MIN	65536

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static uint64_t read_ring_clock(uint64_t features)
{
	if (features & MMAPSHARE_RING_FEAT_MONOTONIC)
		return read_clock(CLOCK_MONOTONIC);
	if (features & MMAPSHARE_RING_FEAT_BOOTTIME)
		return read_clock(CLOCK_BOOTTIME);
	return 0;
}

static void out_of_memory(void)
{
	fail("%s", strerror(ENOMEM));
}

/* Everything before @offset is on the disk, and so is the file's name. */
static void note_safe(struct recording *r)
{
	r->safe_seq = r->next_seq;
	r->unsynced = 0;
	if (!r->report)
		return;
	printf("safe %llu %s\n", (unsigned long long)r->safe_seq, r->file);
	close_output();
}

/* Returns 0 or an errno. */
static int sync_file(struct recording *r)
{
	if (fdatasync(r->fd))
		return errno;
	if (r->dir_fd >= 0 && fsync(r->dir_fd))
		return errno;
	if (r->dir_fd >= 0)
		close(r->dir_fd);
	r->dir_fd = -1;
	return 0;
}

/*
 * Remove what is behind the last whole block. Not after a failed sync: the kernel
 * may have forgotten what it could not write, and the next sync would succeed.
 */
static void cut(struct recording *r, bool may_sync)
{
	if (ftruncate(r->fd, r->offset))
		complain("'%s': %s; it may end in a torn block", r->file, strerror(errno));
	if (!may_sync || r->sync.none || r->safe_seq == r->next_seq)
		return;
	if (!sync_file(r))
		note_safe(r);
}

static _Noreturn void give_up(struct recording *r, int error)
{
	cut(r, true);
	fail("'%s': %s; records from %llu on are not recorded", r->file, strerror(error),
	     (unsigned long long)r->next_seq);
}

static void sync_now(struct recording *r)
{
	const int error = sync_file(r);

	if (error) {
		cut(r, false);
		fail("'%s': %s; records from %llu on may not be on the disk", r->file,
		     strerror(error), (unsigned long long)r->safe_seq);
	}
	note_safe(r);
}

double recording_sync(struct recording *r)
{
	double left;

	if (!r->unsynced || r->sync.none)
		return -1;
	left = r->sync.seconds ? r->unsynced_since + r->sync.seconds - monotonic_time() : -1;
	if ((r->sync.seconds && left <= 0) || (r->sync.bytes && r->unsynced >= r->sync.bytes)) {
		sync_now(r);
		return -1;
	}
	return left;
}

/*
 * Write all of @iov, which is changed, at the end of the file. False if the kernel
 * cannot read it.
 */
static bool write_all(struct recording *r, struct iovec *iov, unsigned int count)
{
	uint64_t offset = r->offset;
	ssize_t n;

	while (count) {
		n = pwritev(r->fd, iov, count, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EFAULT)
			return false;
		if (n <= 0)
			give_up(r, n ? errno : ENOSPC);
		offset += n;
		for (; count && (size_t)n >= iov->iov_len; iov++, count--)
			n -= iov->iov_len;
		if (count) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= n;
		}
	}
	return true;
}

static uint64_t round_up(uint64_t n)
{
	return (n + RECORD_ALIGN - 1) & ~(RECORD_ALIGN - 1ULL);
}

/* An aligned buffer of @size bytes, which are 0 in front of the payload. */
static char *get_bounce(struct recording *r, size_t size)
{
	if (size <= r->bounce_size)
		return r->bounce;
	free(r->bounce);
	r->bounce_size = round_up(size);
	if (posix_memalign((void **)&r->bounce, RECORD_ALIGN, r->bounce_size))
		out_of_memory();
	return r->bounce;
}

/*
 * O_DIRECT: write a page with the header, and the pages of the ring that have the
 * payload. What else these pages have is not part of the payload. False if the
 * kernel cannot pin them, as with the strategy pfn.
 */
static bool write_straight(struct recording *r, struct record_header *h, struct iovec *payload)
{
	const size_t before = (uintptr_t)payload->iov_base % RECORD_ALIGN;
	struct iovec iov[2];

	iov[0].iov_base = get_bounce(r, RECORD_ALIGN);
	iov[0].iov_len = RECORD_ALIGN;
	iov[1].iov_base = (char *)payload->iov_base - before;
	iov[1].iov_len = round_up(before + h->bytes);
	h->start = RECORD_ALIGN + before;
	h->pad = iov[1].iov_len - before - h->bytes;
	record_seal_header(h);
	memset(r->bounce, 0, RECORD_ALIGN);
	memcpy(r->bounce, h, sizeof(*h));
	return write_all(r, iov, 2);
}

/* O_DIRECT: copy the block to aligned memory. */
static void write_copy(struct recording *r, struct record_header *h, struct record_block *b)
{
	const uint64_t total = round_up(sizeof(*h) + h->bytes);
	char *p = get_bounce(r, total) + sizeof(*h);
	struct iovec iov = { .iov_base = r->bounce, .iov_len = total };
	unsigned int i;

	/* the trailer is the end of the file */
	if (h->kind == RECORD_END) {
		h->start = total - h->bytes;
		memset(p, 0, h->start - sizeof(*h));
		p = r->bounce + h->start;
	}
	h->pad = total - h->start - h->bytes;
	for (i = 1; i <= b->count; i++)
		p = mempcpy(p, b->iov[i].iov_base, b->iov[i].iov_len);
	memset(p, 0, h->pad);
	record_seal_header(h);
	memcpy(r->bounce, h, sizeof(*h));
	write_all(r, &iov, 1);
}

/* These return the bytes of the block. */
static uint64_t write_direct(struct recording *r, struct record_header *h,
			     struct record_block *b)
{
	struct record_header copy = *h;

	if (b->count == 1 && b->bytes >= STRAIGHT_MIN && write_straight(r, &copy, &b->iov[1])) {
		record_swap_header(&copy);
		return record_total(&copy);
	}
	write_copy(r, h, b);
	record_swap_header(h);
	return record_total(h);
}

static uint64_t write_buffered(struct recording *r, struct record_header *h,
			       struct record_block *b)
{
	const uint64_t total = record_total(h);

	record_seal_header(h);
	b->iov[0].iov_base = h;
	b->iov[0].iov_len = sizeof(*h);
	if (!write_all(r, b->iov, b->count + 1))
		raise(SIGBUS);
	return total;
}

static void write_block(struct recording *r, uint32_t kind, struct record_block *b)
{
	struct record_header h = {
		.magic = RECORD_MAGIC,
		.version = RECORD_VERSION,
		.size = sizeof(h),
		.id = r->id,
		.offset = r->offset,
		.kind = kind,
		.entries = b->entries,
		.bytes = b->bytes,
		.seq = r->next_seq,
		.next_seq = b->next_seq,
		.realtime = read_clock(CLOCK_REALTIME),
		.clock = read_ring_clock(r->features),
		.start = sizeof(h),
	};
	uint64_t total;
	unsigned int i;

	for (i = 1; i <= b->count; i++)
		h.payload_crc = record_crc(h.payload_crc, b->iov[i].iov_base, b->iov[i].iov_len);
	total = r->direct ? write_direct(r, &h, b) : write_buffered(r, &h, b);
	if (!r->unsynced)
		r->unsynced_since = monotonic_time();
	r->unsynced += total;
	r->offset += total;
	r->next_seq = b->next_seq;
}

#define NAME_MAX_OF_FILE	(64 + 1 + 20 + sizeof(RECORD_SUFFIX))

static void set_file_name(const struct recording *r, uint64_t number,
			  char name[NAME_MAX_OF_FILE])
{
	snprintf(name, NAME_MAX_OF_FILE, "%s-%010llu" RECORD_SUFFIX, r->ring,
		 (unsigned long long)number);
}

/* Does @name belong to a file of this ring? Store its number. */
static bool is_ours(const struct recording *r, const char *name, uint64_t *number)
{
	const size_t length = strlen(r->ring);
	char expected[NAME_MAX_OF_FILE];

	if (strncmp(name, r->ring, length) || name[length] != '-')
		return false;
	*number = strtoull(name + length + 1, NULL, 10);
	set_file_name(r, *number, expected);
	return !strcmp(name, expected);
}

/* The least and the greatest number, and how many there are. */
static uint64_t scan_directory(struct recording *r, uint64_t *first, uint64_t *last)
{
	uint64_t number, count = 0;
	struct dirent *entry;
	DIR *dir = opendir(r->path);

	if (!dir)
		fail("'%s': %s", r->path, strerror(errno));
	*first = UINT64_MAX;
	*last = 0;
	while ((entry = readdir(dir))) {
		if (!is_ours(r, entry->d_name, &number))
			continue;
		count++;
		*first = number < *first ? number : *first;
		*last = number > *last ? number : *last;
	}
	closedir(dir);
	return count;
}

static char *file_name(const struct recording *r, uint64_t number)
{
	char name[NAME_MAX_OF_FILE], *path;

	set_file_name(r, number, name);
	if (asprintf(&path, "%s/%s", r->path, name) < 0)
		out_of_memory();
	return path;
}

/* Remove the oldest files until @r->keep are left. */
static void remove_oldest(struct recording *r)
{
	uint64_t first, last;
	char *name;

	if (!r->is_directory || !r->keep)
		return;
	while (scan_directory(r, &first, &last) > r->keep && first != r->number) {
		name = file_name(r, first);
		if (unlink(name) && errno != ENOENT)
			fail("'%s': %s", name, strerror(errno));
		free(name);
	}
}

static int try_open(struct recording *r)
{
	r->fd = open(r->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return r->fd < 0 ? errno : 0;
}

/* open() with O_DIRECT would fail, and leave a file behind. */
static void set_direct(struct recording *r)
{
	if (!r->direct || !fcntl(r->fd, F_SETFL, O_DIRECT))
		return;
	unlink(r->file);
	fail("'%s': its file system does not support O_DIRECT; record without --direct", r->file);
}

static void create_file(struct recording *r)
{
	uint64_t first, last;
	int error;

	if (!r->is_directory) {
		r->file = strdup(r->path);
		if (!r->file)
			out_of_memory();
		error = try_open(r);
	} else {
		scan_directory(r, &first, &last);
		/* another recorder may make files, too */
		do {
			r->number = ++last;
			free(r->file);
			r->file = file_name(r, r->number);
			error = try_open(r);
		} while (error == EEXIST);
	}
	if (error)
		fail("'%s': %s", r->file, strerror(error));
	set_direct(r);
}

/* The new name is on the disk when the directory is. */
static void open_directory_of(struct recording *r)
{
	char *copy = strdup(r->file);

	if (!copy)
		out_of_memory();
	r->dir_fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir_fd < 0)
		fail("'%s': %s", dirname(copy), strerror(errno));
	free(copy);
}

static void begin_file(struct recording *r)
{
	struct record_file info = { .features = htole64(r->features) };
	struct record_block block = { .count = 1, .bytes = sizeof(info), .next_seq = r->next_seq };

	if (r->dir_fd >= 0)
		close(r->dir_fd);
	create_file(r);
	open_directory_of(r);
	/* "ring dump --cut" takes this lock */
	if (flock(r->fd, LOCK_EX | LOCK_NB))
		fail("'%s': %s", r->file, strerror(errno));
	r->previous_id = r->id;
	if (getrandom(&r->id, sizeof(r->id), 0) != sizeof(r->id))
		fail("getrandom: %s", strerror(errno));
	r->id |= !r->id;
	r->offset = 0;
	r->unsynced = 0;
	r->has_data = false;
	r->file_since = monotonic_time();
	r->index_count = 0;
	r->index_distance = RECORD_BLOCK;
	info.data_size = htole64(r->data_size);
	info.number = htole64(r->number);
	info.previous_id = htole64(r->previous_id);
	memcpy(info.name, r->ring, sizeof(info.name));
	block.iov[1].iov_base = &info;
	block.iov[1].iov_len = sizeof(info);
	write_block(r, RECORD_FILE, &block);
	remove_oldest(r);
}

void recording_open(struct recording *r)
{
	struct stat st;

	r->is_directory = !stat(r->path, &st) && S_ISDIR(st.st_mode);
	r->dir_fd = -1;
	if (!r->is_directory && (r->file_bytes || r->file_seconds || r->keep))
		fail_usage("'%s': no directory, as --file-bytes, --file-time and --keep need",
			   r->path);
	r->safe_seq = r->next_seq;
	r->index = calloc(INDEX_MAX, sizeof(*r->index));
	if (!r->index)
		out_of_memory();
	begin_file(r);
}

/* When the index is full, every other entry is removed. */
static void add_to_index(struct recording *r)
{
	struct record_index *e = r->index;
	size_t i;

	if (r->index_count && r->offset - le64toh(e[r->index_count - 1].offset) < r->index_distance)
		return;
	if (r->index_count == INDEX_MAX) {
		for (i = 0; i < INDEX_MAX / 2; i++)
			e[i] = e[2 * i];
		r->index_count = INDEX_MAX / 2;
		r->index_distance *= 2;
	}
	e[r->index_count].offset = htole64(r->offset);
	e[r->index_count++].seq = htole64(r->next_seq);
}

static void end_file(struct recording *r)
{
	struct record_trailer trailer = { htole64(r->offset), htole64(r->id) };
	struct record_block block = {
		.count = 2,
		.entries = r->index_count,
		.next_seq = r->next_seq,
	};

	block.iov[1].iov_base = r->index;
	block.iov[1].iov_len = r->index_count * sizeof(*r->index);
	block.iov[2].iov_base = &trailer;
	block.iov[2].iov_len = sizeof(trailer);
	block.bytes = block.iov[1].iov_len + sizeof(trailer);
	write_block(r, RECORD_END, &block);
	/* a block that could not be written may have left bytes behind the end */
	if (ftruncate(r->fd, r->offset))
		give_up(r, errno);
	if (!r->sync.none)
		sync_now(r);
	if (close(r->fd))
		give_up(r, errno);
	free(r->file);
	r->file = NULL;
}

static bool is_full(const struct recording *r, uint64_t bytes)
{
	if (!r->is_directory || !r->has_data)
		return false;
	return (r->file_bytes && r->offset + bytes > r->file_bytes) ||
	       (r->file_seconds && monotonic_time() - r->file_since >= r->file_seconds);
}

void recording_write(struct recording *r, struct record_block *block)
{
	if (is_full(r, sizeof(struct record_header) + block->bytes)) {
		end_file(r);
		begin_file(r);
	}
	add_to_index(r);
	write_block(r, RECORD_DATA, block);
	r->has_data = true;
}

void recording_close(struct recording *r)
{
	end_file(r);
	if (r->dir_fd >= 0)
		close(r->dir_fd);
	free(r->index);
	free(r->bounce);
}
