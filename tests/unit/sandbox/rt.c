/* rt: the habits of the RT sandbox that a bridge lives with: who may what, what
 * moves, what reopens, what mails leave. The wording and shapes of answers are
 * compared with the real one in tests/e2e/compare_sandbox.py. */
#include "say.h"

#define NEW_TICKET                                                                                                     \
    "{'Queue':'Incidents','Subject':'S','Requestor':'alice@customer.example','Content':'x','ContentType':'text/"       \
    "plain'}"

static void make(struct world *w) {
    tell(w, "bridge", "POST", "/ticket", NEW_TICKET, 201);
}

static void put(struct world *w, const char *who, const char *body, const char *words) {
    json_t *j = say(w, who, "PUT", "/ticket/1", body, 200);
    assert_string_equal(json_print(w->a, j), words);
    json_decref(j);
}

static void asks_for_credentials(void **state) {
    struct world *w = *state;
    assert_int_equal(say_raw(w, "GET", "/REST/2.0/rt", NULL, 0, NULL)->status, 401);
    assert_int_equal(say_raw(w, "GET", "/REST/2.0/rt", NULL, 0, "Authorization", "token 1-27-00", NULL)->status, 401);
    assert_int_equal(say_raw(w, "GET", "/REST/2.0/rt", NULL, 0, "Authorization", "token ", NULL)->status, 401);
    assert_int_equal(say_raw(w, "GET", "/REST/2.0/rt", NULL, 0, "Authorization", "Basic YWxpY2U6YmFk", NULL)->status,
                     401);
    assert_int_equal(say_raw(w, "GET", "/REST/2.0/rt", NULL, 0, "Authorization", "Basic !!", NULL)->status, 401);
    assert_int_equal(say_raw(w, "GET", "/REST/2.0/rt", NULL, 0, "User-Agent", "Mozilla/5.0", NULL)->status, 302);
    tell(w, "alice", "GET", "/rt", NULL, 200);
    const char *target = arena_printf(w->a, "/REST/2.0/rt?token=%s", env_of(w, "RT_TOKEN"));
    assert_int_equal(say_raw(w, "GET", target, NULL, 0, NULL)->status, 200);
    assert_string_equal(header_of(&w->reply, "date"), "Thu, 01 Jan 2026 12:00:00 GMT");
}

static void moves_along_the_lifecycle(void **state) {
    struct world *w = *state;
    make(w);
    put(w, "bridge", "{'Status':'closed-unresolved'}",
        "[\"Ticket 1: Status changed from 'new' to 'closed-unresolved'\"]");
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Resolved"), "2026-01-01T12:00:00Z");
    put(w, "bridge", "{'Status':'rejected','Subject':'T'}",
        "[\"Ticket 1: You can't change status from 'closed-unresolved' to 'rejected'.\",\"Ticket 1: Subject changed "
        "from 'S' to "
        "'T'\"]");
    put(w, "bridge", "{'Status':'resolved'}", "[\"Ticket 1: Status changed from 'closed-unresolved' to 'resolved'\"]");
    put(w, "bridge", "{'Status':'closed-unresolved'}",
        "[\"Ticket 1: You can't change status from 'resolved' to 'closed-unresolved'.\"]");
    put(w, "bridge", "{'Status':'open'}", "[\"Ticket 1: Status changed from 'resolved' to 'open'\"]");
    put(w, "bridge", "{'Status':'deleted'}", "[\"Ticket 1: Permission Denied\"]");
    tell(w, "bridge", "DELETE", "/ticket/1", NULL, 500);
    tell(w, "agent", "DELETE", "/ticket/1", NULL, 204);
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Status"), "deleted");
    assert_string_equal(look(w, "bridge", "/tickets?query=id%3E0", "/total"), "0");
}

/* Every pair of statuses: allowed by the table, or refused without a change. */
static void every_move_is_by_the_table(void **state) {
    struct world *w = *state;
    static const char *const names[] = {"new",      "open",   "stalled", "resolved", "closed-unresolved",
                                        "rejected", "deleted"};
    static const char *const allowed[] = {"0111111", "1011111", "1101111", "0100001", "0101001", "0100001", "0100000"};
    for (size_t from = 0; from < 7; from++)
        for (size_t to = 0; to < 7; to++) {
            sandbox_reset(w->sb, NOON);
            make(w);
            if (from)
                tell(w, "agent", "PUT", "/ticket/1", arena_printf(w->a, "{'Status':'%s'}", names[from]), 200);
            assert_string_equal(look(w, "agent", "/ticket/1", "/Status"), names[from]);
            tell(w, "agent", "PUT", "/ticket/1", arena_printf(w->a, "{'Status':'%s'}", names[to]), 200);
            assert_string_equal(look(w, "agent", "/ticket/1", "/Status"),
                                allowed[from][to] == '1' ? names[to] : names[from]);
        }
}

