// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/fdinfo shows a ring, and whose part in it a descriptor is. */
#include "ring_test.h"

/* Is there a line "mmapshare-@key:\t@value"? */
static bool shows(int fd, const char *key, const char *value)
{
	char line[128], want[128];
	bool found = false;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	snprintf(want, sizeof(want), "mmapshare-%s:\t%s\n", key, value);
	f = fopen(line, "r");
	while (f && !found && fgets(line, sizeof(line), f))
		found = !strcmp(line, want);
	if (f)
		fclose(f);
	return found;
}

static bool shows_number(int fd, const char *key, unsigned long long number)
{
	char value[32];

	snprintf(value, sizeof(value), "%llu", number);
	return shows(fd, key, value);
}

TEST_F(ring, ring_itself)
{
	EXPECT_TRUE(shows(self->fd, "ring", "0x1"));
	EXPECT_FALSE(shows(self->dev.fd, "ring", "0x1"));
}

TEST_F(ring, parts)
{
	struct part second;

	RING_ATTACH_BOTH(self);
	ASSERT_EQ(0, part_attach(&second, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_TRUE(shows(self->p.fd, "part", "producer"));
	EXPECT_TRUE(shows(self->c.fd, "part", "consumer 0"));
	EXPECT_TRUE(shows(second.fd, "part", "consumer 1"));
	EXPECT_TRUE(shows(self->c.fd, "ring", "0x1"));
	part_detach(&second);
	part_detach(&self->p);
	part_detach(&self->c);
}

TEST_F(ring, positions)
{
	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(ring_put(&self->p, 8));
	ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_TRUE(shows_number(self->p.fd, "position", 32));
	EXPECT_TRUE(shows_number(self->c.fd, "position", 0));
	EXPECT_RECORD(self, &self->c, 0, 8);
	EXPECT_TRUE(shows_number(self->c.fd, "position", 16));
	part_detach(&self->p);
	part_detach(&self->c);
}

TEST_F(ring, name)
{
	int fd = ring_create_as(self->dev.fd, NULL, RING_SIZE, MMAPSHARE_RING, 1);

	ASSERT_LE(0, fd);
	EXPECT_FALSE(shows(fd, "name", ""));
	close(fd);
	RING_ATTACH_BOTH(self);
	EXPECT_TRUE(shows(self->fd, "name", self->name));
	EXPECT_TRUE(shows(self->p.fd, "name", self->name));
	EXPECT_TRUE(shows(self->c.fd, "name", self->name));
	part_detach(&self->p);
	part_detach(&self->c);
}

/* The descriptor of a part tells of the region, as that of the region does. */
TEST_F(ring, info_of_a_part)
{
	struct mmapshare_info ring = { }, part = { };

	RING_ATTACH_BOTH(self);
	ASSERT_EQ(0, device_info(self->fd, &ring));
	EXPECT_EQ(0, device_info(self->p.fd, &part));
	EXPECT_EQ(ring.id, part.id);
	EXPECT_EQ(ring.ring, part.ring);
	EXPECT_EQ(ring.region_size, part.region_size);
	part_detach(&self->p);
	part_detach(&self->c);
}

TEST_HARNESS_MAIN
