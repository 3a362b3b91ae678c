/* scene: what the tests of sync have in common: a world each, quick to tell. */
#ifndef TEST_SYNC_SCENE_H
#define TEST_SYNC_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those: */
#include <cmocka.h>

#include "world.h"

#include <stdio.h>
#include <string.h>

#define ALICE "alice@customer.example"

static inline struct world *scene(const struct world_config *config) {
    struct world *w = world_new(1, config);
    world_start(w);
    return w;
}

/* Until all that is due was done; nothing forbidden may have happened. */
static inline void settle(struct world *w) {
    bool quiet = world_settle(w, 600 * SEC_MS);
    if (!quiet || w->failure[0]) {
        world_print_trace(w);
        print_error("%s\n", w->failure[0] ? w->failure : "it does not come to rest");
    }
    assert_string_equal(w->failure, "");
    assert_true(quiet);
}

static inline void end(struct world *w) {
    if (w->failure[0])
        world_print_trace(w);
    assert_string_equal(w->failure, "");
    world_free(w);
}

static inline void run(struct world *w, msec_t span) {
    world_run(w, span);
    if (w->failure[0])
        world_print_trace(w);
    assert_string_equal(w->failure, "");
}

static inline void command(struct world *w, int status, const char *name, json_t *args) {
    json_t *result = NULL;
    int got = world_command(w, name, args, &result);
    if (got != status) {
        char *text = json_dumps(result, JSON_ENCODE_ANY);
        print_error("%s: %d %s\n", name, got, text);
        free(text);
    }
    json_decref(result);
    assert_int_equal(got, status);
}

static inline void assert_text(const char *got, const char *want) {
    assert_string_equal(got, want);
}
#define assert_status(w, ticket, status) assert_text(desk_status_of(w, ticket), status)
#define attention(w, kind)               world_number(w, -1, "SELECT count(*) FROM attention WHERE kind = '%s'", kind)
#define effects(w, where)                world_number(w, -1, "SELECT count(*) FROM effect WHERE " where)

/* Both known, and linked just now: the next write to the desk is the closing with its note. */
static inline struct world *linked(const struct world_config *config) {
    struct world *w = scene(config);
    settle(w);
    assert_int_equal(product_issue(w, "Totals are wrong", "Sums are off by one."), 1);
    assert_int_equal(desk_ticket(w, ALICE, "Wrong totals", "My invoice is wrong."), 1);
    desk_field(w, 1, "Defect", "1");
    return w;
}

/* One ticket closed unresolved for one open issue. */
static inline struct world *closed_unresolved(const struct world_config *config) {
    struct world *w = linked(config);
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    return w;
}

#endif
