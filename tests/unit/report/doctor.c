/* doctor: a lawful database is called sound, and each law is broken once and found. */
#include "desk.h"

#include "bascule/report.h"

#include <sys/stat.h>

static char database[64];

/* One incident, one defect, one problem between them; a note was sent, one is parked. */
static const char *const lawful[] = {
    "INSERT INTO meta VALUES ('instance', 'b1') ON CONFLICT DO NOTHING",
    "INSERT INTO record (ref, tracker, id, kind, title, state, first_seen, last_seen) VALUES"
    " ('helpdesk:1', 'helpdesk', '1', 'incident', 'Wrong totals', 'open', 1, 1),"
    " ('product:56', 'product', '56', 'defect', 'Totals', 'open', 1, 1)",
    "INSERT INTO search (rowid, ref, title, body) VALUES (1, 'helpdesk:1', 'Wrong totals', ''), (2, 'product:56', "
    "'Totals', ''), (-1, 'P-1', 'Totals', '')",
    "INSERT INTO problem (id, title, created) VALUES (1, 'Totals', 1)",
    "INSERT INTO incident (ref, verdict, turn) VALUES ('helpdesk:1', 'pending', 2)",
    "INSERT INTO evidence (incident, defect, origin, source, at, seen) VALUES ('helpdesk:1', 'product:56', "
    "'helpdesk:1', 'field', 1, 1)",
    "INSERT INTO link VALUES (1, 'helpdesk:1', 'incident', 'confirmed', 1, 0), (1, 'product:56', 'defect', "
    "'confirmed', 1, 0)",
    "INSERT INTO value (ref, field, computed, revision) VALUES ('helpdesk:1', 'problem', 'P-1', 1)",
    "INSERT INTO effect (n, ref, kind, key, want, state, reason, turn, marker, created) VALUES"
    " (1, 'helpdesk:1', 'note', 'note:1', '{}', 'pending', 'why', 1, 'aaaaaa', 1),"
    " (2, 'helpdesk:1', 'state', 'state:helpdesk:1:2', '{}', 'pending', 'why', 2, NULL, 1)",
    "UPDATE effect SET state = 'done' WHERE n = 1",
    "UPDATE effect SET state = 'parked' WHERE n = 2",
    "INSERT INTO attention (kind, subject, text, who, clear, since) VALUES ('parked', 'effect:2', 't', 'w', 'c', 1)",
    "INSERT INTO due (kind, id) VALUES ('incident', 'product:56')",
};

#define EFFECT "INSERT INTO effect (n, ref, kind, key, want, reason, turn, marker, created) VALUES "

