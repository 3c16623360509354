// SPDX-License-Identifier: GPL-2.0
/*
 * A simulated data acquisition device: an example of a driver that uses
 * mmapshare. A timer stands for the device's interrupt. Its handler produces
 * records of samples in a ring that programs map. Programs send commands
 * through another ring. The timer runs only while a program has the samples' ring
 * attached.
 *
 * All uses of mmapshare are in daq_init(), daq_exit(), daq_publish(),
 * daq_command() and daq_wanted(); the rest simulates the device.
 */
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <mmapshare_ring.h>
#include "daq.h"

static char *name = "daq";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "NAME of the rings /dev/mmapshare-NAME and -NAME-control (default daq)");

static unsigned long size = 1 << 20;
module_param(size, ulong, 0444);
MODULE_PARM_DESC(size, "Size of the ring of samples in bytes (default 1 MiB)");

static bool overwrite = true;
module_param(overwrite, bool, 0444);
MODULE_PARM_DESC(overwrite, "If the ring is full, overwrite old records (default) or drop new");

static unsigned int consumers = 8;
module_param(consumers, uint, 0444);
MODULE_PARM_DESC(consumers, "Maximum number of consumers at a time (default 8)");

static struct mmapshare_source *samples;
static struct mmapshare_sink *control;
static struct hrtimer timer;

/* Serializes daq_command() and daq_wanted(), which start and stop the timer. */
static DEFINE_MUTEX(timer_lock);
static bool wanted;

/* Stored by daq_command(), read by daq_tick() and daq_publish(). */
static u32 rate, channels = 2, count = 16, wave, burst = 1;

/* Used by the timer only. */
static u64 sequence;
static struct rnd_state noise;

static s16 daq_sample(u32 shape, u32 phase)
{
	switch (shape) {
	case DAQ_SQUARE:
		return phase & 0x8000 ? S16_MAX : S16_MIN;
	case DAQ_TRIANGLE:
		return (phase & 0x8000 ? ~phase : phase) * 2 - 0x8000;
	case DAQ_NOISE:
		return prandom_u32_state(&noise);
	default:
		return phase - 0x8000;
	}
}

/* Produce a record in place, in the ring. Runs in interrupt context. */
static void daq_publish(u64 now, u32 period)
{
	const u32 nr = READ_ONCE(channels), n = READ_ONCE(count), shape = READ_ONCE(wave);
	struct daq_record *record;
	u32 i, channel;

	record = mmapshare_reserve(samples, struct_size(record, samples, nr * n));
	if (IS_ERR(record))
		return;
	record->sequence = sequence;
	record->time = now;
	record->period = period / n;
	record->channels = nr;
	record->count = n;
	for (i = 0; i < n; i++)
		for (channel = 0; channel < nr; channel++)
			record->samples[i * nr + channel] =
				daq_sample(shape, (sequence * n + i) * (channel + 1) << 8);
	mmapshare_commit(samples, record);
}

static enum hrtimer_restart daq_tick(struct hrtimer *t)
{
	const u32 period = NSEC_PER_SEC / max(READ_ONCE(rate), 1U);
	u32 n;

	if (!READ_ONCE(rate))
		return HRTIMER_NORESTART;
	for (n = READ_ONCE(burst); n; n--) {
		daq_publish(ktime_get_ns(), period);
		sequence++;
	}
	hrtimer_forward_now(t, ns_to_ktime(period));
	return HRTIMER_RESTART;
}

/* The "hardware" runs if a program reads, and has set a rate. */
static void daq_restart(void)
{
	hrtimer_cancel(&timer);
	if (wanted && rate)
		hrtimer_start(&timer, 0, HRTIMER_MODE_REL);
}

/* Called from a workqueue: the first consumer was attached, or the last one detached. */
static void daq_wanted(void *context, bool now)
{
	mutex_lock(&timer_lock);
	wanted = now;
	daq_restart();
	mutex_unlock(&timer_lock);
}

/*
 * Called from a workqueue for each record that a program has sent. @record is a
 * private copy, valid until the function returns.
 */
static void daq_command(void *context, const void *record, u32 length)
{
	const struct daq_command *command = record;
	u32 value;

	if (length != sizeof(*command))
		return;
	value = command->value;
	if (command->what == DAQ_RATE && value <= 1000000) {
		mutex_lock(&timer_lock);
		WRITE_ONCE(rate, value);
		daq_restart();
		mutex_unlock(&timer_lock);
	} else if (command->what == DAQ_CHANNELS && value && value <= DAQ_CHANNELS_MAX) {
		WRITE_ONCE(channels, value);
	} else if (command->what == DAQ_COUNT && value && value <= 1024) {
		WRITE_ONCE(count, value);
	} else if (command->what == DAQ_WAVE && value <= DAQ_NOISE) {
		WRITE_ONCE(wave, value);
	} else if (command->what == DAQ_BURST && value && value <= 10000) {
		WRITE_ONCE(burst, value);
	}
}

static int __init daq_init(void)
{
	struct mmapshare_params params = {
		.name = name,
		.mode = 0644,
		.size = size,
		.consumers = consumers,
		.flags = overwrite ? MMAPSHARE_OVERWRITE : 0,
	};
	char control_name[64];

	prandom_seed_state(&noise, 1);
	/* Kbuild checks which of the two functions the kernel has. */
#ifdef DAQ_HRTIMER_SETUP
	hrtimer_setup(&timer, daq_tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
#else
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer.function = daq_tick;
#endif
	samples = mmapshare_source_create(&params);
	if (IS_ERR(samples))
		return PTR_ERR(samples);

	scnprintf(control_name, sizeof(control_name), "%s-control", name);
	params = (struct mmapshare_params){ .name = control_name, .mode = 0600,
					    .size = 4096 };
	control = mmapshare_sink_create(&params, sizeof(struct daq_command), daq_command,
					NULL);
	if (IS_ERR(control)) {
		mmapshare_source_put(samples);
		return PTR_ERR(control);
	}
	/* cannot fail: nothing else watches the ring */
	mmapshare_source_watch(samples, daq_wanted, NULL);
	return 0;
}

/* No daq_command() runs when the ring is put, which has daq_wanted() stop the timer. */
static void __exit daq_exit(void)
{
	mmapshare_sink_put(control);
	mmapshare_source_put(samples);
}

module_init(daq_init);
module_exit(daq_exit);

MODULE_DESCRIPTION("mmapshare: a simulated data acquisition device");
MODULE_AUTHOR("The mmapshare authors");
MODULE_LICENSE("GPL");
MMAPSHARE_IMPORT();
