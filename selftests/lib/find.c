// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: find bytes, read lines and move bytes in a mapping. */
#include "lib_test.h"

static const char text[] = "one two\ntwo three\n\nlast";

#define LENGTH	(sizeof(text) - 1)

FIXTURE(text) {
	struct device dev;
	struct mmapshare *region;
	char *map;
};

FIXTURE_SETUP(text)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	ASSERT_EQ(0, mmapshare_create(&self->region, NULL, 1,
				      loaded_strategy(&self->dev), 0));
	ASSERT_EQ(0, mmapshare_map(self->region, MMAPSHARE_WRITE, 0, 0,
				   (void **)&self->map));
	memcpy(self->map, text, LENGTH);
}

FIXTURE_TEARDOWN(text)
{
	mmapshare_unmap(self->map, mmapshare_size(self->region));
	mmapshare_close(self->region);
	close(self->dev.fd);
}

TEST_F(text, find)
{
	const char *map = self->map;
	const size_t size = mmapshare_size(self->region);

	EXPECT_EQ(4, mmapshare_find(map, size, 0, "two", 3));
	EXPECT_EQ(4, mmapshare_find(map, size, 4, "two", 3));
	EXPECT_EQ(8, mmapshare_find(map, size, 5, "two", 3));
	EXPECT_EQ(-ENOENT, mmapshare_find(map, size, 9, "two", 3));
	EXPECT_EQ(-ENOENT, mmapshare_find(map, 6, 0, "two", 3));
	EXPECT_EQ(4, mmapshare_find(map, 7, 0, "two", 3));
	EXPECT_EQ(-ENOENT, mmapshare_find(map, 7, 7, "two", 3));
	EXPECT_EQ(-ENXIO, mmapshare_find(map, 7, 8, "two", 3));
	EXPECT_EQ(7, mmapshare_find(map, 7, 7, "", 0));
	EXPECT_EQ((ssize_t)LENGTH, mmapshare_find(map, size, 0, "\0\0", 2));
}

TEST_F(text, find_last)
{
	const char *map = self->map;

	EXPECT_EQ(8, mmapshare_find_last(map, LENGTH, "two", 3));
	EXPECT_EQ(8, mmapshare_find_last(map, 11, "two", 3));
	EXPECT_EQ(4, mmapshare_find_last(map, 10, "two", 3));
	EXPECT_EQ(0, mmapshare_find_last(map, LENGTH, "one", 3));
	EXPECT_EQ(-ENOENT, mmapshare_find_last(map, 6, "two", 3));
	EXPECT_EQ(-ENOENT, mmapshare_find_last(map, 2, "two", 3));
	EXPECT_EQ(2, mmapshare_find_last(map, 2, "", 0));
}

TEST_F(text, read_line)
{
	static const char * const lines[] = {
		"one two\n", "two thre", "e\n", "\n", "last", "",
	};
	size_t position = 0, i;
	char line[9];

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		memset(line, 'x', sizeof(line));
		EXPECT_EQ((ssize_t)strlen(lines[i]),
			  mmapshare_read_line(self->map, LENGTH, &position, line,
					      sizeof(line)));
		EXPECT_STREQ(lines[i], line);
	}
	EXPECT_EQ(LENGTH, position);
	EXPECT_EQ(-EINVAL, mmapshare_read_line(self->map, LENGTH, &position, line, 1));
	position++;
	EXPECT_EQ(-EINVAL, mmapshare_read_line(self->map, LENGTH, &position, line,
					       sizeof(line)));
	EXPECT_EQ(LENGTH + 1, position);
}

TEST_F(text, move)
{
	EXPECT_EQ(0, mmapshare_move(self->map, LENGTH, 3, 0, 7));
	EXPECT_EQ(0, memcmp(self->map, "oneone twoo three\n\nlast", LENGTH));
	EXPECT_EQ(0, mmapshare_move(self->map, LENGTH, 0, 3, 7));
	EXPECT_EQ(0, memcmp(self->map, "one twotwoo three\n\nlast", LENGTH));
	EXPECT_EQ(0, mmapshare_move(self->map, LENGTH, LENGTH, 0, 0));
	EXPECT_EQ(-ENXIO, mmapshare_move(self->map, LENGTH, LENGTH, 0, 1));
	EXPECT_EQ(-ENXIO, mmapshare_move(self->map, LENGTH, 0, 1, LENGTH));
	EXPECT_EQ(-ENXIO, mmapshare_move(self->map, LENGTH, SIZE_MAX, 0, 2));
}

TEST_HARNESS_MAIN
