/* The table of domain.md section 4, row by row: what is given, and all of what is
 * decided, as one line of text. decide.c beside this enumerates what must never be. */
#include "world.h"

#define DELIVERED_AT (NOW - 10 * DAY_MS)

enum given { UNLINKED, CANCELLED, PENDING, NO_DEFECT, MIXED, DECLINED, ACCEPTED, DELIVERED };

struct row_case {
    const char *name;
    enum given given;
    enum state state;
    enum outcome outcome;
    enum verdict was;
    enum state asserted;
    bool overridden, adopted_open, own_reopen, never_linked, ignored, adopted, came_back;
    msec_t asserted_ago, linked_after; /* after the delivery */
    enum treatment treatment;
    bool require_workaround, ask, pushed_back;
    int revision, told;
    enum presence presence;
    msec_t settle; /* under every verdict */
    const char *want;
};

#define CU            STATE_CLOSED_UNRESOLVED
#define OPEN          STATE_OPEN
#define WAITING       STATE_WAITING
#define RESOLVED      STATE_RESOLVED
#define CLOSED        STATE_CLOSED
#define WAS_DELIVERED .was = VERDICT_DELIVERED
#define HOLD          .treatment = TREATMENT_HOLD
#define LEAVE         .treatment = TREATMENT_LEAVE

