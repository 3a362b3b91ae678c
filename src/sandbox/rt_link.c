/* rt_link: what joins tickets to people and to each other: watchers, links,
 * dependencies, merging. Called by rt_post.c; see rt_write.c for the manner. */
#include "rt.h"

#include <stdlib.h>
#include <string.h>

/* ---- watchers ---- */

static size_t watcher_at(const struct rt_ticket *t, enum rt_role role, const struct rt_user *u) {
    size_t i = 0;
    while (i < t->n_watchers[role] && t->watchers[role][i] != u)
        i++;
    return i;
}

static void watcher_add(const struct rt_actor *who, struct rt_ticket *t, enum rt_role role, struct rt_user *u,
                        json_t *results) {
    *arena_push(who->rt->a, &t->watchers[role], &t->n_watchers[role]) = u;
    if (!results)
        return;
    rt_txn_add(who, t, who->user, "AddWatcher", rt_role_names[role], NULL, arena_printf(who->c->a, "%d", u->id), NULL);
    json_array_append_new(
        results, json_string(arena_printf(who->c->a, "Added %s as %s for this ticket", u->name, rt_role_names[role])));
}

static void watcher_remove(const struct rt_actor *who, struct rt_ticket *t, enum rt_role role, size_t at,
                           json_t *results) {
    const struct rt_user *u = t->watchers[role][at];
    memmove(&t->watchers[role][at], &t->watchers[role][at + 1], (t->n_watchers[role] - at - 1) * sizeof(u));
    t->n_watchers[role]--;
    rt_txn_add(who, t, who->user, "DelWatcher", rt_role_names[role], arena_printf(who->c->a, "%d", u->id), NULL, NULL);
    json_array_append_new(results, json_string(arena_printf(who->c->a, "%s is no longer %s for this ticket", u->name,
                                                            rt_role_names[role])));
}

/* The role becomes exactly this list. */
static bool role_set(const struct rt_actor *who, struct rt_ticket *t, enum rt_role role, const json_t *value,
                     bool creating, json_t *results) {
    size_t n = json_is_array(value) ? json_array_size(value) : 1, n_wanted = 0;
    struct rt_user **wanted = arena_alloc(who->c->a, (n + 1) * sizeof(*wanted));
    for (size_t i = 0; i < n; i++) {
        const char *name = rt_scalar(who->c->a, json_is_array(value) ? json_array_get(value, i) : value);
        struct rt_user *u = str_empty(name) ? NULL : rt_user_obtain(who->rt, name, who->c->now);
        if (!u && !creating)
            return false;
        if (u)
            wanted[n_wanted++] = u;
    }
    for (size_t i = 0; i < n_wanted; i++)
        if (watcher_at(t, role, wanted[i]) == t->n_watchers[role])
            watcher_add(who, t, role, wanted[i], creating ? NULL : results);
    for (size_t i = 0; i < t->n_watchers[role] && !creating;) {
        bool keep = false;
        for (size_t k = 0; k < n_wanted; k++)
            keep = keep || wanted[k] == t->watchers[role][i];
        if (keep)
            i++;
        else
            watcher_remove(who, t, role, i, results);
    }
    return true;
}

bool rt_watchers_set(const struct rt_actor *who, struct rt_ticket *t, const json_t *data, bool creating,
                     json_t *results) {
    for (int role = 0; role < RT_ROLE_COUNT; role++) {
        json_t *value = json_object_get(data, rt_role_names[role]);
        if (!value || json_is_null(value))
            continue;
        if (!creating && !rt_may(who, t, RT_MODIFY))
            json_array_append_new(results, json_string("Permission denied"));
        else if (!role_set(who, t, (enum rt_role)role, value, creating, results))
            return false;
    }
    return true;
}

/* ---- links ---- */

