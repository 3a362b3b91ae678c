/* config: bascule.yaml, from text to settings the engine may hold.
 *
 * Three C types, so that half-checked settings cannot reach the engine: the
 * YAML document (libfyaml, private to src/config), the checked file, and the
 * normalised `struct settings` below, in which every default is filled in and
 * every secret is resolved. interface.md section 1 is the contract. */
#ifndef BASCULE_CONFIG_H
#define BASCULE_CONFIG_H

#include "bascule/model.h"

struct settings_tracker {
    const char *name, *connector;
    enum role role;
    const char *url;
    const char **web_urls;
    size_t n_web_urls;
    json_t *auth;  /* object: name -> secret in clear; never printed */
    json_t *scope; /* object */
    msec_t poll, sweep, timeout, look_after;
    int concurrency;
    const char *ca;
    bool paused;
    msec_t import_since; /* 0: all */
    bool import_comments;
    json_t *states, *outcomes, *priorities, *write, *fields; /* objects, {} when absent */
    int line;                                                /* where it stands */
};

struct settings_pattern {
    const char *pattern; /* PCRE2, compiled once while checking */
    const char *tracker;
    int line;
};

struct settings {
    struct arena *arena; /* owns everything here */
    const char *file;    /* as given */
    const char *database, *listen_host;
    int listen_port;
    const char *public_url;
    bool dry_run, behind_proxy;
    bool history_assert; /* history: assert */
    int brake;
    const char *language, *texts; /* texts: absolute folder or NULL */
    const char *tls_cert, *tls_key;
    struct settings_tracker *trackers;
    size_t n_trackers;
    bool requesters_suggest; /* references.from_requesters: suggest */
    struct settings_pattern *patterns;
    size_t n_patterns;
    struct policy_set policy;
};

/* Everything wrong with a file, not only the first. */
struct config_fault {
    int line, column; /* 1-based; 0: the whole file */
    bool warning;     /* does not keep the file from being used */
    const char *text; /* what is wrong, and what would be right */
};
struct config_faults {
    struct config_fault *items;
    size_t count; /* at most 50 */
};

/* What config may ask of the world (secrets), by argument: env(name) gives the
 * variable or NULL; file(path) the file's text in `a` or NULL. */
struct config_world {
    const char *(*env)(void *arg, const char *name);
    char *(*file)(void *arg, struct arena *a, const char *path, struct fault *fault);
    bool (*connector_exists)(void *arg, const char *name); /* NULL: not checked */
    void *arg;
};

/* Reads text (of file `name`; relative paths in it stand beside it, so give it
 * absolute where the working folder may change). 0 and settings,
 * or -EINVAL and at least one fault that is no warning. faults live in `a`. */
must_check int config_parse(const char *name, const char *text, size_t len, const struct config_world *world,
                            struct arena *a, struct settings **ret, struct config_faults *ret_faults);
struct settings *settings_free(struct settings *s);

/* "bascule.yaml:12:5: warning: ..." in the arena; without a place for line 0. */
char *config_fault_text(struct arena *a, const char *file, const struct config_fault *fault);

/* What a reload changes, one line each, in the order of the file, secrets masked:
 * "helpdesk.poll: 15s -> 30s". Numbers of lines and the order of keys are no
 * change. What holds only after a restart says so. */
struct config_changes {
    const char **lines;
    size_t count; /* at most 200 */
};
struct config_changes config_diff(const struct settings *before, const struct settings *after, struct arena *a);

#endif
