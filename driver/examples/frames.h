/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of the example mmapshare_frames. The region /dev/mmapshare-frames-pool
 * has the buffers, and the ring /dev/mmapshare-frames says which buffer has a new
 * frame; struct mmapshare_record_info has the time. A reader borrows a frame from
 * /dev/mms-frames before it reads it.
 */
#ifndef MMAPSHARE_FRAMES_H
#define MMAPSHARE_FRAMES_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define FRAMES_LOAN_DEVICE	"/dev/mms-frames"

/**
 * struct frame - a record of the ring: a frame is complete
 * @number: 1 for the first frame; those that found no free buffer are missing
 * @buffer: the frame begins at @buffer * @bytes in the pool
 * @bytes: its size, a multiple of the page size, the same for all frames
 */
struct frame {
	__u64 number;
	__u32 buffer;
	__u32 bytes;
};

/**
 * struct frame_loan - argument of FRAMES_IOC_BORROW
 * @number: the frame
 * @buffer: the buffer that has it
 * @reserved: 0
 */
struct frame_loan {
	__u64 number;
	__u32 buffer;
	__u32 reserved;
};

/*
 * Keep a frame from being replaced until the next BORROW of the same open file that
 * succeeds, or close(). ESTALE: its buffer was used again already, and what the open
 * file has borrowed remains so.
 */
#define FRAMES_IOC_BORROW	_IOW('f', 1, struct frame_loan)

#endif /* MMAPSHARE_FRAMES_H */
