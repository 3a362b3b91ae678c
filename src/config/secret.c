/* secret: `auth` of a tracker, from what stands in the file to what is sent.
 *
 * Called by finish.c. What must hold: no value read here ever reaches a fault's
 * text; a literal one is used, with a warning. */
#include "read.h"

#include <ctype.h>
#include <string.h>

/* Entries of auth that name somebody, and are no secret. */
static bool name_is_open(const char *name) {
    static const char *const open[] = {"user", "username", "login",  "email", "account",
                                       "type", "scheme",   "header", "realm"};
    for (size_t i = 0; i < array_size(open); i++)
        if (str_is_nocase(open[i], name))
            return true;
    return false;
}

static bool variable_is_sound(const char *name) {
    if (!isalpha((unsigned char)*name) && *name != '_')
        return false;
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_')
            return false;
    return strlen(name) <= 100;
}

/* RT_TOKEN is a name; what has small letters may as well be a pasted token. */
static const char *variable_shown(const char *name) {
    bool usual = strlen(name) <= 40 && !name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")];
    return usual ? name : "named here";
}

static const char *secret_from_env(struct reader *r, const char *what, const struct yaml *y) {
    const char *name = scalar_text(r, what, y, "the name of an environment variable");
    if (!name)
        return NULL;
    if (!variable_is_sound(name)) { /* perhaps the secret itself: not shown */
        faults_error(r->faults, y->place, "%s: that is no variable's name; write { env: NAME }, not the secret itself",
                     what);
        return NULL;
    }
    const char *value = r->world->env ? r->world->env(r->world->arg, name) : NULL;
    if (str_empty(value))
        faults_error(r->faults, y->place, "%s: the environment variable %s is %s; set it where bascule starts", what,
                     variable_shown(name), value ? "empty" : "not set");
    return str_empty(value) ? NULL : value;
}

/* A bare name is a systemd credential first, then a file beside the configuration. */
static const char *credential_path(struct reader *r, const char *path) {
    const char *folder = r->world->env ? r->world->env(r->world->arg, "CREDENTIALS_DIRECTORY") : NULL;
    return !strchr(path, '/') && !str_empty(folder) ? arena_printf(r->faults->arena, "%s/%s", folder, path) : NULL;
}

static char *file_text(struct reader *r, const char *path, struct fault *fault) {
    if (!r->world->file) {
        fault_set(fault, -EINVAL, "files can't be read here");
        return NULL;
    }
    return r->world->file(r->world->arg, r->arena, path, fault);
}

static const char *secret_from_file(struct reader *r, const char *what, const struct yaml *y) {
    const char *path = scalar_text(r, what, y, "the path of a file");
    struct fault fault = {0};
    if (str_empty(path)) {
        if (path)
            faults_error(r->faults, y->place, "%s: the path is empty; write { file: PATH }", what);
        return NULL;
    }
    const char *credential = credential_path(r, path);
    char *text = credential ? file_text(r, credential, NULL) : NULL;
    if (!text)
        text = file_text(r, path_beside(r, path), &fault);
    if (!text) {
        faults_error(r->faults, y->place, "%s: the file %s can't be read%s%s", what, text_shown(r->faults->arena, path),
                     fault.text[0] ? ": " : "", fault.text);
        return NULL;
    }
    size_t len = strlen(text);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        text[--len] = 0;
    if (len == 0)
        faults_error(r->faults, y->place, "%s: the file %s is empty", what, text_shown(r->faults->arena, path));
    return len ? text : NULL;
}

/* "{ env:TOKEN }" without the space is one key, and may hold the secret: what the
 * user wrote is not shown. */
static void section_key_wrong(struct reader *r, const char *what, const struct yaml *key) {
    struct nearest near = {0};
    nearest_try(&near, key->text, "env");
    nearest_try(&near, key->text, "file");
    faults_error(r->faults, key->place, "%s: this key is not known here; write { env: NAME } or { file: PATH }%s", what,
                 near.word ? arena_printf(r->faults->arena, " (did you mean \"%s\"?)", near.word) : "");
}

