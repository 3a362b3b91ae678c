/* read: from nodes to typed values, by tables of keys; private to this room.
 *
 * A section is a table: name of the key, how its value is read, where it goes.
 * Defaults stand in the target before; a key that is absent, or null where that
 * is allowed, leaves them. Every reader tells what is wrong and what would be
 * right, and then leaves the target alone. */
#ifndef BASCULE_CONFIG_READ_H
#define BASCULE_CONFIG_READ_H

#include "yaml.h"

/* The second of the three types of config.h: everything has its type, and its
 * words are right, but no secret is read, no name resolved, no default that
 * hangs on another value filled in. Only finish.c makes settings of it. */
struct checked_tracker {
    const struct yaml *url, *auth, *look_after, *states; /* NULL: absent */
};
struct checked {
    struct settings *draft;
    const struct yaml *listen, *tls;
    struct checked_tracker *trackers;     /* beside draft->trackers */
    const struct yaml **pattern_trackers; /* beside draft->patterns */
    const struct yaml **rule_trackers;    /* named by the rules of policy.for */
    size_t n_rule_trackers;
};

struct reader {
    struct arena *arena; /* the settings' own */
    struct faults *faults;
    const struct config_world *world;
    const char *source; /* the file's text, to place a fault inside a scalar */
    size_t source_len;
    const char *folder; /* of the file, with its slash, for relative paths; "" is the working folder */
    struct checked *checked;
    int role;     /* of the tracker that is being read; -1: not known, its words can't be judged */
    uint32_t set; /* bits of the keys that were read */
};

struct key;
typedef void key_read(struct reader *r, const struct key *key, const struct yaml *value, void *target);
struct key {
    const char *name;
    key_read *read;
    size_t offset;   /* of the target in the section's struct */
    const void *arg; /* what that reader needs */
    uint32_t bit;    /* set in reader.set once read */
    bool required;
};

/* Reads a map by its table into base. `what` names the section ("trackers.product");
 * at: where a missing key is told. */
void section_read(struct reader *r, const struct yaml *map, struct place at, const char *what, const struct key *keys,
                  size_t n_keys, void *base);

/* ---- readers; each with the type of its target and its arg ---- */

key_read read_text;   /* const char *; not empty */
key_read read_path;   /* const char *; relative ones stand beside the file */
key_read read_bool;   /* bool */
key_read read_span;   /* msec_t; arg: struct span_bounds */
key_read read_number; /* int; arg: struct number_bounds */
key_read read_word;   /* enum; arg: struct words */
key_read read_choice; /* bool; arg: const char *[2], false and true */
key_read read_node;   /* const struct yaml *, as it is */

struct span_bounds {
    msec_t least, most;
};
struct number_bounds {
    int least, most;
};

/* A function over an enum's name function, and the list of its words. */
#define WORDS_OF(TYPE, FIRST, COUNT)                                                                                   \
    static const char *TYPE##_word(int i) {                                                                            \
        return TYPE##_name((enum TYPE)i);                                                                              \
    }                                                                                                                  \
    static const struct words TYPE##_words = {TYPE##_word, FIRST, COUNT}

/* The scalar's text; NULL and a fault that says what is wanted if it is none. */
const char *scalar_text(struct reader *r, const char *what, const struct yaml *y, const char *wanted);
/* The index, or -1 after a fault. */
int word_read(struct reader *r, const char *what, const struct yaml *y, const struct words *words);
bool number_read(struct reader *r, const char *what, const struct yaml *y, const struct number_bounds *bounds,
                 int *ret);
/* A scalar, or a list of scalars; at most `most` of them. false after a fault. */
bool texts_read(struct reader *r, const char *what, const struct yaml *y, size_t most, const char ***ret,
                size_t *ret_n);
/* A path beside the file, unless absolute. */
const char *path_beside(struct reader *r, const char *path);
/* Any value as JSON: true, false and null where they are plain, else text. */
json_t *json_from(struct reader *r, const struct yaml *y);
bool is_map(struct reader *r, const char *what, const struct yaml *y, const char *wanted);

/* ---- the sections, one file each ---- */
void trackers_read(struct reader *r, const struct key *key, const struct yaml *value, void *target);
void references_read(struct reader *r, const struct key *key, const struct yaml *value, void *target);
void policy_read(struct reader *r, const struct key *key, const struct yaml *value, void *target);
/* Pattern of a reference: a fault, or fine. */
void pattern_check(struct reader *r, const struct yaml *y);
/* The tracker's maps to JSON; shape and words checked, meaning not. */
key_read read_states, read_outcomes, read_priorities, read_write, read_fields, read_scope;

/* ---- URLs ---- */
struct url {
    bool https;
    char host[256]; /* without brackets */
    int port;       /* 0: none given */
};
/* NULL when it is one, else what is wrong and right. */
const char *url_check(const char *text, struct url *ret);
bool host_is_loopback(const char *host);
/* Those of them that src/serve can listen on. */
bool host_is_served(const char *host);
/* "HOST:PORT" -> both; NULL or what is wrong and right. */
const char *listen_check(const char *text, char host[static 256], int *ret_port);

/* ---- the last step ---- */
/* Secrets, names, defaults that hang on others. */
void checked_finish(struct reader *r);
json_t *secrets_read(struct reader *r, const char *tracker, const struct yaml *auth);

#endif