/* In the order in which RT works them off; reverse: the other one is the base. */
static const struct {
    const char *name, *field, *verb, *stopped;
    enum rt_link_type type;
    bool reverse;
} kinds[] = {
    {"DependedOnBy", "DependedOnBy", "depends on", "no longer depends on", RT_DEPENDS_ON, true},
    {"DependsOn", "DependsOn", "depends on", "no longer depends on", RT_DEPENDS_ON, false},
    {"MemberOf", "MemberOf", "member of", "no longer member of", RT_MEMBER_OF, false},
    {"Members", "HasMember", "member of", "no longer member of", RT_MEMBER_OF, true},
    {"ReferredToBy", "ReferredToBy", "refers to", "no longer refers to", RT_REFERS_TO, true},
    {"RefersTo", "RefersTo", "refers to", "no longer refers to", RT_REFERS_TO, false},
};

bool rt_is_deleted(const struct rt_ticket *a, const struct rt_ticket *b) {
    return str_is(a->status, "deleted") || str_is(b->status, "deleted");
}

char *rt_ticket_uri(struct arena *a, const struct rt_ticket *t) {
    return arena_printf(a, "fsck.com-rt://rig.example/ticket/%d", t->id);
}

static bool link_is(const struct rt_link *l, size_t kind, const struct rt_ticket *t, const struct rt_ticket *other,
                    const char *uri) {
    bool reverse = kinds[kind].reverse;
    const struct rt_ticket *near = reverse ? l->target : l->base, *far = reverse ? l->base : l->target;
    const char *far_uri = reverse ? l->base_uri : l->target_uri;
    if (l->gone || l->type != kinds[kind].type || near != t)
        return false;
    return other ? far == other : uri ? str_is(far_uri, uri) : true;
}

static struct rt_link *link_find(const struct rt_ticket *t, size_t kind, const struct rt_ticket *other,
                                 const char *uri) {
    for (size_t i = 0; i < t->n_links; i++)
        if (link_is(t->links[i], kind, t, other, uri))
            return t->links[i];
    return NULL;
}

/* A number is a ticket, a word with a scheme is a URI; false: neither. */
static bool link_resolve(const struct rt_actor *who, const char *text, struct rt_ticket **ret_ticket,
                         const char **ret_uri) {
    int64_t id;
    *ret_ticket = NULL;
    *ret_uri = NULL;
    if (str_int64(text, &id))
        return (*ret_ticket = rt_ticket_find(who->rt, text)) != NULL;
    size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-");
    if (scheme == 0 || text[scheme] != ':' || strpbrk(text, " \t\n"))
        return false;
    *ret_uri = arena_strdup(who->rt->a, text);
    return true;
}

static const char *link_words(struct arena *a, size_t kind, const struct rt_ticket *t, const struct rt_ticket *other,
                              const char *uri, const char *verb) {
    char *far = other ? arena_printf(a, "Ticket %d", other->id) : arena_printf(a, "URI %s", uri);
    return kinds[kind].reverse ? arena_printf(a, "%s %s Ticket %d.", far, verb, t->id)
                               : arena_printf(a, "Ticket %d %s %s.", t->id, verb, far);
}

/* The transactions of both ends; creating: RT tells only the other ticket. */
static void link_record(const struct rt_actor *who, size_t kind, struct rt_ticket *t, struct rt_ticket *other,
                        const char *uri, bool added, bool creating) {
    const char *type = added ? "AddLink" : "DeleteLink";
    const char *far = other ? rt_ticket_uri(who->c->a, other) : uri, *near = rt_ticket_uri(who->c->a, t);
    if (!creating)
        rt_txn_add(who, t, who->user, type, kinds[kind].field, added ? NULL : far, added ? far : NULL, NULL);
    if (!other)
        return;
    for (size_t i = 0; i < array_size(kinds); i++)
        if (kinds[i].type == kinds[kind].type && kinds[i].reverse != kinds[kind].reverse)
            rt_txn_add(who, other, who->user, type, kinds[i].field, added ? NULL : near, added ? near : NULL, NULL);
}

/* Whether `to` is reached from `from` along links of that type. */
static bool link_reaches(const struct rt_ticket *from, const struct rt_ticket *to, enum rt_link_type type, int depth) {
    for (size_t i = 0; i < from->n_links && depth < 50; i++) {
        const struct rt_link *l = from->links[i];
        if (l->gone || l->type != type || l->base != from || !l->target || rt_is_deleted(from, l->target))
            continue;
        if (l->target == to || link_reaches(l->target, to, type, depth + 1))
            return true;
    }
    return false;
}