static void reopens_when_answered(void **state) {
    struct world *w = *state;
    make(w);
    const char *say_it = "{'Content':'c','ContentType':'text/plain'}";
    tell(w, "bridge", "PUT", "/ticket/1", "{'Status':'closed-unresolved'}", 200);
    tell(w, "bridge", "POST", "/ticket/1/comment", say_it, 201);
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Status"), "closed-unresolved");
    tell(w, "bridge", "POST", "/ticket/1/correspond", say_it, 201);
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Status"), "open");
    const char *newest = "/ticket/1/history?orderby=id&order=DESC&fields=Type,NewValue,Creator";
    assert_string_equal(look(w, "bridge", newest, "/items/0/Creator/id"), "RT_System");
    assert_string_equal(look(w, "bridge", newest, "/items/0/NewValue"), "open");
    /* with the status in the same request it ends closed, after having been open */
    tell(w, "bridge", "PUT", "/ticket/1", "{'Status':'closed-unresolved'}", 200);
    tell(w, "bridge", "POST", "/ticket/1/correspond",
         "{'Content':'c','ContentType':'text/plain','Status':'closed-unresolved'}", 201);
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Status"), "closed-unresolved");
    assert_string_equal(look(w, "bridge", newest, "/items/1/NewValue"), "open");
    tell(w, "alice", "POST", "/ticket/1/correspond", say_it, 201);
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Status"), "open");
    tell(w, "bridge", "PUT", "/ticket/1", "{'Status':'stalled'}", 200);
    tell(w, "alice", "POST", "/ticket/1/correspond", say_it, 201);
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Status"), "stalled");
}

static void mails(void **state) {
    struct world *w = *state;
    make(w);
    assert_string_equal(look(w, "bridge", "/sandbox/mail", "/0/subject"), "[rig #1] AutoReply: S");
    tell(w, "bridge", "POST", "/ticket/1/comment", "{'Content':'secret','ContentType':'text/plain'}", 201);
    tell(w, "bridge", "POST", "/ticket/1/correspond", "{'Content':'for you','ContentType':'text/plain'}", 201);
    assert_string_equal(look(w, "bridge", "/sandbox/mail", "/1/to/0"), "alice@customer.example");
    assert_non_null(strstr(look(w, "bridge", "/sandbox/mail", "/1/body"), "for you"));
    assert_string_equal(look(w, "bridge", "/sandbox/mail", "/2"), "(absent)");
    tell(w, "alice", "POST", "/ticket/1/correspond", "{'Content':'mine','ContentType':'text/plain'}", 201);
    assert_string_equal(look(w, "bridge", "/sandbox/mail", "/2"), "(absent)"); /* not to herself */
    tell(w, "bridge", "PUT", "/ticket/1", "{'Status':'resolved'}", 200);
    assert_string_equal(look(w, "bridge", "/sandbox/mail", "/2/subject"), "[rig #1] Resolved: S");
    tell(w, "bridge", "PUT", "/ticket/1", "{'Status':'open'}", 200);
    tell(w, "bridge", "PUT", "/sandbox/scrip", "{'on_resolve':false}", 200);
    tell(w, "bridge", "PUT", "/ticket/1", "{'Status':'resolved'}", 200);
    assert_string_equal(look(w, "bridge", "/sandbox/mail", "/3"), "(absent)");
    assert_string_equal(look(w, "bridge", "/sandbox/mail?address=bob%40customer.example", ""), "[]");
    assert_string_equal(look(w, "bridge", "/sandbox/mail?address=ALICE%40customer.example", "/2/ticket"), "1");
}