/* row | moves | notes | attention | the outcome field */
static const struct row_case cases[] = {
    /* not present, not mapped */
    {"gone", PENDING, OPEN, .presence = GONE, .want = "not present||||keep"},
    {"merged", PENDING, OPEN, .presence = MERGED, .want = "not present||||keep"},
    {"forbidden", DELIVERED, CU, .presence = FORBIDDEN, .want = "not present||||keep"},
    {"out of scope", UNLINKED, CU, .presence = OUT_OF_SCOPE, .want = "not present||||keep"},
    {"unmapped", PENDING, STATE_NONE, .want = "state not mapped|||unmapped-state|keep"},
    {"a defect's state", DELIVERED, STATE_WORKING, .want = "state not mapped|||unmapped-state|keep"},

    /* unlinked, was linked | waiting by the bridge */
    {"held, unlinked", UNLINKED, WAITING, .asserted = WAITING,
     .want = "unlinked, waiting by the bridge|open from waiting|unlinked internal||clear fields"},
    {"held, its problem cancelled", CANCELLED, WAITING, .asserted = WAITING,
     .want = "unlinked, waiting by the bridge|open from waiting|unlinked internal||clear fields"},
    {"held, unlinked, leave", UNLINKED, WAITING, .asserted = WAITING, LEAVE,
     .want = "unlinked, waiting by the bridge||||clear fields"},
    {"held, a person took it over", UNLINKED, WAITING, .asserted = WAITING, .overridden = true,
     .want = "unlinked, was linked||||clear fields"},
    {"waiting by a person", UNLINKED, WAITING, .want = "unlinked, was linked||||clear fields"},
    {"waiting by a person, closed by the bridge before", UNLINKED, WAITING, .asserted = CU,
     .want = "unlinked, was linked||||clear fields"},
    /* unlinked, was linked | else */
    {"open, unlinked", UNLINKED, OPEN, .want = "unlinked, was linked||||clear fields"},
    {"closed unresolved, unlinked", UNLINKED, CU, .asserted = CU, .want = "unlinked, was linked|||orphan|clear fields"},
    {"closed, its outcome makes it unresolved", UNLINKED, CLOSED, OUTCOME_WONT_FIX,
     .want = "unlinked, was linked|||orphan|keep fields"},
    {"resolved, unlinked", UNLINKED, RESOLVED, .asserted = RESOLVED, .want = "unlinked, was linked||||clear fields"},
    {"never linked", UNLINKED, OPEN, .never_linked = true, .want = "unlinked||||keep"},
    {"never linked, waiting by the bridge", UNLINKED, WAITING, .asserted = WAITING, .never_linked = true,
     .want = "unlinked||||keep"},
    {"never linked, closed unresolved", UNLINKED, CU, .never_linked = true, .want = "unlinked|||orphan|keep"},

    /* pending, was delivered | resolved as the bridge left it */
    {"the fix did not hold", PENDING, RESOLVED, WAS_DELIVERED, .asserted = RESOLVED,
     .want = "pending, was delivered; resolved by the bridge|closed-unresolved (unknown) from resolved|did-not-hold "
             "public||unknown"},
    {"it did not hold, a workaround is published", PENDING, RESOLVED, WAS_DELIVERED, .asserted = RESOLVED,
     .revision = 1,
     .want = "pending, was delivered; resolved by the bridge|closed-unresolved (workaround) from resolved|did-not-hold "
             "public||workaround"},
    {"it did not hold, leave", PENDING, RESOLVED, WAS_DELIVERED, .asserted = RESOLVED, LEAVE,
     .want = "pending, was delivered; resolved by the bridge|closed-unresolved (unknown) from resolved|did-not-hold "
             "public||unknown"},
    {"it did not hold, mixed", MIXED, RESOLVED, WAS_DELIVERED, .asserted = RESOLVED,
     .want = "pending, was delivered; resolved by the bridge|closed-unresolved (unknown) from resolved|did-not-hold "
             "public||unknown"},
    {"at the end of the window", PENDING, RESOLVED, WAS_DELIVERED, .asserted = RESOLVED, .asserted_ago = 30 * DAY_MS,
     .want = "pending, was delivered; resolved by the bridge|closed-unresolved (unknown) from resolved|did-not-hold "
             "public||unknown"},
    {"it did not hold, settling", PENDING, RESOLVED, WAS_DELIVERED, .asserted = RESOLVED, .settle = DAY_MS,
     .want = "pending, was delivered; resolved by the bridge|closed-unresolved (unknown) from resolved "
             "later|did-not-hold public later||keep again"},
    /* pending, was delivered | resolved or closed otherwise */
    {"after the window", PENDING, RESOLVED, WAS_DELIVERED, .asserted = RESOLVED, .asserted_ago = 30 * DAY_MS + 1,
     .want = "pending, was delivered; resolved otherwise||||keep"},
    {"by the bridge's own reopening", PENDING, RESOLVED, WAS_DELIVERED, .asserted = RESOLVED, .own_reopen = true,
     .want = "pending, was delivered; resolved otherwise||||keep"},
    {"resolved, and touched since", PENDING, RESOLVED, WAS_DELIVERED, .asserted = RESOLVED, .overridden = true,
     .want = "pending, was delivered; resolved otherwise||||keep"},
    {"resolved by people", PENDING, RESOLVED, WAS_DELIVERED,
     .want = "pending, was delivered; resolved otherwise||||keep"},
    {"closed by the tracker after the bridge", PENDING, CLOSED, OUTCOME_FIXED, WAS_DELIVERED, .asserted = RESOLVED,
     .want = "pending, was delivered; resolved otherwise||||keep"},
    /* pending, was delivered | anything else is pending as any other */
    {"was delivered, open", PENDING, OPEN, WAS_DELIVERED,
     .want = "pending/open|closed-unresolved (unknown) from open waiting|known-error internal||unknown"},
    {"was delivered, closed unresolved", PENDING, CU, WAS_DELIVERED, .asserted = CU,
     .want = "pending/closed-unresolved||||unknown"},

    /* pending | open, reopened */
    {"reopened", PENDING, OPEN, .asserted = CU, .want = "pending/reopened||||clear"},
    {"reopened from on hold", PENDING, OPEN, .asserted = WAITING, HOLD, .want = "pending/reopened||||clear"},
    {"reopened after resolved", PENDING, OPEN, .asserted = RESOLVED, .want = "pending/reopened||||clear"},
    {"adopted open", PENDING, OPEN, .adopted_open = true, .want = "pending/reopened||||clear"},
    {"reopened by a customer", PENDING, OPEN, .asserted = CU, .overridden = true, .came_back = true,
     .want = "pending/reopened||came-back internal on product:56|came-back|clear"},
    {"reopened by a customer, ignored", PENDING, OPEN, .asserted = CU, .came_back = true, .ignored = true,
     .want = "pending/reopened|||came-back|clear"},
    {"reopened, no defect", NO_DEFECT, OPEN, .asserted = CU, .came_back = true,
     .want = "pending/reopened|||came-back|clear"},
    {"reopened, a workaround is published", PENDING, OPEN, .asserted = CU, .revision = 2, .told = 1,
     .want = "pending/reopened||workaround public r2||clear"},
    {"opened by the bridge, linked again", PENDING, OPEN, .asserted = OPEN,
     .want = "pending/open|closed-unresolved (unknown) from open waiting|known-error internal||unknown"},
    {"came back, then put on hold by a person", PENDING, WAITING, .asserted = CU, .came_back = true, HOLD,
     .want = "pending/open||known-error internal|came-back|clear"},

    /* pending | open, waiting */
    {"open", PENDING, OPEN,
     .want = "pending/open|closed-unresolved (unknown) from open waiting|known-error internal||unknown"},
    {"waiting", PENDING, WAITING,
     .want = "pending/open|closed-unresolved (unknown) from open waiting|known-error internal||unknown"},
    {"waiting by the bridge", PENDING, WAITING, .asserted = WAITING,
     .want = "pending/open|closed-unresolved (unknown) from waiting|known-error internal||unknown"},
    {"open, mixed", MIXED, OPEN,
     .want = "pending/open|closed-unresolved (unknown) from open waiting|known-error internal||unknown"},
    {"open, with a published workaround", PENDING, OPEN, .revision = 1,
     .want = "pending/open|closed-unresolved (workaround) from open waiting|known-error public r1, workaround public "
             "r1 unless "
             "note:helpdesk:4711:known-error:P-12||workaround"},
    {"open, told already", PENDING, OPEN, .revision = 1, .told = 1,
     .want = "pending/open|closed-unresolved (workaround) from open waiting|known-error public r1||workaround"},
    {"open, hold", PENDING, OPEN, HOLD, .want = "pending/open|waiting from open|known-error internal||clear"},
    {"waiting, hold", PENDING, WAITING, HOLD, .want = "pending/open||known-error internal||clear"},
    {"open, leave", PENDING, OPEN, LEAVE, .want = "pending/open||known-error internal||clear"},
    {"waiting, leave", PENDING, WAITING, LEAVE, .want = "pending/open||known-error internal||clear"},
    {"open, leave, a workaround is published", PENDING, OPEN, LEAVE, .revision = 3, .told = 2,
     .want =
         "pending/open||known-error public r3, workaround public r3 unless note:helpdesk:4711:known-error:P-12||clear"},
    {"no workaround yet", PENDING, OPEN, .require_workaround = true,
     .want = "pending/open||known-error internal||clear"},
    {"no workaround yet, hold", PENDING, OPEN, .require_workaround = true, HOLD,
     .want = "pending/open|waiting from open|known-error internal||clear"},
    {"with the workaround that is required", PENDING, OPEN, .require_workaround = true, .revision = 1, .told = 1,
     .want = "pending/open|closed-unresolved (workaround) from open waiting|known-error public r1||workaround"},
    {"no defect at all", NO_DEFECT, OPEN, .want = "pending/open||known-error internal||clear"},
    {"no defect, hold", NO_DEFECT, OPEN, HOLD, .want = "pending/open|waiting from open|known-error internal||clear"},
    {"no defect, a workaround is published", NO_DEFECT, OPEN, .revision = 1, .told = 1,
     .want = "pending/open|closed-unresolved (workaround) from open waiting|known-error public r1||workaround"},
    {"open, settling", PENDING, OPEN, .settle = DAY_MS, .revision = 1, .told = 1,
     .want = "pending/open|closed-unresolved (workaround) from open waiting later|known-error public r1 later||clear "
             "again"},
    {"open, settled", PENDING, OPEN, .settle = 1,
     .want = "pending/open|closed-unresolved (unknown) from open waiting settled|known-error internal||unknown"},
    {"open, ignored", PENDING, OPEN, .ignored = true,
     .want = "pending/open|closed-unresolved (unknown) from open waiting|known-error internal||clear"},
    {"waiting, adopted", PENDING, WAITING, .adopted = true,
     .want = "pending/open|closed-unresolved (unknown) from open waiting|known-error internal||clear"},

    /* pending | closed-unresolved */
    {"closed unresolved by the bridge", PENDING, CU, .asserted = CU, .want = "pending/closed-unresolved||||unknown"},
    {"closed unresolved by the bridge, the tracker says why", PENDING, CU, OUTCOME_INCOMPLETE, .asserted = CU,
     .want = "pending/closed-unresolved||||unknown"},
    {"closed unresolved, a workaround came", PENDING, CU, .asserted = CU, .revision = 1,
     .want = "pending/closed-unresolved||workaround public r1||workaround"},
    {"closed unresolved by people", PENDING, CU, .want = "pending/closed-unresolved||||unknown"},
    {"closed by people, they said why", PENDING, CLOSED, OUTCOME_WORKAROUND,
     .want = "pending/closed-unresolved||||keep"},
    {"closed by the bridge, people said why", PENDING, CLOSED, OUTCOME_INCOMPLETE, .asserted = CU, .overridden = true,
     .want = "pending/closed-unresolved||||keep"},
    {"closed unresolved, not known why", PENDING, CU, OUTCOME_UNKNOWN, .want = "pending/closed-unresolved||||unknown"},
    {"closed unresolved, leave", PENDING, CU, LEAVE, .revision = 1,
     .want = "pending/closed-unresolved||workaround public r1||workaround"},

    /* pending | resolved, closed */
    {"resolved", PENDING, RESOLVED, .asserted = RESOLVED, .want = "pending/closed||||keep"},
    {"closed as fixed", PENDING, CLOSED, OUTCOME_FIXED, .want = "pending/closed||||keep"},
    {"closed, not known how", PENDING, CLOSED, OUTCOME_UNKNOWN, .revision = 1, .want = "pending/closed||||keep"},
    {"closed as a duplicate", PENDING, CLOSED, OUTCOME_DUPLICATE, .want = "pending/closed||||keep"},

    /* declined | open, reopened */
    {"declined, reopened", DECLINED, OPEN, .asserted = CU, .want = "declined/reopened||agent internal||clear"},
    {"declined, adopted open", DECLINED, OPEN, .adopted_open = true,
     .want = "declined/reopened||agent internal||clear"},
    {"declined, came back", DECLINED, OPEN, .asserted = CU, .came_back = true, .revision = 1,
     .want = "declined/reopened||agent internal, workaround public r1|came-back|clear"},
    /* declined | open */
    {"declined, open", DECLINED, OPEN,
     .want = "declined/open|closed-unresolved (wont-fix) from open waiting|declined public||wont-fix"},
    {"accepted, open", ACCEPTED, OPEN,
     .want = "declined/open|closed-unresolved (risk-accepted) from open waiting|declined public||risk-accepted"},
    {"declined, open, a workaround is published", DECLINED, OPEN, .revision = 1,
     .want =
         "declined/open|closed-unresolved (wont-fix) from open waiting|declined public r1, workaround public r1 unless "
         "note:helpdesk:4711:declined:3||wont-fix"},
    {"declined, open, none is required", DECLINED, OPEN, .require_workaround = true,
     .want = "declined/open|closed-unresolved (wont-fix) from open waiting|declined public||wont-fix"},
    {"declined, open, hold", DECLINED, OPEN, HOLD, .want = "declined/open||agent internal||clear"},
    {"declined, open, leave", DECLINED, OPEN, LEAVE, .want = "declined/open||agent internal||clear"},
    {"declined, open, settling", DECLINED, OPEN, .settle = DAY_MS,
     .want = "declined/open|closed-unresolved (wont-fix) from open waiting later|declined public later||clear again"},
    /* declined | waiting */
    {"declined, waiting", DECLINED, WAITING,
     .want = "declined/waiting|closed-unresolved (wont-fix) from open waiting|declined public||wont-fix"},
    {"declined, waiting by the bridge", DECLINED, WAITING, .asserted = WAITING, HOLD,
     .want = "declined/waiting|closed-unresolved (wont-fix) from waiting|declined public||wont-fix"},
    {"declined, waiting, leave", DECLINED, WAITING, LEAVE, .want = "declined/waiting||agent internal||clear"},
    /* declined | closed-unresolved */
    {"declined, closed unresolved", DECLINED, CU, .asserted = CU,
     .want = "declined/closed-unresolved||declined public||wont-fix"},
    {"declined, closed by people", DECLINED, CLOSED, OUTCOME_WORKAROUND,
     .want = "declined/closed-unresolved||declined public||wont-fix"},
    {"accepted, closed unresolved", ACCEPTED, CU, .revision = 1, .told = 1, LEAVE,
     .want = "declined/closed-unresolved||declined public r1||risk-accepted"},
    /* declined | resolved, closed */
    {"declined, resolved", DECLINED, RESOLVED, .asserted = RESOLVED, .revision = 1, .want = "declined/closed||||keep"},
    {"declined, closed", DECLINED, CLOSED, OUTCOME_FIXED, .want = "declined/closed||||keep"},
    {"declined, ask, closed", DECLINED, CLOSED, OUTCOME_FIXED, .ask = true, .want = "declined/closed||||keep"},
    /* on_declined: ask */
    {"ask, open", DECLINED, OPEN, .ask = true, .want = "declined/ask||||clear"},
    {"ask, reopened", DECLINED, OPEN, .ask = true, .asserted = CU, .want = "declined/ask||||clear"},
    {"ask, waiting", DECLINED, WAITING, .ask = true, .want = "declined/ask||||clear"},
    {"ask, closed unresolved", DECLINED, CU, .ask = true, .asserted = CU, .want = "declined/ask||||keep"},
    {"ask, a workaround is published", DECLINED, CU, .ask = true, .revision = 1,
     .want = "declined/ask||workaround public r1||keep"},
    {"ask, accepted", ACCEPTED, OPEN, .ask = true,
     .want = "declined/open|closed-unresolved (risk-accepted) from open waiting|declined public||risk-accepted"},
    {"ask, pushed back", DECLINED, OPEN, .ask = true, .pushed_back = true,
     .want = "declined/open|closed-unresolved (wont-fix) from open waiting|declined public||wont-fix"},

    /* delivered | link made after the delivery */
    {"late link", DELIVERED, OPEN, .linked_after = 2001,
     .want = "delivered/link made after the delivery||recurrence internal|recurrence|clear"},
    {"late link, waiting", DELIVERED, WAITING, .linked_after = DAY_MS,
     .want = "delivered/link made after the delivery||recurrence internal|recurrence|clear"},
    {"late link, closed unresolved", DELIVERED, CU, .linked_after = DAY_MS, .revision = 1,
     .want = "delivered/link made after the delivery||recurrence internal|recurrence|keep"},
    {"late link, reopened", DELIVERED, OPEN, .linked_after = DAY_MS, .asserted = CU, .came_back = true,
     .want = "delivered/link made after the delivery||recurrence internal|recurrence came-back|clear"},
    {"late link, resolved", DELIVERED, RESOLVED, .linked_after = DAY_MS, .want = "delivered/closed||||keep"},
    {"two seconds are no later", DELIVERED, OPEN, .linked_after = 2000,
     .want = "delivered/open|resolved (fixed) from open waiting closed-unresolved|fixed public||fixed"},
    /* delivered | waiting, closed-unresolved */
    {"delivered, waiting", DELIVERED, WAITING, .asserted = WAITING,
     .want =
         "delivered/waiting or closed-unresolved|resolved (fixed) from waiting closed-unresolved|fixed public||fixed"},
    {"delivered, closed unresolved", DELIVERED, CU, .asserted = CU,
     .want =
         "delivered/waiting or closed-unresolved|resolved (fixed) from waiting closed-unresolved|fixed public||fixed"},
    {"delivered, closed unresolved by people", DELIVERED, CLOSED, OUTCOME_WORKAROUND,
     .want = "delivered/waiting or closed-unresolved|resolved (fixed) from open waiting closed-unresolved|fixed "
             "public||fixed"},
    {"delivered, closed unresolved, leave", DELIVERED, CU, LEAVE,
     .want = "delivered/waiting or closed-unresolved|resolved (fixed) from closed-unresolved|fixed public||fixed"},
    {"delivered, waiting, leave", DELIVERED, WAITING, LEAVE,
     .want = "delivered/waiting or closed-unresolved||fixed public||clear"},
    {"delivered, settling", DELIVERED, CU, .settle = DAY_MS,
     .want = "delivered/waiting or closed-unresolved|resolved (fixed) from open waiting closed-unresolved later|fixed "
             "public later||keep again"},
    /* delivered | open, reopened */
    {"delivered, reopened", DELIVERED, OPEN, .asserted = CU, .want = "delivered/reopened||agent internal||clear"},
    {"delivered, came back before", DELIVERED, OPEN, .asserted = CU, .came_back = true,
     .want = "delivered/reopened||agent internal|came-back|clear"},
    {"delivered, adopted open", DELIVERED, OPEN, .adopted_open = true,
     .want = "delivered/reopened||agent internal||clear"},
    /* delivered | open */
    {"delivered, open", DELIVERED, OPEN,
     .want = "delivered/open|resolved (fixed) from open waiting closed-unresolved|fixed public||fixed"},
    {"delivered, open, a workaround is published", DELIVERED, OPEN, .revision = 1,
     .want = "delivered/open|resolved (fixed) from open waiting closed-unresolved|fixed public||fixed"},
    {"delivered, open, leave", DELIVERED, OPEN, LEAVE, .want = "delivered/open||fixed public||clear"},
    /* delivered | resolved, closed */
    {"delivered, resolved by the bridge", DELIVERED, RESOLVED, .asserted = RESOLVED,
     .want = "delivered/closed||||keep"},
    {"delivered, closed", DELIVERED, CLOSED, OUTCOME_FIXED, .want = "delivered/closed||||keep"},
};

