/* Delivery and verdict: the small world is enumerated, and compared with an oracle
 * that says domain.md section 3 in another way (letters and sets, no counting). */
#include "world.h"

static const char product[] = "product:1";

/* ---- the oracle ---- */

/* One letter a defect: d delivered, n finished and not delivered, u unfinished,
 * v left out while others remain, - not there. */
static const char closed_letter[OUTCOME_COUNT] = {
    [OUTCOME_NONE] = 'u',       [OUTCOME_FIXED] = 'd',         [OUTCOME_WORKAROUND] = 'n',
    [OUTCOME_WONT_FIX] = 'n',   [OUTCOME_RISK_ACCEPTED] = 'n', [OUTCOME_NOT_REPRODUCIBLE] = 'n',
    [OUTCOME_INVALID] = 'v',    [OUTCOME_DUPLICATE] = 'u',     [OUTCOME_WITHDRAWN] = 'v',
    [OUTCOME_INCOMPLETE] = 'n', [OUTCOME_MOVED] = 'u',         [OUTCOME_UNKNOWN] = 'u',
};

static char letter(const struct defect_facts *d, const struct policy *p) {
    char c = 'u';
    if (d->excluded)
        return '-';
    if (d->stuck)
        return 'u';
    if (d->state == STATE_CLOSED)
        c = closed_letter[d->outcome];
    else if (d->state == STATE_CLOSED_UNRESOLVED)
        c = 'n';
    else if (d->state == STATE_RELEASED)
        c = 'd';
    else if (d->state == STATE_FIXED && p->delivered_when != DELIVERED_WHEN_RELEASED)
        c = 'd';
    if (c == 'd' && p->delivered_when == DELIVERED_WHEN_VERSION && !d->version_closed)
        c = 'u';
    return c;
}

static enum delivery oracle(const struct problem_facts *f, const struct policy *p) {
    char letters[8] = "";
    for (size_t i = 0; i < f->n_defects; i++)
        letters[i] = letter(&f->defects[i], p);
    bool d = strchr(letters, 'd'), n = strchr(letters, 'n'), u = strchr(letters, 'u'), v = strchr(letters, 'v');
    enum resolution r = f->problem->resolution;
    if (r == RESOLUTION_CANCELLED)
        return DELIVERY_CANCELLED;
    if (r == RESOLUTION_FIX_APPLIED)
        return DELIVERY_DELIVERED;
    enum delivery by_defects = !d && !n && !u ? (v ? DELIVERY_MIXED : DELIVERY_NONE)
                               : d && (p->several_defects == SEVERAL_ANY || (!n && !u)) ? DELIVERY_DELIVERED
                               : u                                                      ? DELIVERY_PENDING
                               : d                                                      ? DELIVERY_MIXED
                                                                                        : DELIVERY_DECLINED;
    if (r == RESOLUTION_RISK_ACCEPTED && by_defects != DELIVERY_DELIVERED)
        return DELIVERY_DECLINED;
    return f->problem->reopened && by_defects != DELIVERY_NONE ? DELIVERY_PENDING : by_defects;
}

/* When: the last of the deliveries (`any`: the first), or of the declines. */
static msec_t oracle_at(const struct problem_facts *f, const struct policy *p, enum delivery delivery) {
    msec_t at = 0;
    bool any = p->several_defects == SEVERAL_ANY && delivery == DELIVERY_DELIVERED;
    for (size_t i = 0; i < f->n_defects; i++) {
        const struct defect_facts *d = &f->defects[i];
        msec_t then = d->state_at;
        if (letter(d, p) != (delivery == DELIVERY_DELIVERED ? 'd' : 'n'))
            continue;
        if (p->delivered_when == DELIVERED_WHEN_VERSION && delivery == DELIVERY_DELIVERED && d->version_at > then)
            then = d->version_at;
        if (!at || (any ? then < at : then > at))
            at = then;
    }
    return at;
}

/* ---- the world ---- */

#define KINDS_MAX 64
static struct defect_facts kinds[KINDS_MAX];
static size_t n_kinds;

static void kind_add(enum state s, enum outcome o, bool version_closed, bool stuck, bool excluded) {
    assert_true(n_kinds < KINDS_MAX);
    kinds[n_kinds++] = (struct defect_facts){.ref = product,
                                             .state = s,
                                             .outcome = o,
                                             .version_closed = version_closed,
                                             .version = "2.1",
                                             .stuck = stuck,
                                             .excluded = excluded};
}

