/* cover: how often each thing was met that the simulator is there for: a fault, a tracker's habit, a person's act, a
 * row of the table, a path of a law. What no seed met proves nothing, so it is counted and told. */
#ifndef SIM_COVER_H
#define SIM_COVER_H

#include "bascule/base.h"

#define COVER_MOST 200

struct world;

struct cover {
    uint64_t n[COVER_MOST];
};

/* One more of it; the name is one of cover.c's list, or the program ends. */
void cover_met(struct world *w, const char *name);
/* The rows of the table that incidents stand on now. */
void cover_rows(struct world *w);
/* What the database tells of its paths, at the end of a world. */
void cover_paths(struct world *w);
void cover_add(struct cover *to, const struct cover *from);
/* A line each: "met NAME: N". */
void cover_print(const struct cover *c);

#endif
