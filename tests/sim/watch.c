/* watch: what must never happen, looked for after every step, in the sandboxes'
 * own state and in what is committed - never in the engine's memory.
 *
 *  - a marker stands twice on a record;
 *  - a state effect is carried out twice under one key;
 *  - a write leaves for a record of which no effect is in flight on disk;
 *  - a write leaves while writing is shut;
 *  - what laws.c looks for;
 *  - the bridge moves a record back without a rule that says so (law 3), or
 *    moves what a person has moved since the bridge could have looked. */
#include "watch.h"

#include "../../src/sandbox/redmine.h"
#include "../../src/sandbox/rt.h"

#include "bascule/tracker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RACE (90 * SEC_MS) /* read, slow reply, slow write: the window that the connectors' README names */

struct watch *watch_new(void) {
    struct watch *x = calloc(1, sizeof(*x));
    x->a = arena_new();
    return x;
}

struct watch *watch_free(struct watch *x) {
    if (x)
        arena_free(x->a);
    free(x);
    return NULL;
}

static bool once(struct watch *x, uint64_t **set, size_t *n, uint64_t what) {
    for (size_t i = 0; i < *n; i++)
        if ((*set)[i] == what)
            return false;
    *arena_push(x->a, set, n) = what;
    return true;
}

bool watch_told(struct watch *x, uint64_t what) {
    return once(x, &x->told, &x->n_told, what);
}

void watch_forget(struct world *w) {
    w->watch->n_applied = 0;
}

bool watch_once(struct watch *x, uint64_t what) {
    return once(x, &x->applied, &x->n_applied, what);
}

static void see_marker(struct world *w, const char *record, const char *text) {
    cleanup_arena struct arena *a = arena_new();
    struct marker m;
    if (!text || !marker_find(a, text, &m))
        return;
    if (!once(w->watch, &w->watch->markers, &w->watch->n_markers, hash_str(arena_printf(a, "%s %s", record, m.whole))))
        world_fail(w, "%s holds the note %s twice", record, m.whole);
}

void watch_step(struct world *w) {
    struct watch *x = w->watch;
    struct rt *rt = w->desk->rt;
    struct redmine *rm = w->product->redmine;
    char name[40];
    for (; x->attachments < rt->n_attachments; x->attachments++) {
        const struct rt_attachment *at = rt->attachments[x->attachments];
        if (!at->txn || !at->txn->ticket || !str_is(at->txn->creator->name, "bridge") ||
            str_is(at->txn->type, "EmailRecord") || str_is(at->txn->type, "CommentEmailRecord"))
            continue;
        snprintf(name, sizeof(name), "helpdesk:%d", at->txn->ticket->id);
        see_marker(w, name, at->content);
    }
    for (; x->journals < rm->n_journals; x->journals++) {
        const struct rm_journal *j = rm->journals[x->journals];
        snprintf(name, sizeof(name), "product:%d", j->issue->id);
        if (j->user && str_is(j->user->login, "bridge"))
            see_marker(w, name, j->notes);
    }
    for (; x->issues < rm->n_issues; x->issues++) {
        const struct rm_issue *i = rm->issues[x->issues];
        if (i && i->author && str_is(i->author->login, "bridge"))
            see_marker(w, "created in product", i->description);
    }
}

void watch_put_back(struct world *w) {
    struct watch *x = w->watch;
    x->attachments = w->desk->rt->n_attachments < x->attachments ? w->desk->rt->n_attachments : x->attachments;
    x->journals = w->product->redmine->n_journals < x->journals ? w->product->redmine->n_journals : x->journals;
    x->issues = w->product->redmine->n_issues < x->issues ? w->product->redmine->n_issues : x->issues;
}

static const char *ref_of(struct arena *a, const struct http_request *q) {
    const char *at;
    bool desk = str_starts(q->url, DESK);
    at = strstr(q->url, desk ? "/ticket/" : "/issues/");
    if (!at)
        return desk ? "helpdesk:" : "product:";
    at += strlen("/ticket/");
    return arena_printf(a, "%s:%.*s", desk ? "helpdesk" : "product", (int)strspn(at, "0123456789"), at);
}

static uint64_t request_hash(const struct http_request *q) {
    return hash_str(q->url) * 31 + hash_bytes(q->body ? q->body : "", q->body_len);
}

