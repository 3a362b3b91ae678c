/* audit: what its two files share. */
#ifndef SYNC_AUDIT_H
#define SYNC_AUDIT_H

#include "engine.h"

/* A delivered note whose marker was in none of the texts: it is looked for before it is called missing. */
struct audit_missing {
    int64_t n;
    const char *note, *marker;
};
struct audit_found {
    struct arena *arena; /* of `missing` */
    json_t *lines;       /* the array that lines are added to */
    struct audit_missing *missing;
    size_t n_missing;
};

/* One difference; NULL values are "". */
void audit_line(json_t *lines, const char *ref, const char *what, const char *tracker, const char *bridge,
                const char *mend);
/* What the tracker shows against what the database holds and what the bridge wrote. Reads the store only. */
void audit_compare(struct lane *l, const char *ref, const struct op_result *r, struct audit_found *ret);
void audit_missing_line(json_t *lines, const char *ref, const struct audit_missing *m);

#endif
