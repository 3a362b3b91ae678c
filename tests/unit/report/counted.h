/* counted: a small world whose figures were counted by hand, for the tests of the reports.
 *
 * Times count in days before desk_now, which is a Friday: weeks begin 4, 11, 18, 25 and 32 days before it. */
#ifndef TESTS_COUNTED_H
#define TESTS_COUNTED_H

#include "desk.h"

#define AGO(days) "(1767322800000 - (" #days ") * 86400000)"
#define RECORD                                                                                                         \
    "INSERT OR REPLACE INTO record (first_seen, last_seen, tracker, kind, ref, id, title, service, priority, "         \
    "assignee, version, state, outcome, presence, created, updated, state_at) VALUES (1, 1, "
#define INCIDENT(n, service, state, outcome, presence, created, updated, at)                                           \
    RECORD "'helpdesk', 'incident', 'helpdesk:" #n "', '" #n "', 'Incident " #n "', " service                          \
           ", 'low', NULL, NULL, '" state "', '" outcome "', '" presence                                               \
           "', " AGO(created) ", " AGO(updated) ", " AGO(at) ")"
#define DEFECT(n, service, owner, version, state, outcome, presence, created, updated, at)                             \
    RECORD "'product', 'defect', 'product:" #n "', '" #n "', 'Defect " #n "', " service ", 'high', " owner             \
           ", " version ", '" state "', '" outcome "', '" presence                                                     \
           "', " AGO(created) ", " AGO(updated) ", " AGO(at) ")"
#define LINK(problem, kind, ref)                                                                                       \
    "INSERT INTO link VALUES (" #problem ", '" ref "', '" kind "', 'confirmed', " AGO(1) ", 0)"

