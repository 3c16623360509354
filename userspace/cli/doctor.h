/* SPDX-License-Identifier: MIT */
/* Declarations shared by the checks of "mmapshare doctor". */
#ifndef MMAPSHARE_CLI_DOCTOR_H
#define MMAPSHARE_CLI_DOCTOR_H

#include <stdbool.h>
#include "cli.h"

void report_ok(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print the problem and, on the next line, the remedy. Returns false. */
bool report_problem(const char *remedy, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Likewise for what may be intended: a user may, for example, only be permitted to
 * read a region. Returns true. @remedy is NULL if there is none.
 */
bool report_note(const char *remedy, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Is the user in this group: according to the session, or to /etc/group? */
bool session_has_group(gid_t gid);
bool user_has_group(gid_t gid);

/* Check the region that @text, a name or a path, denotes. */
bool check_region(const char *text);

#endif /* MMAPSHARE_CLI_DOCTOR_H */