/* What is broken, and the one line that tells. */
static const struct {
    const char *sql, *result, *what, *text;
} faults[] = {
    {EFFECT "(3, 'helpdesk:9', 'note', 'k', '{}', 'why', 0, NULL, 1)", "FAIL", "outbox",
     "waits for a record that is not known: 1, the first is effect 3: bascule sync"},
    {EFFECT "(3, 'helpdesk:1', 'state', 'k', '{}', 'why', 2, NULL, 1)", "FAIL", "outbox",
     "more than one state in a turn: 1, the first is helpdesk:1 turn 2"},
    {EFFECT "(3, 'helpdesk:1', 'note', 'k', '{}', 'why', 2, NULL, 1); UPDATE effect SET state = 'in-flight' WHERE n "
            "= 3",
     "WARN", "outbox", "effect 3: bascule run looks"},
    {"DELETE FROM attention", "WARN", "outbox", "parked, and nobody is told: 1, the first is effect 2: bascule retry"},
    {"UPDATE incident SET asserted_turn = 3", "FAIL", "turns", "a turn that cannot be: 1, the first is helpdesk:1"},
    {EFFECT "(3, 'helpdesk:1', 'note', 'k', '{}', 'why', 3, NULL, 1)", "FAIL", "turns",
     "not begun: 1, the first is effect 3"},
    {EFFECT "(3, 'helpdesk:1', 'note', 'k', '{}', 'why', 1, NULL, 1)", "WARN", "turns",
     "its turn is over: 1, the first is effect 3: bascule discard"},
    {"UPDATE evidence SET incident = '', problem = 1", "FAIL", "links",
     "linked without evidence: 1, the first is P-1 helpdesk:1: bascule sync"},
    {"UPDATE evidence SET defect = '', problem = 1; DELETE FROM due", "FAIL", "links", "P-1 product:56"},
    {"INSERT INTO evidence (incident, problem, source, at, seen) VALUES ('helpdesk:1', 7, 'person', 1, 1)", "FAIL",
     "evidence", "a problem that does not exist: 1, the first is evidence 2"},
    {"INSERT INTO evidence (incident, problem, origin, source, at, seen) VALUES ('helpdesk:1', 7, 'helpdesk:1', "
     "'field', "
     "1, 1)",
     "WARN", "evidence", "the first is P-7 in helpdesk:1: correct the number there"},
    {"UPDATE evidence SET origin = 'helpdesk:7'", "FAIL", "evidence", "a record that is not known: 1"},
    {"INSERT INTO evidence (incident, defect, source, at, seen) VALUES ('helpdesk:1', 'product:7', 'person', 1, 1)",
     "WARN", "evidence", "the first is product:7: bascule sync"},
    {"UPDATE value SET revision = 0", "FAIL", "values", "the first is helpdesk:1 problem"},
    {EFFECT "(3, 'helpdesk:1', 'field', 'k', '{\"field\":\"problem\",\"revision\":7}', 'why', 0, NULL, 1)", "FAIL",
     "values", "an older value waits to be written: 1, the first is effect 3"},
    {"INSERT INTO due (kind, id) VALUES ('problem', '7')", "WARN", "due", "the first is problem 7"},
    {"INSERT INTO again VALUES ('incident', 'helpdesk:7', 1)", "WARN", "due", "the first is incident helpdesk:7"},
    {EFFECT "(3, 'helpdesk:1', 'note', 'k', '{}', 'why', 2, 'aaaaaa', 1)", "FAIL", "markers",
     "the first is helpdesk:1 aaaaaa"},
    {"UPDATE record SET title = 'Another' WHERE ref = 'helpdesk:1'", "FAIL", "search", "the first is helpdesk:1"},
    {"UPDATE problem SET title = 'Another'", "FAIL", "search", "the first is P-1"},
    {"INSERT INTO search (rowid, ref, title, body) VALUES (3, 'helpdesk:7', 'x', '')", "WARN", "search",
     "the first is helpdesk:7"},
    {"UPDATE record SET forgotten = 1 WHERE ref = 'helpdesk:1'", "FAIL", "forgotten", "the first is helpdesk:1"},
    {"UPDATE tally SET solved = solved + 1", "FAIL", "sums",
     "sums that are not those of the incidents: 1, the first is P-1"},
    {"UPDATE counted SET class = 17", "FAIL", "sums",
     "counted otherwise than it stands: 1, the first is P-1 helpdesk:1"},
    {"DELETE FROM meta", "FAIL", "meta", "does not know which one it is"},
    {"PRAGMA foreign_keys = OFF; INSERT INTO link VALUES (7, 'helpdesk:1', 'incident', 'rejected', 1, 0)", "FAIL",
     "foreign_key_check", "link row ? names no problem"},
    {"INSERT INTO meta VALUES ('generation', '12')", "WARN", "identity", "the outbox stays shut"},
};

static json_t *examined(void) {
    struct fault fault = {0};
    json_t *lines = NULL;
    assert_int_equal(report_doctor(database, false, &lines, &fault), 0);
    return lines;
}

/* Lines that are not OK; the last of them. */
static size_t complaints(const json_t *lines, const json_t **ret_last) {
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *l = json_array_get(lines, i);
        if (str_is(json_text(l, "result"), "OK"))
            continue;
        *ret_last = l;
        n++;
    }
    return n;
}

static void put(const char *sql) {
    sqlite3 *db;
    char *error = NULL;
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    sqlite3_close(db);
}