static const char *const counted_story[] =
    {
        "INSERT INTO tracker (name, connector, role, url, import, last_ok) VALUES ('helpdesk', 'rt', 'ticketing',"
        " 'http://desk.example', 'done', 1767322790000)",
        "INSERT INTO tracker (name, connector, role, url, import, last_ok, error) VALUES ('product', 'redmine', "
        "'defects',"
        " 'http://bugs.example', 'done', 1767319200000, 'refused: 401')",
        DEFECT(1, "'Billing'", "'ann'", "'1.1'", "working", "", "present", 100, 5, 90),
        DEFECT(2, "'Mail'", "NULL", "NULL", "open", "", "present", 40, 40, 40),
        DEFECT(3, "'Billing'", "'ann'", "'1.0'", "released", "fixed", "present", 200, 20, 20),
        DEFECT(4, "'Mail'", "'bob'", "NULL", "closed", "wont-fix", "present", 150, 10, 10),
        DEFECT(5, "NULL", "NULL", "NULL", "closed", "unknown", "present", 8, 3, 3), /* but how? */
        DEFECT(6, "'Mail'", "NULL", "NULL", "open", "", "gone", 9, 9, 9),
        DEFECT(8, "'Mail'", "NULL", "NULL", "closed", "duplicate", "present", 12, 2, 2),
        DEFECT(9, "'Billing'", "'bob'", "'1.2'", "fixed", "", "present", 6, 1, 1),
        INCIDENT(1, "'Billing'", "closed-unresolved", "", "present", 100, 50, 50),
        INCIDENT(2, "'Billing'", "closed-unresolved", "", "present", 20, 5, 5),
        INCIDENT(3, "'Billing'", "open", "", "present", 10, 8, 10),
        INCIDENT(4, "'Mail'", "waiting", "", "present", 200, 190, 190),
        INCIDENT(5, "'Mail'", "closed", "wont-fix", "present", 150, 9, 9),
        INCIDENT(6, "'Billing'", "closed-unresolved", "", "present", 60, 40, 40),
        INCIDENT(6, "'Billing'", "resolved", "", "present", 60, 10, 10), /* left the queue once, 40 days ago */
        INCIDENT(7, "'Billing'", "closed", "invalid", "present", 3, 3, 3),
        INCIDENT(8, "'Mail'", "closed-unresolved", "", "present", 35, 31, 31),
        INCIDENT(9, "'Mail'", "open", "", "gone", 15, 15, 15),
        INCIDENT(10, "NULL", "open", "", "present", 1, 1, 1),
        INCIDENT(11, "'Billing'", "resolved", "", "present", 30, 25, 25),
        INCIDENT(12, "'Mail'", "closed-unresolved", "", "present", 70, 60, 60),
        INCIDENT(12, "'Mail'", "open", "", "present", 70, 2, 2), /* came back */
        "INSERT INTO incident (ref, verdict, turn) SELECT ref, 'pending', 1 FROM record WHERE kind = 'incident'",
        "UPDATE incident SET outcome = 'workaround' WHERE ref = 'helpdesk:1'",
        "UPDATE incident SET verdict = 'delivered', delivered_at = " AGO(10) " WHERE ref = 'helpdesk:6'",
        "UPDATE incident SET verdict = 'delivered', delivered_at = " AGO(28) ", linked_at = " AGO(
            26) ", turn_at = " AGO(26) " WHERE ref = 'helpdesk:11'",
        "INSERT INTO problem (id, known_error, title, service, owner, priority, cause, cause_at, workaround, "
        "workaround_at,"
        " published_text, review, created, known, status) VALUES"
        " (1, 1, 'Sum is off', 'Billing', 'ann', 'high', 'c', " AGO(88) ", 'w', " AGO(87) ", 'so', " AGO(5) ", " AGO(90) ", " AGO(30) ", 'resolved'), (2, 1, 'Rounding', 'Billing', 'bob', NULL, 'c', " AGO(
            19) ", 'w', " AGO(18) ", NULL, 0, " AGO(20) ", " AGO(15) ", 'resolved'), (3, 1, 'Slow mail', 'Mail', NULL, "
                                                                     "NULL, NULL, 0, "
                                                                     "NULL, 0, NULL, " AGO(-5) ", " AGO(40) ", " AGO(
                                                                         39) ", 'detected'), "
                                                                             "(4, 1, 'Old', "
                                                                             "'Billing', "
                                                                             "NULL, NULL, "
                                                                             "NULL, 0, NULL, "
                                                                             "0, NULL, "
                                                                             "0, " AGO(300) ", " AGO(
                                                                                 300) ", "
                                                                                      "'closed'), "
                                                                                      "(5, 1, 'No "
                                                                                      "way', "
                                                                                      "'Mail', "
                                                                                      "NULL, NULL, "
                                                                                      "NULL, 0, "
                                                                                      "NULL, 0, "
                                                                                      "NULL, "
                                                                                      "0, " AGO(120) ", " AGO(
                                                                                          100) ", "
                                                                                               "'de"
                                                                                               "tec"
                                                                                               "ted"
                                                                                               "'),"
                                                                                               " ("
                                                                                               "6, "
                                                                                               "0, "
                                                                                               "'A "
                                                                                               "gue"
                                                                                               "ss'"
                                                                                               ", "
                                                                                               "'Ma"
                                                                                               "il'"
                                                                                               ", "
                                                                                               "NUL"
                                                                                               "L, "
                                                                                               "NUL"
                                                                                               "L, "
                                                                                               "NUL"
                                                                                               "L, "
                                                                                               "0, "
                                                                                               "NUL"
                                                                                               "L, "
                                                                                               "0, "
                                                                                               "NUL"
                                                                                               "L, "
                                                                                               "0,"
                                                                                               " " AGO(2) ", 0, "
                                                                                                          "'detected')",
        LINK(1, "defect", "product:1"),
        LINK(2, "defect", "product:1"),
        LINK(3, "defect", "product:2"),
        LINK(4, "defect", "product:3"),
        LINK(5, "defect", "product:4"),
        LINK(1, "incident", "helpdesk:1"),
        LINK(1, "incident", "helpdesk:2"),
        LINK(2, "incident", "helpdesk:2"),
        LINK(2, "incident", "helpdesk:3"),
        LINK(3, "incident", "helpdesk:4"),
        LINK(5, "incident", "helpdesk:5"),
        LINK(4, "incident", "helpdesk:6"),
        LINK(1, "incident", "helpdesk:7"),
        LINK(4, "incident", "helpdesk:11"),
        LINK(1, "incident", "helpdesk:12"),
        "INSERT INTO link VALUES (1, 'helpdesk:10', 'incident', 'suggested', 1, 0)",
        "INSERT INTO journal (at, actor, what, problem, text) VALUES (" AGO(3) ", 'bridge', 'linked', 1, 'linked')",
        "INSERT INTO effect (ref, kind, key, want, reason, turn, attempts, created) VALUES"
        " ('helpdesk:6', 'note', 'k1', '{\"note\":\"fixed\",\"visibility\":\"public\"}', 'r', 1, 1, " AGO(
            10) "),"
                " ('helpdesk:2', 'state', 'k2', '{\"state\":\"closed-unresolved\"}', 'r', 1, 1, " AGO(
                    5) "),"
                       " ('helpdesk:1', 'note', 'k3', '{\"note\":\"workaround\",\"visibility\":\"public\"}', 'r', 1, "
                       "3, " AGO(
                           4) "),"
                              " ('helpdesk:3', 'note', 'k4', '{}', 'r', 1, 2, " AGO(
                                  3) "), ('helpdesk:4', 'note', 'k5', '{}', 'r', 1, 0, " AGO(1) "), ('helpdesk:5', "
                                                                                                "'note', 'k6', "
                                                                                                "'{\"note\":\"fixed\","
                                                                                                "\"visibility\":"
                                                                                                "\"internal\"}', 'r', "
                                                                                                "1, 1, " AGO(3) ")",
        "UPDATE effect SET state = 'in-flight' WHERE n IN (1, 2, 3, 6)",
        "UPDATE effect SET state = 'done', settled = created + 1800000 WHERE n = 1",
        "UPDATE effect SET state = 'done', settled = created + 10000 WHERE n IN (2, 6)",
        "UPDATE effect SET state = 'done', settled = created + 40000 WHERE n = 3",
        "UPDATE effect SET state = 'parked', error = 'no' WHERE n = 4",
        "INSERT INTO quarantine VALUES ('helpdesk', '77', 'no title', 1)",
};

#endif
