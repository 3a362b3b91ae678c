/* Decisions on incidents with several problems, and what single decisions say. */
#include "world.h"

#define REF "helpdesk:4711"

/* ---- several problems ---- */

#define MANY 80
struct many {
    struct record record;
    struct problem problems[MANY];
    struct defect_facts defects[MANY];
    struct problem_facts facts[MANY];
    struct policy policy;
    struct judged judged;
    struct incident_facts f;
    struct decision d;
};

static struct many *many_make(struct arena *a, size_t n) {
    struct many *m = arena_make(a, struct many);
    m->record = (struct record){.tracker = "helpdesk", .id = "4711", .state = STATE_OPEN};
    for (size_t i = 0; i < n; i++) {
        m->problems[i] = (struct problem){.id = (int64_t)i + 1};
        m->defects[i] =
            (struct defect_facts){.ref = arena_printf(a, "product:%zu", i + 1), .state = STATE_OPEN, .state_at = 100};
        m->facts[i] = (struct problem_facts){.problem = &m->problems[i], .defects = &m->defects[i], .n_defects = 1};
    }
    policy_defaults(&m->policy);
    m->f = (struct incident_facts){.record = &m->record,
                                   .turn = 1,
                                   .was_linked = true,
                                   .now = NOW,
                                   .policy = &m->policy,
                                   .problems = m->facts,
                                   .n_problems = n,
                                   .judged = &m->judged};
    return m;
}

static const char *many_decide(struct arena *a, struct many *m) {
    verdict_of(m->facts, m->f.n_problems, &m->policy, a, &m->judged);
    decide(&m->f, a, &m->d);
    struct buf b = {0};
    for (size_t i = 0; i < m->d.n_wants; i++)
        buf_printf(&b, "%s%s", i ? " " : "",
                   m->d.wants[i].key + (m->d.wants[i].kind == EFFECT_NOTE ? strlen("note:") : 0));
    const char *text = arena_strdup(a, buf_text(&b));
    buf_deinit(&b);
    return text;
}

/* Each problem that is not fixed, declined or cancelled is told; published texts also of declined ones. */
static void test_several_problems(void **state) {
    struct arena *a = *state;
    struct many *m = many_make(a, 5);
    m->facts[1].n_defects = 0;
    m->defects[2] = (struct defect_facts){.ref = "product:3", .state = STATE_CLOSED, .outcome = OUTCOME_WONT_FIX};
    m->defects[3].state = STATE_RELEASED;
    m->problems[4].resolution = RESOLUTION_CANCELLED;
    assert_text(many_decide(a, m), "state:" REF ":1 " REF ":known-error:P-1 " REF ":known-error:P-2");
    assert_int_equal(m->d.wants[0].outcome, OUTCOME_UNKNOWN);
    for (int i = 0; i < 5; i++)
        m->problems[i].revision = 2;
    assert_text(many_decide(a, m), "state:" REF ":1 " REF ":known-error:P-1 " REF ":known-error:P-2 " REF
                                   ":workaround:P-1:2 " REF ":workaround:P-2:2 " REF ":workaround:P-3:2");
    assert_text(m->d.wants[3].unless, "note:" REF ":known-error:P-1");
    assert_text(m->d.wants[4].unless, "note:" REF ":known-error:P-2");
    assert_null(m->d.wants[5].unless);
    m->facts[0].told_revision = 2;
    m->facts[2].told_revision = 1;
    m->policy.notes[NOTE_KNOWN_ERROR] = VISIBILITY_OFF;
    assert_text(many_decide(a, m), "state:" REF ":1 " REF ":workaround:P-2:2 " REF ":workaround:P-3:2");
    m->policy.notes[NOTE_WORKAROUND] = VISIBILITY_OFF;
    assert_text(many_decide(a, m), "state:" REF ":1");
    m->policy.notes[NOTE_WORKAROUND] = VISIBILITY_INTERNAL;
    m->policy.notes[NOTE_KNOWN_ERROR] = VISIBILITY_INTERNAL;
    many_decide(a, m);
    assert_null(note_of(&m->d, NOTE_WORKAROUND)->unless); /* what carries nothing spends nothing */
}

/* "where there is no defect at all", "only once a workaround is published": of those that are still live */
static void test_may_close(void **state) {
    struct arena *a = *state;
    struct many *m = many_make(a, 2);
    m->facts[0].n_defects = m->facts[1].n_defects = 0;
    assert_text(many_decide(a, m), REF ":known-error:P-1 " REF ":known-error:P-2");
    m->facts[1].n_defects = 1;
    many_decide(a, m);
    assert_non_null(state_of(&m->d));
    m->defects[1].state = STATE_RELEASED; /* somebody did work, but on something else */
    m->problems[1].revision = 1;
    assert_text(many_decide(a, m), REF ":known-error:P-1");
    m->problems[1].resolution = RESOLUTION_CANCELLED;
    assert_text(many_decide(a, m), REF ":known-error:P-1");
    m->problems[0].revision = 1;
    many_decide(a, m);
    assert_int_equal(state_of(&m->d)->outcome, OUTCOME_WORKAROUND);
    assert_int_equal(state_of(&m->d)->problem, 1);
    m->policy.require_workaround = true;
    many_decide(a, m);
    assert_non_null(state_of(&m->d));
    m->problems[0].revision = 0;
    m->facts[0].n_defects = 1;
    assert_text(many_decide(a, m), REF ":known-error:P-1");
}

