/* changed: a configuration that has changed: what native states mean (at a restart
 * too), a policy for old incidents, and what either would do, in numbers. */
#include "scene.h"

static struct world *known(const struct world_config *config) {
    struct world *w = linked(config);
    settle(w);
    return w;
}

static const char *would(struct world *w, json_t *args) {
    json_t *result = NULL;
    json_object_set_new(args, "dry_run", json_true());
    assert_int_equal(world_command(w, "policy-apply", args, &result), 200);
    const char *text =
        arena_printf(w->a, "%lld: %s", (long long)json_int(result, "incidents", -1), json_text(result, "would"));
    json_decref(result);
    return text;
}

struct said {
    int status;
};

static void hear(void *who, int status, json_t *result) {
    struct said *s = who;
    (void)result;
    assert_int_equal(s->status, 0); /* once */
    s->status = status;
}

#define mapped(w) world_number(w, -1, "SELECT count(*) FROM journal WHERE what = 'mapped'")

static void a_changed_table_holds_after_a_restart(void **state) {
    struct world *w = known(NULL);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(mapped(w), 0);
    world_stop(w);
    w->config.states = "New: { state: released, outcome: fixed }";
    world_start(w);
    settle(w);
    assert_text(world_text(w, "SELECT state FROM record WHERE ref = 'product:1'"), "released");
    assert_text(world_text(w, "SELECT verdict FROM incident"), "delivered");
    assert_int_equal(mapped(w), 1);
    assert_int_equal(world_number(w, 0, "SELECT adopted_turn = turn FROM incident"), 1);
    assert_status(w, 1, "closed-unresolved"); /* adopted: the fix came before the table */
    assert_int_equal(desk_notes(w, 1, "b1-", true), 0);
    world_stop(w);
    world_start(w);
    settle(w);
    assert_int_equal(mapped(w), 1);
    end(w);
    (void)state;
}

static void a_killed_reload_is_made_good(void **state) {
    struct world *w = known(NULL);
    w->config.states = "New: working";
    world_crash(w);
    settle(w);
    assert_text(world_text(w, "SELECT state FROM record WHERE ref = 'product:1'"), "working");
    assert_int_equal(world_number(w, 0, "SELECT turn FROM incident"), 1);
    world_reload(w, &(struct world_config){0});
    settle(w);
    assert_text(world_text(w, "SELECT state FROM record WHERE ref = 'product:1'"), "open");
    end(w);
    (void)state;
}

static void a_person_said_why_it_is_closed(void **state) {
    struct world *w = known(NULL);
    product_status(w, 1, ISSUE_REJECTED);
    settle(w);
    command(w, 200, "outcome", json_pack("{s:s, s:s, s:s}", "ref", "product:1", "outcome", "duplicate", "reason", "x"));
    world_stop(w);
    w->config.states = "Rejected: { state: closed, outcome: wont-fix }";
    world_start(w);
    settle(w);
    assert_text(world_text(w, "SELECT outcome FROM record WHERE ref = 'product:1'"), "duplicate");
    end(w);
    (void)state;
}

static void a_policy_is_shown_and_applied_to_some(void **state) {
    struct world *w = known(&(struct world_config){.policy = "  treatment: leave\n"});
    assert_int_equal(desk_ticket(w, ALICE, "Wrong totals", "Mine too."), 2);
    desk_field(w, 2, "Defect", "1");
    settle(w);
    assert_status(w, 1, "new");
    world_reload(w, &(struct world_config){.policy = "  treatment: close\n"});
    settle(w);
    assert_status(w, 1, "new"); /* from the next turn, or by policy apply */
    int64_t rows = effects(w, "1"), turns = world_number(w, 0, "SELECT sum(turn) FROM incident");
    assert_text(would(w, json_object()), "2: close 2");
    assert_text(would(w, json_pack("{s:s}", "for", "P-1")), "2: close 2");
    assert_text(would(w, json_pack("{s:s}", "for", "helpdesk")), "2: close 2");
    assert_text(would(w, json_pack("{s:s}", "for", "helpdesk:2")), "1: close 1");
    assert_int_equal(effects(w, "1"), rows);
    assert_int_equal(world_number(w, 0, "SELECT sum(turn) FROM incident"), turns);
    struct said first = {0}, second = {0};
    cleanup_json json_t *dry = json_pack("{s:b}", "dry_run", 1);
    engine_command(w->engine, "policy-apply", dry, "cli:test", hear, &first);
    engine_command(w->engine, "policy-apply", dry, "cli:test", hear, &second);
    assert_int_equal(second.status, 409); /* one at a time, and the loop goes on between */
    assert_int_equal(first.status, 0);
    world_stop(w);
    assert_int_equal(first.status, 503);
    world_start(w);
    settle(w);
    assert_text(would(w, json_object()), "2: close 2");
    command(w, 404, "policy-apply", json_pack("{s:s}", "for", "P-9"));
    command(w, 404, "policy-apply", json_pack("{s:s}", "for", "nowhere"));
    command(w, 404, "policy-apply", json_pack("{s:s}", "for", "helpdesk:99"));
    command(w, 400, "policy-apply", json_pack("{s:s}", "for", "product"));
    command(w, 400, "policy-apply", json_pack("{s:s}", "for", "product:1"));
    command(w, 200, "policy-apply", json_pack("{s:s}", "for", "helpdesk:2"));
    settle(w);
    assert_status(w, 1, "new");
    assert_status(w, 2, "closed-unresolved");
    assert_text(would(w, json_object()), "1: close 1");
    end(w);
    (void)state;
}

