/* acts: people by chance: customers, agents, developers, problem managers. */
#include "acts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int any_ticket(struct world *w, const struct acts *x) {
    if (x->only && x->only <= desk_count(w))
        return x->only;
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
    int t = any_ticket(w, x), i = any_issue(w);
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
    int t = any_ticket(w, x);
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
    int t = any_ticket(w, x);
    if (!t)
        return;
    x->ticket[t].touched = x->ticket[t].field_edited = true;
    desk_field(w, t, "Problem", world_chance(w, 50) ? "" : arena_printf(w->a, "P-%d", 1 + (int)world_random(w, 5)));
}

static void move_ticket(struct world *w, struct acts *x) {
    static const char *const statuses[] = {"open", "open", "stalled", "resolved", "closed-unresolved", "rejected"};
    int t = any_ticket(w, x);
    if (!t)
        return;
    x->ticket[t].moved = true;
    desk_status(w, t, statuses[world_random(w, array_size(statuses))]);
}

static void customer_writes(struct world *w, struct acts *x) {
    int t = any_ticket(w, x);
    if (!t)
        return;
    x->ticket[t].moved = true;               /* RT opens it */
    const char *note = desk_last_told(w, t); /* nobody quotes what never reached him */
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
    int t = any_ticket(w, x), i = any_issue(w);
    if (!t || !i)
        return;
    bool names = world_chance(w, 40);
    x->ticket[t].touched |= names;
    desk_comment(w, t,
                 names ? arena_printf(w->a, "Same as %s", any_reference(w, i)) : "Called the customer, no answer.");
}

static void merge_tickets(struct world *w, struct acts *x) {
    int from = any_ticket(w, x), into = any_ticket(w, x);
    if (!from || from == into)
        return;
    x->ticket[from].touched = x->ticket[into].touched = x->ticket[from].moved = x->ticket[into].moved = true;
    (void)world_say(w, w->desk, NULL, "POST", "/sandbox/merge", json_pack("{s:i, s:i}", "from", from, "into", into),
                    NULL);
}

static void delete_ticket(struct world *w, struct acts *x) {
    int t = any_ticket(w, x);
    if (!t)
        return;
    x->ticket[t].touched = x->ticket[t].moved = true;
    desk_status(w, t, "deleted");
}

/* Out of the bridge's sight, or back into it. RT maps a state that the other lifecycle lacks, and not back. */
static void requeue_ticket(struct world *w, struct acts *x) {
    int t = any_ticket(w, x);
    if (!t)
        return;
    x->ticket[t].touched = x->ticket[t].moved = true;
    const char *before = desk_status_of(w, t);
    (void)world_say(w, w->desk, "agent", "PUT", arena_printf(w->a, "/ticket/%d", t),
                    json_pack("{s:s}", "Queue", world_chance(w, 60) ? "Incidents" : "Requests"), NULL);
    if (!str_is(before, desk_status_of(w, t)))
        cover_met(w, "habit: RT maps a state in another queue");
}

/* RT refuses to solve it then. */
static void depend_ticket(struct world *w, struct acts *x) {
    int t = any_ticket(w, x), on = any_ticket(w, x);
    if (!t || t == on)
        return;
    x->ticket[t].touched = x->ticket[t].moved = true;
    (void)world_say(
        w, w->desk, "agent", "PUT", arena_printf(w->a, "/ticket/%d", t),
        json_pack("{s:s}", world_chance(w, 70) ? "AddDependsOn" : "DeleteDependsOn", arena_printf(w->a, "%d", on)),
        NULL);
}

static void triage(struct world *w, struct acts *x) {
    int t = any_ticket(w, x);
    (void)x;
    if (t)
        desk_field(w, t, world_chance(w, 50) ? "Service" : "Impact", world_chance(w, 50) ? "low" : "high");
}

/* ---- the product ---- */