static void a_field_can_be_emptied_in_two_ways(void **state) {
    struct world *w = *state;
    make(w);
    const char *values = "/tickets?query=id%3D1&fields=CustomFields";
    put(w, "bridge", "{'CustomFields':{'Impact':'HIGH'}}", "[\"Impact high added\"]");
    put(w, "bridge", "{'CustomFields':{'Impact':'high'}}", "[]");
    put(w, "bridge", "{'CustomFields':{'Impact':'gigantic'}}", "[\"Invalid value for custom field\"]");
    put(w, "bridge", "{'CustomFields':{'Impact':['low','high']}}", "[\"Impact high changed to low\"]");
    put(w, "bridge", "{'CustomFields':{'Impact':null}}", "[\"low is no longer a value for custom field Impact\"]");
    assert_null(strstr(look(w, "bridge", values, "/items/0/CustomFields"), "null"));
    put(w, "bridge", "{'CustomFields':{'Impact':null}}", "[\"Impact  added\"]"); /* each time again */
    assert_non_null(strstr(look(w, "bridge", values, "/items/0/CustomFields"), "null"));
    put(w, "bridge", "{'CustomFields':{'Nope':'x'}}", "[]");
    tell(w, "bridge", "PUT", "/ticket/1", "{'CustomFields':{'Service':{'a':1}}}", 500);
}

static void only_changes_move_the_time(void **state) {
    struct world *w = *state;
    make(w);
    static const struct {
        const char *body;
        bool moves;
    } rows[] = {{"{}", false},
                {"{'Subject':'S'}", false},
                {"{'Status':'new'}", false},
                {"{'Status':'nonsense'}", false},
                {"{'CustomFields':{'Impact':'gigantic'}}", false},
                {"{'Status':'open'}", true},
                {"{'CustomFields':{'Problem':'P-1'}}", true},
                {"{'AddRefersTo':'http://a.b/1'}", true},
                {"{'AddRefersTo':'http://a.b/1'}", false},
                {"{'Cc':'bob@customer.example'}", true}};
    for (size_t i = 0; i < array_size(rows); i++) {
        const char *before = look(w, "bridge", "/ticket/1", "/LastUpdated");
        w->now += 5000;
        tell(w, "bridge", "PUT", "/ticket/1", rows[i].body, 200);
        bool moved = strcmp(before, look(w, "bridge", "/ticket/1", "/LastUpdated")) != 0;
        if (moved != rows[i].moves)
            fail_msg("%s", rows[i].body);
    }
}

static void a_merged_ticket_answers_with_the_other(void **state) {
    struct world *w = *state;
    make(w), make(w), make(w);
    tell(w, "bridge", "POST", "/sandbox/merge", "{'from':1,'into':2}", 200);
    tell(w, "bridge", "POST", "/sandbox/merge", "{'from':2,'into':3}", 200);
    assert_string_equal(look(w, "bridge", "/ticket/1", "/id"), "3");
    tell(w, "bridge", "PUT", "/ticket/1", "{'Subject':'through'}", 200);
    assert_string_equal(look(w, "bridge", "/ticket/3", "/Subject"), "through");
    assert_string_equal(look(w, "bridge", "/tickets?query=id%3D1", "/total"), "0");
    assert_string_equal(look(w, "bridge", "/tickets?query=EffectiveId%3D3", "/total"), "3");
    assert_string_equal(look(w, "bridge", "/ticket/3/history?per_page=100&fields=Type,Field", "/items/0/Type"),
                        "Create");
    put(w, "agent", "{'MergeInto':3}", "[\"Can't merge a ticket into itself\"]");
}

static void rights_can_be_taken(void **state) {
    struct world *w = *state;
    make(w);
    tell(w, "outsider", "GET", "/ticket/1", NULL, 403);
    tell(w, "outsider", "POST", "/ticket/1/comment", "{'Content':'x','ContentType':'text/plain'}", 400);
    tell(w, "bridge", "PUT", "/sandbox/rights", "{'bridge':false}", 200);
    tell(w, "bridge", "GET", "/ticket/1", NULL, 403);
    tell(w, "bridge", "PUT", "/ticket/1", "{'Status':'open'}", 403);
    assert_string_equal(look(w, "bridge", "/tickets?query=id%3E0", "/total"), "0");
    assert_string_equal(look(w, "agent", "/ticket/1", "/Status"), "new");
    tell(w, "bridge", "PUT", "/sandbox/rights", "{'bridge':true}", 200);
    tell(w, "bridge", "GET", "/ticket/1", NULL, 200);
    tell(w, "bridge", "PUT", "/sandbox/rights", "{'without':'CommentOnTicket'}", 200);
    tell(w, "bridge", "POST", "/ticket/1/comment", "{'Content':'x','ContentType':'text/plain'}", 400);
    tell(w, "agent", "POST", "/ticket/1/comment", "{'Content':'x','ContentType':'text/plain'}", 201);
    tell(w, "bridge", "PUT", "/ticket/1", "{'Status':'open'}", 200);
    tell(w, "bridge", "PUT", "/sandbox/rights", "{'without':'FlyToTheMoon'}", 400);
    tell(w, "bridge", "PUT", "/sandbox/rights", "{'bridge':true}", 200);
    tell(w, "bridge", "POST", "/ticket/1/comment", "{'Content':'x','ContentType':'text/plain'}", 201);
    tell(w, "agent", "PUT", "/ticket/1", "{'Queue':'Requests'}", 200);
    tell(w, "bridge", "GET", "/ticket/1", NULL, 403);
    assert_string_equal(look(w, "bridge", "/tickets?query=id%3E0", "/total"), "0");
}

