/* acts: people by chance: customers, agents, developers, problem managers. */
#include "acts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int any_ticket(struct world *w) {
    return desk_count(w) ? 1 + (int)world_random(w, (uint64_t)desk_count(w)) : 0;
}
static int any_issue(struct world *w) {
    return product_count(w) ? 1 + (int)world_random(w, (uint64_t)product_count(w)) : 0;
}

static const char *any_customer(struct world *w) {
    static const char *const names[] = {"alice@customer.example", "bob@customer.example", "carol@customer.example"};
    return names[world_random(w, array_size(names))];
}

/* How people write a defect. */
static const char *any_reference(struct world *w, int issue) {
    switch (world_random(w, 5)) {
    case 0: return arena_printf(w->a, "%d", issue);
    case 1: return arena_printf(w->a, "#%d", issue);
    case 2: return arena_printf(w->a, "BUG-%d", issue);
    case 3: return arena_printf(w->a, " %s/issues/%d?tab=history#note-1 ", PRODUCT, issue);
    default: return arena_printf(w->a, "%s/issues/%d", PRODUCT, issue);
    }
}

/* ---- the desk ---- */

static void new_ticket(struct world *w, struct acts *x) {
    if (desk_count(w) >= TICKETS_MAX)
        return;
    int before = desk_count(w);
    bool names = product_count(w) && world_chance(w, 15);
    int t = desk_ticket(w, any_customer(w), world_chance(w, 50) ? "It does not work" : "Wrong totals on page 2",
                        names ? arena_printf(w->a, "I was told it is BUG-%d.", any_issue(w)) : "Please help.");
    if (t > before && t <= TICKETS_MAX)
        x->ticket[t].touched = names;
}

static void link_ticket(struct world *w, struct acts *x) {
    int t = any_ticket(w), i = any_issue(w);
    if (!t || !i)
        return;
    int status = product_status_of(w, i);
    if (x->ticket[t].linked || !status)
        x->ticket[t].touched = true;
    x->ticket[t].linked = i;
    x->ticket[t].late = status == ISSUE_CLOSED ||
                        str_is(world_text(w, "SELECT state FROM record WHERE ref = 'product:%d'", i), "released");
    desk_field(w, t, "Defect", any_reference(w, i));
}

static void edit_defect_field(struct world *w, struct acts *x) {
    int t = any_ticket(w);
    if (!t)
        return;
    x->ticket[t].touched = true;
    if (world_chance(w, 40))
        desk_field(w, t, "Defect", "");
    else if (world_chance(w, 50))
        desk_field(w, t, "Defect", arena_printf(w->a, "%d, %d", any_issue(w), any_issue(w)));
    else
        desk_field(w, t, "Defect", "see the wiki, 999");
}

static void edit_problem_field(struct world *w, struct acts *x) {
    int t = any_ticket(w);
    if (!t)
        return;
    x->ticket[t].touched = x->ticket[t].field_edited = true;
    desk_field(w, t, "Problem", world_chance(w, 50) ? "" : arena_printf(w->a, "P-%d", 1 + (int)world_random(w, 5)));
}

static void move_ticket(struct world *w, struct acts *x) {
    static const char *const statuses[] = {"open", "open", "stalled", "resolved", "closed-unresolved", "rejected"};
    int t = any_ticket(w);
    if (!t)
        return;
    x->ticket[t].moved = true;
    desk_status(w, t, statuses[world_random(w, array_size(statuses))]);
}

static void customer_writes(struct world *w, struct acts *x) {
    int t = any_ticket(w);
    if (!t)
        return;
    x->ticket[t].moved = true; /* RT opens it */
    const char *note = world_text(
        w,
        "SELECT json_extract(want, '$.text') || char(10) || json_extract(want, '$.marker') FROM effect WHERE ref = "
        "'helpdesk:%d' AND kind = 'note' ORDER BY n DESC LIMIT 1",
        t);
    bool quotes = *note && world_chance(w, 50);
    cleanup_buf struct buf b = {0};
    buf_str(&b, "Thanks, but it is still so.\n");
    for (const char *at = quotes ? note : ""; *at;) {
        size_t n = strcspn(at, "\n");
        buf_printf(&b, "> %.*s\n", (int)n, at);
        at += n + (at[n] == '\n');
    }
    desk_reply(w, t, any_customer(w), buf_text(&b));
}

