// SPDX-License-Identifier: GPL-2.0
/* The model: versions of the region's pages, places of a worker's arena. */
#include "torture.h"
#include <stdarg.h>
#include <sys/random.h>

#define FILL_INDEX	0xffff	/* for all words of a page stored by FILL */
#define VERSIONS	256	/* a word has the low 8 bits of the version */

uint64_t from_environment(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : fallback;
}

uint64_t seed_from_environment(void)
{
	uint32_t seed = 1;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = 1;
	return from_environment("TORTURE_SEED", seed);
}

/* splitmix64 */
uint64_t random_below(struct worker *w, uint64_t limit)
{
	uint64_t z = w->rng += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return ((z ^ (z >> 31)) >> 16) % limit;
}

static void add_to_hash(struct worker *w, uint64_t x)
{
	w->hash = (w->hash ^ x) * 0x100000001b3ULL;
	w->hash ^= w->hash >> 29;
}

/* Record an operation before it is done, in the history and in the hash. */
struct event *note(struct worker *w, const char *op, unsigned int at,
		   unsigned int n, long arg)
{
	struct event *e = &w->history[w->n_events++ % HISTORY];

	*e = (struct event){ op, at, n, arg, -1 };
	for (; *op; op++)
		add_to_hash(w, *op);
	add_to_hash(w, (uint64_t)at << 32 | n);
	add_to_hash(w, arg);
	return e;
}

void fail(struct worker *w, const char *format, ...)
{
	uint64_t i = w->n_events > HISTORY ? w->n_events - HISTORY : 0;
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	dprintf(STDOUT_FILENO, "# worker %u%s, operation %llu: %s\n", w->id,
		w->is_child ? " (child)" : "", (unsigned long long)w->done,
		text);
	for (; i < w->n_events; i++) {
		const struct event *e = &w->history[i % HISTORY];

		dprintf(STDOUT_FILENO, "#   %s at=%u n=%u %#lx -> %d\n", e->op,
			e->at, e->n, e->arg, e->error);
	}
	if (!w->failed)
		__atomic_add_fetch(&w->t->failed, 1, __ATOMIC_RELAXED);
	w->failed = true;
}

/* Check that a system call returned @ret with errno @error (0: success). */
bool expect(struct worker *w, long ret, int error)
{
	struct event *e = &w->history[(w->n_events - 1) % HISTORY];

	e->error = ret == -1 ? errno : 0;
	add_to_hash(w, e->error);
	if (e->error == error)
		return true;
	fail(w, "%s: errno %d instead of %d", e->op, e->error, error);
	return false;
}

char *address(struct worker *w, unsigned int at)
{
	return w->arena + (size_t)at * PAGE;
}

bool owns(struct worker *w, unsigned int page)
{
	return page / BLOCK % (w->t->processes * w->t->threads) == w->id;
}

/* A random page the worker owns. */
unsigned int own_page(struct worker *w)
{
	unsigned int workers = w->t->processes * w->t->threads;
	unsigned int blocks = w->t->pages / BLOCK / workers;

	return (random_below(w, blocks) * workers + w->id) * BLOCK + random_below(w, BLOCK);
}

/* Fields have whole bytes, so each byte of a torn word is of one version. */
static uint64_t word(uint16_t tag, unsigned int page, unsigned int index,
		     uint32_t version)
{
	uint8_t mix = (page * 0x9e3779b1U) >> 24;

	return (uint64_t)tag << 48 | (uint64_t)page << 32 |
	       (uint64_t)index << 16 | mix << 8 | (uint8_t)(version / 2);
}

/* @words may be a mapping that other workers read concurrently. */
static void put_words(uint64_t *words, uint16_t tag, unsigned int page,
		      uint32_t version)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		__atomic_store_n(&words[i], word(tag, page, version & 1 ?
						 FILL_INDEX : i, version),
				 __ATOMIC_RELAXED);
}

void make_page(struct torture *t, uint64_t *words, unsigned int page,
	       uint32_t version)
{
	put_words(words, t->tag, page, version);
}

void make_private(struct torture *t, uint64_t *words, unsigned int page,
		  uint32_t version)
{
	put_words(words, ~t->tag, page, version);
}

uint64_t fill_word(struct torture *t, unsigned int page, uint32_t version)
{
	return word(t->tag, page, FILL_INDEX, version);
}

/* Returns the version to store; from here on readers may see it. */
uint32_t begin_store(struct torture *t, unsigned int page, bool fill)
{
	struct page_model *m = &t->model[page];
	uint32_t version = ((m->begun | 1) + 1) | fill;

	__atomic_store_n(&m->begun, version, __ATOMIC_RELAXED);
	/* begun is stored before the bytes; pairs with view_check() */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return version;
}

/* From here on readers must not see an older version. */
void end_store(struct torture *t, unsigned int page)
{
	struct page_model *m = &t->model[page];

	/* the bytes are stored before done; pairs with load_done() */
	__atomic_store_n(&m->done, m->begun, __ATOMIC_RELEASE);
}

static uint32_t load_done(struct torture *t, unsigned int page)
{
	return __atomic_load_n(&t->model[page].done, __ATOMIC_ACQUIRE);
}