static void pages_shift_and_keys_do_not(void **state) {
    struct world *w = *state;
    for (int i = 0; i < 4; i++) {
        make(w);
        w->now += 2000;
    }
    const char *page = "/tickets?query=id%3E0&orderby=LastUpdated&orderby=id&per_page=2&page=";
    assert_string_equal(look(w, "bridge", arena_printf(w->a, "%s1", page), "/items/1/id"), "2");
    tell(w, "bridge", "PUT", "/ticket/1", "{'Subject':'moved'}", 200);
    assert_string_equal(look(w, "bridge", arena_printf(w->a, "%s2", page), "/items/0/id"), "4"); /* 3 is never seen */
    const char *key =
        "/tickets?orderby=LastUpdated&orderby=id&query=(LastUpdated%3E'2026-01-01%2012:00:02')OR(LastUpdated%3E="
        "'2026-01-01%2012:00:02'AND%20LastUpdated%3C='2026-01-01%2012:00:02'AND%20id%3E2)";
    assert_string_equal(look(w, "bridge", key, "/items/0/id"), "3");
    assert_string_equal(look(w, "bridge", key, "/total"), "3");
}

static void has_versions_for_tickets(void **state) {
    struct world *w = *state;
    make(w);
    tell(w, "bridge", "GET", "/ticket/1", NULL, 200);
    const char *token = arena_printf(w->a, "token %s", env_of(w, "RT_TOKEN")), *tag = header_of(&w->reply, "etag");
    assert_non_null(tag);
    const char *path = "/REST/2.0/ticket/1", *body = "{\"Subject\":\"x\"}", *json = "application/json";
    assert_int_equal(say_raw(w, "GET", path, NULL, 0, "Authorization", token, "If-None-Match", tag, NULL)->status, 304);
    assert_int_equal(
        say_raw(w, "PUT", path, body, strlen(body), "Authorization", token, "If-Match", tag, "Content-Type", json, NULL)
            ->status,
        200);
    assert_int_equal(
        say_raw(w, "PUT", path, body, strlen(body), "Authorization", token, "If-Match", tag, "Content-Type", json, NULL)
            ->status,
        412);
    assert_int_equal(say_raw(w, "GET", path, NULL, 0, "Authorization", token, "If-Modified-Since", "x", NULL)->status,
                     500);
    path = "/REST/2.0/ticket/1/comment";
    assert_int_equal(say_raw(w, "POST", path, body, strlen(body), "Authorization", token, "If-Match", "\"1\"",
                             "Content-Type", json, NULL)
                         ->status,
                     412);
}

