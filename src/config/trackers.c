/* trackers: the section that names the remote systems.
 *
 * Called by top.c through its table. Gives every tracker its defaults, reads
 * what stands there, and keeps the nodes that finish.c still needs. */
#include "read.h"

#include <ctype.h>
#include <string.h>

WORDS_OF(role, ROLE_TICKETING, 2);

#define TRACKERS_MAX 32
#define WEB_URLS_MAX 16

#define HOUR_MS (3600 * SEC_MS)
static const struct span_bounds poll_bounds = {100, DAY_MS};
static const struct span_bounds sweep_bounds = {SEC_MS, 30 * DAY_MS};
static const struct span_bounds timeout_bounds = {100, 600 * SEC_MS};
static const struct span_bounds look_bounds = {0, HOUR_MS};
static const struct number_bounds concurrency_bounds = {1, 32};

/* The address as it is joined with paths later: without a slash at its end. */
static const char *url_kept(struct reader *r, const char *text) {
    char *url = arena_strdup(r->arena, text);
    for (size_t len = strlen(url); len > 0 && url[len - 1] == '/'; len--)
        url[len - 1] = 0;
    return url;
}

static void read_url(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    const char *text = scalar_text(r, key->name, value, "an address such as https://desk.example.org");
    struct url url;
    const char *why = text ? url_check(text, &url) : NULL;
    if (why)
        faults_error(r->faults, value->place, "%s: %s", key->name, why);
    else if (text)
        *(const char **)target = url_kept(r, text);
    if (text && !why && !url.https && !host_is_loopback(url.host))
        faults_warn(r->faults, value->place,
                    "%s: http:// sends the secret in clear over the network to %s; better https://", key->name,
                    url.host);
}

static void read_web_urls(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    struct settings_tracker *t = target;
    const char **urls = NULL;
    size_t n = 0;
    if (!texts_read(r, key->name, value, WEB_URLS_MAX, &urls, &n))
        return;
    for (size_t i = 0; i < n; i++) {
        struct url url;
        const char *why = url_check(urls[i], &url);
        const struct yaml *at = value->type == YAML_LIST ? value->items[i].value : value;
        if (why)
            faults_error(r->faults, at->place, "%s: %s", key->name, why);
        urls[i] = url_kept(r, urls[i]);
    }
    t->web_urls = urls;
    t->n_web_urls = n;
}

/* A folder's name under connectors/. */
static void read_connector(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    const char *name = scalar_text(r, key->name, value, "a connector's name, such as rt");
    if (!name)
        return;
    bool sound = *name && strlen(name) <= 40;
    for (const char *p = name; *p; p++)
        sound = sound && (islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '-' || *p == '_');
    if (!sound)
        faults_error(r->faults, value->place,
                     "%s: %s is no connector's name; it is the name of a folder under connectors/", key->name,
                     text_shown(r->faults->arena, name));
    else if (r->world->connector_exists && !r->world->connector_exists(r->world->arg, name))
        faults_error(r->faults, value->place,
                     "%s: there is no connector \"%s\"; \"bascule connectors\" lists those there are", key->name, name);
    else
        *(const char **)target = arena_strdup(r->arena, name);
}

/* ---- import ---- */

static void read_since(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    const char *text = scalar_text(r, key->name, value, "a day such as 2026-01-31");
    msec_t at;
    if (!text)
        return;
    if (time_parse(text, &at) || time_parse(arena_printf(r->faults->arena, "%sT00:00:00Z", text), &at))
        *(msec_t *)target = at;
    else
        faults_error(r->faults, value->place,
                     "%s: %s is no time; write a day such as 2026-01-31, or 2026-01-31T08:00:00Z", key->name,
                     text_shown(r->faults->arena, text));
}

static void read_import(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    static const struct key keys[] = {
        {.name = "since", .read = read_since, .offset = offsetof(struct settings_tracker, import_since)},
        {.name = "comments", .read = read_bool, .offset = offsetof(struct settings_tracker, import_comments)}};
    section_read(r, value, value->place, key->name, keys, array_size(keys), target);
}

/* ---- one tracker ---- */

static void read_later(struct reader *r, const struct key *key, const struct yaml *value, void *target) {}

