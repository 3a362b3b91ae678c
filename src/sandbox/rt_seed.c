/* rt_seed: the tracker as the rig of the real one is seeded: queues, fields,
 * lifecycles, people and what each may do. Called by rt_new and, for looking
 * things up, by the rest of rt_*.c. */
#include "rt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RT_QUEUE_INCIDENTS, RT_QUEUE_REQUESTS };

const char *const rt_role_names[RT_ROLE_COUNT] = {"Requestor", "Cc", "AdminCc"};

static const char *const is_new[] = {"new", NULL};
static const char *const is_active[] = {"open", "stalled", NULL};
static const char *const is_closed[] = {"resolved", "closed-unresolved", "rejected", "deleted", NULL};
static const char *const is_closed_default[] = {"resolved", "rejected", "deleted", NULL};

static const struct rt_move incident_moves[] = {
    {"", " new open resolved "},
    {"new", " open stalled resolved closed-unresolved rejected deleted "},
    {"open", " new stalled resolved closed-unresolved rejected deleted "},
    {"stalled", " new open resolved closed-unresolved rejected deleted "},
    {"resolved", " open deleted "},
    {"closed-unresolved", " open resolved deleted "},
    {"rejected", " open deleted "},
    {"deleted", " open "},
    {NULL, NULL},
};
static const struct rt_move default_moves[] = {
    {"", " new open resolved "},
    {"new", " open stalled resolved rejected deleted "},
    {"open", " new stalled resolved rejected deleted "},
    {"stalled", " new open rejected resolved deleted "},
    {"resolved", " new open stalled rejected deleted "},
    {"rejected", " new open stalled resolved deleted "},
    {"deleted", " new open stalled rejected resolved "},
    {NULL, NULL},
};
static const struct rt_action incident_actions[] = {
    {"resolved", "Resolve", "Comment"},
    {"closed-unresolved", "Close unresolved", "Comment"},
    {"open", "Open", NULL},
    {NULL, NULL, NULL},
};
static const struct rt_action default_actions[] = {{NULL, NULL, NULL}};

static const struct rt_lifecycle incidents = {"incidents", is_new,         is_active,
                                              is_closed,   incident_moves, incident_actions};
static const struct rt_lifecycle ordinary = {"default",         is_new,        is_active,
                                             is_closed_default, default_moves, default_actions};

static const char *const impacts[] = {"low", "medium", "high", "critical", NULL};
static const struct rt_field fields[RT_CF_COUNT] = {{2, "Problem", NULL}, {3, "Known Error", NULL},
                                                    {4, "Defect", NULL},  {5, "Impact", impacts},
                                                    {6, "Service", NULL}, {7, "Outcome", NULL}};

#define BRIDGE_RIGHTS                                                                                                  \
    (RT_SEE_QUEUE | RT_SHOW | RT_SHOW_COMMENTS | RT_SHOW_OUTGOING | RT_CREATE | RT_MODIFY | RT_COMMENT | RT_REPLY |    \
     RT_SEE_CF | RT_MODIFY_CF)
#define AGENT_RIGHTS                                                                                                   \
    (RT_SEE_QUEUE | RT_SHOW | RT_SHOW_COMMENTS | RT_CREATE | RT_MODIFY | RT_COMMENT | RT_REPLY | RT_SEE_CF |           \
     RT_MODIFY_CF | RT_OWN | RT_DELETE)

static const struct rt_user people[] = {
    {1, "RT_System", "The RT System itself", NULL, NULL, NULL, false, true, "", {RT_ALL, RT_ALL}, 0},
    {6, "Nobody", "Nobody in particular", NULL, NULL, NULL, false, false, "", {0, 0}, 0},
    {14,
     "root",
     "Enoch Root",
     "root@localhost",
     "password",
     "1-14-5a6b07005a6b07005a6b07005a6b0014",
     true,
     true,
     "",
     {RT_ALL, RT_ALL},
     0},
    {27,
     "bridge",
     "Incident-defect bridge",
     "bridge@rig.example",
     "bridge-pw",
     "1-27-5a6b07005a6b07005a6b07005a6b0027",
     true,
     false,
     "",
     {BRIDGE_RIGHTS, 0},
     0},
    {29,
     "agent",
     "Ada Agent",
     "agent@rig.example",
     "agent-pw",
     "1-29-5a6b07005a6b07005a6b07005a6b0029",
     true,
     false,
     "",
     {AGENT_RIGHTS, AGENT_RIGHTS},
     0},
    {31,
     "outsider",
     "Olga Outsider",
     "outsider@rig.example",
     "outsider-pw",
     "1-31-5a6b07005a6b07005a6b07005a6b0031",
     true,
     false,
     "",
     {0, 0},
     0},
    {33, "alice", "Alice Requester", "alice@customer.example", "alice-pw", NULL, false, false, "", {0, 0}, 0},
    {35, "bob", "Bob Requester", "bob@customer.example", "bob-pw", NULL, false, false, "", {0, 0}, 0},
};