static void make_kinds(void) {
    static const enum state plain[] = {STATE_NONE,  STATE_OPEN,     STATE_WORKING,
                                       STATE_FIXED, STATE_RELEASED, STATE_CLOSED_UNRESOLVED};
    n_kinds = 0;
    for (int closed = 0; closed < 2; closed++) {
        for (size_t i = 0; i < array_size(plain); i++)
            kind_add(plain[i], OUTCOME_NONE, closed, false, false);
        for (int o = 0; o < OUTCOME_COUNT; o++)
            kind_add(STATE_CLOSED, (enum outcome)o, closed, false, false);
    }
    kind_add(STATE_RELEASED, OUTCOME_NONE, true, true, false);
    kind_add(STATE_CLOSED, OUTCOME_WONT_FIX, true, true, false);
    kind_add(STATE_CLOSED, OUTCOME_INVALID, true, true, false);
    kind_add(STATE_RELEASED, OUTCOME_NONE, true, false, true);
    kind_add(STATE_OPEN, OUTCOME_NONE, false, false, true);
    kind_add(STATE_CLOSED_UNRESOLVED, OUTCOME_UNKNOWN, false, false, false);
}

static void fail_world(const struct problem_facts *f, const struct policy *p, const struct delivered *d,
                       const char *what) {
    print_error("%s: %s, when %s, several %s, resolution %s, reopened %d\n", what, delivery_name(d->delivery),
                delivered_when_name(p->delivered_when), several_defects_name(p->several_defects),
                resolution_name(f->problem->resolution), f->problem->reopened);
    for (size_t i = 0; i < f->n_defects; i++)
        print_error("  %c %s %s version %d stuck %d at %lld\n", letter(&f->defects[i], p),
                    state_name(f->defects[i].state), outcome_name(f->defects[i].outcome), f->defects[i].version_closed,
                    f->defects[i].stuck, (long long)f->defects[i].state_at);
    fail();
}

static void check_world(const struct problem_facts *f, const struct policy *p) {
    struct arena *a = arena_new();
    struct delivered d;
    delivery_of(f, p, a, &d);
    enum delivery want = oracle(f, p);
    enum resolution r = f->problem->resolution;
    bool by_person = r == RESOLUTION_FIX_APPLIED || (r == RESOLUTION_RISK_ACCEPTED && want == DELIVERY_DECLINED);
    if (d.delivery != want)
        fail_world(f, p, &d, "delivery");
    if (want != DELIVERY_CANCELLED && str_empty(d.why))
        fail_world(f, p, &d, "no reason");
    if (by_person && d.at != f->problem->resolved_at)
        fail_world(f, p, &d, "at of a person's word");
    if (!by_person && (want == DELIVERY_DELIVERED || want == DELIVERY_DECLINED) && d.at != oracle_at(f, p, want))
        fail_world(f, p, &d, "at");
    if ((d.version != NULL) != (want == DELIVERY_DELIVERED))
        fail_world(f, p, &d, "version");
    if ((d.outcome != OUTCOME_NONE) != (want == DELIVERY_DECLINED))
        fail_world(f, p, &d, "outcome");
    if (want == DELIVERY_DECLINED && !state_is_closed_unresolved(STATE_CLOSED, d.outcome))
        fail_world(f, p, &d, "outcome of a declined one");
    arena_free(a);
}

/* The same defects with each policy, resolution and reopening. */
static void check_all(const struct problem_facts *defects) {
    static const enum resolution resolutions[] = {RESOLUTION_NONE, RESOLUTION_FIX_APPLIED, RESOLUTION_RISK_ACCEPTED,
                                                  RESOLUTION_CANCELLED};
    struct policy p;
    policy_defaults(&p);
    for (int when = 0; when < 3; when++)
        for (int several = 0; several < 2; several++)
            for (size_t r = 0; r < array_size(resolutions); r++)
                for (int reopened = 0; reopened < 2; reopened++) {
                    struct problem problem = {.id = 12,
                                              .resolution = resolutions[r],
                                              .reopened = reopened,
                                              .resolved_at = 77,
                                              .fixed_in = "3.0"};
                    struct problem_facts f = *defects;
                    f.problem = &problem;
                    p.delivered_when = (enum delivered_when)when;
                    p.several_defects = (enum several_defects)several;
                    check_world(&f, &p);
                }
}