static void agent_comments(struct world *w, struct acts *x) {
    int t = any_ticket(w), i = any_issue(w);
    if (!t || !i)
        return;
    bool names = world_chance(w, 40);
    x->ticket[t].touched |= names;
    desk_comment(w, t,
                 names ? arena_printf(w->a, "Same as %s", any_reference(w, i)) : "Called the customer, no answer.");
}

static void merge_tickets(struct world *w, struct acts *x) {
    int from = any_ticket(w), into = any_ticket(w);
    if (!from || from == into)
        return;
    x->ticket[from].touched = x->ticket[into].touched = x->ticket[from].moved = x->ticket[into].moved = true;
    (void)world_say(w, w->desk, NULL, "POST", "/sandbox/merge", json_pack("{s:i, s:i}", "from", from, "into", into),
                    NULL);
}

static void delete_ticket(struct world *w, struct acts *x) {
    int t = any_ticket(w);
    if (!t)
        return;
    x->ticket[t].touched = x->ticket[t].moved = true;
    desk_status(w, t, "deleted");
}

/* Out of the bridge's sight, or back into it. RT maps a state that the other lifecycle lacks, and not back. */
static void requeue_ticket(struct world *w, struct acts *x) {
    int t = any_ticket(w);
    if (!t)
        return;
    x->ticket[t].touched = x->ticket[t].moved = true;
    (void)world_say(w, w->desk, "agent", "PUT", arena_printf(w->a, "/ticket/%d", t),
                    json_pack("{s:s}", "Queue", world_chance(w, 60) ? "Incidents" : "Requests"), NULL);
}

static void triage(struct world *w, struct acts *x) {
    int t = any_ticket(w);
    (void)x;
    if (t)
        desk_field(w, t, world_chance(w, 50) ? "Service" : "Impact", world_chance(w, 50) ? "low" : "high");
}

/* ---- the product ---- */

static void new_issue(struct world *w, struct acts *x) {
    if (product_count(w) >= ISSUES_MAX)
        return;
    int t = any_ticket(w);
    bool names = t && world_chance(w, 20);
    if (names)
        x->ticket[t].touched = true;
    int i =
        product_issue(w, "Crash in the report",
                      names ? arena_printf(w->a, "Reported in %s/Ticket/Display.html?id=%d", DESK, t) : "Seen twice.");
    x->issue[i].touched |= names;
}

static void move_issue(struct world *w, struct acts *x) {
    static const int statuses[] = {ISSUE_WORKING,  ISSUE_WORKING,  ISSUE_RESOLVED, ISSUE_CLOSED,      ISSUE_CLOSED,
                                   ISSUE_WONT_FIX, ISSUE_REJECTED, ISSUE_FEEDBACK, ISSUE_KNOWN_ERROR, ISSUE_NEW};
    int i = any_issue(w);
    (void)x;
    if (i && product_status_of(w, i))
        product_status(w, i, statuses[world_random(w, array_size(statuses))]);
}

static void duplicate_issue(struct world *w, struct acts *x) {
    int i = any_issue(w), of = any_issue(w);
    if (!i || i == of)
        return;
    x->issue[i].touched = x->issue[of].touched = true;
    (void)world_say(w, w->product, "dev", "POST", arena_printf(w->a, "/issues/%d/relations.json", i),
                    json_pack("{s:{s:i, s:s}}", "relation", "issue_to_id", of, "relation_type", "duplicates"), NULL);
}

static void delete_issue(struct world *w, struct acts *x) {
    int i = any_issue(w);
    if (!i)
        return;
    x->issue[i].touched = true;
    (void)world_say(w, w->product, "admin", "DELETE", arena_printf(w->a, "/issues/%d.json", i), NULL, NULL);
}

static void move_project(struct world *w, struct acts *x) {
    int i = any_issue(w);
    if (!i)
        return;
    x->issue[i].touched = true;
    (void)world_say(w, w->product, "admin", "PUT", arena_printf(w->a, "/issues/%d.json", i),
                    json_pack("{s:{s:s}}", "issue", "project_id", world_chance(w, 60) ? "product" : "other"), NULL);
}

