// SPDX-License-Identifier: MIT
/*
 * picture FILE: a frame buffer that the kernel and the program both draw into:
 * the kernel through its own mapping of the region, the program through its
 * mmap(). The result is saved as a PPM file.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mmapshare.h>
#include "crc32c.h"

#define WIDTH	320
#define HEIGHT	200
#define SQUARE	10
#define BYTES	(WIDTH * HEIGHT * sizeof(struct pixel))

struct pixel {
	unsigned char red, green, blue, opacity;
};

static const struct pixel black = { 0, 0, 0, 255 };
static const struct pixel blue = { 32, 64, 160, 255 };
static const struct pixel white = { 255, 255, 255, 255 };

static struct mmapshare *screen;
static struct pixel *pixels;

static void check(const char *what, int error)
{
	if (error)
		errx(1, "%s: %s", what, strerror(-error));
}

/* Have the kernel draw @count pixels, from (@x, @y) on. */
static void fill(struct pixel colour, int x, int y, unsigned int count)
{
	check("fill", mmapshare_fill(screen, (y * WIDTH + x) * sizeof(colour),
				     count * sizeof(colour), &colour, sizeof(colour)));
}

/* Draw a frame and horizontal lines. */
static void kernel_draws(void)
{
	int x, y;

	fill(black, 0, 0, WIDTH * HEIGHT);
	for (y = 0; y < HEIGHT; y += 20)
		fill(blue, 0, y, WIDTH);
	for (y = 0; y < HEIGHT; y += HEIGHT - 1)
		fill(white, 0, y, WIDTH);
	for (x = 0; x < WIDTH; x += WIDTH - 1)
		for (y = 0; y < HEIGHT; y++)
			fill(white, x, y, 1);
}

static const char *check_pixel(int x, int y, struct pixel colour)
{
	return memcmp(&pixels[y * WIDTH + x], &colour, sizeof(colour)) ? "no" : "yes";
}

/* A number from 0 to @n - 1. Without a seed the sequence is always the same. */
static int random_below(int n)
{
	return lrand48() % n;
}

/* Draw squares in random places and colours with stores. */
static void program_draws(int squares)
{
	struct pixel colour = { .opacity = 255 };
	int x, y, i;

	while (squares--) {
		x = random_below(WIDTH - 3 * SQUARE) + SQUARE;
		y = random_below(HEIGHT - 3 * SQUARE) + SQUARE;
		colour.red = 80 + random_below(176);
		colour.green = 80 + random_below(176);
		colour.blue = 80 + random_below(176);
		for (i = 0; i < SQUARE * SQUARE; i++)
			pixels[(y + i / SQUARE) * WIDTH + x + i % SQUARE] = colour;
	}
}

static void save(const char *path)
{
	FILE *f = fopen(path, "w");
	int i;

	if (!f)
		err(1, "%s", path);
	fprintf(f, "P6\n%d %d\n255\n", WIDTH, HEIGHT);
	for (i = 0; i < WIDTH * HEIGHT; i++)
		fwrite(&pixels[i], 3, 1, f);
	if (ferror(f) || fclose(f))
		err(1, "%s", path);
}

int main(int argc, char **argv)
{
	void *address;
	uint32_t crc;

	if (argc != 2)
		errx(2, "usage: picture FILE");
	check("create", mmapshare_create(&screen, NULL, BYTES, MMAPSHARE_STRATEGY_FAULT, 0));
	check("map", mmapshare_map(screen, MMAPSHARE_WRITE, 0, BYTES, &address));
	pixels = address;

	kernel_draws();
	printf("the kernel drew a frame: %s, a line: %s, the background: %s\n",
	       check_pixel(0, 0, white), check_pixel(5, 20, blue), check_pixel(5, 21, black));
	program_draws(60);
	check("checksum", mmapshare_checksum(screen, 0, BYTES, &crc));
	printf("the picture of both: crc32c %08x by the program, %08x by the kernel\n",
	       crc32c(pixels, BYTES), crc);
	save(argv[1]);
	printf("%d x %d pixels saved\n", WIDTH, HEIGHT);
	mmapshare_close(screen);
	return 0;
}
