/* foreign: text that somebody else wrote, made harmless; private to this room. */
#ifndef BASCULE_NOTE_FOREIGN_H
#define BASCULE_NOTE_FOREIGN_H

#include "bascule/note.h"

/* Keeps lines and Markdown; no end of a code fence is left open. "" for NULL. */
char *foreign_block(struct arena *a, const char *text, size_t max);
/* Our own text or address: only control characters and lines are taken out. */
char *foreign_plain(struct arena *a, const char *text, size_t max);

#endif
