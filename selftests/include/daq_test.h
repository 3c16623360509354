/* SPDX-License-Identifier: GPL-2.0 */
/* Load and unload the example module mmapshare_daq, and send it commands. */
#ifndef DAQ_TEST_H
#define DAQ_TEST_H

#include "ring_test.h"
#include <stdlib.h>
#include <sys/syscall.h>
#include "../../driver/examples/daq.h"

#define DAQ	DEVICE "-daq"

/* Returns 0 or an errno, ENOENT if there is no such module. */
static inline int load_daq(const char *params)
{
	const char *module = getenv("MMAPSHARE_KO");
	char path[256];
	int fd, ret;

	snprintf(path, sizeof(path), "%.*s/driver/examples/mmapshare_daq.ko",
		 (int)(strrchr(module, '/') - module), module);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	ret = syscall(SYS_finit_module, fd, params, 0) ? errno : 0;
	close(fd);
	return ret;
}

static inline int unload_daq(void)
{
	return syscall(SYS_delete_module, "mmapshare_daq", O_NONBLOCK) ? errno : 0;
}

static inline bool daq_send_command(struct endpoint *p, uint32_t what, uint32_t value)
{
	const struct daq_command command = { what, value };
	void *record = ring_reserve(p, sizeof(command));

	if (!record)
		return false;
	memcpy(record, &command, sizeof(command));
	ring_publish(p);
	return true;
}

/* Wait until the kernel, the only consumer, has released all commands. */
static inline void daq_wait_for_release(struct endpoint *p)
{
	while (__atomic_load_n(&endpoint_cursor(p, 0)->pos, __ATOMIC_ACQUIRE) != p->pos)
		sleep_ns(MS);
}

#endif /* DAQ_TEST_H */
