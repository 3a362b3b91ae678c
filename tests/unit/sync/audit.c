/* audit: what differs is found, what is on its way or people's is not; nothing is written. */
#include "scene.h"

struct found {
    json_t *result;
    bool failed;
    int64_t read, of;
    size_t n;
};

/* As the command line does: asks until it is done. */
static struct found audit(struct world *w) {
    struct found x = {0};
    int64_t changes = store_changes(w->store), run = 0;
    uint64_t writes = w->writes;
    for (int i = 0; i < 2000; i++) {
        json_t *result = NULL;
        assert_int_equal(world_command(w, "audit", json_pack("{s:I}", "run", (json_int_t)run), &result), 200);
        run = json_int(result, "run", 0);
        if (json_bool(result, "done", false)) {
            x.result = result;
            break;
        }
        json_decref(result);
    }
    assert_non_null(x.result);
    x.failed = json_bool(x.result, "failed", false);
    x.read = json_int(x.result, "read", 0);
    x.of = json_int(x.result, "of", 0);
    x.n = json_array_size(json_object_get(x.result, "differences"));
    assert_int_equal(w->writes, writes);
    assert_int_equal(store_changes(w->store), changes);
    return x;
}

static const json_t *line(const struct found *x, const char *ref, const char *what) {
    size_t i;
    json_t *l;
    json_array_foreach(json_object_get(x->result, "differences"), i, l)
        if (str_is(json_text(l, "ref"), ref) && str_starts(json_text(l, "what"), what))
            return l;
    char *text = json_dumps(x->result, JSON_INDENT(1));
    print_error("no %s of %s in %s\n", what, ref, text);
    free(text);
    assert_true(false);
    return NULL;
}

static void says(const struct found *x, const char *ref, const char *what, const char *tracker, const char *bridge,
                 const char *mend) {
    const json_t *l = line(x, ref, what);
    assert_text(json_text(l, "tracker"), tracker);
    assert_text(json_text(l, "bridge"), bridge);
    if (!strstr(json_text(l, "mend"), mend))
        fail_msg("%s: no '%s' in '%s'", ref, mend, json_text(l, "mend"));
}

/* A defect with three tickets that were closed unresolved, and nothing that waits. The polls are rare: what people do
 * afterwards is not seen by them. */
static struct world *three_linked(void) {
    struct world *w = scene(NULL);
    settle(w);
    product_issue(w, "Totals are wrong", "x");
    for (int i = 1; i <= 3; i++) {
        desk_ticket(w, ALICE, "Wrong totals", "x");
        desk_field(w, i, "Defect", "1");
    }
    settle(w);
    run(w, 60 * SEC_MS);
    settle(w);
    assert_status(w, 3, "closed-unresolved");
    command(w, 200, "pause", json_pack("{s:s}", "tracker", "helpdesk"));
    command(w, 200, "pause", json_pack("{s:s}", "tracker", "product"));
    command(w, 200, "resume", json_pack("{s:s}", "tracker", "helpdesk"));
    command(w, 200, "resume", json_pack("{s:s}", "tracker", "product"));
    settle(w);
    return w;
}

static void product_field(struct world *w, int issue, int field, const char *value) {
    json_t *body = json_pack("{s:{s:[{s:i, s:s}]}}", "issue", "custom_fields", "id", field, "value", value);
    assert_int_equal(world_say(w, w->product, "dev", "PUT", arena_printf(w->a, "/issues/%d.json", issue), body, NULL),
                     204);
}

static void nothing_differs(void **state) {
    struct world *w = three_linked();
    uint64_t requests = w->requests;
    struct found x = audit(w);
    assert_false(x.failed);
    assert_int_equal(x.n, 0);
    assert_int_equal(x.read, 4);
    assert_int_equal(x.of, 4);
    assert_true(w->requests - requests >= 4);
    json_decref(x.result);
    end(w);
}

static void what_people_changed_since_the_last_poll_is_found(void **state) {
    struct world *w = three_linked();
    desk_status(w, 1, "open");
    product_field(w, 1, 2, "99");
    desk_field(w, 2, "Problem", "P-77");
    struct found x = audit(w);
    says(&x, "helpdesk:1", "state", "open", "closed-unresolved", "bascule sync helpdesk:1");
    says(&x, "helpdesk:2", "problem", "P-77", "P-1", "bascule sync helpdesk:2");
    says(&x, "product:1", "incident_count", "99", "3", "bascule sync product:1");
    assert_int_equal(x.n, 3);
    assert_false(x.failed);
    json_decref(x.result);
    end(w);
}

