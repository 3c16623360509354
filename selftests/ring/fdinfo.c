// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/fdinfo and INFO of the descriptors of rings and endpoints. */
#include "ring_test.h"

/* Is there a line "mmapshare-@key:\t@value" in fdinfo? */
static bool has_line(int fd, const char *key, const char *value)
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

static bool has_number(int fd, const char *key, unsigned long long number)
{
	char value[32];

	snprintf(value, sizeof(value), "%llu", number);
	return has_line(fd, key, value);
}

TEST_F(ring, ring_descriptor)
{
	EXPECT_TRUE(has_line(self->fd, "ring", "0x1"));
	EXPECT_FALSE(has_line(self->dev.fd, "ring", "0x1"));
}

TEST_F(ring, endpoints)
{
	struct endpoint second;

	RING_ATTACH_BOTH(self);
	ASSERT_EQ(0, endpoint_attach(&second, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_TRUE(has_line(self->p.fd, "endpoint", "producer"));
	EXPECT_TRUE(has_line(self->c.fd, "endpoint", "consumer 0"));
	EXPECT_TRUE(has_line(second.fd, "endpoint", "consumer 1"));
	EXPECT_TRUE(has_line(self->c.fd, "ring", "0x1"));
	EXPECT_TRUE(has_number(second.fd, "may-lose", 0));
	endpoint_detach(&second);
	ASSERT_EQ(0, endpoint_attach(&second, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER |
				     MMAPSHARE_RING_ATTACH_MAY_LOSE));
	EXPECT_TRUE(has_line(second.fd, "endpoint", "consumer 1"));
	EXPECT_TRUE(has_number(second.fd, "may-lose", 1));
	endpoint_detach(&second);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

TEST_F(ring, positions)
{
	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(ring_put(&self->p, 8));
	ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_TRUE(has_number(self->p.fd, "position", 32));
	EXPECT_TRUE(has_number(self->c.fd, "position", 0));
	EXPECT_RECORD(self, &self->c, 0, 8);
	EXPECT_TRUE(has_number(self->c.fd, "position", 16));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

TEST_F(ring, name)
{
	int fd = ring_create_as(self->dev.fd, NULL, RING_SIZE, MMAPSHARE_RING, 1);

	ASSERT_LE(0, fd);
	EXPECT_FALSE(has_line(fd, "name", ""));
	close(fd);
	RING_ATTACH_BOTH(self);
	EXPECT_TRUE(has_line(self->fd, "name", self->name));
	EXPECT_TRUE(has_line(self->p.fd, "name", self->name));
	EXPECT_TRUE(has_line(self->c.fd, "name", self->name));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* A consumer that has attached by name, and the generation of its ring. */
TEST_F(ring, cursor_name)
{
	struct mmapshare_ring_attach_args at = { .name = "logger" };
	char generation[32];
	int fd = ring_attach_with(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at);

	ASSERT_LE(0, fd);
	EXPECT_TRUE(has_line(fd, "cursor-name", "logger"));
	snprintf(generation, sizeof(generation), "%#llx", (unsigned long long)at.generation);
	EXPECT_TRUE(has_line(fd, "generation", generation));
	close(fd);
	fd = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at);
	ASSERT_LE(0, fd);
	EXPECT_FALSE(has_line(fd, "cursor-name", ""));
	close(fd);
}

/* INFO of an endpoint's descriptor is that of its ring. */
TEST_F(ring, info_of_endpoint)
{
	struct mmapshare_info ring = { }, ep = { };

	RING_ATTACH_BOTH(self);
	ASSERT_EQ(0, device_info(self->fd, &ring));
	EXPECT_EQ(0, device_info(self->p.fd, &ep));
	EXPECT_EQ(ring.id, ep.id);
	EXPECT_EQ(ring.ring, ep.ring);
	EXPECT_EQ(ring.region_size, ep.region_size);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

TEST_HARNESS_MAIN
