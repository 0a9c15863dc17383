"""
Runs one command and writes what it cost: seconds of clock and processor, peak memory in KiB.

    python -I -S benchmarks/launch.py RESULT CORE COMMAND...

The kernel counts the memory of whoever starts a process as that process's own, so this imports as
good as nothing. CORE is the processor to run on, or `any`.
"""

import os
import sys
import time

result, core, *command = sys.argv[1:]
if core != "any" and sys.platform == "linux":
    os.sched_setaffinity(0, {int(core)})
started = time.perf_counter()
pid = os.posix_spawnp(command[0], command, os.environ)
_, status, used = os.wait4(pid, 0)
took = time.perf_counter() - started
with open(result, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib is not small
    file.write(f"{took} {used.ru_utime + used.ru_stime} {used.ru_maxrss}")
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
