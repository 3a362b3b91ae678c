/* watch: what watch.c and laws.c remember of a world's writes. */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include "world.h"

#define FIELDS_WATCHED 4

/* A write that left, with what was in flight for its record then. */
struct sent {
    uint64_t request;
    const char *key; /* of the state; "" none */
    const char *keys, *about;
    int64_t turn;
    bool walks;
};

struct watch {
    struct arena *a;
    size_t attachments, journals, issues; /* how many were looked at */
    uint64_t *markers;
    size_t n_markers;
    struct sent *sent;
    size_t n_sent;
    uint64_t *applied;
    size_t n_applied;
    uint64_t *told;
    size_t n_told;
    char status_before[40];
    const char *fields_before[FIELDS_WATCHED];
    size_t told_before;
};

/* False: it was seen before. */
bool watch_once(struct watch *x, uint64_t what);
bool watch_told(struct watch *x, uint64_t what);

/* ---- laws.c ---- */
void laws_send(struct world *w, const char *ref);
/* What is in flight for it on disk; `about` is what its note says, as law 1 tells notes apart. False: nothing. */
bool laws_in_flight(struct world *w, const char *ref, struct sent *ret);
void laws_before(struct world *w, const char *ref);
/* s: NULL when that request is not known; before, after: the record's native state. */
void laws_after(struct world *w, const char *ref, const struct sent *s, const char *before, const char *after);

#endif
