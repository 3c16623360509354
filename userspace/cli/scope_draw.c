// SPDX-License-Identifier: MIT
/* Output of scope: braille dots on a terminal, lines of text, or a plot. */
#define _GNU_SOURCE
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli.h"
#include "scope.h"

#define COLUMNS_MAX	(SAMPLES_MAX / 2)
#define ROWS_MAX	256
#define SAMPLE_MIN	(-32768)
#define SAMPLE_STEPS	65536

/* A braille character has 2 by 4 dots, each a bit of its code point. */
#define DOTS_WIDE	2
#define DOTS_HIGH	4
#define BRAILLE		0x2800

static const unsigned char dots[DOTS_HIGH][DOTS_WIDE] = {
	{ 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 },
};

static unsigned char canvas[ROWS_MAX][COLUMNS_MAX];

bool scope_terminal(unsigned int *columns, unsigned int *rows)
{
	const char *type = getenv("TERM");
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || !type || !strcmp(type, "dumb"))
		return false;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_row < 4 || size.ws_col < 20) {
		*columns = 80;
		*rows = 24;
		return true;
	}
	*columns = size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
	*rows = size.ws_row < ROWS_MAX ? size.ws_row : ROWS_MAX;
	return true;
}

size_t scope_width(unsigned int columns)
{
	return (size_t)columns * DOTS_WIDE;
}

static bool has_utf8(void)
{
	static int utf8 = -1;

	if (utf8 < 0) {
		setlocale(LC_CTYPE, "");
		utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	}
	return utf8;
}

/* A braille code point is three bytes in UTF-8. */
static void put_dots(unsigned char bits)
{
	const unsigned int c = BRAILLE + bits;

	if (!has_utf8()) {
		putchar(bits ? '*' : ' ');
		return;
	}
	putchar(0xe0 | c >> 12);
	putchar(0x80 | (c >> 6 & 0x3f));
	putchar(0x80 | (c & 0x3f));
}

static void set_dot(unsigned int x, unsigned int y)
{
	canvas[y / DOTS_HIGH][x / DOTS_WIDE] |= dots[y % DOTS_HIGH][x % DOTS_WIDE];
}

/* Draw into @rows rows from @top on; vertical lines join adjacent samples. */
static void draw_channel(const struct trace *t, unsigned int channel, unsigned int top,
			 unsigned int rows)
{
	const unsigned int high = rows * DOTS_HIGH;
	unsigned int y, last = 0, from, to;
	size_t i;

	for (i = 0; i < t->count; i++) {
		y = high - 1 - (uint64_t)(trace_sample(t, channel, i) - SAMPLE_MIN) * high /
			       SAMPLE_STEPS;
		from = i && last < y ? last + 1 : y;
		to = i && last > y ? last - 1 : y;
		for (; from <= to; from++)
			set_dot(i, top * DOTS_HIGH + from);
		last = y;
	}
}

static void print_heading(const struct trace *t, double rate)
{
	const double samples = t->period ? 1e9 / t->period : 0;

	printf("%s: %.0f records/s, %u channels of %.0f samples/s, %llu missed", t->name, rate,
	       t->channels, samples, (unsigned long long)t->missed);
	if (t->malformed)
		printf(", %llu malformed", (unsigned long long)t->malformed);
}

void scope_draw(const struct trace *t, double rate, unsigned int columns, unsigned int rows)
{
	const unsigned int plot_rows = rows - 1;
	unsigned int shown = t->channels < plot_rows ? t->channels : plot_rows;
	unsigned int each = shown ? plot_rows / shown : 0, row, column, i;

	memset(canvas, 0, sizeof(canvas));
	for (i = 0; i < shown; i++)
		draw_channel(t, i, i * each, each);
	printf("\033[H");
	print_heading(t, rate);
	if (!t->records)
		printf("; no records yet, see --rate");
	printf("\033[K");
	for (row = 0; row < plot_rows; row++) {
		printf("\n\r");
		for (column = 0; column < columns && row < shown * each; column++)
			put_dots(canvas[row][column]);
		printf("\033[K");
	}
}

static void print_extremes(const struct trace *t, unsigned int channel)
{
	int min = trace_sample(t, channel, 0), max = min, value;
	size_t i;

	for (i = 1; i < t->count; i++) {
		value = trace_sample(t, channel, i);
		if (value < min)
			min = value;
		if (value > max)
			max = value;
	}
	printf(", %d to %d", min, max);
}

void scope_print(const struct trace *t, double rate)
{
	unsigned int i;

	print_heading(t, rate);
	for (i = 0; t->count && i < t->channels; i++)
		print_extremes(t, i);
	putchar('\n');
}

/* Print a gnuplot string: a ' in it is doubled. */
static void put_quoted(FILE *f, const char *text)
{
	fputc('\'', f);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', f);
		fputc(*text, f);
	}
	fputc('\'', f);
}

static void plot_channel(const struct trace *t, unsigned int channel, FILE *f)
{
	const double ms = t->period / 1e6;
	size_t i;

	fprintf(f, "set ylabel 'channel %u'\nplot '-' with lines\n", channel);
	for (i = 0; i < t->count; i++)
		fprintf(f, "%.6f %d\n", i * ms, trace_sample(t, channel, i));
	fprintf(f, "e\n");
}

/* One plot for each channel, from top to bottom. */
static void plot(const struct trace *t, const char *file, FILE *f)
{
	unsigned int i;

	fprintf(f, "set terminal png size 1000,%u\nset output ", 100 + 200 * t->channels);
	put_quoted(f, file);
	fprintf(f, "\nset multiplot layout %u,1 title ", t->channels);
	put_quoted(f, t->name);
	fprintf(f, " noenhanced\nset yrange [-36000:36000]\nset autoscale xfix\n");
	fprintf(f, "set lmargin 10\nset grid\nunset key\n");
	for (i = 0; i < t->channels; i++) {
		if (i == t->channels - 1)
			fprintf(f, "set xlabel 'ms'\n");
		plot_channel(t, i, f);
	}
	fprintf(f, "unset multiplot\n");
}

/* Exits with 127, silently, if gnuplot is not installed. */
#define GNUPLOT	"command -v gnuplot >/dev/null || exit 127; exec gnuplot"

void scope_plot(const struct trace *t, const char *file)
{
	int status;
	FILE *f;

	if (!t->count)
		fail("'%s': no samples within the interval; see --rate", t->name);
	if (strchr(file, '\n'))
		fail("gnuplot cannot write to a file with a newline in its name");
	signal(SIGPIPE, SIG_IGN);
	f = popen(GNUPLOT, "we");
	if (!f)
		fail("gnuplot: %s", strerror(errno));
	plot(t, file, f);
	status = pclose(f);
	if (status == -1)
		fail("gnuplot: %s", strerror(errno));
	if (WIFSIGNALED(status))
		fail("gnuplot was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == 127)
		fail("gnuplot is not installed; --png needs it (Debian package gnuplot-nox)");
	if (status)
		fail("gnuplot failed with status %d", WEXITSTATUS(status));
}
