"""tree: the repository's files, and C text as the lints see it. Not a program."""
import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]

SKIPPED = {".git", "node_modules", "__pycache__"}


def files(top=TOP):
    """All that is, or could be, committed; without git, all that is there but build folders."""
    listed = subprocess.run(["git", "-C", str(top), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, check=False)
    if listed.returncode == 0:
        names = [os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
    else:
        names = []
        for folder, folders, here in os.walk(top):
            folders[:] = [f for f in folders if f not in SKIPPED and not f.startswith("build")]
            names += [os.path.relpath(os.path.join(folder, f), top) for f in here]
    return sorted(name for name in set(names) if (top / name).is_file())


def sources(top=TOP, under=("src/", "include/", "connectors/")):
    return [name for name in files(top) if name.endswith((".c", ".h")) and name.startswith(under)]


def read(name, top=TOP):
    return (top / name).read_text(encoding="utf-8", errors="replace")


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def code(text, strings=False):
    """The same lines without comments and (unless wanted) without what stands in quotes."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def replace(match):
        found = match[0]
        if found[0] == "/":
            return _blank(found)
        return found if strings else found[0] + " " * (len(found) - 2) + found[-1]

    return pattern.sub(replace, text)


def without_directives(text):
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: _blank(m[0]), text, flags=re.M)


def functions(text):
    """(name, first line, lines) of each function body in C text: a brace at depth 0 right after a closing paren."""
    plain = without_directives(code(text))
    found, depth, start, name, at = [], 0, 0, "", 0
    for at, char in enumerate(plain):
        if char == "{":
            if depth == 0:
                begin = max(plain.rfind(c, 0, at) for c in ";}") + 1
                head = plain[begin:at]
                bare = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", head, flags=re.S)
                name = bare.rstrip().endswith(")") and re.search(r"([A-Za-z_]\w*)\s*\(", bare)
                start = begin + len(head) - len(head.lstrip())
            depth += 1
        elif char == "}":
            depth = max(depth - 1, 0)
            if depth == 0 and name:
                first = plain.count("\n", 0, start) + 1
                found.append((name[1], first, plain.count("\n", 0, at) + 2 - first))
                name = ""
    return found


def end(complaints, what):
    """Prints what is wrong and ends the program."""
    for line in complaints:
        print(line)
    print(f"{what}: {len(complaints)} complaints" if complaints else f"{what}: nothing to complain of")
    sys.exit(1 if complaints else 0)
