/* Which policy values apply ("first match wins, key by key"), and how a turn keeps them. */
#include "world.h"

#include <stdlib.h>

static const char *no_words[] = {NULL};
static const char *billing[] = {"Mail", "Billing"};
static const char *critical[] = {"critical"};
static const char *desk[] = {"helpdesk"};
static const char *impact[] = {"Critical", "High"};

/* A value other than the default for every key. */
static struct policy other(void) {
    struct policy p = {.treatment = TREATMENT_LEAVE,
                       .require_workaround = true,
                       .delivered_when = DELIVERED_WHEN_VERSION,
                       .several_defects = SEVERAL_ANY,
                       .on_declined = ON_DECLINED_ASK,
                       .on_reopen = ON_REOPEN_NEW_DEFECT,
                       .recurrences = 7,
                       .on_risk_accepted = ON_RISK_ACCEPTED_CLOSE,
                       .reopen_window = 5 * DAY_MS,
                       .settle = {[VERDICT_PENDING] = 1, [VERDICT_DECLINED] = 2, [VERDICT_DELIVERED] = 3},
                       .thresholds = {3, 4},
                       .n_thresholds = 2};
    struct policy base;
    policy_defaults(&base);
    for (int k = 0; k < NOTE_KIND_COUNT; k++)
        p.notes[k] = base.notes[k] == VISIBILITY_PUBLIC ? VISIBILITY_OFF : VISIBILITY_PUBLIC;
    return p;
}

/* Each key as one number: what differs is seen key by key. */
#define KEYS (13 + NOTE_KIND_COUNT)
static void numbers(const struct policy *p, int64_t *ret) {
    const int64_t all[] = {p->treatment,
                           p->require_workaround,
                           p->delivered_when,
                           p->several_defects,
                           p->on_declined,
                           p->on_reopen,
                           p->recurrences,
                           p->on_risk_accepted,
                           p->reopen_window,
                           p->settle[VERDICT_PENDING],
                           p->settle[VERDICT_DECLINED],
                           p->settle[VERDICT_DELIVERED],
                           (int64_t)p->n_thresholds * 1000000 +
                               (p->n_thresholds > 1 ? p->thresholds[0] * 1000 + p->thresholds[1] : 0)};
    _Static_assert(array_size(all) == 13, "one number a key");
    memcpy(ret, all, sizeof(all));
    for (int k = 0; k < NOTE_KIND_COUNT; k++)
        ret[13 + k] = p->notes[k];
}

static void test_each_key(void **state) {
    struct policy_set set = {0};
    struct record incident = {.tracker = "helpdesk"};
    policy_defaults(&set.base);
    for (int bit = 0; bit < KEYS; bit++) {
        struct policy_rule rule = {.set = 1u << bit, .policy = other()};
        struct policy p;
        int64_t was[KEYS], now[KEYS], want[KEYS];
        set.rules = &rule;
        set.n_rules = 1;
        policy_for(&set, &incident, &p);
        numbers(&set.base, was);
        numbers(&p, now);
        numbers(&rule.policy, want);
        for (int k = 0; k < KEYS; k++) {
            assert_int_equal(now[k], k == bit ? want[k] : was[k]);
            assert_int_not_equal(was[k], want[k]);
        }
    }
}

static void test_first_match_wins(void **state) {
    struct policy_rule rules[] = {{.set = POLICY_TREATMENT | POLICY_NOTES << NOTE_FIXED, .policy = other()},
                                  {.set = POLICY_TREATMENT | POLICY_RECURRENCES, .policy = other()},
                                  {.set = POLICY_RECURRENCES | POLICY_NOTES << NOTE_FIXED, .policy = other()}};
    struct policy_set set = {.rules = rules, .n_rules = 3};
    struct record incident = {.tracker = "helpdesk", .service = "Billing"};
    struct policy p;
    policy_defaults(&set.base);
    rules[0].policy.treatment = TREATMENT_HOLD;
    rules[2].policy.recurrences = 9;
    rules[2].policy.notes[NOTE_FIXED] = VISIBILITY_INTERNAL;
    policy_for(&set, &incident, &p);
    assert_int_equal(p.treatment, TREATMENT_HOLD);
    assert_int_equal(p.recurrences, 7);
    assert_int_equal(p.notes[NOTE_FIXED], VISIBILITY_OFF);
    rules[0].service = (struct policy_words){critical, 1}; /* does not match any more */
    policy_for(&set, &incident, &p);
    assert_int_equal(p.treatment, TREATMENT_LEAVE);
    assert_int_equal(p.recurrences, 7);
    assert_int_equal(p.notes[NOTE_FIXED], VISIBILITY_INTERNAL);
}

