/* oracle: what a world must come to when it is healed: nothing left open, both sides agreeing with themselves, and
 * each simple incident standing as the table says - told here again, without policy. */
#include "acts.h"

#include <stdlib.h>
#include <string.h>

static const char *wanted_status(int issue_status) {
    switch (issue_status) {
    case ISSUE_CLOSED: return "resolved";
    default: return "closed-unresolved";
    }
}

static const char *wanted_verdict(int issue_status) {
    switch (issue_status) {
    case ISSUE_CLOSED: return "delivered";
    case ISSUE_WONT_FIX: return "declined";
    default: return "pending";
    }
}

/* What is not there any more counts with what was seen last (law 7). */
static int last_status(struct world *w, const struct acts *x, int i) {
    static const char *const names[] = {"",       "New",      "In Progress", "Resolved", "Feedback",
                                        "Closed", "Rejected", "Known Error", "Won't Fix"};
    if (!x->issue[i].vanished || product_sees(w, i))
        return product_status_of(w, i);
    const char *seen =
        world_text(w, "SELECT native_state FROM record WHERE ref = 'product:%d' AND presence <> 'present'", i);
    for (int s = 1; s < (int)array_size(names); s++)
        if (str_is(seen, names[s]))
            return s;
    return 0;
}

static void check_ticket(struct world *w, const struct acts *x, int t) {
    int i = x->ticket[t].linked;
    const char *verdict = world_text(w, "SELECT verdict FROM incident WHERE ref = 'helpdesk:%d'", t);
    int status = i ? last_status(w, x, i) : 0;
    if (!i || x->ticket[t].touched || x->issue[i].touched || x->ticket[t].late || !status || product_is_ours(w, i))
        return;
    if (world_number(w, 0, "SELECT adopted_turn = turn FROM incident WHERE ref = 'helpdesk:%d'", t))
        return; /* there before its import began: it began as already asserted */
    if (!str_is(verdict, wanted_verdict(status)))
        world_fail(w, "helpdesk:%d has the verdict %s, and product:%d stands at %d", t, verdict, i, status);
    if (world_number(w, 0,
                     "SELECT count(*) FROM journal WHERE ref = 'helpdesk:%d' AND what = 'turn' AND text LIKE 'verdict "
                     "delivered -> declined%%'",
                     t))
        return; /* what was solved stays so: only a pending that replaces a delivery takes it back */
    if (!x->ticket[t].moved && !str_is(desk_status_of(w, t), wanted_status(status)))
        world_fail(w, "helpdesk:%d is %s, and product:%d stands at %d", t, desk_status_of(w, t), i, status);
    if (!x->ticket[t].field_edited && !str_starts(desk_field_of(w, t, "Problem"), "P-"))
        world_fail(w, "helpdesk:%d has no problem in its field", t);
}

/* What is still open, but for what waits for a parked one or for a record that cannot be written to. */
#define OPEN_EFFECTS                                                                                                   \
    "FROM effect e WHERE state IN ('pending', 'in-flight', 'unsure') AND NOT (state <> 'in-flight' AND EXISTS "        \
    "(SELECT "                                                                                                         \
    "1 FROM record r WHERE r.ref = e.ref AND r.presence IN ('forbidden', 'out-of-scope'))) AND NOT EXISTS (SELECT 1 "  \
    "FROM effect p WHERE p.ref = e.ref AND p.state = 'parked' AND p.decision = e.decision)"

bool acts_quiet(struct world *w) {
    return !world_number(w, 1,
                         "SELECT (SELECT count(*) " OPEN_EFFECTS
                         ") + (SELECT count(*) FROM due) + (SELECT count(*) FROM relink) + (SELECT count(*) FROM again "
                         "WHERE at < %lld) + (SELECT count(*) FROM batch WHERE state = 'gathering')",
                         (long long)w->now + 2000 * SEC_MS);
}

/* Every effect came to an end. */
static void check_effects(struct world *w) {
    const char *left =
        world_text(w, "SELECT 'effect ' || n || ' (' || key || ') is still ' || state || ', not before ' "
                      "|| not_before || ', ' || coalesce(error, '') " OPEN_EFFECTS " LIMIT 1");
    if (*left)
        world_fail(w, "%s", left);
    const char *due =
        world_text(w, "SELECT kind || ' ' || id || ' is still due: ' || coalesce(cause, '') FROM due LIMIT 1");
    if (*due)
        world_fail(w, "%s", due);
}

