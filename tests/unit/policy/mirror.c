/* Mirrored values: the text for each field, and its bounds. */
#include "world.h"

static const struct reference defects[] = {
    {"product", "56", 0, NULL}, {"product", "57", 0, NULL}, {"jira", "AB-1", 0, NULL}};
static const char *const urls[] = {"http://p/56", "http://p/57", NULL};
static const struct problem known = {.id = 12, .known_error = true, .title = "Login fails"};
static const struct problem other = {.id = 13, .title = "Not known"};
static const struct problem third = {.id = 14, .known_error = true, .title = "Slow"};
static const struct problem untitled = {.id = 15, .known_error = true};
static const struct problem *const problems[] = {&known, &other, &third, &untitled};

static void test_incident(void **state) {
    struct arena *a = *state;
    struct mirror_facts f = {.defects = defects,
                             .n_defects = 2,
                             .defect_tracker = "product",
                             .defect_urls = urls,
                             .problems = problems,
                             .n_problems = 3,
                             .outcome = OUTCOME_WORKAROUND};
    assert_text(mirror_value(FIELD_DEFECT, KIND_INCIDENT, &f, a), "56, 57");
    assert_text(mirror_value(FIELD_PROBLEM, KIND_INCIDENT, &f, a), "P-12, P-13, P-14");
    assert_text(mirror_value(FIELD_KNOWN_ERROR, KIND_INCIDENT, &f, a), "P-12 Login fails, P-14 Slow");
    assert_text(mirror_value(FIELD_OUTCOME, KIND_INCIDENT, &f, a), "workaround");
    f.n_defects = 3; /* of another tracker: its URL, or its reference */
    assert_text(mirror_value(FIELD_DEFECT, KIND_INCIDENT, &f, a), "56, 57, jira:AB-1");
    f.defect_tracker = "jira";
    assert_text(mirror_value(FIELD_DEFECT, KIND_INCIDENT, &f, a), "http://p/56, http://p/57, AB-1");
    f.defect_tracker = NULL;
    f.defect_urls = NULL;
    assert_text(mirror_value(FIELD_DEFECT, KIND_INCIDENT, &f, a), "product:56, product:57, jira:AB-1");
    f.n_problems = 4;
    assert_text(mirror_value(FIELD_KNOWN_ERROR, KIND_INCIDENT, &f, a), "P-12 Login fails, P-14 Slow, P-15 ");
    f = (struct mirror_facts){0};
    assert_text(mirror_value(FIELD_DEFECT, KIND_INCIDENT, &f, a), "");
    assert_text(mirror_value(FIELD_PROBLEM, KIND_INCIDENT, &f, a), "");
    assert_text(mirror_value(FIELD_KNOWN_ERROR, KIND_INCIDENT, &f, a), "");
}

static void test_outcome(void **state) {
    for (int o = 0; o < OUTCOME_COUNT; o++)
        for (int keeps = 0; keeps < 2; keeps++) {
            struct mirror_facts f = {.outcome = (enum outcome)o, .keeps_outcome = keeps};
            assert_text(mirror_value(FIELD_OUTCOME, KIND_INCIDENT, &f, *state),
                        !o && keeps ? NULL : outcome_name((enum outcome)o));
            assert_null(mirror_value(FIELD_OUTCOME, KIND_DEFECT, &f, *state));
        }
}

static void test_defect(void **state) {
    struct arena *a = *state;
    struct mirror_incident incidents[25];
    struct mirror_facts f = {.incidents = incidents,
                             .n_incidents = 2,
                             .problems = problems,
                             .n_problems = 1,
                             .incident_count = 2,
                             .closed_unresolved_count = 1,
                             .more_url = "http://b/d"};
    for (int i = 0; i < 25; i++)
        incidents[i] = (struct mirror_incident){.ref = arena_printf(a, "helpdesk:%d", i),
                                                .url = i ? arena_printf(a, "http://d/%d", i) : NULL};
    assert_text(mirror_value(FIELD_INCIDENTS, KIND_DEFECT, &f, a), "helpdesk:0\nhttp://d/1");
    assert_text(mirror_value(FIELD_INCIDENT_COUNT, KIND_DEFECT, &f, a), "2");
    assert_text(mirror_value(FIELD_CLOSED_UNRESOLVED_COUNT, KIND_DEFECT, &f, a), "1");
    assert_text(mirror_value(FIELD_PROBLEM, KIND_DEFECT, &f, a), "P-12");
    assert_text(mirror_value(FIELD_KNOWN_ERROR, KIND_DEFECT, &f, a), "P-12 Login fails");
    f.incident_count = 5;
    assert_text(mirror_value(FIELD_INCIDENTS, KIND_DEFECT, &f, a), "helpdesk:0\nhttp://d/1\nand 3 more: http://b/d");
    f.incident_count = 1;
    assert_text(mirror_value(FIELD_INCIDENTS, KIND_DEFECT, &f, a), "helpdesk:0\nhttp://d/1");
    f.n_incidents = 25;
    f.incident_count = 25;
    const char *text = mirror_value(FIELD_INCIDENTS, KIND_DEFECT, &f, a);
    assert_non_null(strstr(text, "\nhttp://d/19\nand 5 more: http://b/d"));
    assert_null(strstr(text, "http://d/20"));
    f.incident_count = 20;
    f.n_incidents = 20;
    assert_null(strstr(mirror_value(FIELD_INCIDENTS, KIND_DEFECT, &f, a), "more"));
    f.n_incidents = 0;
    f.incident_count = 3;
    f.more_url = NULL;
    assert_text(mirror_value(FIELD_INCIDENTS, KIND_DEFECT, &f, a), "and 3 more: ");
    f.n_problems = 0; /* nothing stands behind it any more */
    assert_text(mirror_value(FIELD_INCIDENT_COUNT, KIND_DEFECT, &f, a), "");
    assert_text(mirror_value(FIELD_CLOSED_UNRESOLVED_COUNT, KIND_DEFECT, &f, a), "");
    f.n_problems = 1;
    f.incident_count = 0;
    assert_text(mirror_value(FIELD_INCIDENT_COUNT, KIND_DEFECT, &f, a), "0");
}

