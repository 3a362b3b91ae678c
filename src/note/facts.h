/* facts: the placeholders of note templates; private to this room. */
#ifndef BASCULE_NOTE_FACTS_H
#define BASCULE_NOTE_FACTS_H

#include "bascule/note.h"

struct placeholder {
    const char *name;
    bool internal; /* not for public templates */
    bool flag;     /* for sections only: it has no text */
};

/* NULL when there is none of that name. */
const struct placeholder *placeholder_find(const char *name);
/* All names that such a template may use, "a, b, c". */
const char *placeholders_listed(struct arena *a, bool internal);
/* Made harmless; "" when absent; a flag gives "yes". inside is NULL for a public
 * note: there an internal placeholder is always absent. */
const char *placeholder_value(const struct placeholder *p, const struct note_public *shown,
                              const struct note_internal *inside, struct arena *a);

#endif