static bool matches(struct policy_rule rule, const struct record *incident) {
    struct policy_set set = {.rules = &rule, .n_rules = 1};
    struct policy p;
    rule.set = POLICY_TREATMENT;
    rule.policy.treatment = TREATMENT_LEAVE;
    policy_defaults(&set.base);
    policy_for(&set, incident, &p);
    return p.treatment == TREATMENT_LEAVE;
}

static void test_match(void **state) {
    json_t *native = json_pack("{s:s, s:s, s:n, s:i}", "Impact", "critical", "Area", "EU", "Nothing", "Number", 5);
    struct record i = {.tracker = "helpdesk", .service = "billing", .priority = "CRITICAL", .native = native};
    struct policy_field fields[] = {
        {"Impact", {impact, 2}}, {"Area", {billing, 2}}, {"Nothing", {impact, 2}}, {"Number", {impact, 2}}};
    assert_true(matches((struct policy_rule){0}, &i));
    assert_true(matches((struct policy_rule){.service = {no_words, 0}}, &i));
    assert_true(matches((struct policy_rule){.service = {billing, 2}}, &i));
    assert_false(matches((struct policy_rule){.service = {billing, 1}}, &i));
    assert_true(matches((struct policy_rule){.priority = {critical, 1}}, &i));
    assert_false(matches((struct policy_rule){.priority = {billing, 2}}, &i));
    assert_true(matches((struct policy_rule){.tracker = {desk, 1}}, &i));
    assert_false(matches((struct policy_rule){.tracker = {critical, 1}}, &i));
    assert_true(matches((struct policy_rule){.fields = fields, .n_fields = 1}, &i));
    assert_false(matches((struct policy_rule){.fields = fields, .n_fields = 2}, &i));
    assert_false(matches((struct policy_rule){.fields = fields + 1, .n_fields = 1}, &i));
    assert_false(matches((struct policy_rule){.fields = fields + 2, .n_fields = 1}, &i));
    assert_false(matches((struct policy_rule){.fields = fields + 3, .n_fields = 1}, &i));
    assert_true(matches(
        (struct policy_rule){
            .service = {billing, 2}, .priority = {critical, 1}, .tracker = {desk, 1}, .fields = fields, .n_fields = 1},
        &i));
    /* one that does not fit is enough */
    assert_false(
        matches((struct policy_rule){.service = {billing, 1}, .priority = {critical, 1}, .tracker = {desk, 1}}, &i));
    assert_false(
        matches((struct policy_rule){.service = {billing, 2}, .priority = {desk, 1}, .tracker = {desk, 1}}, &i));
    assert_false(
        matches((struct policy_rule){.service = {billing, 2}, .priority = {critical, 1}, .tracker = {billing, 1}}, &i));
    /* what is not known matches no word */
    i = (struct record){.tracker = "helpdesk"};
    assert_false(matches((struct policy_rule){.service = {billing, 2}}, &i));
    assert_false(matches((struct policy_rule){.fields = fields, .n_fields = 1}, &i));
    json_decref(native);
}

static void check_round(const struct policy *p) {
    struct policy back;
    int64_t was[KEYS], now[KEYS];
    json_t *j = policy_to_json(p);
    assert_non_null(j);
    policy_from_json(j, &back);
    json_decref(j);
    numbers(p, was);
    numbers(&back, now);
    for (int k = 0; k < KEYS; k++)
        assert_int_equal(was[k], now[k]);
    for (size_t i = 0; i < p->n_thresholds; i++)
        assert_int_equal(p->thresholds[i], back.thresholds[i]);
}

