/* recipe: every recipe of the tree passes the check; broken ones are told with file,
 * line and what would be right; and no text whatever makes the reader stumble. */
#include "../../../src/tracker/recipe.h"
#include "../../../src/tracker/case.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char *read_file(const char *file) {
    FILE *f = fopen(file, "re");
    struct buf b = {0};
    char piece[4096];
    size_t n;
    assert_non_null(f);
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        buf_add(&b, piece, n);
    fclose(f);
    return b.data;
}

/* 0 or the fault in f. */
static int check_text(const char *text, size_t len, struct fault *f) {
    cleanup_json json_t *lines = json_object();
    cleanup_json json_t *j = recipe_yaml("r.yaml", text, len, lines, f);
    return j ? recipe_check("r.yaml", j, lines, f) : -EINVAL;
}

static void recipes_pass(void **state) {
    glob_t g = {0};
    (void)state;
    glob(SOURCE_ROOT "/connectors/*/recipe.yaml", 0, NULL, &g);
    glob(SOURCE_ROOT "/tests/golden/tracker/recipes/*/recipe.yaml", GLOB_APPEND, NULL, &g);
    assert_true(g.gl_pathc >= 8);
    for (size_t i = 0; i < g.gl_pathc; i++) {
        struct fault f = {0};
        json_t *j = NULL;
        if (recipe_load(g.gl_pathv[i], &j, &f) < 0)
            fail_msg("%s", f.text);
        json_decref(j);
    }
    globfree(&g);
}

/* The smallest recipe there can be; %s goes in before `list`. */
#define SMALL                                                                                                          \
    "recipe: 1\nproduct: P\nproven: no\nauth: { token: required }\nscope: { queue: list }\nroot: \"{url}/api\"\n"      \
    "text: plain\nweb: { record: \"{url}/{id}\", forms: [/] }\n%s"                                                     \
    "list: { by: keyset, get: /l, items: /i }\nrecord: { id: /id, title: /t, state: /s }\n"                            \
    "read: [ { name: r, get: \"/r/{id}\", record: \"\" } ]\nstates: { ticketing: { new: open } }\n"