static void test_no_defect(void **state) {
    check_all(&(struct problem_facts){0});
}

static void test_one_and_two_defects(void **state) {
    struct defect_facts d[2];
    make_kinds();
    for (size_t i = 0; i < n_kinds; i++) {
        d[0] = kinds[i];
        d[0].state_at = 100;
        d[0].version_at = 150;
        check_all(&(struct problem_facts){.defects = d, .n_defects = 1});
        for (size_t k = 0; k < n_kinds; k++) {
            d[1] = kinds[k];
            d[1].state_at = (i + k) % 2 ? 50 : 200;
            d[1].version_at = (i + k) % 3 ? 40 : 300;
            check_all(&(struct problem_facts){.defects = d, .n_defects = 2});
        }
    }
}

static void test_three_defects(void **state) {
    struct defect_facts d[3];
    make_kinds();
    for (size_t i = 0; i < n_kinds; i++)
        for (size_t k = i; k < n_kinds; k++)
            for (size_t m = k; m < n_kinds; m++) {
                size_t turn = (i + k + m) % 3; /* every order of the times comes up */
                d[turn] = kinds[i];
                d[(turn + 1) % 3] = kinds[k];
                d[(turn + 2) % 3] = kinds[m];
                for (size_t n = 0; n < 3; n++)
                    d[n].state_at = (msec_t)(100 + 10 * ((n * (i + 1) + k + m) % 7));
                check_all(&(struct problem_facts){.defects = d, .n_defects = 3});
            }
}

/* ---- what it says ---- */

static void test_words(void **state) {
    struct problem problem = {.id = 12};
    struct policy p;
    struct delivered d;
    policy_defaults(&p);
    const struct {
        struct defect_facts defect;
        const char *why;
    } cases[] = {
        {{.ref = product, .state = STATE_WORKING}, "product:1 is working"},
        {{.ref = product, .state = STATE_RELEASED}, "product:1 is released"},
        {{.ref = product, .state = STATE_RELEASED, .via = "product:7"},
         "product:1 is released (through its duplicate product:7)"},
        {{.ref = product, .state = STATE_CLOSED, .outcome = OUTCOME_WONT_FIX}, "product:1 is closed (wont-fix)"},
        {{.ref = product, .state = STATE_CLOSED}, "product:1 is closed (unknown)"},
        {{.ref = product, .state = STATE_CLOSED, .outcome = OUTCOME_WONT_FIX, .via = "product:7"},
         "product:1 is closed (wont-fix) (through its duplicate product:7)"},
        {{.ref = product, .state = STATE_CLOSED, .outcome = OUTCOME_MOVED},
         "product:1 cannot be followed: its chain of duplicates loops, is too long or cannot be read"},
        {{.ref = product, .state = STATE_OPEN, .stuck = true, .via = "product:7"},
         "product:1 (through its duplicate product:7) cannot be followed: its chain of duplicates loops, is too long "
         "or cannot be read"},
        {{.ref = product, .state = STATE_CLOSED, .outcome = OUTCOME_INVALID},
         "all its defects were closed as invalid or withdrawn"},
        {{.ref = product, .excluded = true}, "no defect stands behind it"},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        delivery_of(&(struct problem_facts){.problem = &problem, .defects = &cases[i].defect, .n_defects = 1}, &p,
                    *state, &d);
        assert_text(d.why, cases[i].why);
    }
}

