#!/usr/bin/env python3
# embed: turns note templates into C strings, at build time.
# usage: embed.py OUTPUT.c TEXTS/LANGUAGE/KIND.VISIBILITY.md...
import pathlib
import sys


def c_string(data: bytes) -> str:
    """One literal a line; all that is not plain ASCII as octal, so no escape can run on."""
    def char(b: int) -> str:
        if b == 10:
            return '\\n'
        if b in (34, 92, 63):  # quote, backslash, question mark (trigraphs)
            return '\\' + chr(b)
        return chr(b) if 32 <= b < 127 else f'\\{b:03o}'
    lines = data.splitlines(keepends=True) or [b'']
    return '\n'.join('     "' + ''.join(char(b) for b in line) + '"' for line in lines)


def main() -> None:
    output, inputs = pathlib.Path(sys.argv[1]), [pathlib.Path(p) for p in sys.argv[2:]]
    parts = ['/* made by embed.py from src/note/texts */', '#include "builtin.h"', '',
             'const struct note_builtin note_builtins[] = {']
    for path in sorted(inputs):
        data = path.read_bytes()
        if b'\0' in data:
            sys.exit(f'{path}: holds a NUL byte')
        parts.append(f'    {{"{path.parent.name}/{path.name}",\n{c_string(data)}}},')
    parts += ['};', f'const size_t note_builtins_count = {len(inputs)};', '']
    output.write_text('\n'.join(parts), encoding='ascii')


main()
