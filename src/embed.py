#!/usr/bin/env python3
"""usage: embed.py NAME FILE: prints FILE as a C string constant NAME."""
import sys

name, path = sys.argv[1:]
print(f"static const char {name}[] =")
with open(path, encoding="utf-8") as text:
    for line in text.read().split("\n"):
        print('    "' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"')
print("    ;")
