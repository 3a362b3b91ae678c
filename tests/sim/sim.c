/* sim: runs seeds. Each is a world in which people work on both sides while
 * requests are lost and the process dies; then it is healed, and must converge.
 *
 *     sim [FIRST [COUNT]]    a line a seed, then "N passed, N failed"; exit 1 when one failed. Every 50th is
 *                            played twice: the same seed gives the same trace
 *     sim --coverage ...     ... and then how often each thing of cover.c was met
 *     sim -t SEED            the trace's end of one seed, and its database as sim-SEED.db */
#include "acts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef SEEDS
#define SEEDS 200
#endif

#define SPRING 1774744800000LL /* 2026-03-29T00:40:00Z: within the hour the clocks of Europe go forward */
#define AUTUMN 1792888800000LL /* 2026-10-25T00:40:00Z: ... and back */

struct plan {
    int acts, fault_percent, crash_permille;
    struct world_config config;
};

static void plan_make(uint64_t seed, struct plan *p) {
    static const char *const policies[] = {NULL,
                                           "  on_risk_accepted: close\n  treatment: hold\n",
                                           "  on_risk_accepted: close\n  on_declined: ask\n",
                                           "  on_risk_accepted: close\n  several_defects: any\n",
                                           "  on_risk_accepted: close\n  settle: { pending: 1m, delivered: 5m }\n",
                                           "  on_risk_accepted: close\n  delivered_when: fixed\n",
                                           "  on_risk_accepted: close\n  on_reopen: reopen\n  recurrences: 1\n",
                                           "  on_risk_accepted: close\n  thresholds: [1, 2, 3]\n",
                                           "  on_risk_accepted: close\n  on_reopen: new-defect\n  recurrences: 1\n",
                                           "  on_risk_accepted: close\n  delivered_when: version\n"};
    static const char *const skews[] = {NULL, NULL, NULL, "-4m", NULL, "90s", NULL, NULL, NULL, "9m", NULL};
    static const char *const zones[] = {NULL, "Europe/Berlin", NULL, NULL, "America/New_York", NULL, "Asia/Kolkata"};
    static const msec_t begins[] = {0, SPRING, 0, AUTUMN};
    const char *zone = zones[seed % array_size(zones)];
    *p = (struct plan){.acts = 25 + (int)(seed * 7 % 60),
                       .fault_percent = seed % 4 == 0 ? 0 : (int)(seed * 5 % 25),
                       .crash_permille = seed % 3 == 0 ? 0 : 4};
    p->config =
        (struct world_config){.top = seed % 11 == 5   ? "history: assert\nbrake: 1\n"
                                     : seed % 7 == 0  ? "history: assert\n"
                                     : seed % 11 == 3 ? "brake: 2\n"
                                                      : "",
                              .desk = "    poll: 30s\n    sweep: 15m\n",
                              .product = "    poll: 30s\n    sweep: 15m\n",
                              .policy = seed % 2 ? NULL : policies[seed / 2 % array_size(policies)],
                              .page = seed % 5 == 0 ? 3 + (int)(seed / 5 % 3) : 0,
                              .skew = skews[seed % array_size(skews)],
                              .product_skew = skews[(seed / 3) % array_size(skews)],
                              .zone = zone,
                              .began = zone && strstr(zone, "Europe") ? begins[seed / 7 % array_size(begins)] : 0,
                              .strict = seed % 4 == 2,
                              .laggy = seed % 3 == 1};
}

/* The oracle of acts.c knows the default policy alone. */
static bool simple_policy(const struct plan *p) {
    return !p->config.policy;
}

static void play(struct world *w, struct acts *x, const struct plan *p) {
    for (int i = 0; i < p->acts / 5; i++) /* what stood there before the bridge came */
        acts_do(w, x);
    for (int i = 1; i <= TICKETS_MAX; i++)
        x->ticket[i].touched |= i <= desk_count(w);
    w->fault_percent = p->fault_percent;
    w->crash_permille = p->crash_permille;
    w->meddle = acts_meddle;
    w->meddle_arg = x;
    w->meddle_permille = 10;
    world_run(w, 60 * SEC_MS);
    for (int i = 0; i < p->acts && !w->failure[0]; i++) {
        acts_do(w, x);
        cover_rows(w);
        world_run(w, world_chance(w, 60) ? (msec_t)world_random(w, 3000) : (msec_t)world_random(w, 120 * SEC_MS));
    }
}

/* At least a sweep; then until nothing is left that will happen by itself. What is taken for quiet and is not, idle()
 * finds. */
static void run_until_quiet(struct world *w) {
    world_run(w, 1100 * SEC_MS);
    for (int i = 0; i < 22 && !w->failure[0] && !acts_quiet(w); i++)
        world_run(w, 60 * SEC_MS);
}

