/* status: what the engine says of its trackers: that one is left alone for a while, and why. */
#include "scene.h"

static bool limited;

static enum fate fate_of(void *arg, const struct http_request *request) {
    (void)arg;
    return limited && str_starts(request->url, DESK) ? FATE_LIMITED : FATE_FINE;
}

static json_t *desk_says(struct world *w) {
    json_t *result = NULL, *t = NULL, *found = NULL;
    size_t i;
    assert_int_equal(world_command(w, "status", json_object(), &result), 200);
    json_array_foreach(json_object_get(result, "trackers"), i, t)
        if (str_is(json_text(t, "name"), "helpdesk"))
            found = json_incref(t);
    json_decref(result);
    assert_non_null(found);
    return found;
}

static void a_limit_is_shown_until_it_is_over(void **state) {
    struct world *w = scene(NULL);
    settle(w);
    json_t *before = desk_says(w);
    assert_string_equal(json_text(before, "waits_until"), "");
    assert_null(json_text(before, "error"));
    json_decref(before);
    w->fate_of = fate_of;
    limited = true;
    json_t *t = NULL;
    for (int i = 0; i < 200 && str_empty(json_text(t, "waits_until")); i++) {
        json_decref(t);
        run(w, SEC_MS);
        t = desk_says(w);
    }
    assert_true(strstr(json_text(t, "error"), "slow down") != NULL);
    msec_t until = 0;
    assert_true(time_parse(json_text(t, "waits_until"), &until));
    assert_true(until >= w->now / SEC_MS * SEC_MS);
    json_decref(t);
    limited = false;
    run(w, 600 * SEC_MS);
    t = desk_says(w);
    assert_string_equal(json_text(t, "waits_until"), "");
    assert_null(json_text(t, "error"));
    json_decref(t);
    end(w);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_limit_is_shown_until_it_is_over)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