/* A ticket is people's again once they moved it; a counter stays the bridge's. */
static void what_is_known_stays_a_difference_of_fields_only(void **state) {
    struct world *w = three_linked();
    desk_status(w, 1, "open");
    product_field(w, 1, 3, "99");
    settle(w);
    run(w, 60 * SEC_MS);
    settle(w);
    struct found x = audit(w);
    json_t *l;
    size_t i;
    json_array_foreach(json_object_get(x.result, "differences"), i, l)
        assert_false(str_starts(json_text(l, "what"), "state"));
    if (str_is(product_field_of(w, 1, 3), "99"))
        says(&x, "product:1", "closed_unresolved_count", "99",
             world_text(w, "SELECT computed FROM value WHERE ref = "
                           "'product:1' AND field = 'closed_unresolved_count'"),
             "by hand");
    json_decref(x.result);
    end(w);
}

static void a_deleted_note_and_a_second_one(void **state) {
    struct world *w = three_linked();
    const char *note = world_text(w, "SELECT json_extract(want, '$.text') || char(10) || json_extract(want, "
                                     "'$.marker') FROM effect WHERE ref = 'helpdesk:1' AND kind = 'note' AND state = "
                                     "'done'");
    int64_t journal = world_number(w, 0,
                                   "SELECT echo FROM effect WHERE ref = 'product:1' AND kind = 'note' AND state "
                                   "= 'done'");
    assert_true(journal > 0);
    desk_comment(w, 1, note);
    const char *marker = world_text(w, "SELECT json_extract(want, '$.marker') FROM effect WHERE ref = 'helpdesk:2' AND "
                                       "kind = 'note' AND state = 'done'");
    assert_true(marker[0] == '[');
    desk_comment(w, 2, arena_printf(w->a, "> We know of it.\n> %s\nThanks", marker)); /* quoted: no second one */
    assert_int_equal(world_say(w, w->product, "admin", "PUT",
                               arena_printf(w->a, "/journals/%lld.json", (long long)journal),
                               json_pack("{s:{s:s}}", "journal", "notes", ""), NULL),
                     204);
    struct found x = audit(w);
    says(&x, "helpdesk:1", "note known-error", "2 times", "once", "delete one there");
    says(&x, "product:1", "note linked", "not there", "written", "bascule show");
    assert_int_equal(x.n, 2);
    json_decref(x.result);
    end(w);
}

static void a_note_of_another_database(void **state) {
    struct world *w = three_linked();
    const char *instance = world_text(w, "SELECT value FROM meta WHERE key = 'instance'");
    desk_comment(w, 3, arena_printf(w->a, "We know of it.\n[P-1 \xc2\xb7 %s-zzzzzz]", instance));
    struct found x = audit(w);
    says(&x, "helpdesk:3", "note", arena_printf(w->a, "%s-zzzzzz", instance), "not known", "restore");
    assert_int_equal(x.n, 1);
    json_decref(x.result);
    end(w);
}

static void a_deleted_defect(void **state) {
    struct world *w = three_linked();
    assert_int_equal(world_say(w, w->product, "admin", "DELETE", "/issues/1.json", NULL, NULL), 204);
    struct found x = audit(w);
    says(&x, "product:1", "presence", "gone", "present", "bascule sync product:1, twice");
    assert_int_equal(x.n, 1);
    assert_false(x.failed);
    json_decref(x.result);
    end(w);
}

static void what_is_on_its_way_is_no_difference(void **state) {
    struct world *w = three_linked();
    command(w, 200, "outbox-close", json_object());
    desk_ticket(w, ALICE, "One more", "x");
    desk_field(w, 4, "Defect", "1");
    run(w, 60 * SEC_MS);
    assert_true(effects(w, "state = 'pending'") > 2);
    struct found x = audit(w);
    assert_int_equal(x.read, 5);
    assert_int_equal(x.n, 0);
    json_decref(x.result);
    end(w);
}

static void what_is_parked_names_its_effect(void **state) {
    struct world *w = three_linked();
    command(w, 200, "outbox-close", json_object());
    desk_ticket(w, ALICE, "One more", "x");
    desk_field(w, 4, "Defect", "1");
    run(w, 60 * SEC_MS);
    store_begin(w->store);
    int64_t state_n = world_number(w, 0, "SELECT n FROM effect WHERE ref = 'helpdesk:4' AND kind = 'state'");
    int64_t field_n = world_number(w, 0,
                                   "SELECT n FROM effect WHERE ref = 'product:1' AND kind = 'field' AND state = "
                                   "'pending' AND json_extract(want, '$.field') = 'incident_count'");
    store_effect_move(w->store, state_n, EFFECT_PARKED, "no", NULL, w->now);
    store_effect_move(w->store, field_n, EFFECT_PARKED, "no", NULL, w->now);
    struct fault fault = {0};
    assert_int_equal(store_commit(w->store, &fault), 0);
    struct found x = audit(w);
    says(&x, "helpdesk:4", "state (parked)", "open", "closed-unresolved",
         arena_printf(w->a, "bascule retry %lld", (long long)state_n));
    says(&x, "product:1", "incident_count (parked)", "3", "4",
         arena_printf(w->a, "bascule retry %lld", (long long)field_n));
    json_decref(x.result);
    world_stop(w);
    world_free(w);
}

