/* habits: what the real trackers were seen to do (RT reopening on a public note, Redmine's silent 204, ...), recognised
 * in the sandboxes' own state around the work of each request, and counted when the engine gets the answer. */
#include "inside.h"

#include "../../src/sandbox/redmine.h"
#include "../../src/sandbox/rt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_APART (120 * SEC_MS)

static void met(struct exchange *x, const char *name) {
    if (x->n_met < array_size(x->met))
        x->met[x->n_met++] = name;
}

static struct rt_ticket *ticket_of(struct world *w, const char *target) {
    const char *at = strstr(target, "/ticket/");
    int id = at ? atoi(at + 8) : 0;
    return id >= 1 && id <= (int)w->desk->rt->n_tickets ? w->desk->rt->tickets[id - 1] : NULL;
}

static int issue_of(const char *target) {
    const char *at = strstr(target, "/issues/");
    return at ? atoi(at + 8) : 0;
}

static size_t by_people(const struct rt_ticket *t) {
    size_t n = 0;
    for (size_t i = 0; i < t->n_txns; i++)
        n += !str_is(t->txns[i]->creator->name, "bridge");
    return n;
}

void habits_before(struct exchange *x, const char *target) {
    struct world *w = x->w;
    const struct rt_ticket *t = str_starts(x->request.url, DESK) ? ticket_of(w, target) : NULL;
    const struct rm_issue *i = t ? NULL : rm_issue_by_id(w->product->redmine, issue_of(target));
    x->txns = w->desk->rt->n_txns;
    x->journals = w->product->redmine->n_journals;
    x->updated = i ? i->updated : 0;
    if (t && is_write(&x->request) && t->id < READ_MOST && w->read_at[0][t->id] && by_people(t) > w->read_txns[t->id])
        met(x, "habit: RT does not hold a write back though the ticket changed since it was read");
}

/* ---- the desk ---- */

static void ticket_written(struct exchange *x, const struct rt_ticket *t) {
    const struct rt *rt = x->w->desk->rt;
    cleanup_json json_t *body = x->request.body ? json_loads(x->request.body, 0, NULL) : NULL;
    const char *asked = json_text(body, "Status");
    bool fine = x->answer.status == 200 || x->answer.status == 201;
    if (!x->answer.status)
        met(x, "habit: RT dies of its own answer, though done");
    for (size_t i = x->txns; i < rt->n_txns; i++)
        if (str_is(rt->txns[i]->type, "Status") && !str_is(rt->txns[i]->creator->name, "bridge"))
            met(x, "habit: RT opens a closed ticket on a public note");
    if (!fine || !asked || str_is_nocase(asked, t->effective->status))
        return;
    met(x, "habit: RT refuses a state inside a 200");
    if (rt->n_txns > x->txns)
        met(x, "habit: RT does the rest of what it refuses in part");
}

static void ticket_read(struct exchange *x, const struct rt_ticket *t, const char *target) {
    bool whole = !strchr(strstr(target, "/ticket/") + 8, '/');
    if (t->effective != t && whole)
        met(x, "habit: RT answers for a merged id with another");
    if (str_is(t->status, "deleted") && x->answer.status == 200 && whole)
        met(x, "habit: RT answers for a deleted ticket");
    if (x->answer.status == 403)
        met(x, "habit: RT refuses a ticket out of sight");
}

static bool ticket_omitted(const struct rt *rt) {
    for (size_t i = 0; i < rt->n_tickets; i++) {
        const struct rt_ticket *t = rt->tickets[i];
        if (t->effective != t || str_is(t->status, "deleted") || !str_is(t->queue->name, "Incidents"))
            return true;
    }
    return rt->bridge_off;
}

/* Between two pages of one reading, as far as that can be told from outside. */
static void listed(struct exchange *x, int side, size_t changes) {
    struct world *w = x->w;
    bool small = w->config.page && x->answer.status == 200; /* else no page is ever full */
    cleanup_json json_t *answer = small ? json_loads(x->answer.body, 0, NULL) : NULL;
    size_t n = json_array_size(json_object_get(answer, side ? "issues" : "items"));
    if (w->full_page[side] && w->now - w->listed_at[side] < PAGES_APART && changes != w->listed_changes[side])
        met(x, "fault: items changed between pages");
    w->full_page[side] = n && n == (size_t)w->config.page;
    w->listed_at[side] = w->now;
    w->listed_changes[side] = changes;
}

