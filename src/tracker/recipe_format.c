/* recipe_format: what a recipe may hold, key by key (connectors/README.md in C).
 *
 * Pure tables. Called by recipe_load and by the tests. A recipe that passes never
 * makes the runtime stumble. */
#include "recipe_check.h"

#include <stdio.h>
#include <string.h>

/* ---- sections, from the small to the large ---- */

static const struct key any_template[] = {{"*", format_template}, {0}};
static const struct key any_text[] = {{"*", format_text}, {0}};
static const struct key any_any[] = {{"*", format_any}, {0}};
static const struct key any_parameter[] = {{"*", format_parameter}, {0}};
static const struct key table_names[] = {{"*", format_table_name}, {0}};
static const struct key any_pattern[] = {{"*", format_pattern}, {0}};

#define REQUEST_KEYS                                                                                                   \
    {"get", format_template}, {"post", format_template}, {"put", format_template}, {"patch", format_template},         \
        {"delete", format_template}, {"query", format_map, any_parameter}, {"body", format_body},                      \
        {"headers", format_map, any_template}, {"writes", format_bool}, {"raw", format_bool}, {                        \
        "needs", format_list, table_names                                                                              \
    }

static const struct key request_keys[] = {REQUEST_KEYS, {"each", format_text}, {0}};

static const struct key auth_keys[] = {{"*", format_word, .words = "required|optional"}, {0}};
static const struct key scope_keys[] = {{"*", format_word, .words = "list|text"}, {0}};
static const struct key web_keys[] = {{"record", format_template, .needed = true},
                                      {"forms", format_list, any_text, .needed = true},
                                      {"id", format_pattern},
                                      {0}};
static const struct key quotes_keys[] = {{"*", format_map, any_text}, {0}};
static const struct key part_keys[] = {
    {"when", format_when}, {"each", format_text},       {"say", format_template, .needed = true},
    {"join", format_text}, {"around", format_template}, {0}};
static const struct key parts_keys[] = {{"*", format_sections, part_keys}, {0}};
static const struct key learn_keys[] = {{"each", format_pointer, .needed = true},
                                        {"name", format_spec, .needed = true},
                                        {"value", format_pointer, .needed = true},
                                        {0}};
static const struct key table_keys[] = {REQUEST_KEYS,
                                        {"one", format_map, request_keys},
                                        {"learn", format_map, learn_keys},
                                        {"fresh", format_bool},
                                        {"each", format_pointer},
                                        {"name", format_spec},
                                        {"value", format_pointer},
                                        {0}};
static const struct key tables_keys[] = {{"*", format_map, table_keys}, {0}};
static const struct key more_keys[] = {
    {"header", format_text, .needed = true}, {"has", format_text, .needed = true}, {0}};
static const struct key dense_keys[] = {REQUEST_KEYS, {0}};
static const struct key list_keys[] = {REQUEST_KEYS,
                                       {"by", format_word, .words = "keyset|window|opaque|newest", .needed = true},
                                       {"items", format_pointer, .needed = true},
                                       {"total", format_pointer},
                                       {"size", format_int},
                                       {"overlap", format_span},
                                       {"settle", format_span},
                                       {"back", format_span},
                                       {"first_id", format_text},
                                       {"next", format_pointer},
                                       {"end", format_when},
                                       {"skip", format_when},
                                       {"more", format_map, more_keys},
                                       {"dense", format_map, dense_keys},
                                       {0}};
static const struct key native_keys[] = {{"each", format_pointer},     {"members", format_text},
                                         {"names", format_table_name}, {"name", format_spec},
                                         {"value", format_spec},       {0}};
static const struct key record_keys[] = {{"id", format_spec, .needed = true},
                                         {"title", format_spec, .needed = true},
                                         {"state", format_spec, .needed = true},
                                         {"resolution", format_spec},
                                         {"created", format_spec},
                                         {"updated", format_spec},
                                         {"reporter", format_spec},
                                         {"creator", format_spec},
                                         {"assignee", format_spec},
                                         {"version", format_spec},
                                         {"priority", format_spec},
                                         {"description", format_spec},
                                         {"requesters", format_pointer},
                                         {"allowed", format_spec},
                                         {"native", format_map, native_keys},
                                         {0}};
static const struct key read_keys[] = {REQUEST_KEYS,
                                       {"name", format_text, .needed = true},
                                       {"as", format_text},
                                       {"record", format_pointer},
                                       {"items", format_pointer},
                                       {"size", format_int},
                                       {"one_page", format_bool},
                                       {"aside", format_bool},
                                       {"when", format_when},
                                       {0}};
static const struct key with_keys[] = {{"from", format_text, .needed = true},
                                       {"mine", format_pointer, .needed = true},
                                       {"theirs", format_pointer, .needed = true},
                                       {0}};