static void test_decider(void **state) {
    struct problem problem = {.id = 12};
    struct policy p;
    struct delivered d;
    policy_defaults(&p);
    struct defect_facts defects[] = {{.ref = "product:1", .state = STATE_RELEASED, .state_at = 300, .version = "3"},
                                     {.ref = "product:2", .state = STATE_RELEASED, .state_at = 200, .version = "2"},
                                     {.ref = "product:3", .state = STATE_RELEASED, .state_at = 0, .version = "0"}};
    struct problem_facts f = {.problem = &problem, .defects = defects, .n_defects = 3};
    delivery_of(&f, &p, *state, &d);
    assert_text(d.defect, "product:1");
    assert_text(d.version, "3");
    p.several_defects = SEVERAL_ANY; /* the first that is known made it so */
    delivery_of(&f, &p, *state, &d);
    assert_text(d.defect, "product:2");
    assert_int_equal(d.at, 200);
    defects[0].state_at = defects[1].state_at = 0;
    delivery_of(&f, &p, *state, &d);
    assert_text(d.defect, "product:1");
    defects[2].state_at = 100;
    delivery_of(&f, &p, *state, &d);
    assert_text(d.defect, "product:3");

    p.several_defects = SEVERAL_ALL;
    defects[1].state = STATE_OPEN;
    defects[2].state = STATE_WORKING;
    delivery_of(&f, &p, *state, &d);
    assert_text(d.defect, "product:2"); /* the first unfinished */
    assert_null(d.version);
    defects[1] =
        (struct defect_facts){.ref = "product:2", .state = STATE_CLOSED, .outcome = OUTCOME_WONT_FIX, .state_at = 900};
    defects[2] = (struct defect_facts){
        .ref = "product:3", .state = STATE_CLOSED, .outcome = OUTCOME_INCOMPLETE, .state_at = 950};
    delivery_of(&f, &p, *state, &d);
    assert_int_equal(d.delivery, DELIVERY_MIXED);
    assert_text(d.why, "product:1 is released, but product:3 is closed (incomplete)");
    defects[0].excluded = true;
    delivery_of(&f, &p, *state, &d);
    assert_int_equal(d.delivery, DELIVERY_DECLINED);
    assert_int_equal(d.outcome, OUTCOME_INCOMPLETE);
    defects[1].state_at = 951;
    delivery_of(&f, &p, *state, &d);
    assert_int_equal(d.outcome, OUTCOME_WONT_FIX);
}

/* Where the tracker names no version, the problem's own stands; but never over the tracker's. */
static void test_version(void **state) {
    struct problem problem = {.id = 12, .fixed_in = "9.9"};
    struct policy p;
    struct delivered d;
    policy_defaults(&p);
    struct defect_facts defect = {
        .ref = product, .state = STATE_RELEASED, .state_at = 5, .version = "2.1", .version_at = 500};
    struct problem_facts f = {.problem = &problem, .defects = &defect, .n_defects = 1};
    delivery_of(&f, &p, *state, &d);
    assert_text(d.version, "2.1");
    assert_int_equal(d.at, 5); /* the version's closing is no move where only the release counts */
    defect.version = "";
    delivery_of(&f, &p, *state, &d);
    assert_text(d.version, "9.9");
    problem.resolution = RESOLUTION_FIX_APPLIED;
    problem.resolved_at = 7;
    delivery_of(&f, &p, *state, &d);
    assert_text(d.version, "9.9");
    assert_null(d.defect);
    p.delivered_when = DELIVERED_WHEN_VERSION;
    problem.resolution = RESOLUTION_NONE;
    defect.version_closed = true;
    delivery_of(&f, &p, *state, &d);
    assert_int_equal(d.at, 500);
    defect.version_at = 4;
    delivery_of(&f, &p, *state, &d);
    assert_int_equal(d.at, 5);
}

/* A state that says closed-unresolved, with a reason that doesn't: the nearest is said. */
static void test_declined_outcome(void **state) {
    struct problem problem = {.id = 12};
    struct policy p;
    struct delivered d;
    policy_defaults(&p);
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        struct defect_facts defect = {.ref = product, .state = STATE_CLOSED_UNRESOLVED, .outcome = (enum outcome)o};
        delivery_of(&(struct problem_facts){.problem = &problem, .defects = &defect, .n_defects = 1}, &p, *state, &d);
        assert_int_equal(d.delivery, DELIVERY_DECLINED);
        bool fits = o == OUTCOME_WORKAROUND || o == OUTCOME_WONT_FIX || o == OUTCOME_RISK_ACCEPTED ||
                    o == OUTCOME_NOT_REPRODUCIBLE || o == OUTCOME_INCOMPLETE;
        assert_int_equal(d.outcome, fits ? o : OUTCOME_WONT_FIX);
    }
}

/* ---- duplicates of problems ---- */