/* Whatever can be seen was seen, and is mirrored as it is (law 4). */
static void check_mirror(struct world *w) {
    for (int t = 1; t <= desk_count(w); t++) {
        const char *state = desk_sees(w, t)
                                ? world_text(w, "SELECT native_state FROM record WHERE ref = 'helpdesk:%d'", t)
                                : desk_status_of(w, t);
        if (!str_is(state, desk_status_of(w, t)))
            world_fail(w, "law 4: helpdesk:%d is mirrored as '%s', and is %s", t, state, desk_status_of(w, t));
    }
    for (int i = 1; i <= product_count(w); i++) {
        if (!product_sees(w, i))
            continue;
        const char *state = world_text(w, "SELECT native_state FROM record WHERE ref = 'product:%d'", i);
        if (!str_is(state, product_status_name(w, i)))
            world_fail(w, "law 4: product:%d is mirrored as '%s', and is %s", i, state, product_status_name(w, i));
    }
}

/* What is linked and cannot be seen is known to be so, and how (law 7). */
static void check_presence(struct world *w) {
    sqlite3_stmt *q;
    if (sqlite3_prepare_v2(w->reader,
                           "SELECT tracker = 'helpdesk', id, presence FROM record r WHERE EXISTS (SELECT 1 FROM link l "
                           "WHERE l.ref = r.ref AND l.status = 'confirmed')",
                           -1, &q, NULL) != SQLITE_OK)
        abort();
    while (sqlite3_step(q) == SQLITE_ROW) {
        bool desk = sqlite3_column_int(q, 0) != 0;
        int id = sqlite3_column_int(q, 1);
        const char *presence = (const char *)sqlite3_column_text(q, 2);
        bool sees = desk ? desk_sees(w, id) : product_sees(w, id);
        bool gone = desk ? desk_is_deleted(w, id) : !product_status_of(w, id);
        if (sees != str_is(presence, "present") || (gone && !str_is(presence, "gone")))
            world_fail(w, "law 7: %s:%d counts as %s, and is %s", desk ? "helpdesk" : "product", id, presence,
                       sees   ? "seen"
                       : gone ? "deleted"
                              : "out of sight");
    }
    sqlite3_finalize(q);
}

/* Read back (law 8), and shown (laws 9 and 11). */
static void check_outbox(struct world *w) {
    sqlite3_stmt *q;
    if (sqlite3_prepare_v2(w->reader,
                           "SELECT e.ref, e.key, json_extract(e.want, '$.state'), json_extract(e.want, '$.marker') "
                           "FROM effect e WHERE e.state = 'done' AND e.adopted = 0 AND e.kind IN ('state', 'note') AND "
                           "e.ref LIKE 'helpdesk:%' AND EXISTS (SELECT 1 FROM journal j WHERE j.effect = e.n AND "
                           "j.what = 'written')",
                           -1, &q, NULL) != SQLITE_OK)
        abort();
    while (sqlite3_step(q) == SQLITE_ROW) {
        int id = atoi(strchr((const char *)sqlite3_column_text(q, 0), ':') + 1);
        const char *key = (const char *)sqlite3_column_text(q, 1), *state = (const char *)sqlite3_column_text(q, 2),
                   *marker = (const char *)sqlite3_column_text(q, 3);
        if (state && !desk_was_moved(w, id, str_is(state, "waiting") ? "stalled" : state))
            world_fail(w, "law 8: %s counts as done, and helpdesk:%d was never moved there", key, id);
        if (marker && !desk_notes(w, id, marker, false) && !desk_notes(w, desk_merged_into(w, id), marker, false))
            world_fail(w, "law 8: %s counts as done, and its note is not on helpdesk:%d", key, id);
    }
    sqlite3_finalize(q);
    const char *broken = world_text(
        w,
        "SELECT 'law 9: ' || key || ' is parked, and not on the attention list' FROM effect e WHERE state = 'parked' "
        "AND NOT EXISTS (SELECT 1 FROM attention WHERE subject = 'effect:' || e.n) "
        "UNION ALL SELECT 'law 1: ' || b.key || ' says what its last revision said' FROM effect a JOIN effect b ON "
        "b.key = "
        "'field:' || a.ref || ':' || json_extract(a.want, '$.field') || ':' || (json_extract(a.want, '$.revision') + "
        "1) "
        "WHERE a.kind = 'field' AND json_extract(a.want, '$.value') = json_extract(b.want, '$.value') "
        "UNION ALL SELECT 'law 11: ' || key || ' has no reason' FROM effect WHERE coalesce(reason, '') = '' "
        "UNION ALL SELECT 'law 11: ' || ref || ' has no decision' FROM incident WHERE verdict <> 'unlinked' AND "
        "coalesce(json_extract(decision, '$.row'), '') = '' "
        "UNION ALL SELECT 'law 1: ' || count(*) || ' states for ' || ref || ' in turn ' || turn FROM effect WHERE "
        "kind = 'state' AND turn > 0 AND ref LIKE 'helpdesk:%%' AND state <> 'superseded' GROUP BY ref, turn HAVING "
        "count(*) > 1 LIMIT 1");
    if (*broken)
        world_fail(w, "%s", broken);
}