static void broken_requests_change_nothing(void **state) {
    struct world *w = *state;
    make(w);
    const char *token = arena_printf(w->a, "token %s", env_of(w, "RT_TOKEN"));
    uint64_t before = sandbox_digest(w->sb);
    static const struct {
        const char *method, *path, *body, *type;
        size_t len;
        int status;
    } rows[] = {
        {"PUT", "/ticket/1", "{bad", "application/json", 4, 400},
        {"PUT", "/ticket/1", "[]", "application/json", 2, 400},
        {"PUT", "/ticket/1", "", "application/json", 0, 200},
        {"PUT", "/ticket/1", "{\"Subject\":\"\xff\"}", "application/json", 15, 500},
        {"PUT", "/ticket/1", "{}", "text/plain", 2, 415},
        {"POST", "/ticket", "{bad", "application/json", 4, 400},
        {"POST", "/ticket", "{}", "application/json", 2, 400},
        {"POST", "/ticket/1", "{}", "application/json", 2, 409},
        {"POST", "/ticket/1/comment", "{bad", "application/json", 4, 500},
        {"POST", "/ticket/1/comment", "{\"Content\":\"x\"}", "application/json", 15, 400},
        {"POST", "/ticket/1/comment", "\xff", "text/plain", 1, 500},
        {"POST", "/ticket/1/comment", "x", "image/png", 1, 415},
        {"POST", "/ticket/1/links", "{}", "application/json", 2, 404},
        {"PATCH", "/ticket/1", "{}", "application/json", 2, 501},
        {"PUT", "/tickets/bulk", "{}", "application/json", 2, 400},
        {"GET", "/ticket/99999999999999999999", NULL, NULL, 0, 404},
        {"GET", "/ticket/0", NULL, NULL, 0, 404},
        {"GET", "/%2e%2e/%00", NULL, NULL, 0, 404},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        const char *target = arena_printf(w->a, "/REST/2.0%s", rows[i].path);
        const char *type = rows[i].type ? rows[i].type : "text/plain";
        say_raw(w, rows[i].method, target, rows[i].body, rows[i].len, "Authorization", token, "Content-Type", type,
                NULL);
        if (w->reply.status != rows[i].status)
            fail_msg("%s %s: %d", rows[i].method, rows[i].path, w->reply.status);
    }
    assert_true(before == sandbox_digest(w->sb));
    char *huge = arena_alloc(w->a, (4u << 20) + 2);
    memset(huge, ' ', (4u << 20) + 1);
    assert_int_equal(say_raw(w, "POST", "/REST/2.0/ticket", huge, (4u << 20) + 1, NULL)->status, 413);
}

/* RT's words about a message are Latin-1; where they don't fit in it dies of them, after the work. */
static void words_can_kill_the_reply(void **state) {
    struct world *w = *state;
    make(w);
    const char *path = "/ticket/1/comment";
    tell(w, "bridge", "POST", path, "{'Content':'x','ContentType':'text/plain','CustomFields':{'Service':'\xc3\xa4'}}",
         201);
    assert_non_null(strstr(w->reply.body, "Service \xe4 added"));
    assert_string_equal(header_of(&w->reply, "location"), "/REST/2.0/transaction/49");
    tell(w, "bridge", "POST", path,
         "{'Content':'x','ContentType':'text/plain','CustomFields':{'Service':'\xe6\x97\xa5'}}", 0);
    assert_int_equal(w->reply.body_len, 0);
    assert_non_null(strstr(look(w, "bridge", "/ticket/1", "/CustomFields"), "\xe6\x97\xa5"));
    put(w, "bridge", "{'CustomFields':{'Service':'\xc3\xa4'}}", "[\"Service \xe6\x97\xa5 changed to \xc3\xa4\"]");
}

static void a_customer_writes_by_mail(void **state) {
    struct world *w = *state;
    tell(w, "bridge", "POST", "/sandbox/mailgate",
         "{'from':'new@customer.example','subject':'Help','content':'please'}", 201);
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Requestor/0/id"), "new@customer.example");
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Creator/id"), "new@customer.example");
    tell(w, "bridge", "PUT", "/ticket/1", "{'Status':'closed-unresolved'}", 200);
    tell(w, "bridge", "POST", "/sandbox/mailgate", "{'from':'new@customer.example','content':'still','ticket':1}", 201);
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Status"), "open");
    tell(w, "bridge", "POST", "/sandbox/mailgate", "{'from':'nobody','content':'x'}", 400);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_rt, teardown)
    const struct CMUnitTest tests[] = {
        TEST(asks_for_credentials),
        TEST(moves_along_the_lifecycle),
        TEST(every_move_is_by_the_table),
        TEST(reopens_when_answered),
        TEST(mails),
        TEST(a_field_can_be_emptied_in_two_ways),
        TEST(only_changes_move_the_time),
        TEST(a_merged_ticket_answers_with_the_other),
        TEST(rights_can_be_taken),
        TEST(pages_shift_and_keys_do_not),
        TEST(has_versions_for_tickets),
        TEST(broken_requests_change_nothing),
        TEST(words_can_kill_the_reply),
        TEST(a_customer_writes_by_mail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