static void test_duplicates(void **state) {
    struct problem problems[20];
    struct problem_facts facts[20];
    struct defect_facts defect = {.ref = product, .state = STATE_RELEASED, .state_at = 100};
    struct policy p;
    struct delivered d;
    policy_defaults(&p);
    for (int n = 0; n < 20; n++) { /* n links to the live one */
        for (int i = 0; i <= n; i++) {
            problems[i] = (struct problem){.id = i + 1, .resolution = i < n ? RESOLUTION_DUPLICATE : RESOLUTION_NONE};
            facts[i] = (struct problem_facts){.problem = &problems[i], .duplicate_of = i < n ? &facts[i + 1] : NULL};
        }
        facts[n].defects = &defect;
        facts[n].n_defects = 1;
        delivery_of(&facts[0], &p, *state, &d);
        assert_int_equal(d.delivery, n <= 16 ? DELIVERY_DELIVERED : DELIVERY_PENDING);
        assert_ptr_equal(problem_followed(&facts[0]), n <= 16 ? &facts[n] : NULL);
        assert_int_equal(d.at, n <= 16 ? 100 : 0);
    }
    /* made a duplicate after the other was delivered: delivered then */
    problems[0] = (struct problem){.id = 1, .resolution = RESOLUTION_DUPLICATE, .resolved_at = 150};
    problems[1] = (struct problem){.id = 2, .resolution = RESOLUTION_DUPLICATE, .resolved_at = 120};
    problems[2] = (struct problem){.id = 3, .resolved_at = 999};
    facts[2] = (struct problem_facts){.problem = &problems[2], .defects = &defect, .n_defects = 1};
    delivery_of(&facts[0], &p, *state, &d);
    assert_int_equal(d.at, 150);
    problems[1].resolved_at = 170;
    delivery_of(&facts[0], &p, *state, &d);
    assert_int_equal(d.at, 170);
    problems[2].resolution = RESOLUTION_CANCELLED;
    delivery_of(&facts[0], &p, *state, &d);
    assert_int_equal(d.delivery, DELIVERY_CANCELLED);
    /* a loop, and an end that is not known */
    problems[2].resolution = RESOLUTION_DUPLICATE;
    facts[2].duplicate_of = &facts[0];
    delivery_of(&facts[0], &p, *state, &d);
    assert_int_equal(d.delivery, DELIVERY_PENDING);
    assert_text(d.why, "its chain of duplicates loops or cannot be followed");
    facts[2].duplicate_of = NULL;
    delivery_of(&facts[0], &p, *state, &d);
    assert_int_equal(d.delivery, DELIVERY_PENDING);
    /* only what is resolved so is followed */
    problems[0].resolution = RESOLUTION_NONE;
    assert_ptr_equal(problem_followed(&facts[0]), &facts[0]);
}

/* ---- verdict ---- */

/* Facts that give that delivery at that time. */
static void facts_for(enum delivery delivery, msec_t at, struct problem *p, struct defect_facts d[2],
                      struct problem_facts *f) {
    *p = (struct problem){.resolved_at = at};
    *f = (struct problem_facts){.problem = p, .defects = d, .n_defects = 1};
    d[0] = d[1] = (struct defect_facts){.ref = product, .state = STATE_OPEN, .state_at = at};
    if (delivery == DELIVERY_NONE)
        f->n_defects = 0;
    if (delivery == DELIVERY_DELIVERED || delivery == DELIVERY_MIXED)
        d[0].state = STATE_RELEASED;
    if (delivery == DELIVERY_DECLINED)
        d[0] =
            (struct defect_facts){.ref = product, .state = STATE_CLOSED, .outcome = OUTCOME_WONT_FIX, .state_at = at};
    if (delivery == DELIVERY_MIXED) {
        f->n_defects = 2;
        d[1] =
            (struct defect_facts){.ref = product, .state = STATE_CLOSED, .outcome = OUTCOME_WONT_FIX, .state_at = at};
    }
    if (delivery == DELIVERY_CANCELLED)
        p->resolution = RESOLUTION_CANCELLED;
}

/* "pending (also none, mixed) before declined before delivered: the first that occurs" */
static enum verdict oracle_verdict(const enum delivery *d, size_t n) {
    static const struct {
        enum delivery delivery;
        enum verdict verdict;
    } order[] = {{DELIVERY_PENDING, VERDICT_PENDING},
                 {DELIVERY_NONE, VERDICT_PENDING},
                 {DELIVERY_MIXED, VERDICT_PENDING},
                 {DELIVERY_DECLINED, VERDICT_DECLINED},
                 {DELIVERY_DELIVERED, VERDICT_DELIVERED}};
    for (size_t o = 0; o < array_size(order); o++)
        for (size_t i = 0; i < n; i++)
            if (d[i] == order[o].delivery)
                return order[o].verdict;
    return VERDICT_UNLINKED;
}

