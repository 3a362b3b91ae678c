/* golden: replays recorded cases: the requests must be these, the result must be this.
 *
 * Cases lie in connectors/NAME/tests/ and in tests/golden/tracker/; their form is in
 * src/tracker/case.h. GOLDEN_UPDATE=1 in the environment writes what came out into the
 * files: then read the difference before believing it. */
#include "case_file.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASES_MAX 400

static void golden_case(void **state) {
    cleanup_arena struct arena *a = arena_new();
    const char *file = *state;
    struct case_replayed r;
    const char *text = case_text(a, file);
    assert_non_null(text);
    case_replay(SOURCE_ROOT "/connectors", SOURCE_ROOT, text, a, &r);
    if (r.what && getenv("GOLDEN_UPDATE")) {
        FILE *f = fopen(file, "we");
        assert_non_null(f);
        fputs(r.text, f);
        fclose(f);
    } else if (r.what) {
        print_error("%s:%d: %s\n%s", file, r.line, r.what, r.differences);
    }
    assert_true(!r.what || getenv("GOLDEN_UPDATE"));
}

/* A replay that finds nothing proves nothing: each kind of difference is seen. */
static void differences_are_seen(void **state) {
    static const char tracker[] =
        "%tracker "
        "{\"connector\":\"rt\",\"role\":\"ticketing\",\"url\":\"http://rt.example\",\"auth\":{\"token\":\"T\"},"
        "\"scope\":{\"queue\":\"Incidents\"}}\n";
    static const char request[] = "%request GET http://rt.example/REST/2.0/ticket/17\n";
    static const struct {
        const char *after, *what;
    } all[] = {
        {"%op {\"do\":\"dance\"}\n", "there is no such operation"},
        {"", "no %op behind %tracker"},
        {"%op {\"do\":\"read\",\"id\":\"17\"}\n%request GET http://rt.example/\n%reply not-sent\n%result\nx\n",
         "another request"},
        {"%op {\"do\":\"read\",\"id\":\"17\"}\n@", "no reply for the last request"},
        {"%op {\"do\":\"read\",\"id\":\"17\"}\n%result\nx\n", "a request that was not expected"},
        {"%op {\"do\":\"read\",\"id\":\"17\"}\n@%reply not-sent\n%result\nx\n", "another result"},
        {"%op {\"do\":\"read\",\"id\":\"17\"}\n@%reply not-sent\n%request GET http://rt.example/2\n%result\nx\n",
         "it ended earlier than expected"},
        {"%op {\"do\":\"read\",\"id\":\"17\"}\n@%reply 200 date: yesterday\n%result\nx\n",
         "a Date header that is none"},
    };
    cleanup_arena struct arena *a = arena_new();
    struct case_replayed r;
    for (size_t i = 0; i < array_size(all); i++) {
        const char *at = strchr(all[i].after, '@');
        const char *text =
            arena_printf(a, "%%case x\n%s%.*s%s%s", tracker, (int)(at ? at - all[i].after : (long)strlen(all[i].after)),
                         all[i].after, at ? request : "", at ? at + 1 : "");
        case_replay(SOURCE_ROOT "/connectors", SOURCE_ROOT, text, a, &r);
        if (!str_is(r.what, all[i].what))
            fail_msg("%zu: %s instead of %s", i, r.what ? r.what : "nothing", all[i].what);
    }
    case_replay(SOURCE_ROOT "/connectors", SOURCE_ROOT, "%case x\n%op {}\n", a, &r);
    assert_string_equal(r.what, "no %tracker at the beginning");
    case_replay("/nowhere", SOURCE_ROOT, arena_printf(a, "%%case x\n%s", tracker), a, &r);
    assert_string_equal(r.what, "the tracker cannot be made");
    (void)state;
}

int main(void) {
    static struct CMUnitTest tests[CASES_MAX + 1];
    size_t n = 0;
    glob_t g = {0};
    glob(SOURCE_ROOT "/connectors/*/tests/*.case", 0, NULL, &g);
    glob(SOURCE_ROOT "/tests/golden/tracker/*.case", GLOB_APPEND, NULL, &g);
    for (; n < g.gl_pathc && n < CASES_MAX; n++)
        tests[n] = (struct CMUnitTest){
            .name = strrchr(g.gl_pathv[n], '/') + 1, .test_func = golden_case, .initial_state = g.gl_pathv[n]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(differences_are_seen);
    int rc = n > 1 ? _cmocka_run_group_tests("golden", tests, n, NULL, NULL) : 1;
    globfree(&g);
    return rc;
}
