/* token: API tokens open until they expire or are revoked, and nothing that is kept opens anything. */
#include "scene.h"

static const char *made(struct world *w, json_t *args) {
    json_t *result = NULL;
    assert_int_equal(world_command(w, "token-new", args, &result), 200);
    const char *token = arena_strdup(w->a, json_text(result, "token"));
    json_decref(result);
    return token;
}

static int opens(struct world *w, const char *token, const char *role) {
    json_t *result = NULL;
    int status = world_command(w, "token-check", json_pack("{s:s}", "token", token), &result);
    if (status == 200)
        assert_text(json_text(result, "role"), role);
    json_decref(result);
    return status;
}

static void it_opens_until_it_is_revoked(void **state) {
    struct world *w = scene(NULL);
    const char *a = made(w, json_pack("{s:s, s:s}", "name", "ci", "role", "practitioner"));
    const char *b = made(w, json_pack("{s:s, s:s}", "name", "board", "role", "viewer"));
    assert_int_equal(opens(w, a, "practitioner"), 200);
    assert_int_equal(opens(w, b, "viewer"), 200);
    command(w, 409, "token-new", json_pack("{s:s, s:s}", "name", "ci", "role", "viewer"));
    command(w, 200, "token-revoke", json_pack("{s:s}", "token", "ci"));
    assert_int_equal(opens(w, a, ""), 401);
    assert_int_equal(opens(w, b, "viewer"), 200);
    command(w, 404, "token-revoke", json_pack("{s:s}", "token", "ci"));
    const char *c = made(w, json_pack("{s:s, s:s}", "name", "ci", "role", "owner")); /* the name is free again */
    assert_int_equal(opens(w, c, "owner"), 200);
    assert_int_equal(opens(w, a, ""), 401);
    world_crash(w);
    assert_int_equal(opens(w, c, "owner"), 200);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM token"), 3); /* nothing is deleted */
    end(w);
    (void)state;
}

static void it_expires(void **state) {
    struct world *w = scene(NULL);
    const char *a = made(w, json_pack("{s:s, s:s, s:s}", "name", "ci", "role", "viewer", "expires", "12h"));
    run(w, 11 * 3600 * SEC_MS);
    assert_int_equal(opens(w, a, "viewer"), 200);
    run(w, 3601 * SEC_MS);
    assert_int_equal(opens(w, a, ""), 401);
    end(w);
    (void)state;
}

/* One letter less, more or other; another's id; nothing at all. */
static void what_is_nearly_one_opens_nothing(void **state) {
    struct world *w = scene(NULL);
    const char *a = made(w, json_pack("{s:s, s:s}", "name", "ci", "role", "owner"));
    const char *b = made(w, json_pack("{s:s, s:s}", "name", "other", "role", "viewer"));
    size_t n = strlen(a);
    assert_int_equal(n, strlen("bsc_") + 8 + 1 + 43);
    for (size_t i = 0; i <= n; i++) {
        char *wrong = arena_printf(w->a, "%s", a);
        wrong[i < n ? i : n - 1] = i < n ? (a[i] == 'x' ? 'y' : 'x') : 0;
        assert_int_equal(opens(w, wrong, ""), 401);
    }
    assert_int_equal(opens(w, arena_printf(w->a, "%sx", a), ""), 401);
    assert_int_equal(opens(w, arena_printf(w->a, "%.13s%s", a, b + 13), ""), 401);
    assert_int_equal(opens(w, "", ""), 401);
    assert_int_equal(opens(w, "bsc_", ""), 401);
    command(w, 401, "token-check", json_object());
    end(w);
    (void)state;
}

static void what_is_kept_opens_nothing(void **state) {
    struct world *w = scene(NULL);
    const char *a = made(w, json_pack("{s:s, s:s}", "name", "ci", "role", "owner"));
    const char *id = arena_printf(w->a, "%.8s", a + 4), *secret = a + 13;
    const char *all = world_text(w, "SELECT group_concat(id || name || hash || created_by) FROM token");
    assert_non_null(strstr(all, id));
    assert_null(strstr(all, secret));
    assert_null(strstr(world_text(w, "SELECT group_concat(text) FROM journal"), secret));
    const char *hash = world_text(w, "SELECT hash FROM token");
    assert_int_equal(opens(w, arena_printf(w->a, "bsc_%s_%s", id, hash), ""), 401);
    end(w);
    (void)state;
}

static void names_roles_and_spans_are_checked(void **state) {
    static const char *const names[] = {"", "a b", "a/b", "\xc3\xa4", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    static const char *const spans[] = {"", "soon", "0s", "-3d", "3"};
    struct world *w = scene(NULL);
    for (size_t i = 0; i < array_size(names); i++)
        command(w, 400, "token-new", json_pack("{s:s, s:s}", "name", names[i], "role", "viewer"));
    for (size_t i = 0; i < array_size(spans); i++)
        command(w, 400, "token-new", json_pack("{s:s, s:s, s:s}", "name", "a", "role", "viewer", "expires", spans[i]));
    command(w, 400, "token-new", json_pack("{s:s, s:s}", "name", "a", "role", "king"));
    command(w, 400, "token-new", json_pack("{s:s}", "name", "a"));
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM token"), 0);
    end(w);
    (void)state;
}

/* Reading with one all day long does not write all day long. */
static void its_use_is_kept_to_the_hour(void **state) {
    struct world *w = scene(NULL);
    const char *a = made(w, json_pack("{s:s, s:s}", "name", "ci", "role", "viewer"));
    assert_int_equal(opens(w, a, "viewer"), 200);
    int64_t used = world_number(w, 0, "SELECT used FROM token");
    assert_true(used > 0);
    run(w, 600 * SEC_MS);
    assert_int_equal(opens(w, a, "viewer"), 200);
    assert_int_equal(world_number(w, 0, "SELECT used FROM token"), used);
    run(w, 3600 * SEC_MS);
    assert_int_equal(opens(w, a, "viewer"), 200);
    assert_true(world_number(w, 0, "SELECT used FROM token") > used);
    end(w);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_until_it_is_revoked),      cmocka_unit_test(it_expires),
        cmocka_unit_test(what_is_nearly_one_opens_nothing),  cmocka_unit_test(what_is_kept_opens_nothing),
        cmocka_unit_test(names_roles_and_spans_are_checked), cmocka_unit_test(its_use_is_kept_to_the_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