static void tickets_listed(struct exchange *x) {
    struct world *w = x->w;
    const struct rt *rt = w->desk->rt;
    const char *zone = rt_user_find(rt, "bridge")->zone;
    msec_t now = 0, then = 0;
    if (x->answer.status == 200 && ticket_omitted(rt))
        met(x, "habit: RT's list leaves out what was merged, deleted, moved or is hidden");
    if (zone_offset(zone, w->now, &now) && zone_offset(zone, w->began, &then) && now)
        met(x, now == then ? "habit: RT reads dates in the account's zone" : "habit: RT's zone sets its clock");
    listed(x, 0, rt->n_txns);
}

static void desk_after(struct exchange *x, const char *target) {
    struct rt_ticket *t = ticket_of(x->w, target);
    met(x, "habit: RT closes the connection after its answer");
    if (t && is_write(&x->request))
        ticket_written(x, t);
    else if (t)
        ticket_read(x, t, target);
    else if (strstr(target, "/tickets?"))
        tickets_listed(x);
    if (t && !is_write(&x->request) && t->id < READ_MOST && x->answer.status == 200) {
        x->read = t->id;
        x->read_txns = by_people(t);
    }
}

/* ---- the product ---- */

static void issue_written(struct exchange *x, const struct rm_issue *i) {
    const struct redmine *rm = x->w->product->redmine;
    cleanup_json json_t *body = x->request.body ? json_loads(x->request.body, 0, NULL) : NULL;
    json_int_t asked = json_int(json_object_get(body, "issue"), "status_id", 0);
    if (x->answer.status == 422 && strstr(x->answer.body, "\"errors\":[]"))
        met(x, "habit: Redmine's 422 for a lost race");
    if (!i || x->answer.status != 204)
        return;
    if (asked && asked != i->status)
        met(x, "habit: Redmine's silent 204");
    if (i->updated != x->updated && rm->n_journals == x->journals)
        met(x, "habit: Redmine moves `updated` for a write of nothing");
}

static bool issue_omitted(const struct redmine *rm) {
    for (size_t k = 0; k < rm->n_issues; k++)
        if (!rm->issues[k] || rm->issues[k]->hidden || rm->issues[k]->project != rm_project_find("product"))
            return true;
    return false;
}

static void product_after(struct exchange *x, const char *target) {
    struct world *w = x->w;
    int id = issue_of(target);
    if (is_write(&x->request)) {
        issue_written(x, rm_issue_by_id(w->product->redmine, id));
    } else if (id && x->answer.status == 403) {
        met(x, "habit: Redmine refuses what is hidden or moved");
    } else if (id && x->answer.status == 404) {
        met(x, "habit: Redmine has deleted an issue");
    } else if (strstr(target, "/issues.json?")) {
        if (x->answer.status == 200 && issue_omitted(w->product->redmine))
            met(x, "habit: Redmine's list leaves out what was moved or is hidden");
        if (strstr(target, "updated_on="))
            listed(x, 1, w->product->redmine->n_journals);
    }
    if (id && id < READ_MOST && !is_write(&x->request) && x->answer.status == 200)
        x->read = id;
}

void habits_after(struct exchange *x, const char *target) {
    (str_starts(x->request.url, DESK) ? desk_after : product_after)(x, target);
}

void habits_met(struct exchange *x) {
    struct world *w = x->w;
    int side = str_starts(x->request.url, DESK) ? 0 : 1;
    if (x->read) {
        w->read_at[side][x->read] = w->now;
        if (!side)
            w->read_txns[x->read] = x->read_txns;
    }
    for (size_t i = 0; i < x->n_met; i++)
        cover_met(w, x->met[i]);
    x->n_met = 0;
}