static void seed_queue(struct rt *rt, int id, const char *name, const char *description, const struct rt_lifecycle *l,
                       int txn, msec_t now) {
    struct rt_queue *q = arena_push(rt->a, &rt->queues, &rt->n_queues);
    *q = (struct rt_queue){
        .id = id, .name = name, .description = description, .correspond = "", .comment = "", .lifecycle = l};
    struct rt_txn *x = arena_make(rt->a, struct rt_txn);
    *x = (struct rt_txn){.id = txn,
                         .queue = id,
                         .type = "Create",
                         .field = "",
                         .old = "",
                         .new = "",
                         .data = "",
                         .creator = rt->system,
                         .created = now};
    *arena_push(rt->a, &rt->txns, &rt->n_txns) = x;
}

struct rt *rt_new(struct arena *a, msec_t now) {
    struct rt *rt = arena_make(a, struct rt);
    rt->a = a;
    rt->fields = fields;
    for (size_t i = 0; i < array_size(people); i++) {
        struct rt_user *u = arena_make(a, struct rt_user);
        *u = people[i];
        u->created = now;
        u->txn = 25 + (int)i; /* as numbered in the rig */
        *arena_push(a, &rt->users, &rt->n_users) = u;
    }
    rt->system = rt->users[0];
    rt->nobody = rt->users[1];
    seed_queue(rt, 3, "Incidents", "Service incidents", &incidents, 37, now);
    seed_queue(rt, 4, "Requests", "A second queue the bridge must not touch", &ordinary, 42, now);
    struct rt_queue *q = &rt->queues[RT_QUEUE_INCIDENTS];
    q->correspond = "incidents@rig.example";
    q->comment = "incidents-comment@rig.example";
    q->everyone = RT_CREATE | RT_REPLY;
    q->has_fields = true;
    rt->next_txn = 43;
    rt->next_user = 49;
    rt->seeded = now;
    return rt;
}

struct rt_user *rt_user_find(const struct rt *rt, const char *name) {
    int64_t id;
    bool number = str_int64(name, &id);
    for (size_t i = 0; i < rt->n_users; i++) {
        struct rt_user *u = rt->users[i];
        if (number ? u->id == id : str_is_nocase(u->name, name) || (u->email && str_is_nocase(u->email, name)))
            return u;
    }
    return NULL;
}

struct rt_user *rt_user_obtain(struct rt *rt, const char *name, msec_t now) {
    struct rt_user *u = rt_user_find(rt, name);
    if (u)
        return u;
    const char *at = strchr(name, '@');
    if (!at || at == name || !at[1] || strchr(name, ' ') || rt->n_users >= SANDBOX_RECORDS_MAX)
        return NULL;
    u = arena_make(rt->a, struct rt_user);
    u->id = rt->next_user;
    rt->next_user += 2;
    u->name = u->email = arena_strdup(rt->a, name);
    u->zone = "";
    u->created = now;
    *arena_push(rt->a, &rt->users, &rt->n_users) = u;
    u->txn = rt->next_txn++; /* RT keeps its creation in the same row of numbers */
    return u;
}

struct rt_queue *rt_queue_find(struct rt *rt, const char *name) {
    int64_t id;
    bool number = str_int64(name, &id);
    for (size_t i = 0; i < rt->n_queues; i++)
        if (number ? rt->queues[i].id == id : str_is_nocase(rt->queues[i].name, name))
            return &rt->queues[i];
    return NULL;
}

unsigned rt_user_rights(const struct rt *rt, const struct rt_user *u, const struct rt_queue *q) {
    if (u->superuser)
        return RT_ALL;
    bool here = q == &rt->queues[RT_QUEUE_INCIDENTS];
    if (rt->bridge_off && here && str_is(u->name, "bridge"))
        return 0;
    unsigned lacks = here && str_is(u->name, "bridge") ? rt->bridge_lacks : 0;
    return (u->rights[here ? RT_QUEUE_INCIDENTS : RT_QUEUE_REQUESTS] & ~lacks) | (rt->bridge_off ? 0 : q->everyone);
}

bool rt_may(const struct rt_actor *who, const struct rt_ticket *t, unsigned rights) {
    return (rt_user_rights(who->rt, who->user, t->queue) & rights) == rights;
}

int rt_field_find(const char *name) {
    int64_t id;
    bool number = str_int64(name, &id);
    for (int i = 0; i < RT_CF_COUNT; i++)
        if (number ? fields[i].id == id : str_is_nocase(fields[i].name, name))
            return i;
    return -1;
}

bool rt_status_in(const char *const *list, const char *status) {
    for (; *list; list++)
        if (str_is(*list, status))
            return true;
    return false;
}

const char *rt_status_find(const struct rt_lifecycle *l, const char *name) {
    const char *const *lists[] = {l->initial, l->active, l->inactive};
    for (size_t i = 0; i < array_size(lists); i++)
        for (const char *const *s = lists[i]; *s; s++)
            if (str_is_nocase(*s, name))
                return *s;
    return NULL;
}

bool rt_status_may(const struct rt_lifecycle *l, const char *from, const char *to) {
    for (const struct rt_move *m = l->moves; m->from; m++) {
        if (!str_is(m->from, from))
            continue;
        const char *at = m->to;
        size_t len = strlen(to);
        while ((at = strstr(at, to)) != NULL) {
            if (at[-1] == ' ' && at[len] == ' ')
                return true;
            at++;
        }
    }
    return false;
}
