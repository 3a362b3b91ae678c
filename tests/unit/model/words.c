/* The vocabulary: every word there and back, the words of the contract, and nothing else. */
#include "../base/head.h"

#include "bascule/model.h"

/* name and parse of one enum, seen through ints */
#define LIST(prefix, type)                                                                                             \
    static const char *prefix##_name_of(int v) {                                                                       \
        return prefix##_name((enum type)v);                                                                            \
    }                                                                                                                  \
    static bool prefix##_parse_of(const char *s, int *ret) {                                                           \
        enum type v;                                                                                                   \
        bool ok = prefix##_parse(s, &v);                                                                               \
        if (ok)                                                                                                        \
            *ret = (int)v;                                                                                             \
        return ok;                                                                                                     \
    }
LIST(role, role)
LIST(kind, kind)
LIST(state, state)
LIST(outcome, outcome)
LIST(presence, presence)
LIST(verdict, verdict)
LIST(delivery, delivery)
LIST(resolution, resolution)
LIST(effect_kind, effect_kind)
LIST(effect_state, effect_state)
LIST(note_kind, note_kind)
LIST(visibility, visibility)
LIST(field, field)
LIST(treatment, treatment)
LIST(delivered_when, delivered_when)
LIST(several_defects, several_defects)
LIST(on_declined, on_declined)
LIST(on_reopen, on_reopen)
LIST(on_risk_accepted, on_risk_accepted)

static const struct list {
    const char *words; /* in the order of the enum, "-" for "" */
    const char *(*name)(int v);
    bool (*parse)(const char *s, int *ret);
} lists[] = {
    {"ticketing defects", role_name_of, role_parse_of},
    {"incident defect problem", kind_name_of, kind_parse_of},
    {"unmapped open waiting working fixed released closed-unresolved resolved closed", state_name_of, state_parse_of},
    {"- fixed workaround wont-fix risk-accepted not-reproducible invalid duplicate withdrawn incomplete moved unknown",
     outcome_name_of, outcome_parse_of},
    {"present gone merged forbidden out-of-scope", presence_name_of, presence_parse_of},
    {"unlinked pending declined delivered", verdict_name_of, verdict_parse_of},
    {"none pending delivered declined mixed cancelled", delivery_name_of, delivery_parse_of},
    {"- fix-applied risk-accepted duplicate cancelled", resolution_name_of, resolution_parse_of},
    {"state field note link create", effect_kind_name_of, effect_kind_parse_of},
    {"pending in-flight unsure done superseded parked", effect_state_name_of, effect_state_parse_of},
    {"known-error workaround fixed declined did-not-hold unlinked linked came-back recurrence risk-accepted threshold "
     "agent",
     note_kind_name_of, note_kind_parse_of},
    {"off internal public", visibility_name_of, visibility_parse_of},
    {"defect problem known_error service priority outcome incidents incident_count closed_unresolved_count",
     field_name_of, field_parse_of},
    {"close hold leave", treatment_name_of, treatment_parse_of},
    {"released fixed version", delivered_when_name_of, delivered_when_parse_of},
    {"all any", several_defects_name_of, several_defects_parse_of},
    {"keep ask", on_declined_name_of, on_declined_parse_of},
    {"flag reopen new-defect", on_reopen_name_of, on_reopen_parse_of},
    {"note close", on_risk_accepted_name_of, on_risk_accepted_parse_of},
};

static void test_lists(void **state) {
    for (size_t i = 0; i < array_size(lists); i++) {
        char *words = arena_strdup(*state, lists[i].words), *at = NULL;
        int n = 0, v;
        for (char *w = strtok_r(words, " ", &at); w; w = strtok_r(NULL, " ", &at), n++) {
            v = -7;
            if (str_is(w, "-")) { /* nothing is not a word */
                assert_string_equal(lists[i].name(n), "");
                continue;
            }
            assert_string_equal(lists[i].name(n), w);
            assert_true(lists[i].parse(w, &v));
            assert_int_equal(v, n);
            assert_false(lists[i].parse(arena_printf(*state, "%sx", w), &v));
            assert_false(lists[i].parse(arena_strndup(*state, w, strlen(w) - 1), &v));
        }
        v = -7;
        assert_string_equal(lists[i].name(n), "?"); /* and no word more than the contract's */
        assert_string_equal(lists[i].name(-1), "?");
        assert_false(lists[i].parse("", &v));
        assert_false(lists[i].parse(NULL, &v));
        assert_false(lists[i].parse("?", &v));
        assert_int_equal(v, -7);
    }
}

static void test_status(void **state) {
    static const char *const words[] = {"detected", "informational", "diagnosed", "resolved", "closed"};
    for (int i = 0; i < KE_COUNT; i++)
        assert_string_equal(ke_status_name((enum ke_status)i), words[i]);
    assert_string_equal(ke_status_name(KE_COUNT), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {arena_test(test_lists), arena_test(test_status)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
