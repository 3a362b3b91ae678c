/* elements: what an element of a list that cannot be read does to itself and to the others. */
#include "scene.h"

/* In lists of tickets that one has no such member. */
struct damage {
    const char *id, *member;
    int seen;
};

static const char *damaged(void *arg, struct arena *a, const char *url, const char *body) {
    struct damage *d = arg;
    size_t i;
    json_t *item;
    if (!d->member || !strstr(url, "/REST/2.0/tickets?"))
        return NULL;
    cleanup_json json_t *page = json_loads(body, 0, NULL);
    json_array_foreach(json_object_get(page, "items"), i, item)
        if (str_is(json_text(item, "id"), d->id)) {
            d->seen++;
            json_object_del(item, d->member);
        }
    return json_print(a, page);
}

static struct world *damaging(struct damage *d) {
    struct world *w = scene(NULL);
    settle(w);
    w->spoil = damaged;
    w->spoil_arg = d;
    product_issue(w, "Totals are wrong", "Sums are off by one.");
    desk_ticket(w, ALICE, "One", "See BUG-1");
    desk_ticket(w, ALICE, "Two", "See BUG-1");
    return w;
}

static const char *quarantined(struct world *w) {
    return world_text(w, "SELECT group_concat(subject) FROM attention WHERE kind = 'quarantined'");
}

static int64_t known(struct world *w, int ticket) {
    return world_number(w, 0, "SELECT count(*) FROM record WHERE ref = 'helpdesk:%d'", ticket);
}

/* Broken in lists only: it is read by itself, and is whole there. */
static void one_with_a_name_is_read_by_itself(void **state) {
    (void)state;
    struct damage d = {.id = "2", .member = "Status"};
    struct world *w = damaging(&d);
    run(w, 30 * SEC_MS);
    assert_true(d.seen > 0);
    assert_int_equal(known(w, 1), 1);
    assert_int_equal(known(w, 2), 1);
    assert_status(w, 2, "closed-unresolved");
    run(w, 300 * SEC_MS);
    assert_string_equal(quarantined(w), "");
    d.seen = 0;
    uint64_t asked = w->requests;
    run(w, 300 * SEC_MS);
    asked = w->requests - asked;
    assert_true(d.seen > 0); /* lists still show it so, and it is not read again for it */
    d.member = NULL;
    run(w, 120 * SEC_MS);
    uint64_t idle = w->requests;
    run(w, 300 * SEC_MS);
    assert_int_equal(asked, w->requests - idle);
    end(w);
}

/* Others change meanwhile, so that lists would begin behind it. */
static void one_without_a_name_is_not_left_behind(void **state) {
    (void)state;
    struct damage d = {.id = "2", .member = "id"};
    struct world *w = damaging(&d);
    run(w, 20 * SEC_MS);
    desk_ticket(w, ALICE, "Three", "See BUG-1");
    run(w, 20 * SEC_MS);
    assert_text(quarantined(w), "helpdesk:?");
    assert_int_equal(known(w, 2), 0);
    assert_int_equal(known(w, 3), 1);
    d.member = NULL;
    run(w, 30 * SEC_MS);
    assert_int_equal(known(w, 2), 1);
    assert_string_equal(quarantined(w), "");
    settle(w);
    assert_status(w, 2, "closed-unresolved");
    end(w);
}

/* It stays as it is: said until a person has seen it, and lists go on. */
static void one_that_stays_nameless_waits_for_a_person(void **state) {
    (void)state;
    struct damage d = {.id = "2", .member = "id"};
    struct world *w = damaging(&d);
    run(w, 60 * SEC_MS);
    desk_ticket(w, ALICE, "Three", "See BUG-1");
    run(w, 300 * SEC_MS);
    int seen = d.seen;
    run(w, 300 * SEC_MS);
    assert_int_equal(d.seen, seen);
    assert_text(quarantined(w), "helpdesk:?");
    command(w, 200, "ack", json_pack("{s:s}", "ref", "helpdesk:?"));
    assert_string_equal(quarantined(w), "");
    assert_int_equal(world_number(w, -1, "SELECT count(*) FROM quarantine"), 0);
    command(w, 404, "ack", json_pack("{s:s}", "ref", "helpdesk:?"));
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_with_a_name_is_read_by_itself),
        cmocka_unit_test(one_without_a_name_is_not_left_behind),
        cmocka_unit_test(one_that_stays_nameless_waits_for_a_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