/* Fields that are not the bridge's on that side. */
static void test_nothing(void **state) {
    struct mirror_facts f = {.outcome = OUTCOME_FIXED};
    static const enum field incident[] = {
        FIELD_SERVICE, FIELD_PRIORITY, FIELD_INCIDENTS, FIELD_INCIDENT_COUNT, FIELD_CLOSED_UNRESOLVED_COUNT,
        FIELD_COUNT};
    static const enum field defect[] = {FIELD_DEFECT, FIELD_SERVICE, FIELD_PRIORITY, FIELD_OUTCOME, FIELD_COUNT};
    for (size_t i = 0; i < array_size(incident); i++)
        assert_null(mirror_value(incident[i], KIND_INCIDENT, &f, *state));
    for (size_t i = 0; i < array_size(defect); i++)
        assert_null(mirror_value(defect[i], KIND_DEFECT, &f, *state));
}

/* Whole items only: half of P-1234 would be another problem. */
static void test_bounds(void **state) {
    struct arena *a = *state;
    struct problem many[100];
    const struct problem *list[100];
    struct reference refs[1000];
    char title[400];
    memset(title, 'x', sizeof(title) - 1);
    title[sizeof(title) - 1] = 0;
    for (int i = 0; i < 100; i++) {
        many[i] = (struct problem){.id = 1000 + i, .known_error = true, .title = title};
        list[i] = &many[i];
    }
    for (int i = 0; i < 1000; i++)
        refs[i] = (struct reference){"product", arena_printf(a, "%d", 1000 + i), 0, NULL};
    struct mirror_facts f = {
        .defects = refs, .n_defects = 1000, .defect_tracker = "product", .problems = list, .n_problems = 100};
    const char *text = mirror_value(FIELD_PROBLEM, KIND_INCIDENT, &f, a);
    assert_true(strlen(text) <= 240 && strlen(text) > 230);
    assert_text(text + strlen(text) - 8, ", P-1029");
    text = mirror_value(FIELD_KNOWN_ERROR, KIND_INCIDENT, &f, a);
    assert_int_equal(strlen(text), strlen("P-1000 ") + 150);
    text = mirror_value(FIELD_DEFECT, KIND_INCIDENT, &f, a);
    assert_true(strlen(text) <= 2000 && strlen(text) > 1990);
    assert_text(text + strlen(text) - 6, ", 1332");
    f.n_defects = 333;
    assert_text(mirror_value(FIELD_DEFECT, KIND_INCIDENT, &f, a), text);
}

/* What the bridge writes is read back as the same set, and nothing else. */
static void test_read_back(void **state) {
    static const struct reference_form forms[] = {{"helpdesk", "http://d/", NULL}, {"product", "http://p/", NULL}};
    struct arena *a = *state;
    struct reference_rules *r;
    struct references found;
    struct mirror_incident incidents[] = {{"helpdesk:4711", "http://d/4711", "4711"},
                                          {"helpdesk:4712", "http://d/4712", "4712"}};
    struct mirror_facts f = {.defects = defects,
                             .n_defects = 2,
                             .defect_tracker = "product",
                             .problems = problems,
                             .n_problems = 3,
                             .incidents = incidents,
                             .n_incidents = 2,
                             .incident_count = 9,
                             .more_url = "http://b/d/product:56"};
    assert_int_equal(reference_rules_new(forms, 2, NULL, 0, &r, NULL), 0);
    reference_field(r, a, mirror_value(FIELD_INCIDENTS, KIND_DEFECT, &f, a), "helpdesk", &found);
    assert_int_equal(found.count, 2);
    assert_text(found.items[1].id, "4712");
    reference_field(r, a, mirror_value(FIELD_DEFECT, KIND_INCIDENT, &f, a), "product", &found);
    assert_int_equal(found.count, 2);
    reference_field(r, a, mirror_value(FIELD_PROBLEM, KIND_INCIDENT, &f, a), NULL, &found);
    assert_int_equal(found.count, 3);
    assert_int_equal(found.items[2].problem, 14);
    reference_rules_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {world_test(test_incident), world_test(test_outcome), world_test(test_defect),
                                       world_test(test_nothing),  world_test(test_bounds),  world_test(test_read_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