/* ---- a decision as a line of text ---- */

static void show_want(struct buf *moves, struct buf *notes, const struct want *w) {
    if (w->kind == EFFECT_STATE) {
        buf_printf(moves, "%s", state_name(w->state));
        if (w->outcome)
            buf_printf(moves, " (%s)", outcome_name(w->outcome));
        buf_str(moves, " from");
        for (unsigned s = 0; s < STATE_COUNT; s++)
            if (w->from & 1u << s)
                buf_printf(moves, " %s", state_name((enum state)s));
        if (w->not_before)
            buf_str(moves, w->not_before > NOW ? " later" : " settled");
        return;
    }
    buf_printf(notes, "%s%s %s", notes->len ? ", " : "", note_kind_name(w->note), visibility_name(w->visibility));
    if (w->revision)
        buf_printf(notes, " r%d", w->revision);
    if (!str_is(w->ref, "helpdesk:4711"))
        buf_printf(notes, " on %s", w->ref);
    if (w->unless)
        buf_printf(notes, " unless %s", w->unless);
    if (w->not_before)
        buf_str(notes, w->not_before > NOW ? " later" : " settled");
}

static const char *shown(struct arena *a, const struct decision *d) {
    struct buf moves = {0}, notes = {0}, attention = {0};
    for (size_t i = 0; i < d->n_wants; i++)
        show_want(&moves, &notes, &d->wants[i]);
    for (size_t i = 0; i < d->n_attention; i++)
        buf_printf(&attention, "%s%s", i ? " " : "", d->attention[i].kind);
    const char *text = arena_printf(a, "%s|%s|%s|%s|%s%s%s", row_name(d->row), buf_text(&moves), buf_text(&notes),
                                    buf_text(&attention),
                                    d->outcome         ? outcome_name(d->outcome)
                                    : d->keeps_outcome ? "keep"
                                                       : "clear",
                                    d->clears_fields ? " fields" : "", d->again_at ? " again" : "");
    buf_deinit(&moves);
    buf_deinit(&notes);
    buf_deinit(&attention);
    return text;
}

