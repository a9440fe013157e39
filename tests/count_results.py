#!/usr/bin/env python3
"""Counts the results of `meson test` over all test cases, and ends with the line `N passed, N failed, N skipped`.

Usage: count_results.py BUILD_FOLDER...

Two logs of each folder are read: the JUnit log knows the cases of every GoogleTest program, the JSON log knows how each
program ended. A program that crashed, ran out of time or failed outside its cases counts as one failure more, because
the JUnit log alone would not show it. Exit status: 0 only if something passed and nothing failed.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

GOOD_ENDINGS = {"OK", "EXPECTEDFAIL", "SKIP"}


@dataclass
class Tally:
    passed: int = 0
    failed: list = field(default_factory=list)  # names
    skipped: list = field(default_factory=list)  # (name, reason)

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def count_case(tally, label, case):
    """Books one <testcase>; a case that GoogleTest was told not to run (DISABLED_, a filter) is no result."""
    name = f"{label}: {case.get('classname')}.{case.get('name')}"
    skipped = case.find("skipped")
    if case.find("failure") is not None or case.find("error") is not None:
        tally.failed.append(name)
    elif skipped is not None:
        reason = skipped.get("message") or skipped.text or "no reason given"
        tally.skipped.append((name, " ".join(reason.split())))
    elif case.get("status") != "notrun":
        tally.passed += 1


def count_program(folder, program, suites):
    """Books a test program: the cases of its GoogleTest suites (named PROJECT.PROGRAM.SUITE), or itself as one case."""
    tally = Tally()
    name, ending = program["name"], program["result"]
    label = f"{folder}: {name.split(' / ')[-1]}"
    cases = [case for suite in suites if f".{name}." in suite.get("name") for case in suite.iter("testcase")]
    for case in cases:
        count_case(tally, label, case)
    if ending not in GOOD_ENDINGS:
        if not tally.failed:
            tally.failed.append(f"{label}: the program ended with {ending}, exit status {program.get('returncode')}")
    elif ending == "SKIP":
        last_words = program.get("stdout", "").strip().splitlines() or ["no reason given"]
        tally.skipped.append((label, last_words[-1]))
    elif not cases:
        tally.passed += 1
    return tally


def count_folder(folder):
    logs = pathlib.Path(folder) / "meson-logs"
    suites = list(ElementTree.parse(logs / "testlog.junit.xml").getroot().iter("testsuite"))
    tally = Tally()
    with open(logs / "testlog.json", encoding="utf-8") as lines:
        for line in lines:
            tally.add(count_program(pathlib.Path(folder).name, json.loads(line), suites))
    return tally


def main(folders):
    total = Tally()
    for folder in folders:
        try:
            total.add(count_folder(folder))
        except (OSError, ElementTree.ParseError, ValueError) as error:
            total.failed.append(f"{folder}: no test log can be read: {error}")
    for name, reason in total.skipped:
        print(f"skipped {name}: {reason}")
    for name in total.failed:
        print(f"FAILED  {name}")
    print(f"{total.passed} passed, {len(total.failed)} failed, {len(total.skipped)} skipped")
    return 0 if total.passed and not total.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
