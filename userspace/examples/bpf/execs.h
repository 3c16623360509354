/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EXECS_H
#define EXECS_H

/**
 * struct exec - a record of the ring "execs"
 * @pid: process
 * @uid: user
 * @comm: name of the program, with a NUL at the end
 */
struct exec {
	__u32 pid;
	__u32 uid;
	char comm[16];
};

#endif /* EXECS_H */
