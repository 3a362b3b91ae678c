/* parse: a good file gives what it says, and the defaults of interface.md where
 * it says nothing. */
#include "config_test.h"

static const struct settings_tracker *tracker(const struct parsed *p, const char *name) {
    for (size_t i = 0; i < p->settings->n_trackers; i++)
        if (str_is(p->settings->trackers[i].name, name))
            return &p->settings->trackers[i];
    fail_msg("no tracker %s", name);
    return NULL;
}

static void json_is(const json_t *j, const char *wanted) {
    cleanup_arena struct arena *a = arena_new();
    cleanup_json json_t *w = json_loads(wanted, JSON_DECODE_ANY, NULL);
    assert_non_null(w);
    assert_string_equal(json_print(a, j), json_print(a, w));
}

static void policy_is_default(const struct policy *p) {
    struct policy d;
    policy_defaults(&d);
    assert_int_equal(p->treatment, d.treatment);
    assert_int_equal(p->require_workaround, d.require_workaround);
    assert_int_equal(p->delivered_when, d.delivered_when);
    assert_int_equal(p->several_defects, d.several_defects);
    assert_int_equal(p->on_declined, d.on_declined);
    assert_int_equal(p->on_reopen, d.on_reopen);
    assert_int_equal(p->recurrences, d.recurrences);
    assert_int_equal(p->on_risk_accepted, d.on_risk_accepted);
    assert_int_equal(p->reopen_window, d.reopen_window);
    assert_memory_equal(p->settle, d.settle, sizeof(d.settle));
    assert_memory_equal(p->thresholds, d.thresholds, sizeof(d.thresholds));
    assert_int_equal(p->n_thresholds, d.n_thresholds);
    assert_memory_equal(p->notes, d.notes, sizeof(d.notes));
}

static void test_defaults_of_the_top(void **state) {
    struct parsed p = parse_good(HELPDESK PRODUCT);
    const struct settings *s = p.settings;
    assert_string_equal(s->file, "/etc/bascule/bascule.yaml");
    assert_string_equal(s->database, "./bascule.db");
    assert_string_equal(s->listen_host, "127.0.0.1");
    assert_int_equal(s->listen_port, 8420);
    assert_string_equal(s->public_url, "http://127.0.0.1:8420");
    assert_false(s->dry_run || s->behind_proxy || s->history_assert || s->requesters_suggest);
    assert_int_equal(s->brake, 500);
    assert_string_equal(s->language, "en");
    assert_null(s->texts);
    assert_null(s->tls_cert);
    assert_int_equal(s->n_patterns, 0);
    assert_int_equal(s->policy.n_rules, 0);
    policy_is_default(&s->policy.base);
    parsed_free(&p);
}

static void test_defaults_of_a_tracker(void **state) {
    struct parsed p = parse_good(HELPDESK PRODUCT);
    const struct settings_tracker *t = tracker(&p, "helpdesk");
    assert_int_equal(p.settings->n_trackers, 2);
    assert_string_equal(t->connector, "rt");
    assert_int_equal(t->role, ROLE_TICKETING);
    assert_string_equal(t->url, "http://127.0.0.1:18080");
    assert_int_equal(t->n_web_urls, 0);
    assert_int_equal(t->poll, 15 * SEC_MS);
    assert_int_equal(t->sweep, 6 * 3600 * SEC_MS);
    assert_int_equal(t->timeout, 30 * SEC_MS);
    assert_int_equal(t->look_after, 30 * SEC_MS);
    assert_int_equal(t->concurrency, 4);
    assert_null(t->ca);
    assert_false(t->paused);
    assert_int_equal(t->import_since, 0);
    assert_true(t->import_comments);
    assert_int_equal(t->line, 2);
    const json_t *maps[] = {t->auth, t->scope, t->states, t->outcomes, t->priorities, t->write, t->fields};
    for (size_t i = 0; i < array_size(maps); i++)
        json_is(maps[i], "{}");
    assert_int_equal(tracker(&p, "product")->role, ROLE_DEFECTS);
    assert_string_equal(tracker(&p, "product")->url, "https://bugs.example.org/redmine"); /* no slash at its end */
    parsed_free(&p);
}