/* ---- trackers that do not answer ---- */

static int limited;

/* More often than a failing one would be tried. */
static enum fate first_is_limited(void *arg, const struct http_request *request) {
    (void)arg;
    (void)request;
    return limited-- > 0 ? FATE_LIMITED : FATE_FINE;
}

static void a_limit_is_kept_and_waited_for(void **state) {
    struct world *w = three_linked();
    msec_t began = w->now;
    limited = 20;
    w->fate_of = first_is_limited;
    struct found x = audit(w);
    assert_false(x.failed);
    assert_int_equal(x.read, 4);
    assert_int_equal(x.n, 0);
    assert_true(w->now - began >= 1000);
    json_decref(x.result);
    end(w);
}

static enum fate all_is_refused(void *arg, const struct http_request *request) {
    (void)arg;
    return str_starts(request->url, PRODUCT) ? FATE_BROKEN : FATE_FINE;
}

static void a_tracker_that_fails_is_given_up_and_said(void **state) {
    struct world *w = three_linked();
    w->fate_of = all_is_refused;
    struct found x = {0};
    json_t *result = NULL;
    int64_t run = 0;
    for (int i = 0; i < 2000 && !x.result; i++) {
        assert_int_equal(world_command(w, "audit", json_pack("{s:I}", "run", (json_int_t)run), &result), 200);
        run = json_int(result, "run", 0);
        if (json_bool(result, "done", false))
            x.result = result;
        else
            json_decref(result);
    }
    assert_true(json_bool(x.result, "failed", false));
    assert_text(json_text(line(&x, "product:1", "not read"), "bridge"), "");
    json_decref(x.result);
    world_stop(w);
    world_free(w);
}

static void a_paused_tracker_is_not_asked(void **state) {
    struct world *w = three_linked();
    command(w, 200, "pause", json_pack("{s:s}", "tracker", "product"));
    uint64_t requests = w->requests;
    struct found x = audit(w);
    assert_true(x.failed);
    assert_non_null(strstr(json_text(line(&x, "product", "not read"), "tracker"), "paused"));
    assert_int_equal(x.read, 3);
    assert_true(w->requests > requests);
    json_decref(x.result);
    end(w);
}

static enum fate product_is_limited(void *arg, const struct http_request *request) {
    (void)arg;
    return str_starts(request->url, PRODUCT) ? FATE_LIMITED : FATE_FINE;
}

/* Whoever stops asking ends it; another number is over. */
static void an_audit_is_one_at_a_time(void **state) {
    struct world *w = three_linked();
    json_t *result = NULL;
    command(w, 404, "audit", json_pack("{s:i}", "run", 7));
    w->fate_of = product_is_limited; /* so that it takes its time */
    assert_int_equal(world_command(w, "audit", json_object(), &result), 200);
    int64_t run_number = json_int(result, "run", 0);
    assert_false(json_bool(result, "done", true));
    json_decref(result);
    assert_int_equal(world_command(w, "audit", json_object(), &result), 200);
    assert_true(json_int(result, "run", 0) > run_number);
    json_decref(result);
    command(w, 404, "audit", json_pack("{s:I}", "run", (json_int_t)run_number));
    w->fate_of = NULL;
    run(w, 120 * SEC_MS);
    command(w, 404, "audit", json_pack("{s:I}", "run", (json_int_t)(run_number + 1)));
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_differs),
        cmocka_unit_test(what_people_changed_since_the_last_poll_is_found),
        cmocka_unit_test(what_is_known_stays_a_difference_of_fields_only),
        cmocka_unit_test(a_deleted_note_and_a_second_one),
        cmocka_unit_test(a_note_of_another_database),
        cmocka_unit_test(a_deleted_defect),
        cmocka_unit_test(what_is_on_its_way_is_no_difference),
        cmocka_unit_test(what_is_parked_names_its_effect),
        cmocka_unit_test(a_limit_is_kept_and_waited_for),
        cmocka_unit_test(a_tracker_that_fails_is_given_up_and_said),
        cmocka_unit_test(a_paused_tracker_is_not_asked),
        cmocka_unit_test(an_audit_is_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
