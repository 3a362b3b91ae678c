/* diff: each key that changes gives its line, nothing else does, no secret shows. */
#include "config_test.h"

#define GOOD HELPDESK PRODUCT

struct row {
    const char *before, *after;
    const char *line; /* the only one; NULL: none */
};

#define DESK(text)  HELPDESK text PRODUCT
#define TOP(text)   GOOD text
#define RULES(text) GOOD "policy:\n  for:\n" text

static const struct row rows[] = {
    {GOOD, GOOD, NULL},
    {GOOD, "# moved\n\n" GOOD, NULL},
    {TOP("database: /a\n"), TOP("database: /b\n"), "database: /a -> /b (after a restart)"},
    {GOOD, TOP("listen: 127.0.0.1:8421\npublic_url: http://127.0.0.1:8420\n"),
     "listen: 127.0.0.1:8420 -> 127.0.0.1:8421 (after a restart)"},
    {GOOD, TOP("public_url: https://b\n"), "public_url: http://127.0.0.1:8420 -> https://b"},
    {GOOD, TOP("behind_proxy: true\n"), "behind_proxy: false -> true"},
    {TOP("tls: { cert: a, key: b }\n"), TOP("tls: { cert: a, key: c }\n"),
     "tls.key: /etc/bascule/b -> /etc/bascule/c (after a restart)"},
    {GOOD, TOP("dry_run: true\n"), "dry_run: false -> true"},
    {GOOD, TOP("history: assert\n"), "history: adopt -> assert"},
    {GOOD, TOP("brake: 5\n"), "brake: 500 -> 5"},
    {GOOD, TOP("language: de\n"), "language: en -> de"},
    {GOOD, TOP("texts: t\n"), "texts: none -> /etc/bascule/t"},
    {DESK(""), HELPDESK "    poll: 30s\n" PRODUCT, "helpdesk.poll: 15s -> 30s"},
    {GOOD, DESK("    sweep: 1h\n"), "helpdesk.sweep: 6h -> 1h"},
    {GOOD, DESK("    timeout: 10s\n"), "helpdesk.timeout: 30s -> 10s"},
    {GOOD, DESK("    look_after: 1m\n"), "helpdesk.look_after: 30s -> 1m"},
    {GOOD, DESK("    concurrency: 1\n"), "helpdesk.concurrency: 4 -> 1"},
    {GOOD, DESK("    ca: /ca\n"), "helpdesk.ca: none -> /ca"},
    {GOOD, DESK("    paused: true\n"), "helpdesk.paused: false -> true"},
    {GOOD, DESK("    web_urls: ['https://a', 'https://b']\n"), "helpdesk.web_urls: none -> https://a, https://b"},
    {GOOD, DESK("    import: { since: 2026-01-31 }\n"), "helpdesk.import.since: none -> 2026-01-31T00:00:00Z"},
    {GOOD, DESK("    import: { comments: false }\n"), "helpdesk.import.comments: true -> false"},
    {GOOD, DESK("    scope: { queue: A }\n"), "helpdesk.scope, queue: none -> A"},
    {DESK("    states: { a: open }\n"), DESK("    states: { a: resolved }\n"), "helpdesk.states, a: open -> resolved"},
    {DESK("    states: { a: open }\n"), DESK("    states: { a: { state: closed, outcome: fixed } }\n"),
     "helpdesk.states, a: open -> {\"outcome\":\"fixed\",\"state\":\"closed\"}"},
    {DESK("    states: { a: open, b: open }\n"), DESK("    states: { b: open, a: open }\n"),
     "helpdesk.states: the order has changed"},
    {DESK("    outcomes: { a: fixed }\n"), GOOD, "helpdesk.outcomes, a: fixed -> none"},
    {GOOD, DESK("    priorities: { low: [x] }\n"), "helpdesk.priorities, low: none -> [\"x\"]"},
    {GOOD, DESK("    write: { resolved: R }\n"), "helpdesk.write, resolved: none -> {\"status\":\"R\"}"},
    {GOOD, DESK("    fields: { defect: D }\n"), "helpdesk.fields, defect: none -> D"},
    {DESK("    auth: { token: { env: TOKEN } }\n"), DESK("    auth: { token: { file: token } }\n"),
     NULL}, /* the same secret */
    {DESK("    auth: { token: { env: TOKEN } }\n"), DESK("    auth: { token: " SECRET "2 }\n"),
     "helpdesk.auth, token: changed (not shown)"},
    {DESK("    auth: { token: { env: TOKEN } }\n"), GOOD, "helpdesk.auth, token: removed"},
    {GOOD, DESK("    auth: { token: { env: TOKEN } }\n"), "helpdesk.auth, token: new (not shown)"},
    {GOOD, TOP("  more: { connector: rt, role: ticketing, url: 'https://x' }\n"),
     "tracker more: new (rt, ticketing, https://x)"},
    {GOOD, HELPDESK, "tracker product: removed; its records stay, and are no longer read or written"},
    {GOOD, TOP("references: { from_requesters: suggest }\n"), "references.from_requesters: confirm -> suggest"},
    {GOOD, TOP("references: [{ pattern: 'B(1)', tracker: product }]\n"), "references: 'B(1)' for product added"},
    {TOP("references: [{ pattern: 'B(1)', tracker: product }]\n"), GOOD, "references: 'B(1)' for product removed"},
    {GOOD, TOP("policy: { treatment: hold }\n"), "policy.treatment: close -> hold"},
    {GOOD, TOP("policy: { require_workaround: true }\n"), "policy.require_workaround: false -> true"},
    {GOOD, TOP("policy: { delivered_when: fixed }\n"), "policy.delivered_when: released -> fixed"},
    {GOOD, TOP("policy: { several_defects: any }\n"), "policy.several_defects: all -> any"},
    {GOOD, TOP("policy: { on_declined: ask }\n"), "policy.on_declined: keep -> ask"},
    {GOOD, TOP("policy: { on_reopen: reopen }\n"), "policy.on_reopen: flag -> reopen"},
    {GOOD, TOP("policy: { recurrences: 5 }\n"), "policy.recurrences: 2 -> 5"},
    {GOOD, TOP("policy: { on_risk_accepted: close }\n"), "policy.on_risk_accepted: note -> close"},
    {GOOD, TOP("policy: { reopen_window: 0s }\n"), "policy.reopen_window: 30d -> 0s"},
    {GOOD, TOP("policy: { settle: { declined: 1m } }\n"), "policy.settle.declined: 0s -> 1m"},
    {GOOD, TOP("policy: { thresholds: [5] }\n"), "policy.thresholds: [10, 50, 100] -> [5]"},
    {GOOD, TOP("policy: { notes: { fixed: off } }\n"), "policy.notes.fixed: public -> off"},
    {GOOD, RULES("    - { match: {}, treatment: hold }\n"), "policy.for: rule 1 added (line 12)"},
    {RULES("    - { match: {}, treatment: hold }\n"), GOOD, "policy.for: rule 1 removed"},
    {RULES("    - { match: {}, treatment: hold }\n"), RULES("    - { match: {}, treatment: leave }\n"),
     "policy.for, rule 1, treatment: hold -> leave"},
    {RULES("    - { match: {}, treatment: hold }\n"), RULES("    - { match: { service: A }, treatment: hold }\n"),
     "policy.for, rule 1 matches other incidents now (line 12)"},
    {RULES("    - { match: { field: { A: b } }, treatment: hold }\n"),
     RULES("    - { match: { field: { A: c } }, treatment: hold }\n"),
     "policy.for, rule 1 matches other incidents now (line 12)"},
    {RULES("    - { match: {}, treatment: hold }\n"),
     RULES("    - { match: {}, treatment: hold, on_declined: keep }\n"),
     "policy.for, rule 1 sets other keys now (line 12)"},
};

