/* builtin: the templates under texts/, as embed.py puts them into the program. */
#ifndef BASCULE_NOTE_BUILTIN_H
#define BASCULE_NOTE_BUILTIN_H

#include <stddef.h>

struct note_builtin {
    const char *name; /* "en/fixed.public.md" */
    const char *text;
};
extern const struct note_builtin note_builtins[];
extern const size_t note_builtins_count;

#endif