#define AT(member) .offset = offsetof(struct settings_tracker, member)
static const struct key tracker_keys[] = {
    {.name = "connector", .read = read_connector, AT(connector), .required = true},
    {.name = "role", .read = read_word, AT(role), .arg = &role_words, .required = true},
    {.name = "url", .read = read_url, AT(url), .required = true},
    {.name = "web_urls", .read = read_web_urls},
    {.name = "auth", .read = read_later}, /* secrets: finish.c */
    {.name = "scope", .read = read_scope, AT(scope)},
    {.name = "poll", .read = read_span, AT(poll), .arg = &poll_bounds},
    {.name = "sweep", .read = read_span, AT(sweep), .arg = &sweep_bounds},
    {.name = "timeout", .read = read_span, AT(timeout), .arg = &timeout_bounds},
    {.name = "look_after", .read = read_span, AT(look_after), .arg = &look_bounds},
    {.name = "concurrency", .read = read_number, AT(concurrency), .arg = &concurrency_bounds},
    {.name = "ca", .read = read_path, AT(ca)},
    {.name = "paused", .read = read_bool, AT(paused)},
    {.name = "import", .read = read_import},
    {.name = "states", .read = read_states, AT(states)},
    {.name = "outcomes", .read = read_outcomes, AT(outcomes)},
    {.name = "priorities", .read = read_priorities, AT(priorities)},
    {.name = "write", .read = read_write, AT(write)},
    {.name = "fields", .read = read_fields, AT(fields)},
};
#undef AT

/* It stands before the colon of every reference (helpdesk:4711), in URLs and logs. */
static bool name_is_sound(struct reader *r, const struct yaml *name) {
    int64_t n;
    bool sound = isalpha((unsigned char)name->text[0]) && strlen(name->text) <= 32;
    for (const char *p = name->text; *p; p++)
        sound = sound && (isalnum((unsigned char)*p) || *p == '-' || *p == '_');
    if (!sound)
        faults_error(r->faults, name->place,
                     "trackers: %s will not do as a name; take letters, digits, - and _, a letter first, at most 32",
                     text_shown(r->faults->arena, name->text));
    else if (problem_ref_parse(name->text, &n))
        faults_error(r->faults, name->place, "trackers: \"%s\" reads like a problem; take another name", name->text);
    const struct settings *s = r->checked->draft;
    for (size_t i = 0; i < s->n_trackers; i++)
        if (str_is_nocase(s->trackers[i].name, name->text))
            faults_error(r->faults, name->place, "trackers: \"%s\" differs from \"%s\" on line %d in case only",
                         name->text, s->trackers[i].name, s->trackers[i].line);
    return sound;
}

static void tracker_defaults(struct settings_tracker *t) {
    t->poll = 15 * SEC_MS;
    t->sweep = 6 * HOUR_MS;
    t->timeout = t->look_after = 30 * SEC_MS;
    t->concurrency = 4;
    t->import_comments = true;
    t->scope = json_object();
    t->states = json_object();
    t->outcomes = json_object();
    t->priorities = json_object();
    t->write = json_object();
    t->fields = json_object();
}

static void tracker_read(struct reader *r, const struct yaml *name, const struct yaml *value) {
    struct checked *c = r->checked;
    size_t index = c->draft->n_trackers; /* the second array grows beside the first */
    struct checked_tracker *nodes = arena_push(r->arena, &c->trackers, &index);
    struct settings_tracker *t = arena_push(r->arena, &c->draft->trackers, &c->draft->n_trackers);
    const struct yaml *role = yaml_at(value, "role", NULL);
    *nodes = (struct checked_tracker){yaml_at(value, "url", NULL), yaml_at(value, "auth", NULL),
                                      yaml_at(value, "look_after", NULL), yaml_at(value, "states", NULL)};
    t->name = arena_strdup(r->arena, name->text);
    t->line = name->place.line;
    tracker_defaults(t);
    r->role = role && role->type == YAML_SCALAR ? words_find(&role_words, role->text) : -1;
    section_read(r, value, name->place, t->name, tracker_keys, array_size(tracker_keys), t);
}

void trackers_read(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    if (!is_map(r, key->name, value, "a section with one section for each tracker"))
        return;
    if (value->count > TRACKERS_MAX) {
        faults_error(r->faults, value->place, "trackers: %zu are more than the %d that one bridge takes", value->count,
                     TRACKERS_MAX);
        return;
    }
    for (size_t i = 0; i < value->count; i++)
        if (name_is_sound(r, value->items[i].key))
            tracker_read(r, value->items[i].key, value->items[i].value);
}