static const char *link_add(const struct rt_actor *who, struct rt_ticket *t, size_t kind, const char *text,
                            bool creating) {
    struct rt *rt = who->rt;
    struct rt_ticket *other;
    const char *uri;
    if (!link_resolve(who, text, &other, &uri))
        return arena_printf(who->c->a, "Couldn't resolve '%s' into a link.", text);
    if (other && str_is(other->status, "deleted"))
        return "Linking to a deleted ticket is not allowed";
    if (other == t)
        return "Link could not be created: Can't link a ticket to itself";
    if (link_find(t, kind, other, uri))
        return "Link already exists";
    bool reverse = kinds[kind].reverse;
    if (other && kinds[kind].type != RT_REFERS_TO &&
        link_reaches(reverse ? t : other, reverse ? other : t, kinds[kind].type, 0))
        return "Refused to add link which would create a circular relationship";
    struct rt_link *l = arena_make(rt->a, struct rt_link);
    *l = (struct rt_link){.type = kinds[kind].type,
                          .base = reverse ? other : t,
                          .target = reverse ? t : other,
                          .base_uri = reverse ? uri : NULL,
                          .target_uri = reverse ? NULL : uri};
    *arena_push(rt->a, &t->links, &t->n_links) = l;
    if (other)
        *arena_push(rt->a, &other->links, &other->n_links) = l;
    link_record(who, kind, t, other, uri, true, creating);
    return link_words(who->c->a, kind, t, other, uri, kinds[kind].verb);
}

static const char *link_drop(const struct rt_actor *who, struct rt_ticket *t, size_t kind, struct rt_link *l) {
    struct rt_ticket *other = kinds[kind].reverse ? l->base : l->target;
    const char *uri = kinds[kind].reverse ? l->base_uri : l->target_uri;
    l->gone = true;
    link_record(who, kind, t, other, uri, false, false);
    return link_words(who->c->a, kind, t, other, uri, kinds[kind].stopped);
}

static const char *link_delete(const struct rt_actor *who, struct rt_ticket *t, size_t kind, const char *text) {
    struct rt_ticket *other;
    const char *uri;
    if (!link_resolve(who, text, &other, &uri))
        return arena_printf(who->c->a, "Couldn't resolve '%s' into a link.", text);
    struct rt_link *l = link_find(t, kind, other, uri);
    return l ? link_drop(who, t, kind, l) : "Link not found";
}

static size_t list_size(const json_t *value) {
    return json_is_array(value) ? json_array_size(value) : value && !json_is_null(value) ? 1 : 0;
}

static const char *list_text(const struct rt_actor *who, const json_t *value, size_t i) {
    const char *text = rt_scalar(who->c->a, json_is_array(value) ? json_array_get(value, i) : value);
    return text ? text : "";
}

struct drop {
    struct rt_link *link;
    const char *key;
};

static int compare_drops(const void *a, const void *b) {
    return strcmp(((const struct drop *)a)->key, ((const struct drop *)b)->key);
}

/* Takes away the first n links of this kind that are not kept, by the names of their far ends. */
static void links_drop(const struct rt_actor *who, struct rt_ticket *t, size_t kind, const bool *keep, size_t n,
                       json_t *results) {
    struct drop *drops = NULL;
    size_t n_drops = 0;
    for (size_t k = 0; k < n; k++) {
        struct rt_link *l = t->links[k];
        const struct rt_ticket *other = kinds[kind].reverse ? l->base : l->target;
        if (keep[k] || !link_is(l, kind, t, NULL, NULL) || (other && rt_is_deleted(other, t)))
            continue;
        const char *uri = kinds[kind].reverse ? l->base_uri : l->target_uri;
        struct drop *d = arena_push(who->c->a, &drops, &n_drops);
        *d = (struct drop){l, other ? arena_printf(who->c->a, "%d", other->id) : uri};
    }
    if (n_drops > 1)
        qsort(drops, n_drops, sizeof(*drops), compare_drops);
    for (size_t k = 0; k < n_drops; k++)
        json_array_append_new(results, json_string(link_drop(who, t, kind, drops[k].link)));
}

