/* desk: a small database with a story, for the tests of report, serve and cli.
 *
 * product:56 is a defect behind P-1: three incidents of which one is resolved,
 * one open, one closed-unresolved; helpdesk:4 was deleted. P-2 is a problem of
 * its own. Effect 2 is parked. Times count from desk_now. */
#ifndef TESTS_DESK_H
#define TESTS_DESK_H

#include "bascule/store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define desk_now 1767322800000LL /* 2026-01-02T03:00:00Z */

static const char *const desk_story[] = {
    "INSERT INTO meta VALUES ('instance', 'b1'), ('outbox', 'open') ON CONFLICT DO UPDATE SET value = excluded.value",
    "INSERT INTO tracker (name, connector, role, url, import, last_poll, last_ok, imported) VALUES"
    " ('helpdesk', 'rt', 'ticketing', 'http://desk.example', 'done', 1767322790000, 1767322790000, 5)",
    "INSERT INTO tracker (name, connector, role, url, import, last_poll, last_ok, error, error_since) VALUES"
    " ('product', 'redmine', 'defects', 'http://bugs.example', 'done', 1767322795000, 1767319200000, 'refused: 401', "
    "1767322000000)",
    "INSERT INTO record (ref, tracker, id, kind, title, url, state, outcome, native_state, service, priority, "
    "reporter, created,"
    " updated, first_seen, last_seen) VALUES"
    " ('helpdesk:1', 'helpdesk', '1', 'incident', 'Total is <b>wrong</b>', 'http://desk.example/1', "
    "'closed-unresolved', '',"
    " 'closed-unresolved', 'Billing', 'high', 'alice', 1767000000000, 1767300000000, 1767300000000, 1767322790000),"
    " ('helpdesk:2', 'helpdesk', '2', 'incident', 'Rounding', 'http://desk.example/2', 'open', '', 'open', 'Billing', "
    "'low', 'bob',"
    " 1767000000000, 1767310000000, 1767300000000, 1767322790000),"
    " ('helpdesk:3', 'helpdesk', '3', 'incident', 'Three', NULL, 'resolved', '', 'resolved', NULL, NULL, NULL, "
    "1767000000000,"
    " 1767200000000, 1767300000000, 1767322790000),"
    " ('helpdesk:5', 'helpdesk', '5', 'incident', 'Never mind', NULL, 'closed', 'withdrawn', 'rejected', NULL, NULL, "
    "NULL,"
    " 1767000000000, 1767150000000, 1767300000000, 1767322790000),"
    " ('helpdesk:6', 'helpdesk', '6', 'incident', 'Refused', NULL, 'closed', 'wont-fix', 'rejected', NULL, NULL, NULL,"
    " 1767000000000, 1767140000000, 1767300000000, 1767322790000)",
    "INSERT INTO record (ref, tracker, id, kind, title, state, presence, created, updated, first_seen, last_seen) "
    "VALUES"
    " ('helpdesk:4', 'helpdesk', '4', 'incident', 'Gone', 'open', 'gone', 1767000000000, 1767100000000, 1, 1)",
    "INSERT INTO record (ref, tracker, id, kind, title, url, state, outcome, native_state, version, created, updated, "
    "first_seen,"
    " last_seen) VALUES ('product:56', 'product', '56', 'defect', 'Sum is off', 'http://bugs.example/issues/56', "
    "'working', '',"
    " 'In Progress', '1.1', 1767000000000, 1767250000000, 1, 1)",
    "INSERT INTO incident (ref, verdict, turn, outcome, decision, asserted, overridden) VALUES"
    " ('helpdesk:1', 'pending', 1, 'unknown', '{\"rule\":\"pending, open\",\"facts\":[\"P-1 has delivery pending\"],"
    "\"did\":[\"state closed-unresolved\"],\"why\":\"treatment is close\",\"would_change\":[\"product:56 is "
    "released\"]}',"
    " 'closed-unresolved', 0),"
    " ('helpdesk:2', 'pending', 1, '', NULL, 'closed-unresolved', 1), ('helpdesk:3', 'pending', 1, '', NULL, NULL, 0),"
    " ('helpdesk:4', 'pending', 1, '', NULL, NULL, 0), ('helpdesk:5', 'pending', 1, '', NULL, NULL, 0)",
    "INSERT INTO problem (id, known_error, title, service, cause, delivery, status, created, known, automatic) VALUES"
    " (1, 1, 'Sum is off', 'Billing', 'rounding', 'pending', 'diagnosed', 1767100000000, 1767100000000, 1)",
    "INSERT INTO problem (id, title, status, created) VALUES (2, 'Slow at night', 'detected', 1767200000000)",
    "INSERT INTO problem (id, known_error, title, status, delivery, resolution, created) VALUES"
    " (3, 1, 'Old one', 'closed', 'delivered', 'fix-applied', 1766200000000)",
    "INSERT INTO link (problem, ref, kind, status, linked_at) VALUES (1, 'helpdesk:1', 'incident', 'confirmed', "
    "1767100000000),"
    " (1, 'helpdesk:2', 'incident', 'confirmed', 1767110000000), (1, 'helpdesk:3', 'incident', 'confirmed', "
    "1767120000000),"
    " (1, 'helpdesk:4', 'incident', 'confirmed', 1767120000000), (1, 'helpdesk:5', 'incident', 'confirmed', "
    "1767120000000),"
    " (1, 'product:56', 'defect', 'confirmed', 1767100000000), (2, 'helpdesk:2', 'incident', 'suggested', "
    "1767200000000)",
    "INSERT INTO evidence (incident, defect, origin, source, place, actor, at, seen, quote) VALUES"
    " ('helpdesk:1', 'product:56', 'helpdesk:1', 'field', 'field Defect', 'alice', 1767100000000, 1767100000000, '56')",
    "INSERT INTO rejection VALUES ('helpdesk:1', 'P-2', 1767200000000, 0, 'cli:root')",
    "INSERT INTO effect (ref, kind, key, want, reason, problem, turn, created) VALUES"
    " ('helpdesk:1', 'state', 'k1', '{\"state\":\"closed-unresolved\",\"outcome\":\"unknown\"}', 'the defect is being "
    "worked on', 1, 1, "
    "1767300000000),"
    " ('helpdesk:2', 'note', 'k2', '{\"note\":\"known-error\",\"visibility\":\"internal\",\"text\":\"It is known.\"}', "
    "'known error', 1, 1, 1767300001000),"
    " ('product:56', 'field', 'k3', '{\"field\":\"incident_count\",\"value\":\"3\"}', 'counts', 1, 0, 1767300002000)",
    "UPDATE effect SET state = 'in-flight' WHERE n = 1",
    "UPDATE effect SET state = 'done', settled = 1767300005000, attempts = 1 WHERE n = 1",
    "UPDATE effect SET state = 'parked', error = 'Permission denied', attempts = 2 WHERE n = 2",
    "INSERT INTO attention (kind, subject, text, who, clear, since) VALUES"
    " ('parked', 'effect:2', 'effect 2 was refused', 'the administrator', 'bascule retry 2', 1767300001000),"
    " ('nobody-works', 'P-2', 'no defect', 'the problem manager', 'bascule defect new P-2', 1767200000000),"
    " ('tracker-down', 'product', '401', 'the administrator', 'mend the token', 1767322000000)",
    "INSERT INTO journal (at, actor, what, ref, problem, effect, text) VALUES"
    " (1767100000000, 'tracker:alice', 'seen', 'helpdesk:1', 0, 0, 'first seen'),"
    " (1767300005000, 'bridge', 'written', 'helpdesk:1', 1, 1, 'state closed-unresolved'),"
    " (1767310000000, 'tracker:bob', 'override', 'helpdesk:2', 1, 0, 'open again')",
    "INSERT INTO search (ref, title, body) VALUES ('helpdesk:1', 'Total is wrong', 'the invoice total'),"
    " ('helpdesk:2', 'Rounding', 'invoice'), ('P-1', 'Sum is off', 'rounding of invoices')",
};

static inline void desk_exec(sqlite3 *db, const char *sql) {
    char *error = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
}

/* A folder of its own, a database in it with these statements; the path is given back in `path`. */
static inline void story_make(char path[64], const char *const *story, size_t n) {
    char folder[] = "/tmp/bascule-desk-XXXXXX";
    struct fault f = {0};
    struct store *s = NULL;
    sqlite3 *db = NULL;
    assert_non_null(mkdtemp(folder));
    snprintf(path, 64, "%s/desk.db", folder);
    if (store_open(path, &s, &f) < 0)
        fail_msg("%s", f.text);
    store_close(s);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < n; i++)
        desk_exec(db, story[i]);
    sqlite3_close(db);
}

static inline void desk_make(char path[64]) {
    story_make(path, desk_story, array_size(desk_story));
}

static inline void desk_remove(const char *path) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock"};
    char name[96];
    for (size_t i = 0; i < array_size(suffixes); i++) {
        snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        unlink(name);
    }
    snprintf(name, sizeof(name), "%s", path);
    *strrchr(name, '/') = 0;
    assert_int_equal(rmdir(name), 0);
}

#endif