static bool check_case(struct arena *a, const struct row_case *x) {
    struct record record = {
        .tracker = "helpdesk", .id = "4711", .state = x->state, .outcome = x->outcome, .presence = x->presence};
    struct problem problem = {.id = 12, .revision = x->revision, .resolved_at = DELIVERED_AT};
    struct defect_facts defects[2] = {
        {.ref = "product:56", .state = STATE_WORKING, .state_at = DELIVERED_AT},
        {.ref = "product:57", .state = STATE_CLOSED, .outcome = OUTCOME_WONT_FIX, .state_at = DELIVERED_AT}};
    struct problem_facts facts = {.problem = &problem,
                                  .defects = defects,
                                  .n_defects = x->given == NO_DEFECT ? 0
                                               : x->given == MIXED   ? 2
                                                                     : 1,
                                  .told_revision = x->told,
                                  .pushed_back = x->pushed_back};
    struct policy policy;
    struct judged judged;
    struct decision *d = arena_make(a, struct decision);
    policy_defaults(&policy);
    policy.treatment = x->treatment;
    policy.require_workaround = x->require_workaround;
    policy.on_declined = x->ask ? ON_DECLINED_ASK : ON_DECLINED_KEEP;
    for (int v = VERDICT_PENDING; v < VERDICT_COUNT; v++)
        policy.settle[v] = x->settle;
    if (x->given == DELIVERED || x->given == MIXED)
        defects[0].state = STATE_RELEASED;
    if (x->given == DECLINED)
        defects[0] = defects[1];
    problem.resolution = x->given == ACCEPTED    ? RESOLUTION_RISK_ACCEPTED
                         : x->given == CANCELLED ? RESOLUTION_CANCELLED
                                                 : RESOLUTION_NONE;
    struct incident_facts f = {.record = &record,
                               .was = x->was,
                               .turn = 3,
                               .was_linked = !x->never_linked,
                               .turn_at = NOW - 60 * SEC_MS,
                               .linked_at = DELIVERED_AT + x->linked_after,
                               .now = NOW,
                               .ignored = x->ignored,
                               .adopted = x->adopted,
                               .adopted_open = x->adopted_open,
                               .own_reopen = x->own_reopen,
                               .asserted = x->asserted,
                               .overridden = x->overridden,
                               .asserted_at = NOW - x->asserted_ago,
                               .came_back_at = x->came_back ? NOW : 0,
                               .policy = &policy,
                               .problems = &facts,
                               .n_problems = x->given == UNLINKED ? 0 : 1,
                               .judged = &judged};
    verdict_of(&facts, f.n_problems, &policy, a, &judged);
    decide(&f, a, d);
    bool right = str_is(shown(a, d), x->want);
    if (!right)
        print_error("%s:\n  is     %s\n  wanted %s\n", x->name, shown(a, d), x->want);
    return right;
}