static void links_replace(const struct rt_actor *who, struct rt_ticket *t, size_t kind, const json_t *value,
                          bool creating, json_t *results) {
    size_t n_old = t->n_links;
    bool *keep = arena_alloc(who->c->a, n_old + 1);
    for (size_t i = 0; i < list_size(value); i++) {
        const char *text = list_text(who, value, i), *uri;
        struct rt_ticket *other;
        struct rt_link *l = link_resolve(who, text, &other, &uri) ? link_find(t, kind, other, uri) : NULL;
        for (size_t k = 0; l && k < n_old; k++)
            keep[k] = keep[k] || t->links[k] == l;
        if (!l)
            json_array_append_new(results, json_string(link_add(who, t, kind, text, creating)));
    }
    links_drop(who, t, kind, keep, n_old, results);
}

void rt_links_set(const struct rt_actor *who, struct rt_ticket *t, const json_t *data, bool creating, json_t *results) {
    for (size_t kind = 0; kind < array_size(kinds); kind++) {
        json_t *all = json_object_get(data, kinds[kind].name);
        json_t *add = json_object_get(data, arena_printf(who->c->a, "Add%s", kinds[kind].name));
        json_t *del = json_object_get(data, arena_printf(who->c->a, "Delete%s", kinds[kind].name));
        bool asked = all || add || del;
        if (asked && !creating && !rt_may(who, t, RT_MODIFY)) {
            json_array_append_new(results, json_string("Permission Denied"));
            continue;
        }
        if (all && !json_is_null(all)) {
            links_replace(who, t, kind, all, creating, results);
            continue;
        }
        for (size_t i = 0; i < list_size(add) && !creating; i++)
            json_array_append_new(results, json_string(link_add(who, t, kind, list_text(who, add, i), false)));
        for (size_t i = 0; i < list_size(del) && !creating; i++)
            json_array_append_new(results, json_string(link_delete(who, t, kind, list_text(who, del, i))));
    }
}

bool rt_has_open_dependency(const struct rt_ticket *t) {
    for (size_t i = 0; i < t->n_links; i++) {
        const struct rt_link *l = t->links[i];
        if (!l->gone && l->type == RT_DEPENDS_ON && l->base == t && l->target &&
            !rt_status_in(l->target->queue->lifecycle->inactive, l->target->status))
            return true;
    }
    return false;
}

/* ---- merging ---- */

const char *rt_merge(const struct rt_actor *who, struct rt_ticket *from, const char *into) {
    struct rt *rt = who->rt;
    struct rt_ticket *to = rt_ticket_find(rt, into);
    if (!to)
        return "New ticket doesn't exist";
    if (to == from)
        return "Can't merge a ticket into itself";
    if (!rt_may(who, from, RT_MODIFY) || !rt_may(who, to, RT_MODIFY))
        return "Permission Denied";
    for (int role = 0; role < RT_ROLE_COUNT; role++)
        for (size_t i = 0; i < from->n_watchers[role]; i++)
            if (watcher_at(to, (enum rt_role)role, from->watchers[role][i]) == to->n_watchers[role])
                watcher_add(who, to, (enum rt_role)role, from->watchers[role][i], NULL);
    for (size_t i = 0; i < from->n_links; i++) {
        struct rt_link *l = from->links[i];
        l->base = l->base == from ? to : l->base;
        l->target = l->target == from ? to : l->target;
        l->gone = l->gone || l->base == l->target;
        *arena_push(rt->a, &to->links, &to->n_links) = l;
    }
    from->n_links = 0;
    for (size_t i = 0; i < from->n_merged; i++) {
        from->merged[i]->effective = to;
        *arena_push(rt->a, &to->merged, &to->n_merged) = from->merged[i];
    }
    from->n_merged = 0;
    from->effective = to;
    *arena_push(rt->a, &to->merged, &to->n_merged) = from;
    const char *uri = rt_ticket_uri(who->c->a, to);
    struct rt_ticket before = *from;
    rt_txn_add(who, from, who->user, "AddLink", "MergedInto", NULL, uri, NULL);
    from->updated = before.updated; /* the one that goes is not touched itself */
    from->updater = before.updater;
    rt_txn_add(who, to, who->user, "AddLink", "MergedInto", NULL, uri, NULL);
    return "Merge Successful";
}