static void test_values_of_the_top(void **state) {
    struct parsed p = parse_good(HELPDESK PRODUCT "database: data/b.db\n"
                                                  "listen: '[::1]:443'\n"
                                                  "public_url: https://bascule.example.org/\n"
                                                  "tls: { cert: /c.pem, key: k.pem }\n"
                                                  "dry_run: true\nhistory: assert\nbrake: 7\nlanguage: pt-BR\n"
                                                  "texts: texts\n");
    const struct settings *s = p.settings;
    assert_string_equal(s->database, "/etc/bascule/data/b.db");
    assert_string_equal(s->listen_host, "::1");
    assert_int_equal(s->listen_port, 443);
    assert_string_equal(s->public_url, "https://bascule.example.org");
    assert_string_equal(s->tls_cert, "/c.pem");
    assert_string_equal(s->tls_key, "/etc/bascule/k.pem");
    assert_true(s->dry_run && s->history_assert);
    assert_int_equal(s->brake, 7);
    assert_string_equal(s->language, "pt-BR");
    assert_string_equal(s->texts, "/etc/bascule/texts");
    parsed_free(&p);
}

static void test_public_url_follows_listen(void **state) {
    struct parsed p = parse_good(HELPDESK PRODUCT "listen: '[::1]:9000'\ntls: { cert: c, key: k }\n");
    assert_string_equal(p.settings->public_url, "http://[::1]:9000"); /* tls is not served yet */
    parsed_free(&p);
}

static const char *state_env(void *arg, const char *name) {
    return str_is(name, "STATE_DIRECTORY") ? "/var/lib/bascule:/var/lib/other" : NULL;
}

static void test_database_of_systemd(void **state) {
    const struct config_world world = {.env = state_env};
    struct parsed p = parse_bytes(HELPDESK PRODUCT, strlen(HELPDESK PRODUCT), &world);
    assert_int_equal(p.rc, 0);
    assert_string_equal(p.settings->database, "/var/lib/bascule/bascule.db");
    parsed_free(&p);
}

static void test_values_of_a_tracker(void **state) {
    struct parsed p = parse_good(
        HELPDESK
        "    web_urls: [https://desk.example.org/, 'https://old.example.org/rt//']\n"
        "    scope: { queue: [Incidents, 0815], open: true, none: null, query: 'Status = ''new''' }\n"
        "    poll: 250ms\n    sweep: 1d\n    timeout: 2m\n    concurrency: 9\n    ca: ca.pem\n    paused: true\n"
        "    import: { since: 2026-01-31, comments: false }\n"
        "    states:\n      new: open\n      Resolved/Known Error: { state: closed, outcome: workaround }\n"
        "      done: resolved\n      closed-unresolved: closed-unresolved\n"
        "    outcomes: { Won't Do: wont-fix }\n"
        "    priorities: { critical: [urgent, immediate], low: low }\n"
        "    write: { closed-unresolved: { status: Resolved, resolution: Known Error, label: ke }, resolved: done }\n"
        "    fields: { defect: Defect, outcome: null, priority: 'Impact' }\n" PRODUCT);
    const struct settings_tracker *t = tracker(&p, "helpdesk");
    assert_int_equal(t->n_web_urls, 2);
    assert_string_equal(t->web_urls[0], "https://desk.example.org");
    assert_string_equal(t->web_urls[1], "https://old.example.org/rt");
    json_is(t->scope, "{\"queue\":[\"Incidents\",\"0815\"],\"open\":true,\"none\":null,\"query\":\"Status = 'new'\"}");
    assert_int_equal(t->poll, 250);
    assert_int_equal(t->sweep, DAY_MS);
    assert_int_equal(t->timeout, 120 * SEC_MS);
    assert_int_equal(t->look_after, 120 * SEC_MS); /* never under timeout */
    assert_int_equal(t->concurrency, 9);
    assert_string_equal(t->ca, "/etc/bascule/ca.pem");
    assert_true(t->paused);
    assert_int_equal(t->import_since, 1769817600000LL);
    assert_false(t->import_comments);
    json_is(t->states, "{\"new\":\"open\",\"Resolved/Known Error\":{\"state\":\"closed\",\"outcome\":\"workaround\"},"
                       "\"done\":\"resolved\",\"closed-unresolved\":\"closed-unresolved\"}");
    json_is(t->outcomes, "{\"Won't Do\":\"wont-fix\"}");
    json_is(t->priorities, "{\"critical\":[\"urgent\",\"immediate\"],\"low\":[\"low\"]}");
    json_is(t->write,
            "{\"closed-unresolved\":{\"status\":\"Resolved\",\"resolution\":\"Known Error\",\"label\":\"ke\"},"
            "\"resolved\":{\"status\":\"done\"}}");
    json_is(t->fields, "{\"defect\":\"Defect\",\"outcome\":null,\"priority\":\"Impact\"}");
    parsed_free(&p);
}