/* `ask` waits for an answer to each decline; a duplicate's is given to the other problem. */
static void test_ask_all(void **state) {
    struct arena *a = *state;
    struct many *m = many_make(a, 3);
    m->policy.on_declined = ON_DECLINED_ASK;
    for (int i = 0; i < 3; i++) {
        m->defects[i].state = STATE_CLOSED;
        m->defects[i].outcome = OUTCOME_WONT_FIX;
    }
    m->defects[2].state = STATE_RELEASED; /* nothing to answer */
    m->problems[0].resolution = RESOLUTION_RISK_ACCEPTED;
    many_decide(a, m);
    assert_int_equal(m->d.row, ROW_DECLINED_ASK);
    m->problems[1].resolution = RESOLUTION_RISK_ACCEPTED;
    many_decide(a, m);
    assert_int_equal(m->d.row, ROW_DECLINED_OPEN);
    m->problems[1].resolution = RESOLUTION_DUPLICATE;
    m->facts[1].duplicate_of = &m->facts[0];
    many_decide(a, m);
    assert_int_equal(m->d.row, ROW_DECLINED_OPEN);
    m->problems[0].resolution = RESOLUTION_NONE;
    many_decide(a, m);
    assert_int_equal(m->d.row, ROW_DECLINED_ASK);
    m->facts[0].pushed_back = true;
    many_decide(a, m);
    assert_int_equal(m->d.row, ROW_DECLINED_OPEN);
    m->problems[0].resolution = RESOLUTION_RISK_ACCEPTED;
    m->facts[0].pushed_back = false;
    m->problems[1].resolution = RESOLUTION_NONE;
    m->facts[1].pushed_back = true;
    many_decide(a, m);
    assert_int_equal(m->d.row, ROW_DECLINED_OPEN);
    m->problems[1].resolution = RESOLUTION_DUPLICATE; /* judged before the chain broke: no answer is known */
    m->facts[1].duplicate_of = NULL;
    decide(&m->f, a, &m->d);
    assert_int_equal(m->d.row, ROW_DECLINED_ASK);
}

/* Of several problems the one that decided is asked when it was linked. */
static void test_late_is_of_the_deciding_link(void **state) {
    struct arena *a = *state;
    struct many *m = many_make(a, 2);
    m->defects[0].state = m->defects[1].state = STATE_RELEASED;
    m->defects[1].state_at = 50000;
    m->f.linked_at = 10;
    m->facts[0].linked_at = 10;
    m->facts[1].linked_at = 52001;
    many_decide(a, m);
    assert_int_equal(m->d.row, ROW_DELIVERED_LATE_LINK);
    assert_int_equal(m->d.wants[0].problem, 2);
    m->facts[1].linked_at = 52000;
    many_decide(a, m);
    assert_int_equal(m->d.row, ROW_DELIVERED_OPEN);
    m->facts[1].linked_at = 0; /* not told apart: the incident's earliest */
    many_decide(a, m);
    assert_int_equal(m->d.row, ROW_DELIVERED_OPEN);
    m->f.linked_at = 52001;
    many_decide(a, m);
    assert_int_equal(m->d.row, ROW_DELIVERED_LATE_LINK);
    m->judged.at = 0; /* when it was delivered is not known */
    decide(&m->f, a, &m->d);
    assert_int_equal(m->d.row, ROW_DELIVERED_OPEN);
}

/* Came back: to the defect that each live problem waits for, once, if it can be seen. */
static void test_came_back(void **state) {
    struct arena *a = *state;
    struct many *m = many_make(a, 6);
    m->f.adopted_open = true;
    m->f.came_back_at = 1767323045000; /* 2026-01-02T03:04:05Z */
    m->f.came_back_by = "carol";
    m->defects[1] = m->defects[0]; /* two problems share it */
    m->defects[2].presence = GONE;
    m->defects[3].state = STATE_RELEASED;
    m->problems[4].resolution = RESOLUTION_DUPLICATE; /* the live defect stands in the other problem's facts */
    m->facts[4].duplicate_of = &m->facts[5];
    m->facts[4].defects = NULL;
    m->facts[4].n_defects = 0;
    assert_text(many_decide(a, m), "product:1:came-back:2026-01-02 product:6:came-back:2026-01-02");
    assert_text(m->d.wants[0].ref, "product:1");
    assert_text(m->d.wants[0].reason, REF " was reopened");
    assert_int_equal(m->d.wants[0].visibility, VISIBILITY_INTERNAL);
    assert_int_equal(m->d.wants[0].problem, 1);
    assert_text(m->d.attention[0].text, "reopened by carol although its defect is not fixed");
    m->defects[5].stuck = true; /* nobody there */
    assert_text(many_decide(a, m), "product:1:came-back:2026-01-02");
    m->defects[5].stuck = false;
    m->f.came_back_by = "dan"; /* once it is fixed that is not said any more */
    for (int i = 0; i < 6; i++)
        m->defects[i].state = STATE_RELEASED;
    many_decide(a, m);
    assert_text(attention_of(&m->d, "came-back")->text, "reopened by dan");
    for (int i = 0; i < 6; i++)
        m->defects[i].state = i == 3 ? STATE_RELEASED : STATE_OPEN;
    m->policy.notes[NOTE_CAME_BACK] = VISIBILITY_OFF;
    assert_text(many_decide(a, m), "");
    assert_int_equal(m->d.n_attention, 1);
    m->policy.notes[NOTE_CAME_BACK] = VISIBILITY_PUBLIC;
    m->f.came_back_by = NULL;
    many_decide(a, m);
    assert_int_equal(m->d.wants[0].visibility, VISIBILITY_PUBLIC);
    assert_text(m->d.attention[0].text, "reopened although its defect is not fixed");
    m->facts[5].problem = &m->problems[4]; /* a loop: nothing to tell it to */
    m->facts[5].duplicate_of = &m->facts[4];
    assert_text(many_decide(a, m), "product:1:came-back:2026-01-02");
}

