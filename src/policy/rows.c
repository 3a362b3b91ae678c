/* rows: the table of domain.md section 4, row by row: its name, its rule in a
 * sentence, and what would lead to another one (law 11). */
#include "bascule/policy.h"

struct row_text {
    const char *name, *rule, *would_change;
};

static const struct row_text rows[ROW_COUNT] = {
    [ROW_ABSENT] = {"not present",
                    "A record that cannot be seen is not written to, and counts with the last state seen.",
                    "it is seen again, or a person takes it out of the reckoning"},
    [ROW_UNMAPPED] = {"state not mapped", "A native state that maps to no canonical state is left alone.",
                      "the state is mapped under trackers.NAME.states in the configuration"},
    [ROW_UNLINKED] = {"unlinked", "No problem stands behind it, so nothing is asserted.",
                      "a reference to a defect or a problem, or `bascule link`"},
    [ROW_UNLINKED_WAITING] = {"unlinked, waiting by the bridge",
                              "What the bridge put on hold goes back to open when its problem is gone.", "a new link"},
    [ROW_UNLINKED_ELSE] = {"unlinked, was linked",
                           "When the last link ends, the bridge clears its fields and moves nothing.", "a new link"},
    [ROW_DID_NOT_HOLD] = {"pending, was delivered; resolved by the bridge",
                          "The fix did not hold: what the bridge resolved within reopen_window goes back to "
                          "closed-unresolved.",
                          "the defect is released again, or a person moves the incident"},
    [ROW_DID_NOT_HOLD_ELSE] = {"pending, was delivered; resolved otherwise",
                               "The fix did not hold, but people (or time) closed this incident: it stays as it is.",
                               "a person reopens it"},
    [ROW_PENDING_REOPENED] = {"pending/reopened", "A person reopened it: a person is on it, the bridge moves nothing.",
                              "a person closes it, or the defect is released"},
    [ROW_PENDING_OPEN] = {"pending/open",
                          "An incident whose defect is not fixed is treated as the policy says: close, hold or leave.",
                          "the defect is released or declined, the link ends, or the policy is changed and applied"},
    [ROW_PENDING_CLOSED_UNRESOLVED] = {"pending/closed-unresolved",
                                       "Closed for the queue while its defect is not fixed: it stays, and is counted.",
                                       "the defect is released (it is resolved) or declined (it keeps the reason)"},
    [ROW_PENDING_CLOSED] = {"pending/closed", "People closed it: the bridge leaves it closed.", "a person reopens it"},
    [ROW_DECLINED_ASK] =
        {"declined/ask",
         "No fix will come, and on_declined is ask: nothing is asserted until a manager accepted the risk.",
         "`bascule problem accept-risk`, or the defect moves"},
    [ROW_DECLINED_REOPENED] = {"declined/reopened",
                               "No fix will come, but a person reopened it: only the agent is told.",
                               "a person closes it, or the defect moves"},
    [ROW_DECLINED_OPEN] = {"declined/open",
                           "No fix will come: closed unresolved with its reason, or (hold, leave) the agent is told.",
                           "the defect moves, or the link ends"},
    [ROW_DECLINED_WAITING] = {"declined/waiting",
                              "No fix will come: it need not wait, and is closed unresolved with its reason.",
                              "the defect moves, or the link ends"},
    [ROW_DECLINED_CLOSED_UNRESOLVED] =
        {"declined/closed-unresolved",
         "No fix will come: it stays closed unresolved, keeps the reason and is told once.",
         "the defect is reopened or released"},
    [ROW_DECLINED_CLOSED] = {"declined/closed", "People closed it: the bridge leaves it closed.",
                             "a person reopens it"},
    [ROW_DELIVERED_LATE_LINK] =
        {"delivered/link made after the delivery",
         "The link was made after the fix was delivered: perhaps a recurrence, a person decides.",
         "a person closes or unlinks it, or the defect is reopened"},
    [ROW_DELIVERED_HELD] = {"delivered/waiting or closed-unresolved",
                            "The fix is delivered: what waited for it or was closed unresolved is resolved and told.",
                            "the defect is reopened, or a person moves the incident"},
    [ROW_DELIVERED_REOPENED] = {"delivered/reopened",
                                "The fix is delivered, but a person reopened it: only the agent is told.",
                                "a person closes it, or the defect is reopened"},
    [ROW_DELIVERED_OPEN] = {"delivered/open", "The fix is delivered: the open incident is resolved and told.",
                            "the defect is reopened, or a person moves the incident"},
    [ROW_DELIVERED_CLOSED] = {"delivered/closed", "It is closed already: nothing to do.",
                              "the defect is reopened, or a person reopens it"},
};

const char *row_name(enum row r) {
    return (size_t)r < ROW_COUNT ? rows[r].name : "?";
}
const char *row_rule(enum row r) {
    return (size_t)r < ROW_COUNT ? rows[r].rule : "?";
}
const char *row_would_change(enum row r) {
    return (size_t)r < ROW_COUNT ? rows[r].would_change : "?";
}