static const struct key texts_keys[] = {{"from", format_text, .needed = true},
                                        {"each", format_pointer},
                                        {"when", format_when},
                                        {"with", format_map, with_keys},
                                        {"place", format_spec, .needed = true},
                                        {"id", format_spec},
                                        {"author", format_spec},
                                        {"at", format_spec},
                                        {"body", format_spec, .needed = true},
                                        {"internal", format_flag},
                                        {"html", format_flag},
                                        {0}};
static const struct key changes_keys[] = {{"from", format_text, .needed = true},
                                          {"each", format_pointer},
                                          {"when", format_when},
                                          {"with", format_map, with_keys},
                                          {"field", format_spec, .needed = true},
                                          {"id", format_spec},
                                          {"old", format_spec},
                                          {"new", format_spec},
                                          {"by", format_spec},
                                          {"at", format_spec},
                                          {0}};
static const struct key dated_keys[] = {{"from", format_text, .needed = true},
                                        {"when", format_when},
                                        {"same", format_spec, .needed = true},
                                        {"at", format_spec},
                                        {"by", format_spec},
                                        {0}};
static const struct key relations_keys[] = {{"from", format_text, .needed = true},
                                            {"each", format_pointer},
                                            {"when", format_when},
                                            {"url", format_spec},
                                            {"duplicate_of", format_spec},
                                            {"held_by", format_spec},
                                            {"dated", format_map, dated_keys},
                                            {0}};
static const struct key within_keys[] = {
    {"at", format_spec, .needed = true}, {"of", format_text, .needed = true}, {"table", format_table_name}, {0}};
static const struct key when_items[] = {{"*", format_when}, {0}};
static const struct key presence_keys[] = {{"gone", format_list, when_items},
                                           {"within", format_map, within_keys},
                                           {"probes", format_sections, request_keys},
                                           {0}};
static const struct key echo_keys[] = {{"header", format_text}, {"at", format_pointer}, {0}};
static const struct key step_keys[] = {REQUEST_KEYS,
                                       {"takes", format_words, .words = "state|fields|note|link", .needed = true},
                                       {"when", format_when},
                                       {"echo", format_map, echo_keys},
                                       {"says", format_pointer},
                                       {0}};
static const struct key first_keep[] = {{"*", format_pointer}, {0}};
static const struct key first_keys[] = {REQUEST_KEYS, {"keep", format_map, first_keep, .needed = true}, {0}};
static const struct key write_keys[] = {{"first", format_map, first_keys},
                                        {"steps", format_sections, step_keys, .needed = true},
                                        {"notes", format_words, .words = "public|internal"},
                                        {"clear", format_any},
                                        {"keeps_state", format_bool},
                                        {"shows_notes", format_bool},
                                        {"verify", format_list, any_text, .needed = true},
                                        {"verify_whole", format_bool},
                                        {0}};
static const struct key create_keys[] = {REQUEST_KEYS,
                                         {"id", format_pointer, .needed = true},
                                         {"title_bytes", format_int},
                                         {"title_chars", format_int},
                                         {0}};
static const struct key note_keys[] = {REQUEST_KEYS,          {"items", format_pointer, .needed = true},
                                       {"size", format_int},  {"text", format_spec, .needed = true},
                                       {"echo", format_spec}, {0}};
static const struct key created_keys[] = {REQUEST_KEYS,
                                          {"items", format_pointer, .needed = true},
                                          {"size", format_int},
                                          {"id", format_spec, .needed = true},
                                          {"text", format_spec},
                                          {"each", format_map, note_keys},
                                          {0}};
static const struct key look_keys[] = {{"note", format_map, note_keys}, {"created", format_map, created_keys}, {0}};
static const struct key versions_keys[] = {REQUEST_KEYS,
                                           {"each", format_text, .needed = true},
                                           {"items", format_pointer, .needed = true},
                                           {"name", format_spec, .needed = true},
                                           {"closed", format_when, .needed = true},
                                           {0}};
static const struct key reply_keys[] = {
    {"status", format_status},
    {"writing", format_bool},
    {"when", format_when},
    {"class", format_word, .needed = true,
     .words = "ok|not-modified|retry-safe|unsure|conflict|gone|denied|rejected|limited|nonsense"},
    {0}};
static const struct key limits_keys[] = {{"left", format_text, .needed = true},
                                         {"reset", format_text, .needed = true},
                                         {"form", format_word, .words = "epoch|seconds|iso"},
                                         {0}};

/* "OK: ..." or a list of {when, say} */
static int format_says(struct checker *k, const json_t *v, const struct key *key) {
    static const struct key says[] = {{"when", format_when}, {"say", format_template, .needed = true}, {0}};
    static const struct key list = {"", format_sections, says};
    return json_is_array(v) ? format_sections(k, v, &list) : format_template(k, v, key);
}

