/* settings: the configuration of a world, its identity file, and recipes with small pages. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- configuration ---- */

const char *env_value(struct arena *a, const struct sandbox *sb, const char *name) {
    const char *env = sandbox_env(sb, a), *at = strstr(env, arena_printf(a, "%s=", name));
    at += strlen(name) + 1;
    return arena_strndup(a, at, strcspn(at, "\n"));
}

struct settings *settings_of_world(struct world *w) {
    const struct world_config *c = &w->config;
    const char *states =
        c->states
            ? c->states
            : arena_printf(w->a, "Resolved: fixed, Closed: %s, \"Won't Fix\": { state: closed, outcome: wont-fix }",
                           c->closed ? c->closed : "{ state: released, outcome: fixed }");
    const char *text =
        arena_printf(w->a,
                     "database: %s\n%s"
                     "trackers:\n"
                     "  helpdesk:\n    connector: rt\n    role: ticketing\n    url: %s\n    auth: { token: \"%s\" }\n"
                     "    scope: { queue: Incidents }\n    states: { closed-unresolved: closed-unresolved }\n"
                     "    fields: { defect: Defect, problem: Problem, known_error: Known Error, %s: Service, "
                     "priority: Impact }\n%s"
                     "  product:\n    connector: redmine\n    role: defects\n    url: %s\n    auth: { key: \"%s\" }\n"
                     "    scope: { project: product }\n"
                     "    states: { %s }\n"
                     "    fields: { %s }\n%s"
                     "references:\n  patterns: [ { pattern: 'BUG-(\\d+)', tracker: product }%s ]\n%s%s",
                     w->database, c->top ? c->top : "", DESK, env_value(w->a, w->desk, "RT_TOKEN"),
                     c->service ? c->service : "service", c->desk ? c->desk : "", PRODUCT,
                     env_value(w->a, w->product, "REDMINE_BRIDGE_KEY"), states,
                     c->product_fields ? c->product_fields
                                       : "incidents: Linked incidents, incident_count: Incident count, "
                                         "closed_unresolved_count: Closed-unresolved incidents",
                     c->product ? c->product : "", c->patterns ? c->patterns : "", c->policy ? "policy:\n" : "",
                     c->policy ? c->policy : "");
    struct config_world cw = {0};
    struct config_faults faults = {0};
    struct settings *s = NULL;
    if (config_parse("/sim/bascule.yaml", text, strlen(text), &cw, w->a, &s, &faults) < 0) {
        for (size_t i = 0; i < faults.count; i++)
            fprintf(stderr, "%s\n", config_fault_text(w->a, "sim.yaml", &faults.items[i]));
        fprintf(stderr, "%s", text);
        abort();
    }
    return s;
}

char *no_text(void *arg, struct arena *a, const char *folder, const char *name, struct fault *fault) {
    (void)arg, (void)a, (void)folder, (void)name, (void)fault;
    return NULL;
}

/* A dead process replaces no file. */
char *identity_read(void *arg, struct arena *a, struct fault *fault) {
    struct world *w = arg;
    (void)fault;
    return w->identity ? arena_strdup(a, w->identity) : NULL;
}

int identity_write(void *arg, const char *text, struct fault *fault) {
    struct world *w = arg;
    (void)fault;
    if (!w->dead)
        w->identity = arena_strdup(w->a, text);
    return 0;
}

static char *file_text(struct arena *a, const char *name) {
    FILE *f = fopen(name, "rb");
    if (!f)
        abort();
    char *text = arena_alloc(a, 1 << 18);
    text[fread(text, 1, (1 << 18) - 1, f)] = 0;
    fclose(f);
    return text;
}

static const char *const recipes[] = {"rt", "redmine"};

static char *recipe_name(struct world *w, const char *folder, size_t i) {
    return arena_printf(w->a, "%s/%s/recipe.yaml", folder, recipes[i]);
}

/* The recipes with small pages, so that a few dozen records fill several. */
void small_pages(struct world *w, int page) {
    static const char *const keys[] = {"size: ", "per_page: ", "limit: "};
    snprintf(w->connectors, sizeof(w->connectors), "%s/connectors", w->folder);
    mkdir(w->connectors, 0700);
    for (size_t i = 0; i < array_size(recipes); i++) {
        cleanup_buf struct buf b = {0};
        const char *at = file_text(w->a, recipe_name(w, CONNECTORS_SOURCE, i));
        for (; *at; at++) {
            size_t key = 0;
            buf_printf(&b, "%c", *at);
            for (size_t k = 0; k < array_size(keys); k++)
                if (str_starts(at, keys[k]) && str_starts(at + strlen(keys[k]), "100"))
                    key = strlen(keys[k]);
            if (key) {
                buf_printf(&b, "%.*s%d", (int)key - 1, at + 1, page);
                at += key + 2;
            }
        }
        mkdir(arena_printf(w->a, "%s/%s", w->connectors, recipes[i]), 0700);
        FILE *f = fopen(recipe_name(w, w->connectors, i), "wb");
        if (!f || fputs(buf_text(&b), f) < 0 || fclose(f) != 0)
            abort();
    }
    w->port.connectors_dir = w->connectors;
}

void small_pages_remove(struct world *w) {
    for (size_t i = 0; w->connectors[0] && i < array_size(recipes); i++) {
        unlink(recipe_name(w, w->connectors, i));
        rmdir(arena_printf(w->a, "%s/%s", w->connectors, recipes[i]));
    }
    if (w->connectors[0])
        rmdir(w->connectors);
}
