/* people: what they do on both sides, in few words, and what stands there then. */
#include "world.h"

#include "../../src/sandbox/redmine.h"
#include "../../src/sandbox/rt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int desk_ticket(struct world *w, const char *from, const char *subject, const char *text) {
    (void)world_say(w, w->desk, NULL, "POST", "/sandbox/mailgate",
                    json_pack("{s:s, s:s, s:s}", "from", from, "subject", subject, "content", text), NULL);
    return (int)w->desk->rt->n_tickets;
}

static const char *ticket_path(struct world *w, int ticket, const char *rest) {
    return arena_printf(w->a, "/ticket/%d%s", ticket, rest);
}

void desk_field(struct world *w, int ticket, const char *field, const char *value) {
    (void)world_say(w, w->desk, "agent", "PUT", ticket_path(w, ticket, ""),
                    json_pack("{s:{s:s?}}", "CustomFields", field, *value ? value : NULL), NULL);
}

void desk_status(struct world *w, int ticket, const char *status) {
    (void)world_say(w, w->desk, "agent", "PUT", ticket_path(w, ticket, ""), json_pack("{s:s}", "Status", status), NULL);
}

void desk_comment(struct world *w, int ticket, const char *text) {
    (void)world_say(w, w->desk, "agent", "POST", ticket_path(w, ticket, "/comment"),
                    json_pack("{s:s, s:s}", "Content", text, "ContentType", "text/plain"), NULL);
}

void desk_reply(struct world *w, int ticket, const char *from, const char *text) {
    (void)world_say(
        w, w->desk, NULL, "POST", "/sandbox/mailgate",
        json_pack("{s:s, s:s, s:s, s:i}", "from", from, "subject", "Re:", "content", text, "ticket", ticket), NULL);
}

int product_issue(struct world *w, const char *title, const char *text) {
    (void)world_say(
        w, w->product, "dev", "POST", "/issues.json",
        json_pack("{s:{s:s, s:s, s:s}}", "issue", "project_id", "product", "subject", title, "description", text),
        NULL);
    return (int)w->product->redmine->n_issues;
}

void product_status(struct world *w, int issue, int status) {
    (void)world_say(w, w->product, "admin", "PUT", arena_printf(w->a, "/issues/%d.json", issue),
                    json_pack("{s:{s:i}}", "issue", "status_id", status), NULL);
}

/* ---- the sandboxes' own truth ---- */

static const struct rt_ticket *ticket_of(struct world *w, int id) {
    return id >= 1 && id <= (int)w->desk->rt->n_tickets ? w->desk->rt->tickets[id - 1] : NULL;
}

const char *desk_status_of(struct world *w, int ticket) {
    const struct rt_ticket *t = ticket_of(w, ticket);
    return t ? t->status : "";
}

const char *desk_field_of(struct world *w, int ticket, const char *field) {
    const struct rt_ticket *t = ticket_of(w, ticket);
    int i = rt_field_find(field);
    return t && i >= 0 && t->values[i].present && t->values[i].text ? t->values[i].text : "";
}

const char *product_field_of(struct world *w, int issue, int field) {
    const struct rm_issue *i = rm_issue_by_id(w->product->redmine, issue);
    return i && i->values[field - 1] ? i->values[field - 1] : "";
}

const char *product_status_name(struct world *w, int issue) {
    const struct rm_issue *i = rm_issue_by_id(w->product->redmine, issue);
    return i ? rm_status(i->status)->name : "";
}

bool desk_sees(struct world *w, int ticket) {
    const struct rt_ticket *t = ticket_of(w, ticket);
    return t && t->effective == t && str_is(t->queue->name, "Incidents") && !str_is(t->status, "deleted");
}

bool desk_was_moved(struct world *w, int ticket, const char *status) {
    const struct rt *rt = w->desk->rt;
    for (size_t i = 0; i < rt->n_txns; i++)
        if (rt->txns[i]->ticket &&
            (rt->txns[i]->ticket->id == ticket || rt->txns[i]->ticket->id == desk_merged_into(w, ticket)) &&
            str_is(rt->txns[i]->type, "Status") && str_is(rt->txns[i]->new, status))
            return true;
    return false;
}

