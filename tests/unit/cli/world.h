/* world: a world of strings for the tests of cli: what is typed goes in, what is printed comes out.
 *
 * The service is a function (world_service) or nobody; the configuration is a
 * text; the database is the desk's. */
#ifndef TESTS_CLI_WORLD_H
#define TESTS_CLI_WORLD_H

#include "../report/desk.h"
#include "bascule/cli.h"

static char world_database[64];
static char world_yaml[1000];
static char *world_out, *world_err;
static size_t world_out_len, world_err_len;
static bool world_tty;
static int world_columns;
static const char *world_answers = ""; /* typed on the terminal */
static const char *world_environment[8][2];

/* What the service was asked, and what it says; status 0: no service runs. */
static struct {
    int status;
    const char *body;
    char asked[1000]; /* "POST /api/v1/links {...}", the last one */
    int count;
} world_service;

/* What main.c was asked. */
static struct cli_job world_job;
static char world_body[20];

static inline const char *world_env(void *arg, const char *name) {
    for (size_t i = 0; i < array_size(world_environment); i++)
        if (str_is(world_environment[i][0], name))
            return world_environment[i][1];
    return NULL;
}

static inline char *world_file(void *arg, struct arena *a, const char *path, struct fault *fault) {
    if (str_is(path, "test.yaml"))
        return arena_strdup(a, world_yaml);
    fault_set(fault, -ENOENT, "%s: no such file", path);
    return NULL;
}

static inline int world_call(const char *socket, const char *method, const char *path, const json_t *body,
                             struct client_reply *ret, struct fault *fault) {
    cleanup_arena struct arena *a = arena_new();
    if (world_service.status == 0)
        return CLIENT_NO_SERVICE;
    snprintf(world_service.asked, sizeof(world_service.asked), "%s %s%s%s", method, path, body ? " " : "",
             body ? json_print(a, body) : "");
    world_service.count++;
    ret->status = world_service.status;
    ret->body = world_service.body ? json_loads(world_service.body, 0, NULL) : NULL;
    return 0;
}

static inline int world_take(const char *name, const struct cli_job *job) {
    world_job = *job;
    settings_free(job->settings);
    world_job.settings = NULL;
    snprintf(world_body, sizeof(world_body), "%s", name);
    return CLI_DONE;
}
static inline int world_run(void *arg, const struct cli_job *job) {
    return world_take("run", job);
}
static inline int world_check(void *arg, const struct cli_job *job) {
    return world_take("check", job);
}
static inline int world_demo(void *arg, const struct cli_job *job) {
    return world_take("demo", job);
}
static inline int world_connectors(void *arg, const struct cli_job *job) {
    return world_take("connectors", job);
}
static inline int world_connectors_test(void *arg, const struct cli_job *job) {
    return world_take("connectors_test", job);
}

/* Runs `bascule` with these words (ends with NULL); what it printed is in world_out and world_err. */
static inline int world_type(const char *const *words) {
    char *argv[64] = {(char *)"bascule"};
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    free(world_out);
    free(world_err);
    struct config_world config = {.env = world_env, .file = world_file};
    struct cli_world w = {
        .out = open_memstream(&world_out, &world_out_len),
        .err = open_memstream(&world_err, &world_err_len),
        .in = fmemopen((void *)(uintptr_t)world_answers, strlen(world_answers) + 1, "r"),
        .out_tty = world_tty,
        .err_tty = world_tty,
        .in_tty = world_tty,
        .columns = world_columns,
        .now = desk_now,
        .version = "0.1.0",
        .env = world_env,
        .config = &config,
        .call = world_call,
        .run = world_run,
        .check = world_check,
        .demo = world_demo,
        .connectors = world_connectors,
        .connectors_test = world_connectors_test,
    };
    int code = cli_main(&w, argc, argv);
    fclose(w.out);
    fclose(w.err);
    fclose(w.in);
    return code;
}
#define type(...) world_type((const char *const[]){__VA_ARGS__, NULL})

static inline void says(const char *text, const char *words) {
    if (!strstr(text, words))
        fail_msg("no '%s' in:\n%s", words, text);
}
static inline void says_not(const char *text, const char *words) {
    if (strstr(text, words))
        fail_msg("'%s' in:\n%s", words, text);
}

static inline int world_setup(void **state) {
    desk_make(world_database);
    snprintf(world_yaml, sizeof(world_yaml),
             "database: %s\n"
             "trackers:\n"
             "  helpdesk: { connector: rt, role: ticketing, url: 'http://desk.example', auth: { token: { env: RT_TOKEN "
             "} }, scope: { queue: I } }\n"
             "  product: { connector: redmine, role: defects, url: 'http://bugs.example', auth: { key: { file: "
             "/nowhere } }, scope: { project: p } }\n",
             world_database);
    return 0;
}

static inline int world_teardown(void **state) {
    desk_remove(world_database);
    free(world_out);
    free(world_err);
    world_out = world_err = NULL;
    return 0;
}

static inline int world_fresh(void **state) {
    memset(&world_service, 0, sizeof(world_service));
    memset(world_environment, 0, sizeof(world_environment));
    world_environment[0][0] = "BASCULE_CONFIG";
    world_environment[0][1] = "test.yaml";
    world_tty = false;
    world_columns = 0;
    world_answers = "";
    memset(&world_job, 0, sizeof(world_job));
    world_body[0] = 0;
    return 0;
}

#endif