/* What comes first in the file is what is written, so the order must survive. */
static void test_order_of_states(void **state) {
    struct parsed p = parse_good(HELPDESK "    states: { zeta: open, alpha: open, mid: open }\n" PRODUCT);
    static const char *const wanted[] = {"zeta", "alpha", "mid"};
    const char *name;
    json_t *v;
    size_t i = 0;
    json_object_foreach(tracker(&p, "helpdesk")->states, name, v)
        assert_string_equal(name, wanted[i++]);
    assert_int_equal(i, 3);
    parsed_free(&p);
}

static void test_role_after_states(void **state) {
    struct parsed p =
        parse_good(HELPDESK "  bugs:\n    states: { Done: released }\n    url: https://x\n    connector: rt\n"
                            "    role: defects\n");
    json_is(tracker(&p, "bugs")->states, "{\"Done\":\"released\"}");
    parsed_free(&p);
}

static void test_secrets(void **state) {
    struct parsed p =
        parse_good(HELPDESK "    auth: { a: { env: TOKEN }, b: { file: token }, c: { file: /etc/bascule/token },\n"
                            "            d: { file: keys/token }, user: me }\n" PRODUCT);
    json_is(tracker(&p, "helpdesk")->auth,
            "{\"a\":\"" SECRET "\",\"b\":\"" SECRET "\",\"c\":\"" SECRET "\",\"d\":\"" SECRET "\",\"user\":\"me\"}");
    assert_int_equal(p.faults.count, 0);
    parsed_free(&p);
}

static const char *credential_env(void *arg, const char *name) {
    return str_is(name, "CREDENTIALS_DIRECTORY") ? "/run/credentials/bascule.service" : NULL;
}
static char *credential_file(void *arg, struct arena *a, const char *path, struct fault *fault) {
    return arena_strdup(a, path); /* a file holds its own path */
}

static void test_credential_of_systemd(void **state) {
    const struct config_world world = {.env = credential_env, .file = credential_file};
    const char *text = HELPDESK "    auth: { a: { file: rt-token }, b: { file: ./rt-token } }\n" PRODUCT;
    struct parsed p = parse_bytes(text, strlen(text), &world);
    json_is(tracker(&p, "helpdesk")->auth,
            "{\"a\":\"/run/credentials/bascule.service/rt-token\",\"b\":\"/etc/bascule/./rt-token\"}");
    parsed_free(&p);
}

static void test_references(void **state) {
    struct parsed p = parse_good(HELPDESK PRODUCT "references:\n  from_requesters: suggest\n  patterns:\n"
                                                  "    - { pattern: 'BUG-(\\d+)', tracker: product }\n"
                                                  "    - { pattern: 'T#(\\d+)', tracker: helpdesk }\n");
    assert_true(p.settings->requesters_suggest);
    assert_int_equal(p.settings->n_patterns, 2);
    assert_string_equal(p.settings->patterns[0].pattern, "BUG-(\\d+)");
    assert_string_equal(p.settings->patterns[0].tracker, "product");
    assert_int_equal(p.settings->patterns[0].line, 13);
    assert_string_equal(p.settings->patterns[1].tracker, "helpdesk");
    parsed_free(&p);
    p = parse_good(HELPDESK PRODUCT "references:\n  - { pattern: 'BUG-(\\d+)', tracker: product }\n");
    assert_int_equal(p.settings->n_patterns, 1);
    assert_false(p.settings->requesters_suggest);
    parsed_free(&p);
}

