/* forget: persons and texts of one record go, the structure stays (domain.md 9).
 *
 * Called by the command; record.c keeps what is read later as blank, and effect.c what
 * ends later. What the bridge said elsewhere in the record's own words goes too: the title
 * of a problem that was named after it, the body of a creation, the journal of the problem. */
#include "db.h"

#include <string.h>

#define WORD_MIN  3 /* bytes; less would blank what has nothing to do with it */
#define OF_IT     "problem IN (SELECT problem FROM link WHERE ref = ?1)"
#define BESIDE_IT "ref IN (SELECT ref FROM link WHERE " OF_IT ")"

/* Free text of people in a field: only what the bridge itself computes or wrote is kept. A new reference. */
json_t *forget_fields(struct store *s, struct arena *a, const char *ref, const json_t *fields) {
    static const char *const free_text[] = {"defect", "problem", "incidents"};
    json_t *kept = fields ? json_copy((json_t *)fields) : json_object();
    for (size_t i = 0; i < array_size(free_text); i++) {
        struct value_row v;
        const char *text = json_text(kept, free_text[i]);
        bool have = text && store_value(s, a, ref, free_text[i], &v);
        if (text && !(have && (str_is(text, v.computed) || str_is(text, v.written))))
            json_object_set_new(kept, free_text[i], json_null());
    }
    return kept;
}

/* Where the bridge quoted those words about the record's problems. */
static void forget_word(struct store *s, const char *ref, const char *word) {
    if (!word || strlen(word) < WORD_MIN)
        return;
    db_run(s,
           "UPDATE journal SET text = 'forgotten', data = NULL, actor = CASE actor WHEN ?2 THEN 'forgotten' ELSE actor "
           "END WHERE " OF_IT " AND (instr(text, ?2) OR actor = ?2)",
           "ss", ref, word);
    db_run(s,
           "UPDATE attention SET text = 'forgotten' WHERE instr(text, ?2) AND subject IN (SELECT 'P-' || problem FROM "
           "link WHERE ref = ?1)",
           "ss", ref, word);
    db_run(
        s,
        "UPDATE effect SET want = json_set(want, '$.title', replace(json_extract(want, '$.title'), ?2, 'forgotten'), "
        "'$.body', replace(json_extract(want, '$.body'), ?2, 'forgotten')) WHERE kind = 'create' AND " OF_IT
        " AND state NOT IN ('done', 'superseded')",
        "ss", ref, word);
    /* mirrored values, of all that is linked with its problems */
    db_run(
        s,
        "UPDATE effect SET want = json_set(want, '$.value', replace(json_extract(want, '$.value'), ?2, 'forgotten')) "
        "WHERE kind = 'field' AND state NOT IN ('in-flight', 'unsure') AND instr(json_extract(want, '$.value'), ?2) "
        "AND " BESIDE_IT,
        "ss", ref, word);
    db_run(
        s,
        "UPDATE value SET computed = replace(computed, ?2, 'forgotten'), written = replace(written, ?2, 'forgotten') "
        "WHERE (instr(computed, ?2) OR instr(written, ?2)) AND " BESIDE_IT,
        "ss", ref, word);
}

static void forget_words(struct store *s, struct arena *a, const struct record_row *row) {
    const char **quotes;
    size_t n = db_texts(s, a,
                        db_query(s,
                                 "SELECT DISTINCT quote FROM evidence WHERE quote IS NOT NULL AND ?1 IN (incident, "
                                 "defect, origin)",
                                 "s", row->ref),
                        &quotes);
    forget_word(s, row->ref, row->r.title);
    forget_word(s, row->ref, row->r.reporter);
    for (size_t i = 0; i < n; i++)
        forget_word(s, row->ref, quotes[i]);
}

/* Problems that were named after it. */
static void forget_titles(struct store *s, struct arena *a, const struct record_row *row) {
    struct link_row *links;
    struct problem_row p;
    size_t n = store_links_of(s, a, row->ref, NULL, &links);
    for (size_t i = 0; i < n; i++)
        if (!str_empty(row->r.title) && store_problem(s, a, links[i].problem, &p) &&
            str_is(p.p.title, str_cut(a, row->r.title, 250))) {
            p.p.title = "forgotten";
            p.decision = NULL;
            store_problem_put(s, &p);
        }
}

/* Notes that wait would say what shall not be kept: they end. */
static void forget_effects(struct store *s, const char *ref, msec_t now) {
    db_run(
        s,
        "UPDATE effect SET state = 'superseded', settled = ?2, error = 'its record was forgotten' WHERE ref = ?1 AND "
        "kind = 'note' AND state IN ('pending', 'parked')",
        "si", ref, now);
    db_run(
        s,
        "DELETE FROM attention WHERE kind = 'parked' AND subject IN (SELECT 'effect:' || n FROM effect WHERE ref = ? "
        "AND state = 'superseded')",
        "s", ref);
    db_run(s,
           "UPDATE effect SET want = json_remove(want, '$.text', '$.title', '$.body') WHERE (ref = ?1 OR (kind = "
           "'create' AND " OF_IT ")) AND state IN ('done', 'superseded')",
           "s", ref);
}

void store_record_blank(struct store *s, const char *ref, msec_t now) {
    struct arena *a = arena_new();
    struct record_row row;
    if (store_record(s, a, ref, &row)) {
        forget_words(s, a, &row);
        forget_titles(s, a, &row);
        forget_effects(s, ref, now);
        row.forgotten = true;
        store_record_put(s, &row);
    }
    db_run(s, "UPDATE evidence SET quote = NULL, actor = NULL WHERE ?1 IN (incident, defect, origin)", "s", ref);
    db_run(s, "UPDATE rejection SET actor = NULL WHERE ?1 IN (a, b)", "s", ref);
    db_run(s, "UPDATE journal SET text = 'forgotten', actor = 'forgotten', data = NULL WHERE ref = ?", "s", ref);
    db_run(
        s,
        "UPDATE attention SET text = 'forgotten' WHERE subject = ?1 OR subject IN (SELECT 'effect:' || n FROM effect "
        "WHERE ref = ?1)",
        "s", ref);
    db_run(s, "UPDATE quarantine SET why = 'forgotten' WHERE tracker || ':' || id = ?", "s", ref);
    db_run(s, "UPDATE lookup SET why = NULL WHERE ref = ?", "s", ref);
    db_run(s, "UPDATE incident SET came_back_by = NULL, outcome_reason = NULL, decision = NULL WHERE ref = ?", "s",
           ref);
    db_run(s, "DELETE FROM search WHERE rowid = ?", "i", search_row(ref));
    arena_free(a);
}
