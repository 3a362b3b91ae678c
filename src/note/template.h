/* template: the template language, checked and rendered; private to this room. */
#ifndef BASCULE_NOTE_TEMPLATE_H
#define BASCULE_NOTE_TEMPLATE_H

#include "facts.h"

struct piece;
struct template {
    const char *origin; /* file, as faults and note_origin name it */
    bool internal;
    struct piece *pieces;
    size_t n_pieces;
};

/* Reads a template's text; false after at least one fault. */
bool template_read(struct template *t, const char *text, struct arena *a, struct note_faults *faults);
/* In the arena; without white space at its ends. */
char *template_render(const struct template *t, const struct note_facts *facts, struct arena *a);

void note_fault_add(struct note_faults *faults, struct arena *a, const char *file, int line, const char *format, ...)
    printf_like(5, 6);

#endif