static void developer_notes(struct world *w, struct acts *x) {
    int i = any_issue(w), t = any_ticket(w);
    if (!i || !t)
        return;
    bool names = world_chance(w, 40);
    if (names)
        x->ticket[t].touched = true;
    (void)world_say(w, w->product, "dev", "PUT", arena_printf(w->a, "/issues/%d.json", i),
                    json_pack("{s:{s:s}}", "issue", "notes",
                              names ? arena_printf(w->a, "Also %s/Ticket/Display.html?id=%d", DESK, t)
                                    : "Can't reproduce it here."),
                    NULL);
}

static void edit_issue_field(struct world *w, struct acts *x) {
    int i = any_issue(w);
    if (!i)
        return;
    x->issue[i].field_edited = true;
    if (world_chance(w, 50)) {
        (void)world_say(w, w->product, "dev", "PUT", arena_printf(w->a, "/issues/%d.json", i),
                        json_pack("{s:{s:[{s:i, s:s}]}}", "issue", "custom_fields", "id", 2, "value", "77"), NULL);
        return;
    }
    int t = any_ticket(w);
    if (!t)
        return;
    x->ticket[t].touched = true;
    for (int k = 1; k <= desk_count(w) && k <= TICKETS_MAX; k++) /* those that stood there are taken out */
        x->ticket[k].touched |= x->ticket[k].linked == i;
    (void)world_say(w, w->product, "dev", "PUT", arena_printf(w->a, "/issues/%d.json", i),
                    json_pack("{s:{s:[{s:i, s:s}]}}", "issue", "custom_fields", "id", 1, "value",
                              arena_printf(w->a, "%s/Ticket/Display.html?id=%d", DESK, t)),
                    NULL);
}

/* ---- problem managers and the like ---- */

static const char *any_problem(struct world *w) {
    int n = (int)world_number(w, 0, "SELECT count(*) FROM problem");
    return arena_printf(w->a, "P-%d", 1 + (int)world_random(w, (uint64_t)(n ? n : 1)));
}

/* Everything linked with that problem is simple no more. */
static void problem_touched(struct world *w, struct acts *x, const char *problem) {
    sqlite3_stmt *q;
    if (sqlite3_prepare_v2(w->reader, "SELECT ref FROM link WHERE problem = ?", -1, &q, NULL) != SQLITE_OK)
        abort();
    sqlite3_bind_int(q, 1, atoi(problem + 2));
    while (sqlite3_step(q) == SQLITE_ROW) {
        const char *ref = (const char *)sqlite3_column_text(q, 0);
        int id = atoi(strchr(ref, ':') + 1);
        if (str_starts(ref, "product:") && id <= ISSUES_MAX)
            x->issue[id].touched = true;
        else if (id <= TICKETS_MAX)
            x->ticket[id].touched = true;
    }
    sqlite3_finalize(q);
}

static void command_problem(struct world *w, struct acts *x) {
    const char *p = any_problem(w), *other = any_problem(w);
    problem_touched(w, x, p);
    switch (world_random(w, 7)) {
    case 0: (void)world_command(w, "problem-close", json_pack("{s:s}", "id", p), NULL); break;
    case 1: (void)world_command(w, "problem-reopen", json_pack("{s:s}", "id", p), NULL); break;
    case 2:
        (void)world_command(w, "problem-accept-risk",
                            json_pack("{s:s, s:s, s:s}", "id", p, "reason", "too dear", "review", "2027-01-01"), NULL);
        break;
    case 3: (void)world_command(w, "problem-push-back", json_pack("{s:s, s:s}", "id", p, "reason", "no"), NULL); break;
    case 4:
        problem_touched(w, x, other);
        (void)world_command(w, "problem-merge", json_pack("{s:s, s:s}", "id", p, "into", other), NULL);
        break;
    case 5:
        problem_touched(w, x, other);
        (void)world_command(w, "problem-close",
                            json_pack("{s:s, s:s, s:s}", "id", p, "resolution", "duplicate", "duplicate_of", other),
                            NULL);
        break;
    default: (void)world_command(w, "problem-set", json_pack("{s:s, s:s}", "id", p, "cause", "A missing index."), NULL);
    }
}