static int format_keep(struct checker *k, const json_t *v, const struct key *key) {
    static const struct key keeps[] = {{"time", format_pointer}, {"plus", format_span},  {"each", format_pointer},
                                       {"when", format_when},    {"at", format_pointer}, {0}};
    static const struct key map = {"", format_map, keeps};
    return json_is_object(v) ? format_map(k, v, &map) : format_pointer(k, v, key);
}

static const struct key keep_keys[] = {{"*", format_keep}, {0}};
static const struct key check_keys[] = {
    REQUEST_KEYS,
    {"what", format_word, .needed = true, .words = "reached|account|clock|zone|right|state|field|scope"},
    {"each", format_text},
    {"when", format_when},
    {"stop", format_bool},
    {"begins", format_bool},
    {"zone", format_pointer},
    {"expect", format_when},
    {"not", format_template},
    {"ok", format_says},
    {"unauthorised", format_template},
    {"denied", format_template},
    {"gone", format_template},
    {"fails", format_template},
    {"keep", format_map, keep_keys},
    {"collect", format_pointer},
    {"checks", format_word, .words = "states|fields"},
    {"complete", format_bool},
    {"need", format_map, any_template},
    {0}};
static const struct key roles_keys[] = {{"ticketing", format_map, any_any}, {"defects", format_map, any_any}, {0}};

static const struct key recipe_keys[] = {{"recipe", format_version, .needed = true},
                                         {"product", format_text, .needed = true},
                                         {"proven", format_text, .needed = true},
                                         {"auth", format_map, auth_keys, .needed = true},
                                         {"scope", format_map, scope_keys, .needed = true},
                                         {"scope_any", format_list, any_text},
                                         {"root", format_template, .needed = true},
                                         {"headers", format_map, any_template},
                                         {"text", format_word, .words = "plain|harmless|markdown", .needed = true},
                                         {"web", format_map, web_keys, .needed = true},
                                         {"times", format_map, any_text},
                                         {"zoned", format_list, any_text},
                                         {"quotes", format_map, quotes_keys},
                                         {"cuts", format_map, any_pattern},
                                         {"parts", format_map, parts_keys},
                                         {"tables", format_map, tables_keys},
                                         {"list", format_map, list_keys, .needed = true},
                                         {"record", format_map, record_keys, .needed = true},
                                         {"read", format_sections, read_keys, .needed = true},
                                         {"texts", format_sections, texts_keys},
                                         {"changes", format_sections, changes_keys},
                                         {"relations", format_sections, relations_keys},
                                         {"presence", format_map, presence_keys},
                                         {"states", format_map, roles_keys, .needed = true},
                                         {"say", format_map, roles_keys},
                                         {"outcomes", format_map, any_text},
                                         {"priorities", format_map, any_any},
                                         {"write", format_map, write_keys},
                                         {"create", format_map, create_keys},
                                         {"look", format_map, look_keys},
                                         {"versions", format_map, versions_keys},
                                         {"check", format_sections, check_keys},
                                         {"replies", format_sections, reply_keys},
                                         {"words", format_list, (const struct key[]){{"*", format_spec}, {0}}},
                                         {"limits", format_map, limits_keys},
                                         {0}};

/* ---- what no single key can tell ---- */

/* One step of `read` must hold the record, and `write.verify` must read it. */
static int reading_check(struct checker *k) {
    const json_t *step, *verify = json_object_get(json_object_get(k->recipe, "write"), "verify"), *one;
    const char *record = NULL;
    size_t i;
    bool found = false;
    json_array_foreach(json_object_get(k->recipe, "read"), i, step)
        record = json_object_get(step, "record") ? json_text(step, "name") : record;
    snprintf(k->path, sizeof(k->path), "/read");
    if (!record)
        return checker_wrong(k, "no step says with `record` where the record stands");
    json_array_foreach(verify, i, one)
        found = found || str_is(json_string_value(one), record);
    snprintf(k->path, sizeof(k->path), "/write/verify");
    if (verify && !found)
        return checker_wrong(k, "must name the step \"%s\", which reads the record", record);
    return 0;
}

int recipe_check(const char *file, const json_t *recipe, const json_t *lines, struct fault *fault) {
    struct fault local = {0};
    struct checker k = {.file = file, .recipe = recipe, .lines = lines, .fault = &local};
    static const struct key root = {"", format_map, recipe_keys};
    int rc = json_object_get(recipe, "recipe")
                 ? 0
                 : checker_wrong(&k, "the first line must be \"recipe: %d\"", RECIPE_VERSION);
    rc = rc ? rc : format_map(&k, recipe, &root);
    rc = rc ? rc : reading_check(&k);
    return rc ? fault_set(fault, -EINVAL, "%s", local.text) : 0;
}
