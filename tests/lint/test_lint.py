#!/usr/bin/env python3
"""The lints find what they say they find, and nothing else."""
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import tree  # noqa: E402


def load(name):
    loader = importlib.machinery.SourceFileLoader(name, str(HERE / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


rooms, figures, leaks = load("rooms"), load("figures"), load("leaks")


class Tree(unittest.TestCase):
    def test_code_keeps_lines_and_loses_words(self):
        text = 'a /* x\n"y" */ b // c {\n"d \\" // e" \'"\' f\n'
        plain = tree.code(text)
        self.assertEqual(plain.count("\n"), text.count("\n"))
        self.assertEqual([len(line) for line in plain.split("\n")], [len(line) for line in text.split("\n")])
        self.assertEqual(plain.split(), ["a", "b", '"', '"', "'", "'", "f"])
        self.assertIn('"d \\" // e"', tree.code(text, strings=True))

    def test_functions(self):
        text = """/* head { */
#define MAKE(x) do { \\
        if (x) { \\
} while (0)
struct s {
    int (*call)(void);
};
static const struct s table[] = {
    {NULL},
};
int one(void) { return 1; }

static char *two(const char *a,
                 int b)
{
    if (a) {
        return "}";
    }
    return '{';
}
enum e { A };
__attribute__((noreturn)) void three(void (*f)(int)) {
    for (;;)
        f(1);
}
"""
        self.assertEqual(tree.functions(text), [("one", 11, 1), ("two", 13, 8), ("three", 22, 4)])

    def test_files_without_git(self):
        with tempfile.TemporaryDirectory() as folder:
            top = Path(folder)
            for name in ("src/a.c", "build-x/b.c", "node_modules/c.h", "include/d.h"):
                (top / name).parent.mkdir(parents=True, exist_ok=True)
                (top / name).write_text("x\n")
            self.assertEqual(tree.files(top), ["include/d.h", "src/a.c"])
            self.assertEqual(tree.sources(top), ["include/d.h", "src/a.c"])
            subprocess.run(["git", "-C", folder, "init", "-q"], check=True)
            (top / ".gitignore").write_text("/build*/\nnode_modules/\n")
            self.assertEqual(tree.files(top), [".gitignore", "include/d.h", "src/a.c"])


class Rooms(unittest.TestCase):
    def wrong(self, name, text):
        return [line.split(": ", 1)[1] for line in rooms.check_file(name, text)]

    def test_rows(self):
        fine = [("src/policy/a.c", "bascule/model.h"), ("src/policy/a.c", "bascule/policy.h"),
                ("src/sync/a.c", "bascule/store.h"), ("src/main.c", "bascule/io.h"), ("src/run.c", "bascule/sync.h"),
                ("connectors/rt/quirks.c", "bascule/tracker.h"), ("include/bascule/store.h", "bascule/model.h"),
                ("src/policy/a.c", "table.h"), ("src/base/a.c", "bascule/base.h")]
        for name, header in fine:
            self.assertEqual(self.wrong(name, f'#include "{header}"\n'), [], name)
        for name, header in [("src/policy/a.c", "bascule/store.h"), ("src/sync/a.c", "bascule/io.h"),
                             ("src/base/a.c", "bascule/model.h"), ("src/report/a.c", "bascule/sync.h"),
                             ("connectors/rt/quirks.c", "bascule/store.h"), ("include/bascule/store.h",
                                                                             "bascule/sync.h"),
                             ("src/policy/a.c", "bascule/nothing.h"), ("src/policy/a.c", "../store/db.h"),
                             ("src/attic/a.c", "bascule/base.h"), ("src/tracker/a.c", "bascule/io.h")]:
            self.assertEqual(len(self.wrong(name, f'\n  #  include "{header}"\n')), 1, (name, header))

    def test_libraries(self):
        for name, header, wrong in [("src/io/a.c", "uv.h", 0), ("src/sync/a.c", "uv.h", 1), ("src/serve/a.c", "uv.h",
                                                                                             1),
                                    ("src/client/a.c", "curl/curl.h", 0), ("src/tracker/a.c", "curl/curl.h", 1),
                                    ("src/store/a.c", "sqlite3.h", 0), ("src/sync/a.c", "sqlite3.h", 1),
                                    ("src/config/a.c", "libfyaml.h", 0), ("src/sync/a.c", "libfyaml.h", 1),
                                    ("src/note/a.c", "cmark.h", 0), ("src/policy/a.c", "cmark.h", 1),
                                    ("src/serve/a.c", "microhttpd.h", 0), ("src/cli/a.c", "microhttpd.h", 1),
                                    ("src/policy/a.c", "pcre2.h", 0), ("src/store/a.c", "pcre2.h", 1),
                                    ("src/policy/a.c", "time.h", 1), ("src/base/a.c", "time.h", 0),
                                    ("src/sync/a.c", "sys/socket.h", 1), ("src/note/a.c", "string.h", 0)]:
            self.assertEqual(len(self.wrong(name, f"#include <{header}>\n")), wrong, (name, header))

    def test_calls(self):
        for text, wrong in [("t = time(NULL);", 1), ("x = rand ();", 1), ("getenv(n)", 1), ("clock_gettime(c, &t)", 1),
                            ("randombytes_buf(a, b)", 1), ("w->time(w)", 0), ("world.time(x)", 0), ("run_time(x)", 0),
                            ('"time(NULL)"', 0), ("/* time(NULL) */", 0), ("time_text(a, t)", 0), ("int time;", 0)]:
            self.assertEqual(len(self.wrong("src/sync/a.c", text)), wrong, text)
            self.assertEqual(self.wrong("src/io/a.c", text), [], text)
            self.assertEqual(self.wrong("src/main.c", text), [], text)

    def test_statics(self):
        for text, wrong in [("static int n;", 1), ("static int n = 1;", 1), ("    static char b[10];", 1),
                            ("static const char *p = 0;", 1), ("static struct x t[] = {0};", 1),
                            ("_Thread_local int n;", 1),
                            ("static const int n = 1;", 0), ("static const char *const p = 0;", 0),
                            ("static const struct x t[] = {0};", 0), ("static int f(void) {", 0),
                            ("static inline int f(void);", 0),
                            ("static enum x *f(int a,\n  int b) {", 0), ("/* static int n; */", 0),
                            ("static f_type f;\nvoid f(int a) {", 0), ("int n_static = 1;", 0)]:
            self.assertEqual(len(self.wrong("src/sync/a.c", text + "\n")), wrong, text)

    def test_line_is_told(self):
        self.assertEqual(list(rooms.check_file("src/policy/a.c", "\n\n#include <uv.h>\n")),
                         ["src/policy/a.c:3: <uv.h> belongs to io"])


class Figures(unittest.TestCase):
    def marks(self, text):
        _, marks = figures.check_file("src/x/a.c", text)
        return [w for w, _ in marks if w], [c for _, c in marks if c]

    def test_limits(self):
        def function(lines):
            return "/* a */\nvoid f(void) {\n" + "    x();\n" * (lines - 2) + "}\n"
        self.assertEqual(self.marks(function(70)), ([], []))
        self.assertEqual(len(self.marks(function(71))[0]), 1)
        self.assertEqual(self.marks(function(121))[1], ["src/x/a.c:2: f(): 121 lines, at most 120"])
        self.assertEqual(self.marks("/* */" + "\n" * 600), ([], []))
        self.assertEqual(len(self.marks("/* */" + "\n" * 601)[0]), 1)
        self.assertEqual(len(self.marks("/* */" + "\n" * 1001)[1]), 1)

    def test_head_and_braces(self):
        self.assertEqual(len(self.marks("int a;\n")[1]), 1)
        self.assertEqual(len(self.marks("/* a */ void f(void) {\n")[1]), 1)


class Leaks(unittest.TestCase):
    wanted = leaks.patterns(Path("/somewhere/deep/repo"), "/far/me")

    def wrong(self, text, name="a.c"):
        return list(leaks.check_file(name, text.encode() if isinstance(text, str) else text, self.wanted))

    def test_finds(self):
        for text in ("see /somewhere/deep/x\n", "/far/me/x\n", "/ro" + "ot/x\n", '"/ho' + 'me/ann/x"\n',
                     "// TO" + "DO: x\n",
                     "FIX" + "ME\n", "-----BEGIN RSA " + "PRIVATE KEY-----\n", "<" * 7 + " ours\n", "=" * 7 + "\n",
                     "a \n", "a\t\n", "a\r\n", "\ta\n", "a", b"\xff\xfe\n", b"a\0b\n", "x" * ((1 << 20) + 1) + "\n"):
            self.assertTrue(self.wrong(text), text[:60])

    def test_lets_pass(self):
        for text in ("", "a\n", "/ho" + "me/you/x\n", "http://x/ro" + "ot/y\n", "mkstemp(\"/tmp/a-XXXXXX\")\n",
                     "TO" + "DOS\n",
                     "a = b == c;\n", "=" * 8 + "\n", "/far/mexico\n"):
            self.assertEqual(self.wrong(text), [], text)
        self.assertEqual(self.wrong("a  \n", "a.md"), [])
        self.assertEqual(self.wrong(b"\x89PNG\xff", "a.png"), [])
        self.assertEqual(self.wrong("HTTP/1.1 200 OK\r\n", "a.http"), [])

    def test_a_clone_in_a_folder_that_everybody_has(self):
        shared = leaks.patterns(Path("/tmp/repo"), "/far/me")
        self.assertEqual(list(leaks.check_file("a.c", b'mkstemp("/tmp/a-XXXXXX")\n', shared)), [])
        self.assertEqual(len(list(leaks.check_file("a.c", b"/far/me/x\n", shared))), 1)

    def test_one_a_line(self):
        self.assertEqual(self.wrong("ok\nbad \n"), ["a.c:2: white space at the end of a line: "])


class Programs(unittest.TestCase):
    def test_say_what_is_wrong_and_fail(self):
        with tempfile.TemporaryDirectory() as folder:
            lint = Path(folder) / "tests" / "lint"
            lint.mkdir(parents=True)
            for name in ("rooms", "figures", "leaks", "tree.py"):
                (lint / name).write_text((HERE / name).read_text())
            bad = Path(folder) / "src" / "policy" / "a.c"
            bad.parent.mkdir(parents=True)
            bad.write_text("#include <uv.h>\nint a; \n")
            for name, words in (("rooms", "src/policy/a.c:1: <uv.h>"), ("figures", "does not begin"), ("leaks",
                                                                                                       "white space")):
                done = subprocess.run([sys.executable, "-B", str(lint / name)], capture_output=True, text=True,
                                      timeout=60,
                                      env={**os.environ, "GIT_CEILING_DIRECTORIES": str(Path(folder).parent)})
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn(words, done.stdout)


if __name__ == "__main__":
    unittest.main()