static void faults_are_told(void **state) {
    static const struct {
        const char *add, *says;
    } cases[] = {
        {"", NULL},
        {"times: { read: iso }\n", NULL},
        {"colour: red\n", "r.yaml:9: colour: unknown key \"colour\"; known are recipe, product"},
        {"colour:\n\tred\n", "r.yaml:10: no valid YAML"},
        {"text: plain\n", "r.yaml:9: \"text\" stands here twice"},
        {"write: { steps: [ { takes: [state], put: \"/x/{nobody}\" } ], verify: [r] }\n",
         "r.yaml:9: write/steps/0/put: {nobody} is no placeholder that is known"},
        {"write: { steps: [ { takes: [state], put: \"/x/{id\" } ], verify: [r] }\n",
         "a brace opens that is no {placeholder}"},
        {"write: { steps: [ { takes: [mood], put: \"/x\" } ], verify: [r] }\n",
         "must be a list of state|fields|note|link"},
        {"write: { steps: [ { takes: [state], put: \"/x/{id:sql}\" } ], verify: [r] }\n",
         "no time, quote, cut or table is called \"sql\""},
        {"write: { steps: [ { takes: [state], put: \"/x/{auth.key}\" } ], verify: [r] }\n",
         "{auth.key} is no placeholder"},
        {"write: { steps: [ { takes: [state], put: /x, body: { $loop: 3 } } ], verify: [r] }\n",
         "rules of a body are $when"},
        {"write: { steps: [ { takes: [state], put: /x } ], verify: [other] }\n",
         "write/verify: must name the step \"r\", which reads the record"},
        {"write: { verify: [r] }\n", "r.yaml:9: write: \"steps\" is missing"},
        {"texts:\n  - { from: r/x, place: comment }\n", "r.yaml:10: texts/0: \"body\" is missing"},
        {"changes:\n  - from: r\n    field: { at: /f, names: nothing }\n",
         "r.yaml:11: changes/0/field/names: names no entry of `tables`"},
        {"presence: { gone: [ { /a: { b: c } } ] }\n", "a condition compares with a value or a list of values"},
        {"replies: [ { status: 400, class: maybe } ]\n", "must be one of ok|not-modified"},
        {"limits: { left: x }\n", "\"reset\" is missing"},
        {"cuts: { u: '(' }\n", "is no PCRE2 pattern"},
        {"quotes: { q: plain }\n", "must be a section with keys of its own"},
        {"tables: &a { }\nparts: *a\n", "anchors and aliases have no place in a recipe"},
        {"headers: { A: !x b }\n", "tags have no place in a recipe"},
        {"relations: [ { from: r, url: \"/a[b\" } ]\n", "is no path"},
        {"look: { note: { get: /n, items: n, text: /t } }\n", "must be a path such as"},
        {"create: { post: /c, id: /id, title_bytes: many }\n", "must be a number above 0"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(cases); i++) {
        struct fault f = {0};
        char text[4096];
        snprintf(text, sizeof(text), SMALL, cases[i].add);
        int rc = check_text(text, strlen(text), &f);
        if (!cases[i].says ? rc != 0 : rc == 0 || !strstr(f.text, cases[i].says))
            fail_msg("%s\nwanted: %s\ngot: %s", cases[i].add, cases[i].says ? cases[i].says : "no fault", f.text);
    }
}

static void version_comes_first(void **state) {
    struct fault f = {0}, g = {0}, h = {0};
    (void)state;
    assert_true(check_text("recipe: 2\n", 10, &f) < 0);
    assert_non_null(strstr(f.text, "this runtime reads format version 1"));
    assert_true(check_text("product: x\n", 11, &g) < 0);
    assert_non_null(strstr(g.text, "the first line must be \"recipe: 1\""));
    assert_true(check_text("", 0, &h) < 0);
}

/* Too long, too large, not there. */
static void files_are_bounded(void **state) {
    char name[] = "/tmp/recipe-XXXXXX";
    struct fault f = {0}, g = {0};
    json_t *j = NULL;
    (void)state;
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    for (int i = 0; i <= RECIPE_LINES_MAX; i++)
        assert_int_equal(write(fd, "# x\n", 4), 4);
    close(fd);
    assert_true(recipe_load(name, &j, &f) < 0);
    assert_non_null(strstr(f.text, "at most 300 lines"));
    unlink(name);
    assert_true(recipe_load(name, &j, &g) < 0);
    assert_non_null(strstr(g.text, "No such file"));
}

/* Bent recipes: a fault or none, and if none, the runtime can follow it. */
static void bent_recipes(void **state) {
    static const char *const files[] = {"connectors/rt/recipe.yaml", "connectors/redmine/recipe.yaml",
                                        "tests/golden/tracker/recipes/jira/recipe.yaml",
                                        "tests/golden/tracker/recipes/azure/recipe.yaml"};
    static const char pieces[] = "{}[]:,\"'#&*!|>%@`/ \n-$~";
    uint64_t x = 2463534242ULL;
    size_t passed = 0;
    (void)state;
    for (int round = 0; round < 1200; round++) {
        cleanup_arena struct arena *a = arena_new();
        char *text = read_file(arena_printf(a, "%s/%s", SOURCE_ROOT, files[round % 4]));
        size_t len = strlen(text);
        for (int k = 1 + (int)(x % 3); k > 0; k--) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            size_t at = x % len;
            if (x & 1024)
                text[at] = pieces[(x >> 20) % (sizeof(pieces) - 1)];
            else if (x & 2048)
                memmove(text + at, text + at + 1, len-- - at);
            else
                text[at] = (char)(x >> 30);
        }
        struct fault f = {0};
        int rc = check_text(text, len, &f);
        assert_true(rc == 0 || f.text[0]);
        passed += rc == 0;
        free(text);
    }
    assert_true(passed > 50);
}

/* The fragments in connectors/README.md are real: each stands in a recipe that passes. */
static void readme_fragments(void **state) {
    char *text = read_file(SOURCE_ROOT "/connectors/README.md");
    int found = 0;
    (void)state;
    for (char *p = text, *end; (p = strstr(p, "```yaml\n")); p = end) {
        p += 8;
        end = strstr(p, "```");
        assert_non_null(end);
        cleanup_json json_t *lines = json_object();
        struct fault f = {0};
        json_t *j = recipe_yaml("connectors/README.md", p, (size_t)(end - p), lines, &f);
        if (!j)
            fail_msg("%s\n%.*s", f.text, (int)(end - p), p);
        json_decref(j);
        end += 3;
        found++;
    }
    assert_true(found >= 6);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(recipes_pass),        cmocka_unit_test(faults_are_told),
                                       cmocka_unit_test(version_comes_first), cmocka_unit_test(files_are_bounded),
                                       cmocka_unit_test(bent_recipes),        cmocka_unit_test(readme_fragments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
