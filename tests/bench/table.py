#!/usr/bin/env python3
"""Whole processes on one pair, in turns: wall time and its ratio to the floor, instructions, faults, system calls, allocations.

usage: table.py FOLDER ROUNDS NAME=COMMAND…   the first is the floor; {system} and {software} stand for the hives
Instructions and allocations need valgrind, system calls strace; without them the columns are empty. Trust ratios and counts.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time


def once(command):
    start = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
    _, _, usage = os.wait4(child, 0)
    return (time.perf_counter() - start) * 1e6, usage.ru_minflt


def said(tool, command, pattern):
    if not shutil.which(tool[0]):
        return ""
    with tempfile.TemporaryDirectory() as folder:
        told = os.path.join(folder, "told")
        subprocess.run([part.replace("{told}", told) for part in tool] + command, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False, cwd=folder)
        text = open(told, encoding="utf-8", errors="replace").read() if os.path.exists(told) else ""
    found = re.search(pattern, text)
    return found[1].replace(",", "") if found else ""


def main():
    folder, rounds = os.path.realpath(sys.argv[1]), int(sys.argv[2])
    hives = {"system": f"{folder}/SYSTEM", "software": f"{folder}/SOFTWARE"}
    contestants = [(name, [part.format(**hives) for part in shlex.split(command)])
                   for name, command in (argument.split("=", 1) for argument in sys.argv[3:])]
    runs = {name: [] for name, _ in contestants}
    for _ in range(rounds):
        for name, command in contestants:
            runs[name].append(once(command))
    floor = min(wall for wall, _ in runs[contestants[0][0]])
    print("| program | best wall, µs | to the floor | instructions | faults | system calls | allocations |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, command in contestants:
        wall, faults = min(wall for wall, _ in runs[name]), min(faults for _, faults in runs[name])
        # Both hold what the tools count in their last lines.
        ir = said(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-file={told}"], command,
                  r"Collected : (\d+)")
        heap = said(["valgrind", "--leak-check=no", "--log-file={told}"], command, r"usage: ([\d,]+) allocs")
        calls = said(["strace", "-f", "-c", "-o", "{told}"], command, r"100\.00\s+\S+\s+(?:\S+\s+)?(\d+)(?:\s+\d+)? total")
        print(f"| {name} | {wall:.0f} | {wall / floor:.2f} | {ir} | {faults} | {calls} | {heap} |")


main()
