#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""One line for each KUnit case, from the JSON that kunit.py writes.

usage: report.py RESULT.json [--log CONSOLE]    exit 1 if a case is not good
       report.py RESULT.json --all-red          exit 1 if a case is good
"""
import json
import re
import sys

# Reports of the kernel that do not always fail the case that caused them.
SPLAT = re.compile(r"WARNING: |BUG: |UBSAN: |KASAN: |INFO: possible|suspicious RCU|Oops|stack-protector")


def cases(group, prefix=""):
    """Yield (name, status) of every leaf."""
    for case in group.get("test_cases", []):
        yield prefix + case["name"], case["status"]
    for sub in group.get("sub_groups", []):
        yield from cases(sub, prefix + sub["name"] + ".")


def output_of(log, name):
    """What the console says around the failure of a case."""
    last = name.split(".")[-1]
    for i, line in enumerate(log):
        if re.search(r"not ok \d+ " + re.escape(last) + r"(\s|$)", line):
            first = i
            while first > 0 and i - first < 25 and not re.search(r"\bok \d+ |# Subtest", log[first - 1]):
                first -= 1
            return log[first:i]
    return []


def main():
    args = sys.argv[1:]
    result = json.load(open(args[0], encoding="utf-8"))
    log = []
    if "--log" in args:
        log = open(args[args.index("--log") + 1], errors="replace", encoding="utf-8").read().splitlines()
    number = bad = 0
    for name, status in cases(result):
        number += 1
        # What never reported, because the kernel died, has no name.
        if not name or name.endswith("."):
            name += "no_result"
        if status == "PASS":
            print(f"ok {number} - {name}")
        elif status == "SKIP":
            print(f"ok {number} - {name} # SKIP by the suite itself")
        else:
            bad += 1
            for line in output_of(log, name):
                print(f"# {line.strip()}")
            print(f"not ok {number} - {name}")
    if "--all-red" in args:
        return 0 if number and bad == number else 1
    splats = [line for line in log if SPLAT.search(line)]
    for line in splats[:10]:
        print(f"# {line}")
    print(f"{'not ok' if splats else 'ok'} {number + 1} - kunit_console_is_clean")
    if not number:
        print(f"not ok {number + 2} - kunit_has_results")
    return 1 if bad or splats or not number else 0


if __name__ == "__main__":
    sys.exit(main())