/* What the bridge last computed stands there, unless a person or a refusal kept it out. */
static void check_values(struct world *w, const struct acts *x) {
    for (int i = 1; i <= product_count(w) && i <= ISSUES_MAX; i++) {
        static const char *const fields[] = {NULL, NULL, "incident_count", "closed_unresolved_count"};
        for (int f = 2; f <= 3; f++) {
            const char *computed =
                world_text(w, "SELECT computed FROM value WHERE ref = 'product:%d' AND field = '%s'", i, fields[f]);
            if (!*computed || x->issue[i].field_edited || !product_sees(w, i))
                continue;
            if (!str_is(computed, product_field_of(w, i, f)))
                world_fail(w, "product:%d has %s = '%s', and '%s' was computed", i, fields[f],
                           product_field_of(w, i, f), computed);
        }
    }
}

#define HANDS_ON                                                                                                       \
    "(r.state IN ('closed', 'released', 'closed-unresolved') AND (r.duplicate_of IS NOT NULL OR (r.state = 'closed' "  \
    "AND r.outcome = 'duplicate')))"

/* The counters again, from the links and the records alone: a duplicate's count for the live one. */
static void check_counts(struct world *w) {
    const char *wrong = world_text(
        w,
        "WITH RECURSIVE walk (ref, at, depth) AS (SELECT ref, ref, 0 FROM record WHERE kind = 'defect' UNION SELECT "
        "walk.ref, r.duplicate_of, depth + 1 FROM walk JOIN record r ON r.ref = walk.at WHERE " HANDS_ON
        " AND r.duplicate_of IS NOT NULL AND depth < 16), live (ref, at) AS (SELECT walk.ref, walk.at FROM walk JOIN "
        "record r ON r.ref = walk.at WHERE NOT " HANDS_ON ") "
        "SELECT v.ref || ' counts ' || v.computed || ' incidents, and there are ' || c FROM (SELECT d.ref AS ref, "
        "(SELECT count(DISTINCT x.ref) FROM live JOIN link y ON y.ref = live.ref JOIN problem p ON p.id = y.problem "
        "JOIN link x ON x.problem = y.problem AND x.kind = 'incident' AND x.status = 'confirmed' JOIN record r ON "
        "r.ref = x.ref WHERE live.at = d.ref AND y.status = 'confirmed' AND p.resolution <> 'cancelled' AND "
        "r.presence NOT IN ('gone', 'merged') AND (r.native_state <> 'rejected' OR r.outcome_set IS NOT NULL)) AS c "
        "FROM record d WHERE d.kind = "
        "'defect' AND d.presence = 'present') JOIN value v USING (ref) WHERE v.field = 'incident_count' AND "
        "CAST(v.computed AS INTEGER) <> c LIMIT 1");
    if (*wrong)
        world_fail(w, "%s", wrong);
}

void acts_check(struct world *w, const struct acts *x, bool simple) {
    check_effects(w);
    check_mirror(w);
    check_presence(w);
    check_outbox(w);
    check_values(w, x);
    check_counts(w);
    for (int t = 1; simple && t <= desk_count(w) && t <= TICKETS_MAX; t++)
        check_ticket(w, x, t);
}