static void new_issue(struct world *w, struct acts *x) {
    if (product_count(w) >= ISSUES_MAX)
        return;
    int t = any_ticket(w, x);
    bool names = t && world_chance(w, 20);
    if (names)
        x->ticket[t].touched = true;
    int i =
        product_issue(w, world_chance(w, 85) ? "Crash in the report" : "Crash: report \u2192 export, 5 \u20ac",
                      names ? arena_printf(w->a, "Reported in %s/Ticket/Display.html?id=%d", DESK, t) : "Seen twice.");
    x->issue[i].touched |= names;
}

static int closed_issues(struct world *w) {
    int n = 0;
    for (int i = 1; i <= product_count(w); i++)
        n += product_status_of(w, i) == ISSUE_CLOSED;
    return n;
}

static void move_issue(struct world *w, struct acts *x) {
    static const int statuses[] = {ISSUE_WORKING,  ISSUE_WORKING,  ISSUE_RESOLVED, ISSUE_CLOSED,      ISSUE_CLOSED,
                                   ISSUE_WONT_FIX, ISSUE_REJECTED, ISSUE_FEEDBACK, ISSUE_KNOWN_ERROR, ISSUE_NEW};
    int i = any_issue(w);
    (void)x;
    int status = statuses[world_random(w, array_size(statuses))], closed = closed_issues(w);
    if (i && product_status_of(w, i))
        product_status(w, i, status);
    if (closed_issues(w) > closed + 1)
        cover_met(w, "habit: Redmine closes duplicates by itself");
}

static void duplicate_issue(struct world *w, struct acts *x) {
    int i = any_issue(w), of = any_issue(w);
    if (!i || i == of)
        return;
    x->issue[i].touched = x->issue[of].touched = true;
    msec_t updated = product_updated(w, i);
    bool before = w->acted;
    w->acted = false;
    (void)world_say(w, w->product, "dev", "POST", arena_printf(w->a, "/issues/%d/relations.json", i),
                    json_pack("{s:{s:i, s:s}}", "relation", "issue_to_id", of, "relation_type", "duplicates"), NULL);
    if (w->acted && product_updated(w, i) == updated)
        cover_met(w, "habit: Redmine's relation moves nothing");
    w->acted |= before;
}

static void delete_issue(struct world *w, struct acts *x) {
    int i = any_issue(w);
    if (!i)
        return;
    x->issue[i].vanished = true;
    (void)world_say(w, w->product, "admin", "DELETE", arena_printf(w->a, "/issues/%d.json", i), NULL, NULL);
}

static void move_project(struct world *w, struct acts *x) {
    int i = any_issue(w);
    if (!i)
        return;
    x->issue[i].vanished = true;
    (void)world_say(w, w->product, "admin", "PUT", arena_printf(w->a, "/issues/%d.json", i),
                    json_pack("{s:{s:s}}", "issue", "project_id", world_chance(w, 60) ? "product" : "other"), NULL);
}

static void hide_issue(struct world *w, struct acts *x) {
    int i = any_issue(w);
    if (!i)
        return;
    x->issue[i].vanished = true;
    (void)world_say(w, w->product, NULL, "POST", "/sandbox/hide",
                    json_pack("{s:i, s:b}", "issue", i, "hidden", world_chance(w, 60)), NULL);
}

static void write_nothing(struct world *w, struct acts *x) {
    int i = any_issue(w);
    (void)x;
    msec_t updated = i ? product_updated(w, i) : 0;
    if (i)
        (void)world_say(w, w->product, "dev", "PUT", arena_printf(w->a, "/issues/%d.json", i),
                        json_pack("{s:{}}", "issue"), NULL);
    if (i && product_updated(w, i) != updated)
        cover_met(w, "habit: Redmine moves `updated` for a write of nothing");
}

/* Which moves nothing that a poll could see. */
static void edit_note(struct world *w, struct acts *x) {
    int issue, t = any_ticket(w, x), note = product_note_by(w, "dev", &issue);
    if (!note || !t)
        return;
    bool names = world_chance(w, 40);
    msec_t updated = product_updated(w, issue);
    x->ticket[t].touched |= names;
    for (int k = 1; k <= desk_count(w) && k <= TICKETS_MAX; k++) /* what it named before, it names no more */
        x->ticket[k].touched = true;
    (void)world_say(w, w->product, "dev", "PUT", arena_printf(w->a, "/journals/%d.json", note),
                    json_pack("{s:{s:s}}", "journal", "notes",
                              names ? arena_printf(w->a, "It is %s/Ticket/Display.html?id=%d", DESK, t) : "Corrected."),
                    NULL);
    if (product_updated(w, issue) == updated)
        cover_met(w, "habit: Redmine's edited note moves nothing");
}

