/* yaml: the YAML document as a plain tree with positions, private to this room.
 *
 * The first of the three types of config.h. Nothing is interpreted yet: a
 * scalar is its text, and `plain` tells whether null, true or 5 may mean what
 * they say. All of it lives in the arena given to yaml_read, and every scalar
 * is valid UTF-8 without NUL. An alias gives the very node of its anchor, so a
 * tree of nodes may share branches but holds no cycle. */
#ifndef BASCULE_CONFIG_YAML_H
#define BASCULE_CONFIG_YAML_H

#include "faults.h"

enum yaml_type { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_item {
    struct yaml *key; /* a scalar; NULL in a list */
    struct yaml *value;
};

struct yaml {
    enum yaml_type type;
    struct place place;
    const char *text; /* of a scalar, else NULL */
    bool plain;       /* a scalar without quotes and tag */
    size_t offset;    /* where the scalar begins in the file, in bytes */
    struct yaml_item *items;
    size_t count;
};

/* The one document of a file; NULL after at least one fault, or for a file
 * without content (then without a fault). */
struct yaml *yaml_read(const char *text, size_t len, struct arena *a, struct faults *faults);

bool yaml_is_null(const struct yaml *y);
/* The value at a key of a map, NULL when absent; ret_key may be NULL. */
const struct yaml *yaml_at(const struct yaml *map, const char *key, const struct yaml **ret_key);

#endif
