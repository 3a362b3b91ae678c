/* world: small facts for the tests of policy, and an arena that ends with them.
 * Included once by each test file of this folder; everything is static. */
#ifndef TEST_POLICY_WORLD_H
#define TEST_POLICY_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bascule/policy.h"

#include <stdio.h>
#include <string.h>

#define NOW (1000 * DAY_MS)

static inline int world_setup(void **state) {
    *state = arena_new();
    return 0;
}

static inline int world_teardown(void **state) {
    *state = arena_free(*state);
    return 0;
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

/* NULL equals NULL; says what was there. */
static inline void check_text(const char *was, const char *want, const char *file, int line) {
    if (str_same(was, want))
        return;
    print_error("%s:%d: \"%s\", wanted \"%s\"\n", file, line, was ? was : "(NULL)", want ? want : "(NULL)");
    fail();
}
#define assert_text(was, want) check_text((was), (want), __FILE__, __LINE__)

static inline struct defect_facts defect_in(enum state state, enum outcome outcome) {
    return (struct defect_facts){.ref = "product:56", .state = state, .outcome = outcome, .state_at = NOW - DAY_MS};
}

#define has_note(d, k) (note_of((d), (k)) != NULL)
static inline const struct want *note_of(const struct decision *d, enum note_kind kind) {
    for (size_t i = 0; i < d->n_wants; i++)
        if (d->wants[i].kind == EFFECT_NOTE && d->wants[i].note == kind)
            return &d->wants[i];
    return NULL;
}

static inline const struct want *state_of(const struct decision *d) {
    for (size_t i = 0; i < d->n_wants; i++)
        if (d->wants[i].kind == EFFECT_STATE)
            return &d->wants[i];
    return NULL;
}

static inline const struct want_attention *attention_of(const struct decision *d, const char *kind) {
    for (size_t i = 0; i < d->n_attention; i++)
        if (str_is(d->attention[i].kind, kind))
            return &d->attention[i];
    return NULL;
}

#endif
