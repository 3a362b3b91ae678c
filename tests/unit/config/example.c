/* example: the files that users copy are right, whole, and show true defaults. */
#include "config_test.h"

#define EXAMPLE SOURCE_ROOT "/config/bascule.example.yaml"

static void test_example_is_clean(void **state) {
    char *text = file_read(EXAMPLE);
    struct parsed p = parse_good(text);
    for (size_t i = 0; i < p.faults.count; i++)
        fail_msg("%s", config_fault_text(p.arena, "bascule.example.yaml", &p.faults.items[i]));
    assert_int_equal(p.settings->n_trackers, 2);
    parsed_free(&p);
    free(text);
}

/* Without everything that it says is a default, the same comes out. */
static void test_example_shows_defaults(void **state) {
    static const char *const bare =
        "trackers:\n"
        "  helpdesk:\n    connector: rt\n    role: ticketing\n    url: http://127.0.0.1:18080\n"
        "    auth: { token: { env: RT_TOKEN } }\n    scope: { queue: Incidents }\n"
        "    states: { closed-unresolved: closed-unresolved }\n"
        "    fields: { defect: Defect, problem: Problem, known_error: Known Error, service: Service, priority: "
        "Impact,\n"
        "              outcome: null }\n"
        "  product:\n    connector: redmine\n    role: defects\n    url: http://127.0.0.1:18081\n"
        "    auth: { key: { env: REDMINE_KEY } }\n    scope: { project: product }\n"
        "    states: { Resolved: fixed, Closed: { state: released, outcome: fixed },\n"
        "              \"Won't Fix\": { state: closed, outcome: wont-fix } }\n"
        "    fields: { problem: Problem, incidents: Linked incidents, incident_count: Incident count,\n"
        "              closed_unresolved_count: Closed-unresolved incidents }\n"
        "references:\n  - { pattern: 'BUG-(\\d+)', tracker: product }\n";
    char *text = file_read(EXAMPLE);
    struct parsed whole = parse_good(text), small = parse_good(bare);
    struct config_changes changes = config_diff(small.settings, whole.settings, whole.arena);
    for (size_t i = 0; i < changes.count; i++)
        print_error("%s\n", changes.lines[i]);
    assert_int_equal(changes.count, 0);
    parsed_free(&whole);
    parsed_free(&small);
    free(text);
}

/* True if a line of the text begins with key and a colon, after its indentation. */
static bool key_stands(const char *text, const char *key) {
    for (const char *line = text; line; line = strchr(line, '\n'), line += line != NULL) {
        line += strspn(line, " ");
        if (str_starts(line, key) && line[strlen(key)] == ':')
            return true;
    }
    return false;
}

/* The keys of interface.md, one by one; a new one must be added here and there. */
static void test_example_has_every_key(void **state) {
    static const char *const keys[] = {"database",
                                       "listen",
                                       "public_url",
                                       "behind_proxy",
                                       "tls",
                                       "dry_run",
                                       "history",
                                       "brake",
                                       "language",
                                       "texts",
                                       "trackers",
                                       "connector",
                                       "role",
                                       "url",
                                       "web_urls",
                                       "auth",
                                       "scope",
                                       "poll",
                                       "sweep",
                                       "timeout",
                                       "look_after",
                                       "concurrency",
                                       "ca",
                                       "paused",
                                       "import",
                                       "since",
                                       "comments",
                                       "states",
                                       "outcomes",
                                       "priorities",
                                       "write",
                                       "fields",
                                       "references",
                                       "from_requesters",
                                       "patterns",
                                       "policy",
                                       "treatment",
                                       "require_workaround",
                                       "delivered_when",
                                       "several_defects",
                                       "on_declined",
                                       "on_reopen",
                                       "recurrences",
                                       "on_risk_accepted",
                                       "reopen_window",
                                       "settle",
                                       "pending",
                                       "declined",
                                       "delivered",
                                       "thresholds",
                                       "notes",
                                       "for"};
    char *text = file_read(EXAMPLE);
    for (size_t i = 0; i < array_size(keys); i++)
        if (!key_stands(text, keys[i]))
            fail_msg("%s is missing", keys[i]);
    for (int kind = 0; kind < NOTE_KIND_COUNT; kind++)
        if (!key_stands(text, note_kind_name((enum note_kind)kind)))
            fail_msg("note %s is missing", note_kind_name((enum note_kind)kind));
    free(text);
}

static void policy_of(const char *name, struct parsed *ret) {
    char path[500], text[20000];
    snprintf(path, sizeof(path), SOURCE_ROOT "/config/policies/%s.yaml", name);
    char *policy = file_read(path);
    snprintf(text, sizeof(text), "%s%s", HELPDESK PRODUCT, policy);
    *ret = parse_good(text);
    assert_int_equal(ret->faults.count, 0);
    free(policy);
}

static void test_policies(void **state) {
    struct parsed p;
    policy_of("close-and-tell", &p);
    assert_int_equal(p.settings->policy.base.treatment, TREATMENT_CLOSE);
    assert_int_equal(p.settings->policy.n_rules, 1);
    parsed_free(&p);
    policy_of("hold", &p);
    assert_int_equal(p.settings->policy.base.treatment, TREATMENT_HOLD);
    parsed_free(&p);
    policy_of("leave-only", &p);
    assert_int_equal(p.settings->policy.base.treatment, TREATMENT_LEAVE);
    for (int kind = 0; kind < NOTE_KIND_COUNT; kind++) /* as its head promises */
        assert_int_not_equal(p.settings->policy.base.notes[kind], VISIBILITY_PUBLIC);
    parsed_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_is_clean),
        cmocka_unit_test(test_example_shows_defaults),
        cmocka_unit_test(test_example_has_every_key),
        cmocka_unit_test(test_policies),
    };
    return cmocka_run_group_tests_name("config/example", tests, NULL, NULL);
}