static void make(void) {
    struct fault fault = {0};
    struct store *s;
    strcpy(database, access("/dev/shm", W_OK) == 0 ? "/dev/shm/doctor-XXXXXX" : "/tmp/doctor-XXXXXX");
    int fd = mkstemp(database);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(store_open(database, &s, &fault), 0);
    store_close(s);
    for (size_t i = 0; i < array_size(lawful); i++)
        put(lawful[i]);
}

static void unmake(void) {
    static const char *const ends[] = {"", "-wal", "-shm", ".lock", ".identity"};
    for (size_t i = 0; i < array_size(ends); i++) {
        char name[100];
        snprintf(name, sizeof(name), "%s%s", database, ends[i]);
        unlink(name);
    }
}

static void a_lawful_one_is_sound(void **state) {
    const json_t *last = NULL;
    make();
    json_t *lines = examined();
    if (complaints(lines, &last))
        fail_msg("%s: %s", json_text(last, "what"), json_text(last, "text"));
    assert_true(json_array_size(lines) > 25); /* what is well is said, too */
    json_decref(lines);
    unmake();
}

static void each_law_is_looked_at(void **state) {
    for (size_t i = 0; i < array_size(faults); i++) {
        const json_t *last = NULL;
        make();
        put(faults[i].sql);
        json_t *lines = examined();
        size_t n = complaints(lines, &last);
        if (n != 1 || !str_is(json_text(last, "result"), faults[i].result) ||
            !str_is(json_text(last, "what"), faults[i].what) || !strstr(json_text(last, "text"), faults[i].text))
            fail_msg("%s: %zu complaints, the last %s %s %s", faults[i].sql, n, json_text(last, "result"),
                     json_text(last, "what"), json_text(last, "text"));
        json_decref(lines);
        unmake();
    }
}

/* While a service works, something is in flight. */
static void what_is_in_flight_is_the_services(void **state) {
    struct fault fault = {0};
    const json_t *last = NULL;
    struct store *s;
    make();
    put(EFFECT "(3, 'helpdesk:1', 'note', 'k', '{}', 'why', 2, NULL, 1); UPDATE effect SET state = 'in-flight' WHERE n "
               "= 3");
    assert_int_equal(store_open(database, &s, &fault), 0);
    json_t *lines = examined();
    assert_int_equal(complaints(lines, &last), 0);
    json_decref(lines);
    store_close(s);
    unmake();
}

static void a_file_for_others_fails(void **state) {
    const json_t *last = NULL;
    make();
    chmod(database, 0640);
    json_t *lines = examined();
    assert_int_equal(complaints(lines, &last), 1);
    assert_non_null(strstr(json_text(last, "text"), "chmod 600"));
    json_decref(lines);
    unmake();
}

static void identity_is_compared(void **state) {
    static const struct {
        const char *file, *result;
    } cases[] = {{"# x\ninstance b1\ngeneration 12\n", "OK"}, {"generation 13\n", "WARN"}, {"instance b1\n", "FAIL"}};
    for (size_t i = 0; i < array_size(cases); i++) {
        char name[100];
        make();
        put("INSERT INTO meta VALUES ('generation', '12')");
        snprintf(name, sizeof(name), "%s.identity", database);
        FILE *f = fopen(name, "w");
        fputs(cases[i].file, f);
        fclose(f);
        chmod(name, 0600);
        json_t *lines = examined();
        size_t k;
        json_t *l;
        bool found = false;
        json_array_foreach(lines, k, l)
            if (str_is(json_text(l, "what"), "identity")) {
                assert_string_equal(json_text(l, "result"), cases[i].result);
                found = true;
            }
        assert_true(found);
        json_decref(lines);
        unmake();
    }
}

static void what_is_none_is_said(void **state) {
    struct fault fault = {0};
    json_t *lines = NULL;
    assert_true(report_doctor("/dev/null", false, &lines, &fault) < 0);
    assert_true(fault.text[0] != 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lawful_one_is_sound),
        cmocka_unit_test(each_law_is_looked_at),
        cmocka_unit_test(what_is_in_flight_is_the_services),
        cmocka_unit_test(a_file_for_others_fails),
        cmocka_unit_test(identity_is_compared),
        cmocka_unit_test(what_is_none_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