static void publish(struct world *w, struct acts *x) {
    (void)x;
    (void)world_command(w, "problem-publish",
                        json_pack("{s:s, s:s}", "id", any_problem(w), "text",
                                  arena_printf(w->a, "Use export %d.", (int)world_random(w, 3))),
                        NULL);
}

static void link_command(struct world *w, struct acts *x) {
    int t = any_ticket(w);
    if (!t)
        return;
    x->ticket[t].touched = true;
    bool to_problem = world_chance(w, 50);
    const char *b = to_problem ? any_problem(w) : arena_printf(w->a, "product:%d", any_issue(w));
    (void)world_command(w, world_chance(w, 50) ? "link" : "unlink",
                        json_pack("{s:s, s:s}", "a", arena_printf(w->a, "helpdesk:%d", t), "b", b), NULL);
}

static void small_command(struct world *w, struct acts *x) {
    int t = any_ticket(w);
    if (!t)
        return;
    const char *ref = arena_printf(w->a, "helpdesk:%d", t);
    switch (world_random(w, 6)) {
    case 0: (void)world_command(w, "ack", json_pack("{s:s}", "ref", ref), NULL); break;
    case 1:
        x->ticket[t].touched = true;
        (void)world_command(w, "ignore", json_pack("{s:s, s:b}", "ref", ref, "off", world_chance(w, 50)), NULL);
        break;
    case 2:
        x->ticket[t].touched = true;
        (void)world_command(w, "outcome", json_pack("{s:s, s:s}", "ref", ref, "outcome", "not-reproducible"), NULL);
        break;
    case 3: (void)world_command(w, "sync", json_pack("{s:s}", "ref", ref), NULL); break;
    case 4:
        x->ticket[t].touched = true;
        (void)world_command(w, "defect-new", json_pack("{s:s}", "ref", ref), NULL);
        break;
    default: acts_retry(w);
    }
}

static void big_switch(struct world *w, struct acts *x) {
    switch (world_random(w, 7)) {
    case 0:
        (void)world_command(w, "pause", json_pack("{s:s}", "tracker", world_chance(w, 50) ? "helpdesk" : "product"),
                            NULL);
        break;
    case 1:
        (void)world_command(w, "resume", json_pack("{s:s}", "tracker", "helpdesk"), NULL);
        (void)world_command(w, "resume", json_pack("{s:s}", "tracker", "product"), NULL);
        break;
    case 2:
    case 3: {
        int side = (int)world_random(w, 2);
        x->rights_off[side] = !x->rights_off[side];
        (void)world_say(w, side ? w->product : w->desk, NULL, "PUT", "/sandbox/rights",
                        json_pack("{s:b}", "bridge", !x->rights_off[side]), NULL);
        break;
    }
    case 4: (void)world_command(w, "policy-apply", json_object(), NULL); break;
    case 5: w->disk.full = true; break;
    default: (void)world_say(w, w->product, NULL, "PUT", "/sandbox/race", json_pack("{s:i}", "puts", 2), NULL);
    }
}

static const struct {
    int weight;
    void (*act)(struct world *w, struct acts *x);
} acts[] = {
    {12, new_ticket},      {14, link_ticket},    {3, edit_defect_field}, {2, edit_problem_field}, {8, move_ticket},
    {6, customer_writes},  {5, agent_comments},  {1, merge_tickets},     {1, delete_ticket},      {3, triage},
    {7, new_issue},        {16, move_issue},     {2, duplicate_issue},   {1, delete_issue},       {4, developer_notes},
    {2, edit_issue_field}, {2, command_problem}, {4, publish},           {3, link_command},       {3, small_command},
    {2, big_switch},       {1, requeue_ticket},  {1, move_project},
};

void acts_do(struct world *w, struct acts *x) {
    int all = 0;
    if (w->disk.full && world_chance(w, 40))
        w->disk.full = false;
    for (size_t i = 0; i < array_size(acts); i++)
        all += acts[i].weight;
    int at = (int)world_random(w, (uint64_t)all);
    for (size_t i = 0; i < array_size(acts); i++)
        if ((at -= acts[i].weight) < 0) {
            acts[i].act(w, x);
            return;
        }
}

/* ---- afterwards ---- */