/* { env: NAME } or { file: PATH } */
static const char *secret_from_section(struct reader *r, const char *what, const struct yaml *y) {
    const struct yaml *env = yaml_at(y, "env", NULL), *file = yaml_at(y, "file", NULL);
    bool known = true;
    for (size_t i = 0; i < y->count; i++)
        if (y->items[i].value != env && y->items[i].value != file) {
            section_key_wrong(r, what, y->items[i].key);
            known = false;
        }
    if (known && env && file)
        faults_error(r->faults, y->place, "%s: both env and file are given; keep one of them", what);
    else if (known && !env && !file)
        faults_error(r->faults, y->place, "%s: neither env nor file is given; write { env: NAME } or { file: PATH }",
                     what);
    else if (known)
        return env ? secret_from_env(r, what, env) : secret_from_file(r, what, file);
    return NULL;
}

/* NULL after a fault. */
static const char *secret_read(struct reader *r, const char *what, const char *name, const struct yaml *y) {
    if (y->type == YAML_MAP)
        return secret_from_section(r, what, y);
    const char *text = scalar_text(r, what, y, "{ env: NAME } or { file: PATH }");
    if (text && !*text)
        faults_error(r->faults, y->place, "%s: the secret is empty; write { env: NAME } or { file: PATH }", what);
    else if (text && !name_is_open(name))
        faults_warn(r->faults, y->place, "%s: a secret stands here in clear; better { env: NAME } or { file: PATH }",
                    what);
    return str_empty(text) ? NULL : text;
}

/* A header or a form is made of it: a line end would be a second header. */
static bool secret_is_sound(struct reader *r, const char *what, const struct yaml *y, const char *secret) {
    size_t len = strlen(secret);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)secret[i] < 0x20 || secret[i] == 0x7f) {
            faults_error(r->faults, y->place,
                         "%s: the secret holds a line end or control character; it must be one line", what);
            return false;
        }
    if (len > 8192)
        faults_error(r->faults, y->place, "%s: the secret is longer than 8 KB", what);
    return len <= 8192;
}

/* "{ token:abc }" without the space is a key without value, and may hold the secret. */
static bool entry_is_sound(struct reader *r, const char *tracker, const struct yaml_item *item) {
    const char *name = item->key->text;
    bool sound = isalpha((unsigned char)*name) && strlen(name) <= 32 && !yaml_is_null(item->value);
    for (const char *p = name; *p; p++)
        sound = sound && (isalnum((unsigned char)*p) || *p == '_' || *p == '-');
    if (!sound)
        faults_error(r->faults, item->key->place,
                     "auth of %s: this is no entry; write NAME: { env: NAME }, with a space after the colon", tracker);
    return sound;
}

json_t *secrets_read(struct reader *r, const char *tracker, const struct yaml *auth) {
    json_t *all = json_object();
    if (!auth || yaml_is_null(auth))
        return all;
    if (auth->type != YAML_MAP) { /* a bare token, perhaps: not shown */
        faults_error(r->faults, auth->place, "auth: a section is wanted here, such as { token: { env: NAME } }");
        return all;
    }
    for (size_t i = 0; i < auth->count; i++) {
        const char *name = auth->items[i].key->text;
        const struct yaml *y = auth->items[i].value;
        if (!entry_is_sound(r, tracker, &auth->items[i]))
            continue;
        const char *what =
            arena_printf(r->faults->arena, "auth of %s, %s", tracker, text_shown(r->faults->arena, name));
        const char *secret = secret_read(r, what, name, y);
        if (!secret || !secret_is_sound(r, what, y, secret))
            continue;
        if (json_object_set_new(all, name, json_string(secret)) < 0)
            faults_error(r->faults, y->place, "%s: the secret is no UTF-8", what);
    }
    return all;
}
