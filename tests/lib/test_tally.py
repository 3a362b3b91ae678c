#!/usr/bin/env python3
"""The counting itself: a green that is none must not pass."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tally  # noqa: E402


def counts(t):
    return t.passed, t.failed


class Cmocka(unittest.TestCase):
    def check(self, expected, text, status=0):
        result = tally.of_cmocka(text, status, "a/b")
        self.assertEqual(counts(result), expected)
        self.assertEqual(len(result.names) > 0, result.failed > 0)
        return result

    def test_all_passed(self):
        self.check((2, 0), "1..2\nok 1 - x\nok 2 - y\n# ok - tests\n")

    def test_output_of_the_test_before_the_verdict(self):
        self.check((2, 0), "1..2\nhellook 1 - x\nok 2 - y\n")

    def test_one_failed(self):
        result = self.check((1, 1), "1..2\nok 1 - x\nnot ok 2 - y\n# 0x1 != 0x2\n", 1)
        self.assertEqual(result.names, ["a/b: y"])

    def test_several_groups(self):
        self.check((3, 0), "1..2\nok 1 - x\nok 2 - y\n# ok - g\n1..1\nok 1 - z\n# ok - h\n")

    def test_skipped_is_failed(self):
        self.check((1, 1), "1..2\nok 1 - x\nnot ok 2 # SKIP y\n")
        self.check((1, 1), "1..2\nok 1 - x\nok 2 - y # SKIP\n")

    def test_crash_in_the_middle(self):
        self.check((1, 3), "1..4\nok 1 - x\n==1==ERROR: AddressSanitizer\n", 1)

    def test_leak_at_the_end(self):
        self.check((1, 1), "1..1\nok 1 - x\n# ok - tests\n==1==ERROR: LeakSanitizer\n", 23)

    def test_early_exit_with_success(self):
        self.check((1, 1), "1..2\nok 1 - x\n", 0)

    def test_no_test_in_a_group(self):
        self.check((0, 1), "1..0\n")

    def test_program_without_cmocka(self):
        self.check((1, 0), "fine\n")
        self.check((0, 1), "Assertion failed\n", 134)


class Figures(unittest.TestCase):
    def test_shaky_and_figures_of_a_scenario(self):
        t = tally.of_last_line("\non sandbox: 9 s; 04 9 s\n  figure: idle: requests a poll: 1.00\n"
                               "  shaky, passed the second time: 04 released\n7 passed, 0 failed\n", 0, "sandbox")
        self.assertEqual(counts(t), (7, 0))
        self.assertEqual(t.shaky, ["sandbox: 04 released"])
        self.assertEqual(t.figures, ["sandbox: idle: requests a poll: 1.00"])
        self.assertEqual((tally.Tally(1).add(t).shaky, tally.Tally(1).add(t).figures), (t.shaky, t.figures))

    def test_sizes(self):
        text = ("room               files   lines functions\nsrc/base   6     571      50      8\n"
                "a hard look: x\nfigures: fine\n")
        t = tally.of_figures(text, 0, "figures")
        self.assertEqual((counts(t), len(t.figures)), ((1, 0), 2))
        self.assertEqual(counts(tally.of_figures("nothing\n", 0, "figures")), (1, 1))
        self.assertEqual(counts(tally.of_figures(text, 1, "figures")), (0, 1))

    def test_coverage(self):
        t = tally.of_coverage("x  1  2  50 %\nin all                        990   1000  99.0 %\n", 0, "coverage")
        self.assertEqual((counts(t), t.figures),
                         ((1, 0), ["branches of policy that the tests take: 990 of 1000, 99.0 %"]))
        self.assertEqual(counts(tally.of_coverage("gcovr is missing\n", 1, "coverage")), (0, 2))

    def test_in_time(self):
        self.assertEqual(counts(tally.in_time(899, 900, "real")), (0, 0))
        self.assertEqual(tally.in_time(899, 900, "real").figures, ["real: 899 s, at most 900 s"])
        late = tally.in_time(901, 900, "real")
        self.assertEqual((counts(late), late.names), ((0, 1), ["real took 901 s, more than 900 s"]))

    def test_compared(self):
        t = tally.of_compared("rt: 9 requests, 0 different\n9 requests, 0 different\n", 0, "c")
        self.assertEqual(counts(t), (9, 0))
        t = tally.of_compared("DIFFERENT: rt GET /x\n    at: 1\n9 requests, 1 different\n", 1, "c")
        self.assertEqual((counts(t), t.names), ((8, 1), ["c: rt GET /x"]))
        for text, status in (("", 0), ("0 requests, 0 different\n", 0), ("Traceback\n", 1)):
            self.assertEqual(counts(tally.of_compared(text, status, "c")), (0, 1), text)
        self.assertEqual(counts(tally.of_compared("9 requests, 0 different\n", 23, "c")), (9, 1))


class Meson(unittest.TestCase):
    def run_(self, *entries):
        lines = [json.dumps({"name": n, "result": r, "returncode": c, "stdout": o}) for n, r, c, o in entries]
        return tally.of_meson("\n".join(lines) + "\n")

    def test_suites(self):
        suites, output, names = self.run_(("bascule:unit / a/b", "OK", 0, "1..1\nok 1 - x\n"),
                                   ("bascule:unit / a/c", "FAIL", 1, "1..1\nnot ok 1 - y\n"),
                                   ("sim / seeds", "OK", 0, ""), ("alone", "OK", 0, ""))
        self.assertEqual({k: counts(v) for k, v in suites.items()}, {"unit": (2, 1), "sim": (1, 0)})
        self.assertEqual(names, {"a/b", "a/c", "seeds", "alone"})
        self.assertIn("a/c", output)
        self.assertNotIn("a/b", output)

    def test_what_is_not_ok_has_failed(self):
        for result in ("TIMEOUT", "ERROR", "SKIP", "EXPECTEDFAIL", "INTERRUPT"):
            suites, _, _ = self.run_(("unit / a", result, 0, "1..1\nok 1 - x\n"))
            self.assertEqual(suites["unit"].failed, 1, result)


class Gist(unittest.TestCase):
    def test_what_went_well_is_left_out(self):
        self.assertEqual(tally.gist("1..2\nok 1 - x\nnot ok 2 - y\n# 1 != 2\n# not ok - tests\n"),
                         "1..2\nnot ok 2 - y\n# 1 != 2\n# not ok - tests")

    def test_begins_where_a_sanitizer_speaks(self):
        text = "\n".join(f"line {i}" for i in range(90)) + "\n==1==ERROR: AddressSanitizer: heap\n" + "frame\n" * 90
        kept = tally.gist(text).splitlines()
        self.assertIn("AddressSanitizer", kept[5])
        self.assertEqual(len(kept), 31)


class Others(unittest.TestCase):
    def test_unittest(self):
        count = tally.of_unittest
        self.assertEqual(counts(count("....\nRan 4 tests in 0.1s\n\nOK\n", 0, "n")), (4, 0))
        self.assertEqual(counts(count("Ran 4 tests in 0.1s\nFAILED (failures=1, errors=1)\n", 1, "n")), (2, 2))
        self.assertEqual(counts(count("Ran 4 tests in 0.1s\nOK (skipped=1)\n", 0, "n")), (3, 1))
        self.assertEqual(counts(count("Ran 0 tests in 0.0s\nOK\n", 0, "n")), (0, 1))
        self.assertEqual(counts(count("Traceback\n", 1, "n")), (0, 1))
        self.assertEqual(counts(count("Ran 4 tests in 0.1s\nOK\n", -11, "n")), (3, 1))

    def test_last_line(self):
        count = tally.of_last_line
        self.assertEqual(counts(count("ok x\n5 passed, 0 failed\n", 0, "n")), (5, 0))
        self.assertEqual(counts(count("5 passed, 2 failed\n", 1, "n")), (5, 2))
        self.assertEqual(counts(count("5 passed, 0 failed\nTraceback\n", 1, "n")), (0, 1))
        self.assertEqual(counts(count("5 passed, 0 failed\n", 1, "n")), (5, 1))
        self.assertEqual(counts(count("0 passed, 0 failed\n", 0, "n")), (0, 1))
        self.assertEqual(counts(count("", 0, "n")), (0, 1))
        self.assertEqual(count("  failed: s4 told once\n5 passed, 1 failed\n", 1, "n").names, ["n: s4 told once"])

    def test_met(self):
        met = tally.Met()
        self.assertEqual(counts(met.slice("met a: 2\nmet b: 0\nmet c: 0\n5 passed, 0 failed\n", 0, "n")), (5, 0))
        self.assertEqual(counts(met.slice("met a: 0\nmet b: 1\nmet c: 0\n4 passed, 1 failed\n", 1, "n")), (4, 1))
        self.assertEqual(counts(met.tally("n")), (2, 1))
        self.assertEqual(met.tally("n").names, ["n: never met: c"])
        self.assertEqual(counts(tally.Met().tally("n")), (0, 1))

    def test_mutants(self):
        count = tally.of_mutants
        self.assertEqual(counts(count("30 mutants, 30 killed\n", 0, "n")), (30, 0))
        self.assertEqual(counts(count("30 mutants, 28 killed\n", 1, "n")), (28, 2))
        self.assertEqual(counts(count("30 mutants, 30 killed\n", 1, "n")), (30, 1))
        self.assertEqual(counts(count("0 mutants, 0 killed\n", 0, "n")), (0, 1))
        self.assertEqual(counts(count("nothing\n", 0, "n")), (0, 1))


if __name__ == "__main__":
    unittest.main()
