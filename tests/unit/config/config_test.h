/* What the tests of config share: a small world, and a parse that keeps all. */
#ifndef CONFIG_TEST_H
#define CONFIG_TEST_H

#include "bascule/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECRET "s3cr3t-value"

static inline const char *world_env(void *arg, const char *name) {
    if (str_is(name, "RT_TOKEN") || str_is(name, "REDMINE_KEY") || str_is(name, "TOKEN"))
        return SECRET;
    if (str_is(name, "EMPTY"))
        return "";
    if (str_is(name, "TWO_LINES"))
        return SECRET "\nX-Evil: 1";
    if (str_is(name, "NOT_UTF8"))
        return "\xff\xfe";
    return NULL;
}

static inline char *world_file(void *arg, struct arena *a, const char *path, struct fault *fault) {
    if (str_is(path, "/etc/bascule/token") || str_is(path, "/etc/bascule/keys/token"))
        return arena_strdup(a, SECRET "\r\n");
    if (str_is(path, "/etc/bascule/empty"))
        return arena_strdup(a, "\n");
    fault_set(fault, -ENOENT, "No such file or directory");
    return NULL;
}

static inline bool world_connector(void *arg, const char *name) {
    return str_is(name, "rt") || str_is(name, "redmine");
}

static const struct config_world test_world = {
    .env = world_env, .file = world_file, .connector_exists = world_connector};

struct parsed {
    struct arena *arena;
    int rc;
    struct settings *settings;
    struct config_faults faults;
};

static inline struct parsed parse_bytes(const char *text, size_t len, const struct config_world *world) {
    struct parsed p = {.arena = arena_new()};
    p.rc = config_parse("/etc/bascule/bascule.yaml", text, len, world, p.arena, &p.settings, &p.faults);
    return p;
}

static inline struct parsed parse_text(const char *text) {
    return parse_bytes(text, strlen(text), &test_world);
}

static inline void parsed_free(struct parsed *p) {
    settings_free(p->settings);
    p->arena = arena_free(p->arena);
}

/* Prints what is wrong and fails, unless nothing is (warnings aside). */
static inline struct parsed parse_good(const char *text) {
    struct parsed p = parse_text(text);
    for (size_t i = 0; p.rc && i < p.faults.count; i++)
        print_error("%s\n", config_fault_text(p.arena, "bascule.yaml", &p.faults.items[i]));
    assert_int_equal(p.rc, 0);
    assert_non_null(p.settings);
    return p;
}

/* A file's text on the heap. */
static inline char *file_read(const char *path) {
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("can't open %s", path);
    char *text = calloc(1, 1 << 20);
    size_t n = fread(text, 1, (1 << 20) - 1, f);
    fclose(f);
    text[n] = 0;
    return text;
}

#define HELPDESK                                                                                                       \
    "trackers:\n"                                                                                                      \
    "  helpdesk:\n"                                                                                                    \
    "    connector: rt\n"                                                                                              \
    "    role: ticketing\n"                                                                                            \
    "    url: http://127.0.0.1:18080\n"
#define PRODUCT                                                                                                        \
    "  product:\n"                                                                                                     \
    "    connector: redmine\n"                                                                                         \
    "    role: defects\n"                                                                                              \
    "    url: https://bugs.example.org/redmine/\n"

#endif