static void test_policy(void **state) {
    struct parsed p =
        parse_good(HELPDESK PRODUCT
                   "policy:\n  treatment: hold\n  require_workaround: true\n  delivered_when: version\n"
                   "  several_defects: any\n  on_declined: ask\n  on_reopen: new-defect\n  recurrences: 3\n"
                   "  on_risk_accepted: close\n  reopen_window: 7d\n  settle: { declined: 5m }\n  thresholds: []\n"
                   "  notes: { known-error: off, linked: public }\n");
    const struct policy *b = &p.settings->policy.base;
    assert_int_equal(b->treatment, TREATMENT_HOLD);
    assert_true(b->require_workaround);
    assert_int_equal(b->delivered_when, DELIVERED_WHEN_VERSION);
    assert_int_equal(b->several_defects, SEVERAL_ANY);
    assert_int_equal(b->on_declined, ON_DECLINED_ASK);
    assert_int_equal(b->on_reopen, ON_REOPEN_NEW_DEFECT);
    assert_int_equal(b->recurrences, 3);
    assert_int_equal(b->on_risk_accepted, ON_RISK_ACCEPTED_CLOSE);
    assert_int_equal(b->reopen_window, 7 * DAY_MS);
    assert_int_equal(b->settle[VERDICT_PENDING], 0);
    assert_int_equal(b->settle[VERDICT_DECLINED], 300 * SEC_MS);
    assert_int_equal(b->n_thresholds, 0);
    assert_int_equal(b->notes[NOTE_KNOWN_ERROR], VISIBILITY_OFF);
    assert_int_equal(b->notes[NOTE_LINKED], VISIBILITY_PUBLIC);
    assert_int_equal(b->notes[NOTE_FIXED], VISIBILITY_PUBLIC);
    parsed_free(&p);
}

/* Each key of a rule has its own bit, and only what stands there is set. */
static void test_rule_bits(void **state) {
    static const struct {
        const char *line;
        uint32_t bit;
    } keys[] = {
        {"treatment: leave", POLICY_TREATMENT},
        {"require_workaround: false", POLICY_REQUIRE_WORKAROUND},
        {"delivered_when: fixed", POLICY_DELIVERED_WHEN},
        {"several_defects: any", POLICY_SEVERAL_DEFECTS},
        {"on_declined: ask", POLICY_ON_DECLINED},
        {"on_reopen: reopen", POLICY_ON_REOPEN},
        {"recurrences: 4", POLICY_RECURRENCES},
        {"on_risk_accepted: close", POLICY_ON_RISK_ACCEPTED},
        {"reopen_window: 1d", POLICY_REOPEN_WINDOW},
        {"settle: { pending: 1s }", POLICY_SETTLE_PENDING},
        {"settle: { declined: 1s, delivered: 2s }", POLICY_SETTLE_DECLINED | POLICY_SETTLE_DELIVERED},
        {"thresholds: [3]", POLICY_THRESHOLDS},
        {"notes: { known-error: off }", POLICY_NOTES << NOTE_KNOWN_ERROR},
        {"notes: { agent: off, fixed: internal }", POLICY_NOTES << NOTE_AGENT | POLICY_NOTES << NOTE_FIXED},
        {"treatment: null", 0},
    };
    for (size_t i = 0; i < array_size(keys); i++) {
        char text[1000];
        snprintf(text, sizeof(text), HELPDESK PRODUCT "policy:\n  for:\n    - match: {}\n      %s\n", keys[i].line);
        struct parsed p = parse_good(text);
        assert_int_equal(p.settings->policy.n_rules, 1);
        assert_int_equal(p.settings->policy.rules[0].set, keys[i].bit);
        parsed_free(&p);
    }
}