static void test_rows(void **state) {
    size_t wrong = 0;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct parsed b = parse_good(rows[i].before), a = parse_good(rows[i].after);
        struct config_changes c = config_diff(b.settings, a.settings, a.arena);
        bool right = rows[i].line ? c.count == 1 && str_is(c.lines[0], rows[i].line) : c.count == 0;
        for (size_t k = 0; k < c.count; k++) {
            assert_null(strstr(c.lines[k], SECRET));
            if (!right)
                print_error("row %zu: %s\n", i, c.lines[k]);
        }
        wrong += !right;
        if (!right)
            print_error("row %zu wanted: %s\n", i, rows[i].line ? rows[i].line : "nothing");
        parsed_free(&b);
        parsed_free(&a);
    }
    assert_int_equal(wrong, 0);
}

static void test_bounded(void **state) {
    cleanup_buf struct buf b = {0};
    buf_str(&b, HELPDESK "    scope:\n");
    for (int i = 0; i < 500; i++)
        buf_printf(&b, "      k%d: v\n", i);
    buf_str(&b, PRODUCT);
    struct parsed before = parse_good(GOOD), after = parse_good(buf_text(&b));
    assert_int_equal(config_diff(before.settings, after.settings, after.arena).count, 200);
    parsed_free(&before);
    parsed_free(&after);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_bounded)};
    return cmocka_run_group_tests_name("config/diff", tests, NULL, NULL);
}
