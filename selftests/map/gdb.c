// SPDX-License-Identifier: GPL-2.0
/* gdb reads and writes the mapping of a running process. */
#include "map_fixture.h"

static int run(void *arg)
{
	return pause();
}

TEST_F(map, read_and_write)
{
	char *last = self->mem + self->dev.size - 4, command[512], line[256];
	bool seen = false;
	pid_t pid;
	FILE *gdb;

	if (system("gdb --version >/dev/null 2>&1"))
		SKIP(return, "no gdb");
	*(uint32_t *)self->mem = 0x64636261;
	*(uint32_t *)last = 0x7a797877;
	pid = start_child(run, NULL);
	ASSERT_LT(0, pid);
	snprintf(command, sizeof(command),
		 "gdb -nx -batch -p %d -ex 'output/x *(unsigned int *)%p' -ex 'echo \\n' -ex 'output/x *(unsigned int *)%p' -ex 'echo \\n' -ex 'set {unsigned int}%p = 0x64636261' 2>&1",
		 pid, self->mem, last, last);
	gdb = popen(command, "r");
	ASSERT_NE(NULL, gdb);
	while (fgets(line, sizeof(line), gdb)) {
		if (!strcmp(line, "0x64636261\n") &&
		    fgets(line, sizeof(line), gdb))
			seen = !strcmp(line, "0x7a797877\n");
	}
	EXPECT_EQ(0, pclose(gdb));
	EXPECT_TRUE(seen) TH_LOG("last line of gdb: %s", line);
	EXPECT_EQ(0x64636261U, *(uint32_t *)last);
	kill(pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_child(pid));
}

TEST_HARNESS_MAIN