static void test_rules(void **state) {
    struct parsed p = parse_good(HELPDESK PRODUCT
                                 "policy:\n  treatment: hold\n  for:\n"
                                 "    - match: { service: [Billing, Payroll], priority: critical, tracker: helpdesk,\n"
                                 "               field: { Impact: critical, Site: [Bonn, Ulm] } }\n"
                                 "      treatment: leave\n      thresholds: [2, 4]\n"
                                 "    - match: { priority: [low] }\n      notes: { fixed: internal }\n");
    const struct policy_set *set = &p.settings->policy;
    assert_int_equal(set->n_rules, 2);
    const struct policy_rule *r = &set->rules[0];
    assert_int_equal(r->line, 13);
    assert_int_equal(r->service.count, 2);
    assert_string_equal(r->service.words[1], "Payroll");
    assert_string_equal(r->priority.words[0], "critical");
    assert_string_equal(r->tracker.words[0], "helpdesk");
    assert_int_equal(r->n_fields, 2);
    assert_string_equal(r->fields[1].name, "Site");
    assert_int_equal(r->fields[1].values.count, 2);
    assert_string_equal(r->fields[1].values.words[1], "Ulm");
    assert_int_equal(r->set, POLICY_TREATMENT | POLICY_THRESHOLDS);
    assert_int_equal(r->policy.treatment, TREATMENT_LEAVE);
    assert_int_equal(r->policy.n_thresholds, 2);
    assert_int_equal(set->rules[1].set, POLICY_NOTES << NOTE_FIXED);
    assert_int_equal(set->rules[1].policy.notes[NOTE_FIXED], VISIBILITY_INTERNAL);
    assert_int_equal(set->base.treatment, TREATMENT_HOLD);
    parsed_free(&p);
}

/* null is the default everywhere a key may be left out. */
static void test_nulls(void **state) {
    struct parsed p =
        parse_good(HELPDESK "    web_urls: null\n    auth:\n    scope: ~\n    poll: null\n    look_after: null\n"
                            "    timeout: 45s\n    ca: null\n    import: null\n    states: null\n    fields:\n" PRODUCT
                            "database: null\nlisten: null\ntls: null\nreferences: null\npolicy:\n");
    assert_int_equal(p.faults.count, 0);
    assert_int_equal(tracker(&p, "helpdesk")->poll, 15 * SEC_MS);
    assert_int_equal(tracker(&p, "helpdesk")->look_after, 45 * SEC_MS);
    assert_string_equal(p.settings->public_url, "http://127.0.0.1:8420");
    parsed_free(&p);
}

static void test_anchors_and_forms(void **state) {
    struct parsed p =
        parse_good("trackers: { helpdesk: { connector: &c rt, role: ticketing, url: 'https://a', states: &s { new: "
                   "open } },\r\n  second: { connector: *c, role: ticketing, url: \"https://b\", states: *s },\r\n"
                   "  bugs: {connector: redmine, role: defects, url: https://c}}\r\n");
    assert_int_equal(p.settings->n_trackers, 3);
    assert_string_equal(tracker(&p, "second")->connector, "rt");
    json_is(tracker(&p, "second")->states, "{\"new\":\"open\"}");
    parsed_free(&p);
}

static void test_relative_file_name(void **state) {
    cleanup_arena struct arena *a = arena_new();
    struct settings *s = NULL;
    struct config_faults faults;
    const char *text = HELPDESK PRODUCT "database: b.db\ntexts: t\n";
    assert_int_equal(config_parse("bascule.yaml", text, strlen(text), &test_world, a, &s, &faults), 0);
    assert_string_equal(s->database, "b.db");
    settings_free(s);
    assert_int_equal(config_parse("conf/bascule.yaml", text, strlen(text), &test_world, a, &s, &faults), 0);
    assert_string_equal(s->texts, "conf/t");
    settings_free(s);
    assert_int_equal(config_parse("/bascule.yaml", text, strlen(text), &test_world, a, &s, &faults), 0);
    assert_string_equal(s->texts, "/t");
    assert_null(settings_free(s));
    assert_null(settings_free(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_of_the_top),
        cmocka_unit_test(test_defaults_of_a_tracker),
        cmocka_unit_test(test_values_of_the_top),
        cmocka_unit_test(test_public_url_follows_listen),
        cmocka_unit_test(test_database_of_systemd),
        cmocka_unit_test(test_values_of_a_tracker),
        cmocka_unit_test(test_order_of_states),
        cmocka_unit_test(test_role_after_states),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_credential_of_systemd),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_rule_bits),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_anchors_and_forms),
        cmocka_unit_test(test_relative_file_name),
    };
    return cmocka_run_group_tests_name("config/parse", tests, NULL, NULL);
}
