/* map: native words to canonical ones and back, settings that are refused, addresses,
 * paths and templates. Through the public header where it goes that far. */
#include "../../../src/tracker/case.h"
#include "../../../src/tracker/runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *held; /* what the tracker of a test borrows */

static struct tracker *make(const char *json, struct fault *f) {
    json_decref(held);
    held = json_loads(json, 0, NULL);
    assert_non_null(held);
    return case_tracker(SOURCE_ROOT "/connectors", held, f);
}

#define RT(more)                                                                                                       \
    "{\"name\":\"desk\",\"connector\":\"rt\",\"role\":\"ticketing\",\"url\":\"http://rt/"                              \
    "\",\"auth\":{\"token\":\"1-2-x\"},\"scope\":{\"queue\":\"q\"}" more "}"
#define REDMINE(more)                                                                                                  \
    "{\"name\":\"prod\",\"connector\":\"redmine\",\"role\":\"defects\",\"url\":\"http://"                              \
    "rm\",\"auth\":{\"key\":\"k\"},\"scope\":{\"project\":\"p\"}" more "}"

static void expect(struct tracker *t, const char *native, const char *resolution, enum state s, enum outcome o) {
    enum outcome got;
    assert_int_equal(tracker_map_state(t, native, resolution, &got), s);
    assert_int_equal(got, o);
}

static void states_are_read(void **state) {
    struct fault f = {0};
    (void)state;
    struct tracker *t = make(RT(",\"states\":{\"parked\":\"waiting\",\"resolved/"
                                "known\":\"closed-unresolved\",\"done\":{\"state\":\"closed\",\"outcome\":"
                                "\"withdrawn\"},\"gone\":\"closed\"},\"outcomes\":{\"junk\":\"invalid\"}"),
                             &f);
    assert_non_null(t);
    expect(t, "new", NULL, STATE_OPEN, OUTCOME_NONE);
    expect(t, "NEW", NULL, STATE_OPEN, OUTCOME_NONE);
    expect(t, "parked", NULL, STATE_WAITING, OUTCOME_NONE);
    expect(t, "stalled", NULL, STATE_WAITING, OUTCOME_NONE);
    expect(t, "resolved", "known", STATE_CLOSED_UNRESOLVED, OUTCOME_NONE);
    expect(t, "resolved", "other", STATE_RESOLVED, OUTCOME_NONE);
    expect(t, "done", NULL, STATE_CLOSED, OUTCOME_WITHDRAWN);
    expect(t, "gone", NULL, STATE_CLOSED, OUTCOME_UNKNOWN);
    expect(t, "gone", "junk", STATE_CLOSED, OUTCOME_INVALID);
    expect(t, "gone", "wont-fix", STATE_CLOSED, OUTCOME_WONT_FIX);
    expect(t, "never seen", NULL, STATE_NONE, OUTCOME_NONE);
    expect(t, NULL, NULL, STATE_NONE, OUTCOME_NONE);
    assert_string_equal(tracker_native_state(t, STATE_WAITING), "parked");
    assert_string_equal(tracker_native_state(t, STATE_OPEN),
                        "open"); /* "new" comes first, but nothing becomes new again */
    assert_string_equal(tracker_native_state(t, STATE_CLOSED_UNRESOLVED), "resolved");
    assert_string_equal(json_text(tracker_write_words(t, STATE_CLOSED_UNRESOLVED, OUTCOME_NONE), "resolution"),
                        "known");
    tracker_free(t);
}

static const char *closing(struct tracker *t, enum outcome o) {
    return json_text(tracker_write_words(t, STATE_CLOSED, o), "status");
}

/* A closing is never said by a word that would be read back as another outcome. */
static void outcomes_are_kept(void **state) {
    struct fault f = {0};
    (void)state;
    struct tracker *t = make(REDMINE(""), &f);
    assert_string_equal(closing(t, OUTCOME_FIXED), "Closed");
    assert_string_equal(closing(t, OUTCOME_INVALID), "Rejected");
    assert_string_equal(closing(t, OUTCOME_WONT_FIX), "Won't Fix");
    assert_string_equal(closing(t, OUTCOME_RISK_ACCEPTED), "Won't Fix");
    assert_null(closing(t, OUTCOME_DUPLICATE));
    assert_null(tracker_native_state(t, STATE_CLOSED_UNRESOLVED));
    for (int s = STATE_OPEN; s < STATE_COUNT; s++)
        for (int o = OUTCOME_NONE; o < OUTCOME_COUNT; o++) {
            const char *native = json_text(tracker_write_words(t, (enum state)s, (enum outcome)o), "status");
            enum outcome back = OUTCOME_NONE;
            if (native)
                assert_int_equal(tracker_map_state(t, native, NULL, &back), s);
            if (native && s == STATE_CLOSED && o != OUTCOME_NONE && o != OUTCOME_UNKNOWN)
                assert_int_equal(state_is_closed_unresolved(STATE_CLOSED, back),
                                 state_is_closed_unresolved(STATE_CLOSED, (enum outcome)o));
        }
    tracker_free(t);
    t = make(
        REDMINE(
            ",\"write\":{\"closed/duplicate\":\"Rejected\",\"closed\":{\"status\":\"Closed\",\"resolution\":\"r\"}}"),
        &f);
    assert_string_equal(closing(t, OUTCOME_DUPLICATE), "Rejected");
    assert_string_equal(closing(t, OUTCOME_WONT_FIX), "Closed");
    tracker_free(t);
}