void watch_send(struct world *w, const struct http_request *q) {
    cleanup_arena struct arena *a = arena_new();
    struct watch *x = w->watch;
    const char *ref = ref_of(a, q);
    if (w->shut)
        world_fail(w, "%s %s left although writing is shut", q->method, q->url);
    struct sent *s = arena_push(x->a, &x->sent, &x->n_sent);
    *s = (struct sent){.request = request_hash(q)};
    if (!laws_in_flight(w, ref, s))
        world_fail(w, "%s %s left, and no effect of %s is in flight on disk", q->method, q->url, ref);
    laws_send(w, ref);
}

static const char *status_of(struct world *w, const char *ref) {
    int id = atoi(strchr(ref, ':') + 1);
    if (!id)
        return "";
    if (str_starts(ref, "helpdesk:"))
        return desk_status_of(w, id);
    int status = product_status_of(w, id);
    return status ? rm_status(status)->name : "";
}

void watch_before(struct world *w, const struct http_request *q) {
    cleanup_arena struct arena *a = arena_new();
    const char *ref = ref_of(a, q);
    snprintf(w->watch->status_before, sizeof(w->watch->status_before), "%s", status_of(w, ref));
    laws_before(w, ref);
}

static int rank(const char *status) {
    static const char *const order[][2] = {{"new", "open"},
                                           {"stalled", "stalled"},
                                           {"closed-unresolved", "closed-unresolved"},
                                           {"resolved", "resolved"},
                                           {"rejected", "rejected"}};
    for (int i = 0; i < (int)array_size(order); i++)
        if (str_is(status, order[i][0]) || str_is(status, order[i][1]))
            return i;
    return 9;
}

/* When a person last moved that ticket: RT does it for a customer who answers. */
static msec_t moved_by_person(struct world *w, int id) {
    const struct rt *rt = w->desk->rt;
    msec_t last = 0;
    for (size_t i = 0; i < rt->n_txns; i++)
        if (rt->txns[i]->ticket && rt->txns[i]->ticket->id == id && str_is(rt->txns[i]->type, "Status") &&
            !str_is(rt->txns[i]->creator->name, "bridge"))
            last = rt->txns[i]->created;
    return last;
}

void watch_after(struct world *w, const struct http_request *q) {
    cleanup_arena struct arena *a = arena_new();
    struct watch *x = w->watch;
    const char *ref = ref_of(a, q), *before = x->status_before, *after = status_of(w, ref);
    const struct sent *s = NULL;
    for (size_t i = x->n_sent; i-- > 0 && !s;)
        if (x->sent[i].request == request_hash(q))
            s = &x->sent[i];
    laws_after(w, ref, s, before, after);
    if (str_is(before, after))
        return;
    if (s && !*s->key)
        s = NULL;
    bool race =
        str_starts(ref, "helpdesk:") && w->now + w->desk->skew - moved_by_person(w, atoi(strchr(ref, ':') + 1)) < RACE;
    if (!s && race)
        return; /* a public note takes the state along in which the ticket was read */
    if (!s && str_starts(ref, "helpdesk:") && w->desk->rt->bridge_lacks &&
        !desk_moved_by_bridge(w, atoi(strchr(ref, ':') + 1)))
        return; /* ... and RT, which opened it, did not let the account keep it: nothing told so before */
    if (!s) {
        world_fail(w, "%s went from %s to %s by a write that wanted no state", ref, before, after);
        return;
    }
    if (!once(x, &x->applied, &x->n_applied, hash_str(arena_printf(a, "%s %s", s->key, after))))
        world_fail(w, "%s was moved to %s a second time under the key %s", ref, after, s->key);
    if (race || !str_starts(ref, "helpdesk:"))
        return;
    /* a person may say of a rejected one that its cause is not fixed: then it is closed unresolved, and may be solved
     */
    bool said =
        str_is(before, "rejected") && str_is(after, "resolved") &&
        world_number(w, 0, "SELECT outcome_set IS NOT NULL AND outcome <> 'invalid' FROM record WHERE ref = '%s'", ref);
    bool may = rank(after) >= rank(before) || s->walks || said ||
               (str_is(before, "resolved") && str_is(after, "closed-unresolved")) ||
               (str_is(before, "stalled") && str_is(after, "open"));
    if (!may || (rank(before) == 4 && !said))
        world_fail(w, "%s was moved back from %s to %s under the key %s", ref, before, after, s->key);
}