static void plan_version(struct world *w, struct acts *x) {
    static const char *const statuses[] = {"open", "closed", "closed", "locked"};
    int i = any_issue(w), version = 1 + (int)world_random(w, 2);
    (void)x;
    if (i && world_chance(w, 60))
        (void)world_say(w, w->product, "admin", "PUT", arena_printf(w->a, "/issues/%d.json", i),
                        json_pack("{s:{s:i}}", "issue", "fixed_version_id", version), NULL);
    else
        (void)world_say(w, w->product, "admin", "PUT", arena_printf(w->a, "/versions/%d.json", version),
                        json_pack("{s:{s:s}}", "version", "status", statuses[world_random(w, array_size(statuses))]),
                        NULL);
}

static void developer_notes(struct world *w, struct acts *x) {
    int i = any_issue(w), t = any_ticket(w, x);
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
    int t = any_ticket(w, x);
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
                                  arena_printf(w->a, "Use export %d%s.", (int)world_random(w, 3),
                                               world_chance(w, 30) ? " \u2192 \u20ac" : "")),
                        NULL);
}

static void link_command(struct world *w, struct acts *x) {
    int t = any_ticket(w, x);
    if (!t)
        return;
    x->ticket[t].touched = true;
    bool to_problem = world_chance(w, 50);
    const char *b = to_problem ? any_problem(w) : arena_printf(w->a, "product:%d", any_issue(w));
    (void)world_command(w, world_chance(w, 50) ? "link" : "unlink",
                        json_pack("{s:s, s:s}", "a", arena_printf(w->a, "helpdesk:%d", t), "b", b), NULL);
}

static void small_command(struct world *w, struct acts *x) {
    int t = any_ticket(w, x);
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
    default: (void)acts_retry(w);
    }
}

static void one_right(struct world *w, int side) {
    static const char *const rights[2][3] = {{"ModifyTicket", "CommentOnTicket", "ShowTicket"},
                                             {"edit_issues", "add_issue_notes", "view_issues"}};
    if (world_say(w, side ? w->product : w->desk, NULL, "PUT", "/sandbox/rights",
                  json_pack("{s:s}", "without", rights[side][world_random(w, 3)]), NULL) == 200)
        cover_met(w, side ? "fault: one right taken away, product" : "fault: one right taken away, desk");
}

static void all_rights(struct world *w, struct acts *x, int side) {
    x->rights_off[side] = !x->rights_off[side];
    (void)world_say(w, side ? w->product : w->desk, NULL, "PUT", "/sandbox/rights",
                    json_pack("{s:b}", "bridge", !x->rights_off[side]), NULL);
    if (x->rights_off[side])
        cover_met(w, side ? "fault: all rights taken away, product" : "fault: all rights taken away, desk");
}

static void big_switch(struct world *w, struct acts *x) {
    switch (world_random(w, 9)) {
    case 0:
        (void)world_command(w, "pause", json_pack("{s:s}", "tracker", world_chance(w, 50) ? "helpdesk" : "product"),
                            NULL);
        break;
    case 1:
        (void)world_command(w, "resume", json_pack("{s:s}", "tracker", "helpdesk"), NULL);
        (void)world_command(w, "resume", json_pack("{s:s}", "tracker", "product"), NULL);
        break;
    case 2:
    case 3: all_rights(w, x, (int)world_random(w, 2)); break;
    case 7:
    case 8: one_right(w, (int)world_random(w, 2)); break;
    case 4: (void)world_command(w, "policy-apply", json_object(), NULL); break;
    case 5:
        w->disk.full = true;
        cover_met(w, "fault: disk full");
        break;
    default: (void)world_say(w, w->product, NULL, "PUT", "/sandbox/race", json_pack("{s:i}", "puts", 2), NULL);
    }
}

