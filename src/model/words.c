/* words: the vocabulary of domain.md as names, and back. */
#include "bascule/model.h"

/* One table a word list; its _name and _parse. An index out of range is a bug
 * of the caller's and gives "?". */
#define WORDS(prefix, type, ...)                                                                                       \
    static const char *const prefix##_words[] = {__VA_ARGS__};                                                         \
    const char *prefix##_name(enum type v) {                                                                           \
        return (size_t)v < array_size(prefix##_words) && prefix##_words[v] ? prefix##_words[v] : "?";                  \
    }
#define WORDS_BACK(prefix, type, ...)                                                                                  \
    WORDS(prefix, type, __VA_ARGS__)                                                                                   \
    bool prefix##_parse(const char *s, enum type *ret) {                                                               \
        for (size_t i = 0; i < array_size(prefix##_words); i++)                                                        \
            if (!str_empty(s) && str_is(prefix##_words[i], s)) {                                                       \
                *ret = (enum type)i;                                                                                   \
                return true;                                                                                           \
            }                                                                                                          \
        return false;                                                                                                  \
    }

WORDS_BACK(role, role, "ticketing", "defects")
WORDS_BACK(user_role, user_role, "", "viewer", "practitioner", "manager", "owner")
WORDS_BACK(kind, kind, "incident", "defect", "problem")
WORDS_BACK(state, state, "unmapped", "open", "waiting", "working", "fixed", "released", "closed-unresolved", "resolved",
           "closed")
WORDS_BACK(outcome, outcome, "", "fixed", "workaround", "wont-fix", "risk-accepted", "not-reproducible", "invalid",
           "duplicate", "withdrawn", "incomplete", "moved", "unknown")
WORDS_BACK(presence, presence, "present", "gone", "merged", "forbidden", "out-of-scope")
WORDS_BACK(verdict, verdict, "unlinked", "pending", "declined", "delivered")
WORDS_BACK(delivery, delivery, "none", "pending", "delivered", "declined", "mixed", "cancelled")
WORDS(ke_status, ke_status, "detected", "informational", "diagnosed", "resolved", "closed")
WORDS_BACK(resolution, resolution, "", "fix-applied", "risk-accepted", "duplicate", "cancelled")
WORDS_BACK(effect_kind, effect_kind, "state", "field", "note", "link", "create")
WORDS_BACK(effect_state, effect_state, "pending", "in-flight", "unsure", "done", "superseded", "parked")
WORDS_BACK(note_kind, note_kind, "known-error", "workaround", "fixed", "declined", "did-not-hold", "unlinked", "linked",
           "came-back", "recurrence", "risk-accepted", "threshold", "agent")
WORDS_BACK(visibility, visibility, "off", "internal", "public")
WORDS_BACK(field, field, "defect", "problem", "known_error", "service", "priority", "outcome", "incidents",
           "incident_count", "closed_unresolved_count")
WORDS_BACK(treatment, treatment, "close", "hold", "leave")
WORDS_BACK(delivered_when, delivered_when, "released", "fixed", "version")
WORDS_BACK(several_defects, several_defects, "all", "any")
WORDS_BACK(on_declined, on_declined, "keep", "ask")
WORDS_BACK(on_reopen, on_reopen, "flag", "reopen", "new-defect")
WORDS_BACK(on_risk_accepted, on_risk_accepted, "note", "close")