const char *desk_last_told(struct world *w, int ticket) {
    const struct rt *rt = w->desk->rt;
    for (size_t i = rt->n_attachments; i-- > 0;) {
        const struct rt_txn *x = rt->attachments[i]->txn;
        if (x && x->ticket && x->ticket->id == ticket && str_is(x->type, "Correspond") &&
            str_is(x->creator->name, "bridge"))
            return rt->attachments[i]->content;
    }
    return "";
}

bool desk_is_deleted(struct world *w, int ticket) {
    const struct rt_ticket *t = ticket_of(w, ticket);
    return t && t->effective == t && str_is(t->status, "deleted") && str_is(t->queue->name, "Incidents");
}

bool desk_moved_by_bridge(struct world *w, int ticket) {
    const struct rt *rt = w->desk->rt;
    for (size_t i = rt->n_txns; i-- > 0;)
        if (rt->txns[i]->ticket && rt->txns[i]->ticket->id == ticket && str_is(rt->txns[i]->type, "Status"))
            return str_is(rt->txns[i]->creator->name, "bridge");
    return false;
}

int desk_merged_into(struct world *w, int ticket) {
    const struct rt_ticket *t = ticket_of(w, ticket);
    return t ? t->effective->id : 0;
}

int product_status_of(struct world *w, int issue) {
    const struct rm_issue *i = rm_issue_by_id(w->product->redmine, issue);
    return i ? i->status : 0;
}

bool product_is_ours(struct world *w, int issue) {
    const struct rm_issue *i = rm_issue_by_id(w->product->redmine, issue);
    return i && i->author && str_is(i->author->login, "bridge");
}

bool product_sees(struct world *w, int issue) {
    const struct rm_issue *i = rm_issue_by_id(w->product->redmine, issue);
    return i && i->project == rm_project_find("product") && !i->hidden;
}

msec_t product_updated(struct world *w, int issue) {
    const struct rm_issue *i = rm_issue_by_id(w->product->redmine, issue);
    return i ? i->updated : 0;
}

int product_note_by(struct world *w, const char *login, int *ret_issue) {
    const struct redmine *rm = w->product->redmine;
    for (size_t i = rm->n_journals; i-- > 0;)
        if (!rm->journals[i]->gone && rm->journals[i]->notes && str_is(rm->journals[i]->user->login, login) &&
            rm_issue_by_id(rm, rm->journals[i]->issue->id)) {
            *ret_issue = rm->journals[i]->issue->id;
            return rm->journals[i]->id;
        }
    return 0;
}

int desk_notes(struct world *w, int ticket, const char *text, bool public_only) {
    const struct rt *rt = w->desk->rt;
    int n = 0;
    for (size_t i = 0; i < rt->n_attachments; i++) {
        const struct rt_txn *x = rt->attachments[i]->txn;
        if (!x || !x->ticket || x->ticket->id != ticket || !str_is(x->creator->name, "bridge"))
            continue;
        if (str_is(x->type, "Correspond") || (!public_only && str_is(x->type, "Comment")))
            n += strstr(rt->attachments[i]->content, text) != NULL;
    }
    return n;
}

int product_notes(struct world *w, int issue, const char *text) {
    const struct redmine *rm = w->product->redmine;
    int n = 0;
    for (size_t i = 0; i < rm->n_journals; i++)
        n += rm->journals[i]->issue->id == issue && str_is(rm->journals[i]->user->login, "bridge") &&
             rm->journals[i]->notes && strstr(rm->journals[i]->notes, text) != NULL;
    return n;
}

int desk_count(struct world *w) {
    return (int)w->desk->rt->n_tickets;
}
int product_count(struct world *w) {
    return (int)w->product->redmine->n_issues;
}