static void priorities_are_mapped(void **state) {
    struct fault f = {0};
    (void)state;
    struct tracker *t = make(REDMINE(",\"priorities\":{\"critical\":[\"Blocker\",\"High\"]}"), &f);
    assert_string_equal(tracker_map_priority(t, "blocker"), "critical");
    assert_string_equal(tracker_map_priority(t, "High"), "critical");
    assert_string_equal(tracker_map_priority(t, "Normal"), "medium");
    assert_string_equal(tracker_map_priority(t, "low"), "low");
    assert_null(tracker_map_priority(t, "whatever"));
    assert_null(tracker_map_priority(t, NULL));
    assert_string_equal(tracker_native_priority(t, "critical"), "Blocker");
    assert_string_equal(tracker_native_priority(t, "low"), "Low");
    assert_null(tracker_native_priority(t, NULL));
    tracker_free(t);
}

static void wrong_settings(void **state) {
    static const char *const cases[][2] = {
        {RT(",\"states\":{\"x\":\"shut\"}"), "desk: states: \"x\": \"shut\" is no state"},
        {RT(",\"states\":{\"x\":\"released\"}"), "a record of a tracker with role ticketing is never \"released\""},
        {REDMINE(",\"states\":{\"x\":\"waiting\"}"), "role defects is never \"waiting\""},
        {RT(",\"states\":{\"x\":{\"state\":\"closed\",\"outcome\":\"maybe\"}}"), "\"maybe\" is no outcome"},
        {RT(",\"outcomes\":{\"x\":\"maybe\"}"), "that is no outcome"},
        {RT(",\"write\":{\"shut\":\"x\"}"), "write: desk: states: \"shut\""},
        {RT(",\"write\":{\"closed/maybe\":\"x\"}"), "\"maybe\" is no outcome"},
        {RT(",\"write\":{\"closed\":{}}"), "needs a status"},
        {RT(",\"priorities\":{\"urgent\":[\"x\"]}"), "is none of critical, high, medium, low"},
        {RT(",\"fields\":{\"colour\":\"x\"}"), "is no canonical field"},
        {"{\"name\":\"d\",\"connector\":\"rt\",\"role\":\"ticketing\",\"url\":\"http://"
         "rt\",\"auth\":{},\"scope\":{\"queue\":\"q\"}}",
         "d: auth.token is missing"},
        {"{\"name\":\"d\",\"connector\":\"rt\",\"role\":\"ticketing\",\"url\":\"http://"
         "rt\",\"auth\":{\"token\":\"a\\nb\"},\"scope\":{\"queue\":\"q\"}}",
         "holds a control character"},
        {"{\"name\":\"d\",\"connector\":\"rt\",\"role\":\"ticketing\",\"url\":\"http://"
         "rt\",\"auth\":{\"token\":\"a\"},\"scope\":{\"project\":\"q\"}}",
         "knows only: queue, query"},
        {"{\"name\":\"d\",\"connector\":\"rt\",\"role\":\"ticketing\",\"url\":\"http://"
         "rt\",\"auth\":{\"token\":\"a\"},\"scope\":{}}",
         "scope.queue is missing: what should be polled?"},
        {"{\"name\":\"d\",\"connector\":\"rt\",\"role\":\"ticketing\",\"url\":\"rt\",\"auth\":{\"token\":\"a\"},"
         "\"scope\":{\"queue\":\"q\"}}",
         "is no http:// or https:// address"},
        {"{\"name\":\"d\",\"connector\":\"../rt\",\"role\":\"ticketing\",\"url\":\"http://"
         "rt\",\"auth\":{\"token\":\"a\"},\"scope\":{\"queue\":\"q\"}}",
         "is no connector's name"},
        {"{\"name\":\"d\",\"connector\":\"nope\",\"role\":\"ticketing\",\"url\":\"http://"
         "rt\",\"auth\":{\"token\":\"a\"},\"scope\":{\"queue\":\"q\"}}",
         "nope/recipe.yaml: No such file"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(cases); i++) {
        struct fault f = {0};
        struct tracker *t = make(cases[i][0], &f);
        if (t || !strstr(f.text, cases[i][1]))
            fail_msg("%s\nwanted: %s\ngot: %s", cases[i][0], cases[i][1], f.text);
    }
}

static void addresses(void **state) {
    struct fault f = {0};
    size_t n;
    cleanup_arena struct arena *a = arena_new();
    (void)state;
    struct tracker *t = make(RT(",\"web_urls\":[\"https://desk.example/rt/\",\"http://rt\"]"), &f);
    const struct tracker_url_form *forms = tracker_url_forms(t, &n);
    assert_int_equal(n, 18); /* nine forms; "http://rt" stands in both, once */
    assert_string_equal(forms[0].prefix, "https://desk.example/rt/Ticket/Display.html?id=");
    assert_string_equal(forms[0].id_pattern, "[0-9]+");
    assert_string_equal(tracker_record_url(t, a, "7"), "https://desk.example/rt/Ticket/Display.html?id=7");
    assert_string_equal(tracker_name(t), "desk");
    const struct tracker_abilities *able = tracker_abilities(t);
    assert_true(able->composite_write && able->public_note && able->internal_note && able->look_note &&
                able->look_create && able->create && able->relations && able->public_note_keeps_closed);
    assert_false(able->versions || able->edit_note);
    tracker_free(t);
    t = make(REDMINE(""), &f);
    assert_string_equal(tracker_record_url(t, a, "7"), "http://rm/issues/7");
    assert_true(tracker_abilities(t)->versions);
    tracker_free(t);
}

/* Headers go with every request; the secret stands nowhere else. */
static void secrets_stay_in_headers(void **state) {
    struct fault f = {0};
    struct http_request q;
    bool found = false;
    (void)state;
    struct tracker *t = make(RT(""), &f);
    struct op *op = op_read(t, "1");
    assert_true(op_next(op, &q));
    for (size_t i = 0; i < q.n_headers; i++)
        found = found || (str_is(q.headers[i].name, "Authorization") && str_is(q.headers[i].value, "token 1-2-x"));
    assert_true(found);
    assert_null(strstr(q.url, "1-2-x"));
    struct http_reply r = {.result = HTTP_ANSWERED, .status = 401, .body = "", .body_len = 0};
    op_reply(op, &r);
    assert_null(strstr(op_result(op)->words, "1-2-x"));
    op_free(op);
    tracker_free(t);
}

/* ---- paths and templates ---- */

static void paths(void **state) {
    static const char *const cases[][2] = {
        {"/a/b", "1"},
        {"/list/1", "y"},
        {"/list", "x, y"},
        {"/cf[name=Two]/values", "p, q"},
        {"/cf[id=1]/values", NULL},
        {"/cf/*/name", "One, Two"},
        {"/nope/x", NULL},
        {"/a", NULL},
        {"/esc~1aped", "s"},
        {"/real", "3"},
        {"/half", "2.5"},
        {"/yes", "true"},
        {"/null", NULL},
        {"@/j", "joined"},
        {"^/r", "root"},
        {"const", "const"},
        {"v={/a/b}", "v=1"},
    };
    struct fault f = {0};
    (void)state;
    struct tracker *t = make(RT(""), &f);
    cleanup_arena struct arena *a = arena_new();
    cleanup_json json_t *item = json_loads(
        "{\"a\":{\"b\":1},\"list\":[\"x\",null,\"\",\"y\"],\"cf\":[{\"id\":1,\"name\":\"One\",\"values\":[]},"
        "{\"id\":2,\"name\":\"Two\",\"values\":[\"p\",\"q\"]}],\"esc/"
        "aped\":\"s\",\"real\":3.0,\"half\":2.5,\"yes\":true,\"null\":null}",
        0, NULL);
    cleanup_json json_t *joined = json_pack("{s:s}", "j", "joined"), *root = json_pack("{s:s}", "r", "root"),
                        *vars = json_object();
    struct context c = {.arena = a, .tracker = t, .item = item, .joined = joined, .root = root, .vars = vars};
    json_array_remove(json_object_get(item, "list"), 2);
    json_array_remove(json_object_get(item, "list"), 1);
    for (size_t i = 0; i < array_size(cases); i++) {
        cleanup_json json_t *spec = json_string(cases[i][0]);
        const char *got = pick_text(&c, spec);
        if (!str_same(got, cases[i][1]))
            fail_msg("%s: %s", cases[i][0], got ? got : "NULL");
    }
    static const char *const bad[] = {"a", "/a[b", "/a[b=c", "/a[=c]", "/a[b=c]d"};
    for (size_t i = 0; i < array_size(bad); i++)
        assert_false(pick_path_ok(bad[i]));
    tracker_free(t);
}

static bool holds(struct context *c, const char *json) {
    cleanup_json json_t *j = json_loads(json, 0, NULL);
    assert_non_null(j);
    return when_holds(c, j);
}

static void conditions(void **state) {
    struct fault f = {0};
    (void)state;
    struct tracker *t = make(RT(""), &f);
    cleanup_arena struct arena *a = arena_new();
    cleanup_json json_t *item =
        json_loads("{\"t\":\"Status\",\"n\":5,\"e\":\"\",\"o\":{\"x\":1},\"b\":false}", 0, NULL);
    cleanup_json json_t *vars = json_loads("{\"id\":\"5\",\"list\":[\"4\",\"5\"]}", 0, NULL);
    struct context c = {.arena = a, .tracker = t, .item = item, .vars = vars};
    assert_true(holds(&c, "{}"));
    assert_true(holds(&c, "{\"/t\":\"status\"}"));
    assert_true(holds(&c, "{\"/t\":[\"x\",\"Status\"],\"/n\":5}"));
    assert_false(holds(&c, "{\"/t\":\"Status\",\"/n\":6}"));
    assert_true(holds(&c, "{\"/n\":\"{id}\"}"));
    assert_true(holds(&c, "{\"/n\":\"{list}\"}"));
    assert_true(holds(&c, "{\"/e\":null,\"/nothing\":null,\"/o\":\"*\",\"/b\":false}"));
    assert_false(holds(&c, "{\"/e\":\"*\"}"));
    assert_false(holds(&c, "{\"/t\":null}"));
    assert_true(holds(&c, "{\"id\":\"*\",\"nobody\":null}"));
    tracker_free(t);
}

static void said(struct context *c, const char *template, const char *wanted) {
    cleanup_json json_t *t = json_loads(template, JSON_DECODE_ANY, NULL);
    assert_non_null(t);
    cleanup_json json_t *got = say_json(c, t);
    char *text = got ? json_dumps(got, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
    if (!str_same(text, wanted))
        fail_msg("%s: %s", template, text ? text : "nothing");
    free(text);
}

static void bodies(void **state) {
    struct fault f = {0};
    (void)state;
    struct tracker *t = make(RT(""), &f);
    cleanup_arena struct arena *a = arena_new();
    cleanup_json json_t *vars =
        json_loads("{\"id\":\"5\",\"state\":\"o'pen\",\"since\":1795400658000,\"note\":{\"internal\":true},\"none\":[],"
                   "\"fields\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"B\",\"value\":null}]}",
                   0, NULL);
    struct context c = {.arena = a, .tracker = t, .vars = vars};
    said(&c, "{\"a\":\"{state}\",\"b\":\"{resolution}\",\"c\":{\"d\":\"{resolution}\"}}", "{\"a\":\"o'pen\"}");
    said(&c, "\"{note.internal}\"", "true");
    said(&c, "\"is {note.internal}\"", "\"is true\"");
    said(&c, "\"{state:sql}\"", "\"o\\\\'pen\"");
    said(&c, "\"{since:sql}\"", "\"2026-11-23 02:24:18\"");
    said(&c, "\"{id:int}\"", "5");
    said(&c, "\"{state:path}{id:base64}{id:lower}\"", "\"o%27penNQ==5\"");
    said(&c, "\"{{x} {id}\"", "\"{x} 5\"");
    said(&c, "{\"$each\":\"fields\",\"$key\":\"{item.name}\",\"$value\":\"{item.value}\",\"x\":1}",
         "{\"A\":\"1\",\"B\":null,\"x\":1}");
    said(&c, "[0,{\"$each\":\"fields\",\"$item\":{\"n\":\"{item.name}\"}},9]", "[0,{\"n\":\"A\"},{\"n\":\"B\"},9]");
    said(&c, "{\"l\":{\"$each\":\"none\",\"$item\":1},\"m\":{\"$each\":\"none\",\"$key\":\"x\",\"$value\":\"y\"}}",
         NULL);
    said(&c, "{\"l\":{\"$when\":{\"state\":\"*\"},\"v\":1},\"m\":{\"$when\":{\"resolution\":\"*\"},\"v\":1}}",
         "{\"l\":{\"v\":1}}");
    said(&c, "{\"q\":{\"$raw\":\"{ a { b } }\"}}", "{\"q\":\"{ a { b } }\"}");
    said(&c, "{\"e\":{},\"f\":[]}", "{\"e\":{},\"f\":[]}");
    tracker_free(t);
}

static int forget(void **state) {
    (void)state;
    json_decref(held);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(states_are_read),
                                       cmocka_unit_test(outcomes_are_kept),
                                       cmocka_unit_test(priorities_are_mapped),
                                       cmocka_unit_test(wrong_settings),
                                       cmocka_unit_test(addresses),
                                       cmocka_unit_test(secrets_stay_in_headers),
                                       cmocka_unit_test(paths),
                                       cmocka_unit_test(conditions),
                                       cmocka_unit_test(bodies)};
    return cmocka_run_group_tests(tests, NULL, forget);
}