static void test_rows(void **state) {
    bool seen[ROW_COUNT] = {false};
    bool right = true;
    for (size_t i = 0; i < array_size(cases); i++) {
        right &= check_case(*state, &cases[i]);
        for (int r = 0; r < ROW_COUNT; r++)
            seen[r] |= strncmp(cases[i].want, row_name((enum row)r), strlen(row_name((enum row)r))) == 0 &&
                       cases[i].want[strlen(row_name((enum row)r))] != ',';
    }
    assert_true(right);
    for (int r = 0; r < ROW_COUNT; r++)
        if (!seen[r]) {
            print_error("no case for the row '%s'\n", row_name((enum row)r));
            fail();
        }
}

/* ---- the words of the rows ---- */

static void test_row_words(void **state) {
    for (int r = 0; r < ROW_COUNT; r++) {
        const char *name = row_name((enum row)r), *rule = row_rule((enum row)r), *would = row_would_change((enum row)r);
        assert_false(str_empty(name));
        assert_false(str_empty(would));
        assert_false(str_empty(rule));
        assert_int_equal(rule[strlen(rule) - 1], '.');
        for (int other = 0; other < r; other++)
            assert_string_not_equal(name, row_name((enum row)other));
    }
    assert_text(row_name(ROW_COUNT), "?");
    assert_text(row_rule(ROW_COUNT), "?");
    assert_text(row_would_change(ROW_COUNT), "?");
}

static void test_class_and_rank(void **state) {
    static const int ranks[STATE_COUNT] = {
        [STATE_NONE] = -1,     [STATE_OPEN] = 0, [STATE_WAITING] = 1,  [STATE_WORKING] = -1, [STATE_FIXED] = -1,
        [STATE_RELEASED] = -1, [CU] = 2,         [STATE_RESOLVED] = 3, [STATE_CLOSED] = 4};
    for (int s = 0; s < STATE_COUNT; s++) {
        assert_int_equal(incident_rank((enum state)s), ranks[s]);
        for (int o = 0; o < OUTCOME_COUNT; o++)
            assert_int_equal(incident_class((enum state)s, (enum outcome)o),
                             state_is_closed_unresolved((enum state)s, (enum outcome)o) ? CU : (enum state)s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {world_test(test_rows), world_test(test_row_words),
                                       world_test(test_class_and_rank)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