void view_pages(struct worker *w, struct view *v, unsigned int page,
		unsigned int n)
{
	unsigned int i;

	v->n = n;
	for (i = 0; i < n; i++) {
		v->at[i].page = page + i;
		v->at[i].from = load_done(w->t, page + i);
		v->at[i].own = false;
	}
}

void view_places(struct worker *w, struct view *v, unsigned int at,
		 unsigned int n)
{
	unsigned int i;

	view_pages(w, v, w->place[at].page, n);
	for (i = 0; i < n; i++) {
		const struct place *p = &w->place[at + i];

		if (p->kind != PRIVATE || p->copy == CLEAN)
			continue;
		v->at[i].from = p->version;
		v->at[i].own = p->copy == OWN;
	}
}

/* Is @got of a version from @from to @to, or torn between such versions? */
static bool word_between(uint64_t got, uint64_t want, uint32_t from, uint32_t to)
{
	const uint8_t low = got >> 16, high = got >> 24;

	if ((got ^ want) & 0xffffffff0000ff00ULL)
		return false;
	if ((low != (uint8_t)(want >> 16) && low != 0xff) ||
	    (high != (uint8_t)(want >> 24) && high != 0xff))
		return false;
	return to / 2 - from / 2 >= VERSIONS ||
	       (uint8_t)(got - from / 2) <= to / 2 - from / 2;
}

static bool check_page(struct worker *w, const struct view *v, unsigned int n,
		       const uint64_t *words)
{
	const unsigned int page = v->at[n].page;
	const uint32_t from = v->at[n].from;
	uint16_t tag = v->at[n].own ? ~w->t->tag : w->t->tag;
	uint32_t to = from;
	unsigned int i;

	if (!v->at[n].own)
		to = __atomic_load_n(&w->t->model[page].begun, __ATOMIC_RELAXED);
	for (i = 0; i < WORDS; i++) {
		unsigned int index = from == to && (from & 1) ? FILL_INDEX : i;
		uint64_t want = word(tag, page, index, from);

		if (from == to ? words[i] == want :
				 word_between(words[i], want, from, to))
			continue;
		fail(w, "page %u%s, word %u: %016llx instead of %016llx, version %u to %u",
		     page, v->at[n].own ? " (private)" : "", i,
		     (unsigned long long)words[i], (unsigned long long)want,
		     from / 2, to / 2);
		return false;
	}
	return true;
}

/* Check @words, read after @v was filled in, against the model. */
bool view_check(struct worker *w, const struct view *v, const uint64_t *words)
{
	unsigned int i;

	/* the bytes are read before begun; pairs with begin_store() */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (i = 0; i < v->n; i++)
		if (!check_page(w, v, i, words + i * WORDS))
			return false;
	return true;
}

/* CRC-32C by a table: faster than user_crc32c(). */
uint32_t crc32c_update(uint32_t crc, const void *data, size_t length)
{
	static uint32_t table[256];
	const uint8_t *p = data;
	int i, bit;

	/* concurrent initialisation stores the same values */
	if (!__atomic_load_n(&table[255], __ATOMIC_ACQUIRE))
		for (i = 0; i < 256; i++) {
			uint32_t x = i;

			for (bit = 0; bit < 8; bit++)
				x = (x >> 1) ^ (x & 1 ? 0x82f63b78U : 0);
			__atomic_store_n(&table[i], x, __ATOMIC_RELEASE);
		}
	while (length--)
		crc = (crc >> 8) ^ table[(uint8_t)(crc ^ *p++)];
	return crc;
}

unsigned int next_mapped(struct worker *w, unsigned int at)
{
	unsigned int n;

	for (n = 0; n < ARENA_PAGES && !w->place[at].kind; n++)
		at = (at + 1) % ARENA_PAGES;
	return at;
}

unsigned int run_at(struct worker *w, unsigned int at, unsigned int max)
{
	unsigned int n = 0;

	if (!w->place[at].kind)
		return 0;
	while (n < max && at + n < ARENA_PAGES &&
	       w->place[at + n].vma == w->place[at].vma)
		n++;
	return n;
}

/* Split the VMA at @at, as the kernel does before it changes a part of one. */
void split(struct worker *w, unsigned int at)
{
	uint32_t vma;

	if (!at || at == ARENA_PAGES || !w->place[at].kind ||
	    w->place[at - 1].vma != w->place[at].vma)
		return;
	vma = w->place[at].vma;
	w->next_vma++;
	for (; at < ARENA_PAGES && w->place[at].vma == vma; at++)
		w->place[at].vma = w->next_vma;
}

/* Update the model after the range was unmapped. */
void clear_places(struct worker *w, unsigned int at, unsigned int n)
{
	split(w, at);
	split(w, at + n);
	memset(&w->place[at], 0, n * sizeof(w->place[0]));
}

long count_vmas(struct worker *w)
{
	unsigned int i;
	long n = 0;

	for (i = 0; i < ARENA_PAGES; i++)
		n += w->place[i].kind &&
		     (!i || w->place[i - 1].vma != w->place[i].vma);
	return n;
}
