/* faults: everything wrong with a file, in its order, bounded; and the words in
 * which it is told: what is near, what would be right, what the user wrote. */
#ifndef BASCULE_CONFIG_FAULTS_H
#define BASCULE_CONFIG_FAULTS_H

#include "bascule/config.h"

/* Where in the file, 1-based; 0: the file as a whole. */
struct place {
    int line, column;
};

struct faults {
    struct arena *arena; /* the texts live here */
    struct config_faults list;
    bool failed;    /* one of them is no warning */
    size_t dropped; /* faults beyond the bound */
};

#define FAULTS_MAX   49 /* and a last line that says how many more */
#define WARNINGS_MAX 20 /* so that warnings never crowd out a fault */

void faults_error(struct faults *f, struct place at, const char *format, ...) printf_like(3, 4);
void faults_warn(struct faults *f, struct place at, const char *format, ...) printf_like(3, 4);
/* Puts them in the order of the file; none may be added after. */
void faults_close(struct faults *f);

/* What the user wrote, in quotes, on one line, at most 60 bytes of it. Never
 * call it on a secret. */
const char *text_shown(struct arena *a, const char *text);

/* A list of words a key may hold: name(first) .. name(first + count - 1). */
struct words {
    const char *(*name)(int i);
    int first, count;
};
/* "a, b or c" */
const char *words_listed(struct arena *a, const struct words *w);
/* An index as name() takes it, or -1. */
int words_find(const struct words *w, const char *word);
/* The nearest by edit distance, as far as that is a likely slip; else NULL. */
const char *words_nearest(const struct words *w, const char *word);

/* The measure behind it; also for lists that are no struct words. */
struct nearest {
    const char *word; /* NULL: none so far */
    size_t distance;
};
void nearest_try(struct nearest *n, const char *written, const char *candidate);

#endif
