/* head: what every test file of this folder needs before cmocka. */
#ifndef TEST_BASE_HEAD_H
#define TEST_BASE_HEAD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bascule/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline int arena_setup(void **state) {
    *state = arena_new();
    return 0;
}

static inline int arena_teardown(void **state) {
    *state = arena_free(*state);
    return 0;
}

#define arena_test(f) cmocka_unit_test_setup_teardown(f, arena_setup, arena_teardown)

#endif