#define MANY 300

/* What a changed configuration means is carried through a page at a time: a crash between two of them loses none and
 * says none twice, and nothing is decided before all are through. */
static void a_crash_between_pages_loses_none(void **state) {
    struct world *w = known(NULL);
    for (int i = 2; i <= MANY; i++)
        product_issue(w, "Another", "Something else.");
    settle(w);
    w->config.states = "New: working";
    world_stop(w);
    world_start(w);
    while (mapped(w) == 0)
        assert_true(world_step(w));
    assert_in_range(mapped(w), 1, MANY - 1);
    world_crash(w);
    settle(w);
    assert_int_equal(mapped(w), MANY);
    assert_int_equal(world_number(w, 0, "SELECT count(DISTINCT ref) FROM journal WHERE what = 'mapped'"), MANY);
    end(w);
    (void)state;
}

#define carrying(w) world_number(w, 0, "SELECT count(*) FROM meta WHERE key = 'carry' AND value <> ''")
#define all_due(w)  world_number(w, 0, "SELECT count(*) FROM due WHERE kind = 'incident'")

static void a_crash_after_a_reload_forgets_none(void **state) {
    struct world *w = known(NULL);
    for (int i = 2; i <= MANY; i++)
        desk_ticket(w, ALICE, "Another", "Something else.");
    settle(w);
    world_reload(w, &(struct world_config){.policy = "  treatment: hold\n"});
    while (all_due(w) == 0)
        assert_true(world_step(w));
    assert_in_range(all_due(w), 1, MANY - 1);
    world_crash(w);
    assert_int_equal(carrying(w), 1);
    for (int i = 0; i < MANY && carrying(w); i++)
        assert_true(world_step(w));
    assert_int_equal(all_due(w), MANY);
    settle(w);
    assert_int_equal(all_due(w), 0);
    end(w);
    (void)state;
}

/* A few incidents at a time: the service may end between, and what is said again does the rest. */
static void a_policy_is_applied_a_few_at_a_time(void **state) {
    struct world *w = known(&(struct world_config){.policy = "  treatment: leave\n"});
    for (int i = 2; i <= 60; i++) {
        desk_ticket(w, ALICE, "Wrong totals", "Mine too.");
        desk_field(w, i, "Defect", "1");
    }
    settle(w);
    world_reload(w, &(struct world_config){.policy = "  treatment: close\n"});
    settle(w);
    int64_t turns = world_number(w, 0, "SELECT sum(turn) FROM incident");
    struct said first = {0}, other = {0};
    cleanup_json json_t *all = json_object();
    engine_command(w->engine, "policy-apply", all, "cli:test", hear, &first);
    while (world_number(w, 0, "SELECT sum(turn) FROM incident") == turns)
        assert_true(world_step(w));
    cleanup_json json_t *set = json_pack("{s:s, s:s}", "id", "P-1", "symptom", "Totals.");
    engine_command(w->engine, "problem-set", set, "cli:test", hear, &other); /* decides what is due, as a rule */
    assert_int_equal(other.status, 200);
    while (world_number(w, 0, "SELECT sum(turn) FROM incident") < turns + 50) /* the second few */
        assert_true(world_step(w));
    assert_in_range(world_number(w, 0, "SELECT sum(turn) FROM incident"), turns + 50, turns + 59);
    assert_int_equal(effects(w, "kind = 'state'"), 0); /* the brake counts it as a whole */
    assert_int_equal(first.status, 0);
    world_stop(w);
    assert_int_equal(first.status, 503);
    world_start(w);
    command(w, 200, "policy-apply", json_object());
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT sum(turn) FROM incident"), turns + 60);
    assert_status(w, 1, "closed-unresolved");
    assert_status(w, 60, "closed-unresolved");
    end(w);
    (void)state;
}

static void a_preview_leaves_no_trace(void **state) {
    struct world *w = known(&(struct world_config){.policy = "  treatment: leave\n"});
    world_reload(w, &(struct world_config){.policy = "  treatment: close\n"});
    settle(w);
    int64_t rows = effects(w, "1"), journal = world_number(w, 0, "SELECT count(*) FROM journal");
    cleanup_json json_t *x = engine_preview(w->engine);
    assert_text(json_text(json_object_get(x, "reload"), "would"), "do nothing");
    assert_text(json_text(json_object_get(x, "policy_apply"), "would"), "close 1");
    assert_int_equal(json_int(json_object_get(x, "policy_apply"), "incidents", 0), 1);
    assert_int_equal(effects(w, "1"), rows);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM journal"), journal);
    end(w);
    (void)state;
}

static void an_instance_is_for_a_lost_identity(void **state) {
    struct world *w = known(NULL);
    command(w, 400, "outbox-open", json_pack("{s:s}", "instance", "b2"));
    end(w);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_table_holds_after_a_restart),
        cmocka_unit_test(a_killed_reload_is_made_good),
        cmocka_unit_test(a_person_said_why_it_is_closed),
        cmocka_unit_test(a_policy_is_shown_and_applied_to_some),
        cmocka_unit_test(a_crash_between_pages_loses_none),
        cmocka_unit_test(a_crash_after_a_reload_forgets_none),
        cmocka_unit_test(a_policy_is_applied_a_few_at_a_time),
        cmocka_unit_test(a_preview_leaves_no_trace),
        cmocka_unit_test(an_instance_is_for_a_lost_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