static const struct {
    int weight;
    const char *name;
    void (*act)(struct world *w, struct acts *x);
} acts[] = {
    {12, "person: writes a ticket", new_ticket},
    {14, "person: names a defect in the field", link_ticket},
    {3, "person: edits or empties the field Defect", edit_defect_field},
    {2, "person: edits the field Problem", edit_problem_field},
    {8, "person: moves a ticket", move_ticket},
    {6, "person: answers as a customer", customer_writes},
    {5, "person: comments a ticket", agent_comments},
    {1, "person: merges tickets", merge_tickets},
    {1, "person: deletes a ticket", delete_ticket},
    {3, "person: triages a ticket", triage},
    {1, "person: makes a ticket depend on another", depend_ticket},
    {1, "person: moves a ticket to another queue", requeue_ticket},
    {7, "person: writes an issue", new_issue},
    {16, "person: moves an issue", move_issue},
    {2, "person: calls an issue a duplicate", duplicate_issue},
    {1, "person: deletes an issue", delete_issue},
    {1, "person: hides an issue, or shows it", hide_issue},
    {1, "person: moves an issue to another project", move_project},
    {4, "person: writes a note on an issue", developer_notes},
    {1, "person: edits a note on an issue", edit_note},
    {2, "person: edits the bridge's field on an issue", edit_issue_field},
    {2, "person: writes nothing to an issue", write_nothing},
    {2, "person: plans a version, or closes it", plan_version},
    /* commands: never from inside a step */
    {4, "person: commands a problem", command_problem},
    {4, "person: publishes a workaround", publish},
    {3, "person: links or unlinks by command", link_command},
    {3, "person: commands one record", small_command},
    {2, "person: throws a big switch", big_switch},
};

#define COMMANDS 5 /* at the end of the list */

static void act_of(struct world *w, struct acts *x, size_t n) {
    int all = 0;
    for (size_t i = 0; i < n; i++)
        all += acts[i].weight;
    int at = (int)world_random(w, (uint64_t)all);
    size_t i = 0;
    while ((at -= acts[i].weight) >= 0)
        i++;
    w->acted = false;
    acts[i].act(w, x);
    if (w->acted)
        cover_met(w, acts[i].name);
}

void acts_do(struct world *w, struct acts *x) {
    if (w->disk.full && world_chance(w, 40))
        w->disk.full = false;
    act_of(w, x, array_size(acts));
}

void acts_meddle(struct world *w, void *arg, const struct http_request *q) {
    struct acts *x = arg;
    if (q->body && strstr(q->body, "status_id")) {
        (void)world_say(w, w->product, NULL, "PUT", "/sandbox/workflow", json_pack("{s:b}", "strict", 1), NULL);
        return;
    }
    const char *at = strstr(q->url, DESK "/REST/2.0/ticket/");
    x->only = at && world_chance(w, 70) ? atoi(at + strlen(DESK "/REST/2.0/ticket/")) : 0;
    cover_met(w, "person: comes between reading and writing");
    act_of(w, x, array_size(acts) - COMMANDS);
    x->only = 0;
}

/* ---- afterwards ---- */

static bool acts_release(struct world *w) {
    bool any = false;
    for (int64_t n; !w->failure[0] && (n = world_number(w, 0, "SELECT min(id) FROM batch WHERE state = 'braked'")) > 0;
         any = true)
        (void)world_command(w, "release", json_pack("{s:I}", "n", (json_int_t)n), NULL);
    return any;
}

bool acts_retry(struct world *w) {
    bool any = acts_release(w);
    for (int64_t n = 0;
         (n = world_number(w, 0, "SELECT min(n) FROM effect WHERE state = 'parked' AND n > %lld", (long long)n)) > 0;
         any = true)
        (void)world_command(w, "retry", json_pack("{s:I}", "n", (json_int_t)n), NULL);
    return any;
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
    (void)acts_release(w);
}
