/* top: config_parse, and the keys at the top of the file.
 *
 * Owns the settings until they are handed over: they leave only without a
 * fault. Called by main, `bascule check` and the reload on SIGHUP. */
#include "read.h"

#include <ctype.h>
#include <string.h>

static const struct number_bounds brake_bounds = {1, 1000000};
static const char *const history_words[2] = {"adopt", "assert"};

static void read_listen(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    struct settings *s = target;
    const char *text = scalar_text(r, key->name, value, "HOST:PORT");
    char host[256];
    const char *why = text ? listen_check(text, host, &s->listen_port) : NULL;
    r->checked->listen = value;
    if (why)
        faults_error(r->faults, value->place, "%s: %s", key->name, why);
    else if (text)
        s->listen_host = arena_strdup(r->arena, host);
}

static void read_public_url(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    const char *text = scalar_text(r, key->name, value, "an address such as https://bascule.example.org");
    struct url url;
    const char *why = text ? url_check(text, &url) : NULL;
    if (why)
        faults_error(r->faults, value->place, "%s: %s", key->name, why);
    if (!text || why)
        return;
    char *kept = arena_strdup(r->arena, text);
    for (size_t len = strlen(kept); kept[len - 1] == '/'; len--)
        kept[len - 1] = 0;
    *(const char **)target = kept;
}

/* "en", "de", "pt-BR": it becomes part of file names. */
static void read_language(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    const char *text = scalar_text(r, key->name, value, "a language such as en");
    bool sound = text && islower((unsigned char)text[0]) && islower((unsigned char)text[1]) && strlen(text) <= 20;
    for (const char *p = text; p && *p; p++)
        sound = sound && (isalnum((unsigned char)*p) || *p == '-');
    if (sound)
        *(const char **)target = arena_strdup(r->arena, text);
    else if (text)
        faults_error(r->faults, value->place, "%s: %s is no language; write a code such as en, de or pt-BR", key->name,
                     text_shown(r->faults->arena, text));
}

static void read_tls(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    static const struct key keys[] = {
        {.name = "cert", .read = read_path, .offset = offsetof(struct settings, tls_cert), .required = true},
        {.name = "key", .read = read_path, .offset = offsetof(struct settings, tls_key), .required = true}};
    r->checked->tls = value;
    section_read(r, value, value->place, key->name, keys, array_size(keys), target);
}

#define AT(member) .offset = offsetof(struct settings, member)
static const struct key top_keys[] = {
    {.name = "database", .read = read_path, AT(database)},
    {.name = "listen", .read = read_listen},
    {.name = "public_url", .read = read_public_url, AT(public_url)},
    {.name = "behind_proxy", .read = read_bool, AT(behind_proxy)},
    {.name = "tls", .read = read_tls},
    {.name = "dry_run", .read = read_bool, AT(dry_run)},
    {.name = "history", .read = read_choice, AT(history_assert), .arg = history_words},
    {.name = "brake", .read = read_number, AT(brake), .arg = &brake_bounds},
    {.name = "language", .read = read_language, AT(language)},
    {.name = "texts", .read = read_path, AT(texts)},
    {.name = "trackers", .read = trackers_read, .required = true},
    {.name = "references", .read = references_read},
    {.name = "policy", .read = policy_read},
};
#undef AT

static struct settings *settings_new(const char *name) {
    struct arena *arena = arena_new();
    struct settings *s = arena_make(arena, struct settings);
    s->arena = arena;
    s->file = arena_strdup(arena, name);
    s->listen_host = "127.0.0.1";
    s->listen_port = 8420;
    s->brake = 500;
    s->language = "en";
    policy_defaults(&s->policy.base);
    return s;
}

/* With the slash at its end; "" is the working folder. */
static char *folder_of(struct arena *a, const char *file) {
    const char *slash = strrchr(file, '/');
    return arena_strndup(a, file, slash ? (size_t)(slash - file) + 1 : 0);
}

static void parse(struct reader *r, const char *text, size_t len, struct arena *scratch) {
    struct yaml *root = yaml_read(text, len, scratch, r->faults);
    if (!root && !r->faults->failed)
        faults_error(r->faults, (struct place){0}, "the file is empty; it needs at least \"trackers:\"");
    if (!root)
        return;
    section_read(r, root, (struct place){0}, "", top_keys, array_size(top_keys), r->checked->draft);
    checked_finish(r);
}

int config_parse(const char *name, const char *text, size_t len, const struct config_world *world, struct arena *a,
                 struct settings **ret, struct config_faults *ret_faults) {
    cleanup_arena struct arena *scratch = arena_new();
    struct faults faults = {.arena = a};
    struct checked checked = {.draft = settings_new(name)};
    struct reader reader = {.arena = checked.draft->arena,
                            .faults = &faults,
                            .world = world,
                            .source = text,
                            .source_len = len,
                            .folder = folder_of(a, name),
                            .checked = &checked,
                            .role = -1};
    parse(&reader, text, len, scratch);
    faults_close(&faults);
    *ret_faults = faults.list;
    if (faults.failed) {
        settings_free(checked.draft);
        return -EINVAL;
    }
    *ret = checked.draft;
    return 0;
}

char *config_fault_text(struct arena *a, const char *file, const struct config_fault *fault) {
    const char *kind = fault->warning ? "warning: " : "";
    if (fault->line == 0)
        return arena_printf(a, "%s: %s%s", file, kind, fault->text);
    return arena_printf(a, "%s:%d:%d: %s%s", file, fault->line, fault->column, kind, fault->text);
}

static void tracker_drop(struct settings_tracker *t) {
    json_t *all[] = {t->auth, t->scope, t->states, t->outcomes, t->priorities, t->write, t->fields};
    for (size_t i = 0; i < array_size(all); i++)
        json_decref(all[i]);
}

struct settings *settings_free(struct settings *s) {
    if (!s)
        return NULL;
    for (size_t i = 0; i < s->n_trackers; i++)
        tracker_drop(&s->trackers[i]);
    arena_free(s->arena);
    return NULL;
}