static void heal(struct world *w, struct acts *x, const struct plan *p) {
    w->fault_percent = w->crash_permille = w->meddle_permille = 0;
    w->disk.dies_at = 0;
    w->disk.full = false;
    world_run(w, 400 * SEC_MS);
    acts_heal(w, x);
    run_until_quiet(w);
    if (acts_retry(w)) /* what was refused while a right was missing */
        run_until_quiet(w);
    if (w->failure[0])
        return;
    acts_check(w, x, simple_policy(p));
}

/* Where nothing happens nothing is written. */
static void idle(struct world *w) {
    uint64_t desk = sandbox_digest(w->desk), product = sandbox_digest(w->product), writes = w->writes;
    int64_t effects = world_number(w, 0, "SELECT count(*) FROM effect"),
            journal = world_number(w, 0, "SELECT count(*) FROM journal");
    world_run(w, 2000 * SEC_MS);
    if (w->writes != writes || sandbox_digest(w->desk) != desk || sandbox_digest(w->product) != product)
        world_fail(w, "something was written although nothing happened");
    if (world_number(w, 0, "SELECT count(*) FROM effect") != effects)
        world_fail(w, "effects were decided although nothing happened");
    if (world_number(w, 0, "SELECT count(*) FROM journal") != journal)
        world_fail(w, "the journal grew although nothing happened: %s",
                   world_text(w, "SELECT what || ' ' || ref || ' ' || text FROM journal ORDER BY n DESC LIMIT 1"));
}

static void count_skew(struct world *w, const char *skew, const char *ahead, const char *behind) {
    if (skew)
        cover_met(w, *skew == '-' ? behind : ahead);
}

static bool run_seed(uint64_t seed, bool show, struct cover *cover, uint64_t *ret_trace) {
    struct plan p;
    struct acts x;
    memset(&x, 0, sizeof(x));
    plan_make(seed, &p);
    struct world *w = world_new(seed, &p.config);
    world_start(w);
    play(w, &x, &p);
    heal(w, &x, &p);
    if (!w->failure[0])
        idle(w);
    bool ok = !w->failure[0];
    count_skew(w, p.config.skew, "fault: clock of the desk ahead", "fault: clock of the desk behind");
    count_skew(w, p.config.product_skew, "fault: clock of the product ahead", "fault: clock of the product behind");
    cover_paths(w);
    cover_add(cover, &w->cover);
    printf("%sseed %llu: %s, trace %016llx, %llu steps, %llu requests, %llu writes, %llu deaths%s%s\n",
           ok ? "" : "FAIL  ", (unsigned long long)seed, ok ? "ok" : "FAILED", (unsigned long long)w->trace_hash,
           (unsigned long long)w->steps, (unsigned long long)w->requests, (unsigned long long)w->writes,
           (unsigned long long)w->crashes, ok ? "" : ": ", w->failure);
    fflush(stdout);
    if (show) {
        struct fault fault = {0};
        const char *copy = arena_printf(w->a, "sim-%llu.db", (unsigned long long)seed);
        remove(copy);
        if (store_copy(w->database, copy, &fault) < 0)
            fprintf(stderr, "%s\n", fault.text);
        world_print_trace(w);
    }
    *ret_trace = w->trace_hash;
    world_free(w);
    return ok;
}

static bool seed_passes(uint64_t seed, struct cover *cover) {
    uint64_t trace, again;
    struct cover unused = {0};
    if (!run_seed(seed, false, cover, &trace))
        return false;
    if (seed % 50)
        return true;
    if (run_seed(seed, false, &unused, &again) && again == trace)
        return true;
    printf("FAIL  seed %llu: played twice it gives two traces\n", (unsigned long long)seed);
    return false;
}

int main(int argc, char **argv) {
    uint64_t ignored;
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD); /* as the world is; half of what SQLite costs here are its locks */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    struct cover cover = {0};
    if (argc == 3 && str_is(argv[1], "-t"))
        return run_seed(strtoull(argv[2], NULL, 10), true, &cover, &ignored) ? 0 : 1;
    bool tells = argc > 1 && str_is(argv[1], "--coverage");
    argc -= tells;
    argv += tells;
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, count = argc > 2 ? strtoull(argv[2], NULL, 10) : SEEDS,
             failed = 0;
    for (uint64_t seed = first; seed < first + count; seed++)
        failed += !seed_passes(seed, &cover);
    if (tells)
        cover_print(&cover);
    if (failed)
        printf("sim -t SEED shows the end of a seed's trace\n");
    printf("%llu passed, %llu failed\n", (unsigned long long)(count - failed), (unsigned long long)failed);
    return failed ? 1 : 0;
}