void acts_retry(struct world *w) {
    for (int64_t n = 0;
         (n = world_number(w, 0, "SELECT min(n) FROM effect WHERE state = 'parked' AND n > %lld", (long long)n)) > 0;)
        (void)world_command(w, "retry", json_pack("{s:I}", "n", (json_int_t)n), NULL);
}

void acts_heal(struct world *w, struct acts *x) {
    w->disk.full = false;
    for (int side = 0; side < 2; side++) {
        x->rights_off[side] = false;
        (void)world_say(w, side ? w->product : w->desk, NULL, "PUT", "/sandbox/rights", json_pack("{s:b}", "bridge", 1),
                        NULL);
        (void)world_command(w, "resume", json_pack("{s:s}", "tracker", side ? "product" : "helpdesk"), NULL);
    }
    (void)world_say(w, w->product, NULL, "PUT", "/sandbox/race", json_pack("{s:i}", "puts", 0), NULL);
    for (int64_t n; (n = world_number(w, 0, "SELECT min(id) FROM batch WHERE state = 'braked'")) > 0;)
        (void)world_command(w, "release", json_pack("{s:I}", "n", (json_int_t)n), NULL);
}

/* ---- the oracle: independent of policy, for incidents that are simple ---- */

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

static void check_ticket(struct world *w, const struct acts *x, int t) {
    int i = x->ticket[t].linked;
    const char *verdict = world_text(w, "SELECT verdict FROM incident WHERE ref = 'helpdesk:%d'", t);
    if (!i || x->ticket[t].touched || x->issue[i].touched || x->ticket[t].late || !product_status_of(w, i) ||
        product_is_ours(w, i))
        return;
    int status = product_status_of(w, i);
    if (world_number(w, 0, "SELECT adopted_turn = turn FROM incident WHERE ref = 'helpdesk:%d'", t))
        return; /* there before its import began: it began as already asserted */
    if (!str_is(verdict, wanted_verdict(status)))
        world_fail(w, "helpdesk:%d has the verdict %s, and product:%d stands at %d", t, verdict, i, status);
    if (!x->ticket[t].moved && !str_is(desk_status_of(w, t), wanted_status(status)))
        world_fail(w, "helpdesk:%d is %s, and product:%d stands at %d", t, desk_status_of(w, t), i, status);
    if (!x->ticket[t].field_edited && !str_starts(desk_field_of(w, t, "Problem"), "P-"))
        world_fail(w, "helpdesk:%d has no problem in its field", t);
}

/* Every effect came to an end; what is parked was refused by a tracker in good health. */
static void check_effects(struct world *w) {
    const char *left = world_text(
        w,
        "SELECT 'effect ' || n || ' (' || key || ') is still ' || state || ', not before ' || not_before || ', ' || "
        "coalesce(error, "
        "'') FROM effect e WHERE state IN ('pending', 'in-flight', 'unsure') AND NOT (state <> 'in-flight' AND EXISTS "
        "(SELECT 1 FROM record r WHERE r.ref = e.ref AND r.presence IN ('forbidden', 'out-of-scope'))) LIMIT 1");
    if (*left)
        world_fail(w, "%s", left);
    const char *due =
        world_text(w, "SELECT kind || ' ' || id || ' is still due: ' || coalesce(cause, '') FROM due LIMIT 1");
    if (*due)
        world_fail(w, "%s", due);
}

static void check_mirror(struct world *w) {
    sqlite3_stmt *q;
    if (sqlite3_prepare_v2(w->reader,
                           "SELECT id, native_state FROM record WHERE tracker = 'helpdesk' AND presence = 'present' "
                           "AND ref IN (SELECT ref FROM link)",
                           -1, &q, NULL) != SQLITE_OK)
        abort();
    while (sqlite3_step(q) == SQLITE_ROW) {
        int id = sqlite3_column_int(q, 0);
        const char *state = (const char *)sqlite3_column_text(q, 1);
        if (!str_is(state, desk_status_of(w, id)))
            world_fail(w, "helpdesk:%d is mirrored as %s, and is %s", id, state, desk_status_of(w, id));
    }
    sqlite3_finalize(q);
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
    check_values(w, x);
    check_counts(w);
    for (int t = 1; simple && t <= desk_count(w) && t <= TICKETS_MAX; t++)
        check_ticket(w, x, t);
}