static void test_round_trip(void **state) {
    struct policy p, q = other();
    policy_defaults(&p);
    check_round(&p);
    check_round(&q);
    p.n_thresholds = 0;
    memset(p.thresholds, 0, sizeof(p.thresholds));
    check_round(&p);
    p.n_thresholds = THRESHOLDS_MAX;
    for (int i = 0; i < THRESHOLDS_MAX; i++)
        p.thresholds[i] = i + 1;
    p.reopen_window = INT64_MAX;
    check_round(&p);
}

/* The same values give the same bytes. */
static void test_same_bytes(void **state) {
    struct policy p = other();
    json_t *x = policy_to_json(&p), *y = policy_to_json(&p);
    assert_text(json_print(*state, x), json_print(*state, y));
    json_decref(x);
    json_decref(y);
}

/* What an older version did not keep, or wrote otherwise, has the default. */
static void test_from_little(void **state) {
    struct policy base, p = other();
    int64_t was[KEYS], now[KEYS];
    policy_defaults(&base);
    policy_from_json(NULL, &p);
    numbers(&base, was);
    numbers(&p, now);
    assert_memory_equal(was, now, sizeof(was));
    json_t *j = json_pack("{s:s, s:s, s:i, s:{s:s}}", "treatment", "burn", "recurrences", "many", "require_workaround",
                          1, "notes", "fixed", "loud");
    p = other();
    policy_from_json(j, &p);
    numbers(&p, now);
    assert_memory_equal(was, now, sizeof(was));
    json_decref(j);
    j = json_pack("{s:s}", "thresholds", "none");
    policy_from_json(j, &p);
    numbers(&p, now);
    assert_memory_equal(was, now, sizeof(was));
    json_decref(j);
    json_t *many = json_array();
    for (int i = 0; i < 30; i++)
        json_array_append_new(many, json_integer(i + 1));
    j = json_pack("{s:o}", "thresholds", many);
    policy_from_json(j, &p);
    json_decref(j);
    assert_int_equal(p.n_thresholds, THRESHOLDS_MAX);
    assert_int_equal(p.thresholds[THRESHOLDS_MAX - 1], THRESHOLDS_MAX);
}

/* What a problem says of itself comes first, then what its defect says. */
static void test_side(void **state) {
    struct policy_rule rule = {.set = POLICY_TREATMENT,
                               .policy = {.treatment = TREATMENT_LEAVE},
                               .service = {.words = billing, .count = 2},
                               .priority = {.words = critical, .count = 1}};
    struct policy_set set = {.rules = &rule, .n_rules = 1};
    policy_defaults(&set.base);
    static const struct {
        const char *service, *priority, *defects_service, *defects_priority;
        bool fits;
    } cases[] = {{"Billing", "critical", NULL, NULL, true},
                 {NULL, NULL, "Billing", "critical", true},
                 {"", "", "Billing", "critical", true},
                 {"Billing", NULL, "Payroll", "critical", true},
                 {"Payroll", "critical", "Billing", NULL, false},
                 {NULL, "low", "Billing", "critical", false},
                 {NULL, NULL, NULL, NULL, false}};
    for (size_t i = 0; i < array_size(cases); i++) {
        struct problem problem = {.service = cases[i].service, .priority = cases[i].priority};
        struct record defect = {
            .tracker = "product", .service = cases[i].defects_service, .priority = cases[i].defects_priority};
        struct policy p;
        policy_for_side(&set, &problem, &defect, &p);
        assert_int_equal(p.treatment == TREATMENT_LEAVE, cases[i].fits);
        rule.tracker = (struct policy_words){.words = desk, .count = 1}; /* of incidents: no defect is there */
        policy_for_side(&set, &problem, &defect, &p);
        assert_int_equal(p.treatment, set.base.treatment);
        rule.tracker.count = 0;
        if (!cases[i].defects_service && !cases[i].defects_priority) {
            policy_for_side(&set, &problem, NULL, &p);
            assert_int_equal(p.treatment == TREATMENT_LEAVE, cases[i].fits);
        }
    }
    struct policy p;
    policy_for_side(&set, NULL, &(struct record){.service = "Billing", .priority = "critical"}, &p);
    assert_int_equal(p.treatment, TREATMENT_LEAVE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(test_each_key),   world_test(test_first_match_wins), world_test(test_match),
        world_test(test_round_trip), world_test(test_same_bytes),       world_test(test_from_little),
        world_test(test_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