/* More problems than wants: the first come first, the move before all. */
static void test_too_many(void **state) {
    struct many *m = many_make(*state, MANY);
    many_decide(*state, m);
    assert_int_equal(m->d.n_wants, WANTS_MAX);
    assert_non_null(state_of(&m->d));
    assert_text(m->d.wants[WANTS_MAX - 1].key, "note:" REF ":known-error:P-63");
}

/* ---- what it says ---- */

static void test_words(void **state) {
    struct arena *a = *state;
    struct many *m = many_make(a, 1);
    many_decide(a, m);
    assert_text(m->d.why, "it is open; verdict pending, because product:1 is open (P-1)");
    assert_text(m->d.wants[0].reason, "product:1 is open");
    m->record.presence = GONE;
    many_decide(a, m);
    assert_text(m->d.why, "it is gone, and was last seen open; verdict pending, because product:1 is open (P-1)");
    m->record.presence = PRESENT;
    m->f.n_problems = 0;
    many_decide(a, m);
    assert_text(m->d.why, "it is open and no confirmed link stands");
    m->record.state = STATE_NONE;
    m->record.native_state = "rotten";
    many_decide(a, m);
    assert_text(m->d.attention[0].text, "its state 'rotten' maps to no canonical state");
    assert_text(m->d.attention[0].clear, "add it under trackers.helpdesk.states");
    m->record.native_state = NULL;
    many_decide(a, m);
    assert_text(m->d.attention[0].text, "its state '' maps to no canonical state");
}

/* A turn's notes and moves have new keys in the next turn; known errors and workarounds have not. */
static void test_keys_of_turns(void **state) {
    struct arena *a = *state;
    struct many *m = many_make(a, 1);
    m->problems[0].revision = 4;
    const char *x = many_decide(a, m);
    m->f.turn = 2;
    const char *y = many_decide(a, m);
    assert_text(x, "state:" REF ":1 " REF ":known-error:P-1 " REF ":workaround:P-1:4");
    assert_text(y, "state:" REF ":2 " REF ":known-error:P-1 " REF ":workaround:P-1:4");
    m->defects[0].state = STATE_RELEASED;
    assert_text(many_decide(a, m), "state:" REF ":2 " REF ":fixed:2");
}

/* settle: a public note and a move wait, an internal note does not. */
static void test_settle(void **state) {
    struct arena *a = *state;
    struct many *m = many_make(a, 1);
    m->f.turn_at = NOW - 5;
    for (int v = VERDICT_PENDING; v < VERDICT_COUNT; v++)
        m->policy.settle[v] = v * 1000;
    many_decide(a, m);
    assert_int_equal(state_of(&m->d)->not_before, NOW - 5 + 1000 * VERDICT_PENDING);
    assert_int_equal(note_of(&m->d, NOTE_KNOWN_ERROR)->not_before, 0);
    assert_int_equal(m->d.again_at, NOW - 5 + 1000 * VERDICT_PENDING);
    m->defects[0].state = STATE_RELEASED;
    many_decide(a, m);
    assert_int_equal(note_of(&m->d, NOTE_FIXED)->not_before, NOW - 5 + 1000 * VERDICT_DELIVERED);
    m->f.now = NOW - 5 + 1000 * VERDICT_DELIVERED; /* the very moment */
    many_decide(a, m);
    assert_int_equal(m->d.again_at, 0);
    assert_int_equal(m->d.outcome, OUTCOME_FIXED);
    m->f.ignored = true; /* nothing to wait for */
    m->f.now = NOW;
    many_decide(a, m);
    assert_int_equal(m->d.again_at, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(test_several_problems),
        world_test(test_may_close),
        world_test(test_ask_all),
        world_test(test_late_is_of_the_deciding_link),
        world_test(test_came_back),
        world_test(test_too_many),
        world_test(test_words),
        world_test(test_keys_of_turns),
        world_test(test_settle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
