# SPDX-License-Identifier: GPL-2.0
#
# Summarizes the output of suite.  Each TAP result of a program counts, "ok" or
# "not ok" at the start of a line; a program without results counts as one.  In
# addition, a program counts as a failure if its exit status is bad but none of
# its results is, or if the number of results differs from its plan.
#
# -v label=TEXT: name of the run; -v parts=N: number of suites in the input.
# Prints a line for each strategy, each failure with the output before it, each
# skip, the number of torture operations and of injected faults, and last
# "total PASSED FAILED SKIPPED".

function skip(why)
{
	skipped++
	all_skipped++
	why = test ": " (why == "" ? "no reason given" : why)
	if (!(why in skips))
		order[++n_skips] = why
	if (index(skips[why], strategy) == 0)
		skips[why] = skips[why] " " strategy
}

# Count a failure and keep its text, with the last 40 lines of output since the
# previous result.
function fail(what,    i)
{
	failed++
	bad = bad sprintf("    FAILED: %s: %s\n", test, what)
	for (i = n_lines > 40 ? n_lines - 39 : 1; i <= n_lines; i++)
		bad = bad "      | " lines[i] "\n"
}

# Return the name of a result and, if the result was skipped, the reason.
function describe(line,    why)
{
	if (match(line, / *# SKIP */)) {
		why = substr(line, RSTART + RLENGTH)
	}
	sub(/ *#.*/, "", line)
	sub(/^(not )?ok [0-9]* *(- )?/, "", line)
	return line (line != "" && why != "" ? ": " : "") why
}

function flush_strategy()
{
	if (strategy == "")
		return
	printf "  %s %s: %d programs, %d passed, %d failed, %d skipped, %.1f s%s\n",
		label, strategy, programs, passed, failed, skipped, ms / 1000,
		operations ? sprintf(", %d operations", operations) : ""
	printf "%s", bad
	total_passed += passed
	total_failed += failed
	total_operations += operations
	programs = passed = failed = skipped = ms = operations = 0
	bad = ""
}

function enter(s)
{
	if (s == strategy)
		return
	flush_strategy()
	strategy = s
}

function start(name)
{
	test = name
	programs++
	plan = -1
	results = fails = n_lines = 0
	plan_skip = ""
	running = 1
}

function finish(status)
{
	running = 0
	if (status == 124 || status == 137)
		fail("killed at its time limit")
	else if (status > 128)
		fail("killed by signal " status - 128)
	else if (status == 4 && results == 0)
		skip(plan_skip)
	else if (status != 0 && status != 4 && fails == 0)
		fail("exit status " status)
	else if (status != 4 && plan >= 0 && plan != results)
		fail("planned " plan " results, gave " results)
	else if (results == 0)
		passed++
}

{ sub(/\r$/, "") }

/^## run / {
	if (running)
		fail("no exit status")
	enter($3)
	start($4)
	next
}
/^## exit / { ms += $4; finish($3 + 0); next }
/^## fail / {
	enter($3)
	test = "suite"
	sub(/^## fail [^ ]* /, "")
	fail($0)
	next
}
/^## end$/ { ended++; next }
!running { next }

/^1\.\.[0-9]+/ {
	plan = substr($1, 4) + 0
	if (match($0, /# SKIP */))
		plan_skip = substr($0, RSTART + RLENGTH)
	next
}

/^ok / {
	results++
	if (/# SKIP/)
		skip(describe($0))
	else
		passed++
	n_lines = 0
	next
}

/^not ok / {
	results++
	fails++
	fail(describe($0))
	n_lines = 0
	next
}

# statistics of torture/vma, torture/unload and inject/*
/^# operations [0-9]+$/ { operations += $3 }
/^# injected / { injected += $3; refused += $5 }

NF { lines[++n_lines] = $0 }

END {
	if (running)
		fail("no exit status")
	flush_strategy()
	for (i = 1; i <= n_skips; i++)
		printf "    skipped (%s): %s\n", substr(skips[order[i]], 2), order[i]
	if (total_operations)
		printf "  %s: %d torture operations\n", label, total_operations
	if (injected)
		printf "    %d faults injected, because of which %d calls failed\n",
			injected, refused
	if (ended < (parts ? parts : 1)) {
		print "    FAILED: the suite did not finish"
		total_failed++
	}
	print "total", total_passed + 0, total_failed + 0, all_skipped + 0
}