static void check_verdict(struct arena *a, const enum delivery *want, const msec_t *at, size_t n) {
    struct problem problems[3];
    struct defect_facts defects[3][2];
    struct problem_facts facts[3];
    struct policy p;
    struct judged j;
    policy_defaults(&p);
    for (size_t i = 0; i < n; i++)
        facts_for(want[i], at[i], &problems[i], defects[i], &facts[i]);
    verdict_of(facts, n, &p, a, &j);
    assert_int_equal(j.verdict, oracle_verdict(want, n));
    msec_t latest = 0;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(j.each[i].delivery, want[i]);
        enum verdict own = oracle_verdict(&want[i], 1);
        if (own == j.verdict && (own == VERDICT_DECLINED || own == VERDICT_DELIVERED) && at[i] > latest)
            latest = at[i];
    }
    if (j.verdict == VERDICT_UNLINKED) {
        assert_int_equal(j.at, 0);
        return;
    }
    assert_int_equal(oracle_verdict(&want[j.which], 1), j.verdict);
    assert_int_equal(j.at, j.delivered.at);
    assert_int_equal(j.delivered.delivery, want[j.which]);
    if (j.verdict != VERDICT_PENDING)
        assert_int_equal(j.at, latest);
    for (size_t i = 0; i < j.which && j.verdict == VERDICT_PENDING; i++)
        assert_int_not_equal(oracle_verdict(&want[i], 1), VERDICT_PENDING); /* the first */
}

static void test_verdict(void **state) {
    for (int x = 0; x < DELIVERY_COUNT; x++)
        for (int y = 0; y < DELIVERY_COUNT; y++)
            for (int z = 0; z < DELIVERY_COUNT; z++)
                for (int order = 0; order < 6; order++) {
                    static const msec_t times[6][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3},
                                                       {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
                    enum delivery d[3] = {(enum delivery)x, (enum delivery)y, (enum delivery)z};
                    struct arena *a = arena_new();
                    for (size_t n = 0; n <= 3; n++)
                        check_verdict(a, d, times[order], n);
                    arena_free(a);
                }
}

/* ---- presence never changes a verdict ---- */

static void test_presence(void **state) {
    struct problem problem = {.id = 12};
    struct policy p;
    policy_defaults(&p);
    make_kinds();
    for (size_t i = 0; i < n_kinds; i++) {
        struct delivered first, d;
        for (int presence = 0; presence < PRESENCE_COUNT; presence++) {
            struct defect_facts x = kinds[i];
            x.presence = (enum presence)presence;
            delivery_of(&(struct problem_facts){.problem = &problem, .defects = &x, .n_defects = 1}, &p, *state, &d);
            if (presence == PRESENT)
                first = d;
            assert_int_equal(d.delivery, first.delivery);
            assert_int_equal(d.outcome, first.outcome);
        }
    }
}

/* ---- the derived status ---- */

static void test_ke_status(void **state) {
    for (unsigned bits = 0; bits < 64; bits++)
        for (int r = 0; r < RESOLUTION_COUNT; r++)
            for (int d = 0; d < DELIVERY_COUNT; d++) {
                bool cause = bits & 1, workaround = bits & 2, published = bits & 4, owner = bits & 8,
                     target = bits & 16, working = bits & 32;
                struct problem p = {.cause = cause      ? "why"
                                             : bits % 3 ? ""
                                                        : NULL,
                                    .workaround = workaround ? "how"
                                                  : bits % 3 ? ""
                                                             : NULL,
                                    .published_text = published ? "how" : NULL,
                                    .owner = owner      ? "ada"
                                             : bits % 3 ? ""
                                                        : NULL,
                                    .analysis_target = target ? NOW : 0,
                                    .resolution = (enum resolution)r};
                enum ke_status s = ke_status_of(&p, (enum delivery)d, working);
                bool permanent = d == DELIVERY_DELIVERED || (r != RESOLUTION_NONE && r != RESOLUTION_RISK_ACCEPTED);
                enum ke_status want = permanent                            ? KE_CLOSED
                                      : cause && (workaround || published) ? KE_RESOLVED
                                      : cause                              ? KE_DIAGNOSED
                                      : owner || target || working         ? KE_INFORMATIONAL
                                                                           : KE_DETECTED;
                assert_int_equal(s, want);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(test_no_defect),        world_test(test_one_and_two_defects),
        world_test(test_three_defects),    world_test(test_words),
        world_test(test_decider),          world_test(test_version),
        world_test(test_declined_outcome), world_test(test_duplicates),
        world_test(test_verdict),          world_test(test_presence),
        world_test(test_ke_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
