/* accidents: databases that are lost, put back or copied, and a second bridge
 * (domain.md 9): nobody is told twice, and the bridge says what is wrong. */
#include "scene.h"

#define FOREIGN "Known error P-3.\n\n[P-3 \xc2\xb7 b9-3f9k2a]"

static int64_t outbox_shut(struct world *w) {
    return world_number(w, 0, "SELECT count(*) FROM meta WHERE key = 'outbox' AND value = 'shut'");
}
static const char *why(struct world *w) {
    return world_text(w, "SELECT value FROM meta WHERE key = 'outbox_why'");
}

/* One ticket closed unresolved for one open issue. */

static void released(struct world *w) {
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "resolved");
}

/* The backup is of the running database: it is as new as the one that sent the notes, but for what it sent. */
static void a_backup_put_back_keeps_the_outbox_shut(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    world_backup(w);
    released(w);
    int notes = desk_notes(w, 1, "b1-", false), told = desk_notes(w, 1, "b1-", true);
    int defect = product_notes(w, 1, "b1-");
    assert_int_equal(told, 1);
    world_stop(w);
    world_restore(w);
    w->shut = true;
    world_start(w);
    run(w, 300 * SEC_MS);
    assert_int_equal(outbox_shut(w), 1);
    assert_int_equal(attention(w, "outbox-shut"), 1);
    assert_non_null(strstr(why(w), "backup"));
    assert_text(world_text(w, "SELECT verdict FROM incident"), "delivered"); /* decisions go on */
    world_crash(w);                                                          /* it stays shut */
    run(w, 60 * SEC_MS);
    assert_int_equal(outbox_shut(w), 1);
    w->shut = false;
    command(w, 200, "outbox-open", json_object());
    settle(w);
    assert_int_equal(desk_notes(w, 1, "b1-", false), notes);
    assert_int_equal(product_notes(w, 1, "b1-"), defect);
    assert_int_equal(effects(w, "echo = 'found on the record'"), 1);
    assert_int_equal(effects(w, "state NOT IN ('done', 'superseded')"), 0);
    assert_int_equal(attention(w, "outbox-shut"), 0);
    assert_int_equal(attention(w, "foreign-bridge"), 0);
    assert_text(why(w), "");
    world_stop(w);
    world_start(w);
    assert_int_equal(outbox_shut(w), 0);
    end(w);
}

static void publish(struct world *w) {
    command(w, 200, "problem-publish", json_pack("{s:s, s:s}", "id", "P-1", "text", "Switch to gross prices."));
}

/* The ticket was read before it is decided on: what stands there does not even wait. */
static void what_stands_there_is_entered_as_done(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    world_backup(w);
    publish(w);
    settle(w);
    int notes = desk_notes(w, 1, "b1-", false);
    world_stop(w);
    world_restore(w);
    w->shut = true;
    world_start(w);
    run(w, 60 * SEC_MS);
    publish(w); /* the text was lost with the database */
    run(w, 60 * SEC_MS);
    assert_int_equal(effects(w, "kind = 'note' AND ref = 'helpdesk:1' AND state = 'pending'"), 0);
    assert_int_equal(effects(w, "echo = 'found on the record'"), 1);
    w->shut = false;
    command(w, 200, "outbox-open", json_object());
    settle(w);
    assert_int_equal(desk_notes(w, 1, "b1-", false), notes);
    end(w);
}

/* Opened at once: what waits has not been looked for yet. Each send reads first. */
static void a_backup_opened_at_once_tells_nobody_twice(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    world_backup(w);
    released(w);
    int notes = desk_notes(w, 1, "b1-", false), writes = (int)w->writes;
    world_stop(w);
    world_restore(w);
    world_start(w);
    command(w, 200, "outbox-open", json_object());
    settle(w);
    assert_int_equal(desk_notes(w, 1, "b1-", false), notes);
    assert_true((int)w->writes - writes <= 1); /* a mirrored value at most */
    end(w);
}

/* A crash between the database's generation and the file's is no restored backup. */
static void a_crash_is_no_accident(void **state) {
    (void)state;
    for (int n = 1; n <= 6; n++) {
        struct world *w = closed_unresolved(NULL);
        world_stop(w);
        w->disk.dies_at = n;
        world_start(w);
        settle(w);
        assert_int_equal(outbox_shut(w), 0);
        run(w, 20 * SEC_MS);
        product_status(w, 1, ISSUE_CLOSED);
        world_crash_at_sync(w, n);
        settle(w);
        run(w, 60 * SEC_MS);
        settle(w);
        world_crash(w);
        assert_int_equal(outbox_shut(w), 0);
        assert_status(w, 1, "resolved");
        end(w);
    }
}

static void a_copy_on_another_machine_writes_nothing(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    product_status(w, 1, ISSUE_CLOSED);
    world_stop(w);
    w->port.machine = "m2";
    w->shut = true;
    world_start(w);
    run(w, 300 * SEC_MS);
    assert_int_equal(outbox_shut(w), 1);
    assert_non_null(strstr(why(w), "another machine"));
    assert_text(world_text(w, "SELECT verdict FROM incident"), "delivered");
    w->shut = false;
    command(w, 200, "outbox-open", json_object());
    settle(w);
    assert_status(w, 1, "resolved");
    world_stop(w);
    world_start(w); /* it lives here now */
    assert_int_equal(outbox_shut(w), 0);
    end(w);
}

/* The database alone was copied: what it knows of its machine is enough. */
static void a_copy_without_its_file_writes_nothing(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    world_stop(w);
    w->identity = NULL;
    world_start(w);
    assert_int_equal(outbox_shut(w), 1);
    assert_non_null(strstr(why(w), "identity file"));
    world_stop(w);
    w->identity = NULL;
    w->port.machine = "m2";
    world_start(w);
    assert_non_null(strstr(why(w), "another machine"));
    end(w);
}

static void lost(struct world *w) {
    world_stop(w);
    world_lose(w);
    world_start(w);
    settle(w);
}

static void a_lost_database_tells_nobody_again(void **state) {
    static const char *const histories[] = {"", "history: assert\n"};
    (void)state;
    for (size_t i = 0; i < array_size(histories); i++) {
        struct world *w = closed_unresolved(&(struct world_config){.top = histories[i]});
        product_issue(w, "Slow", "It takes minutes.");
        desk_ticket(w, ALICE, "Slow", "It is slow.");
        desk_field(w, 2, "Defect", "2");
        settle(w);
        command(w, 200, "problem-new", json_pack("{s:s}", "title", "Stands on no record"));
        released(w);
        int one = desk_notes(w, 1, "b1-", false), two = desk_notes(w, 2, "b1-", false);
        int defects = product_notes(w, 1, "b1-") + product_notes(w, 2, "b1-");
        int64_t top = world_number(w, 0, "SELECT max(id) FROM problem");
        assert_int_equal(top, 3);
        lost(w);
        assert_text(world_text(w, "SELECT value FROM meta WHERE key = 'instance'"), "b1");
        assert_int_equal(outbox_shut(w), 0);
        assert_int_equal(desk_notes(w, 1, "b1-", false), one);
        assert_int_equal(desk_notes(w, 2, "b1-", false), two);
        assert_int_equal(product_notes(w, 1, "b1-") + product_notes(w, 2, "b1-"), defects);
        assert_int_equal(world_number(w, 0, "SELECT min(id) FROM problem"), top + 1);
        assert_text(desk_field_of(w, 1, "Problem"), /* P-1 is of a database that is lost */
                    world_text(w, "SELECT 'P-' || problem FROM link WHERE ref = 'helpdesk:1'"));
        assert_int_equal(world_number(w, 0, "SELECT count(*) FROM link WHERE status = 'confirmed'"), 4);
        product_status(w, 2, ISSUE_CLOSED);
        settle(w);
        assert_status(w, 2, "resolved");
        assert_int_equal(desk_notes(w, 2, "b1-", true), 1);
        assert_int_equal(attention(w, "foreign-bridge"), 0);
        end(w);
    }
}

/* A turn of the lost database has told a fix; the next fix is told all the same. */
static void a_forgotten_turn_swallows_no_note(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    released(w);
    product_status(w, 1, ISSUE_WORKING);
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    int told = desk_notes(w, 1, "b1-", true);
    lost(w);
    assert_int_equal(desk_notes(w, 1, "b1-", true), told);
    run(w, 60 * SEC_MS);
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "resolved");
    assert_int_equal(desk_notes(w, 1, "b1-", true), told + 1);
    end(w);
}

/* A number that somebody typed before there was such a problem. */
static void an_older_number_is_no_evidence(void **state) {
    struct world *w = scene(NULL);
    (void)state;
    settle(w);
    desk_ticket(w, ALICE, "Typed too early", "x");
    desk_field(w, 1, "Problem", "P-1");
    settle(w);
    run(w, 60 * SEC_MS);
    product_issue(w, "Totals are wrong", "x");
    desk_ticket(w, ALICE, "Wrong totals", "x");
    desk_field(w, 2, "Defect", "1");
    settle(w);
    desk_comment(w, 1, "Read again.");
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM link WHERE ref = 'helpdesk:1'"), 0);
    desk_field(w, 1, "Problem", "");
    desk_field(w, 1, "Problem", "P-1"); /* now it means that one */
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM link WHERE ref = 'helpdesk:1' AND problem = 1"), 1);
    end(w);
}

static void without_its_file_too_it_asks_who_it_was(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    released(w);
    world_stop(w);
    w->identity = NULL;
    w->port.instance = NULL;
    world_lose(w);
    w->shut = true;
    world_start(w);
    run(w, 300 * SEC_MS);
    const char *name = world_text(w, "SELECT value FROM meta WHERE key = 'instance'");
    assert_int_equal(strlen(name), 5);
    assert_string_not_equal(name, "b1");
    assert_int_equal(attention(w, "foreign-bridge"), 2);
    assert_non_null(
        strstr(world_text(w, "SELECT clear FROM attention WHERE kind = 'foreign-bridge'"), "--instance b1"));
    command(w, 400, "outbox-open", json_pack("{s:s}", "instance", "no name"));
    w->shut = false;
    command(w, 200, "outbox-open", json_pack("{s:s}", "instance", "b1"));
    settle(w);
    assert_int_equal(attention(w, "foreign-bridge"), 0);
    assert_int_equal(world_number(w, -1, "SELECT count(*) FROM tracker WHERE stopped IS NOT NULL"), 0);
    assert_non_null(strstr(w->identity, "instance b1\n"));
    assert_true(world_number(w, 0, "SELECT min(id) FROM problem") > 1);
    desk_ticket(w, ALICE, "Wrong again", "x");
    product_issue(w, "Another", "x");
    desk_field(w, 2, "Defect", "2");
    settle(w);
    assert_int_equal(desk_notes(w, 2, "b1-", false), 1);
    end(w);
}

static void two_installations_have_two_names(void **state) {
    const char *names[2];
    (void)state;
    struct world *w[2];
    for (uint64_t i = 0; i < 2; i++) {
        w[i] = world_new(i + 1, NULL);
        w[i]->port.instance = NULL;
        world_start(w[i]);
        names[i] = world_text(w[i], "SELECT value FROM meta WHERE key = 'instance'");
        assert_int_equal(strlen(names[i]), 5);
    }
    assert_string_not_equal(names[0], names[1]);
    end(w[0]);
    end(w[1]);
}

/* ---- two bridges ---- */

static void another_bridge_stops_writes_to_that_tracker(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    desk_comment(w, 1, FOREIGN);
    settle(w);
    assert_int_equal(attention(w, "foreign-bridge"), 1);
    assert_non_null(strstr(world_text(w, "SELECT stopped FROM tracker WHERE name = 'helpdesk'"), "b9"));
    product_status(w, 1, ISSUE_CLOSED);
    run(w, 300 * SEC_MS);
    assert_text(world_text(w, "SELECT verdict FROM incident"), "delivered"); /* read and decided */
    assert_status(w, 1, "closed-unresolved");                                /* not written */
    world_crash(w);
    run(w, 60 * SEC_MS);
    assert_status(w, 1, "closed-unresolved");
    desk_ticket(w, ALICE, "Read all the same", "x");
    run(w, 60 * SEC_MS);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM incident"), 2);
    command(w, 200, "resume", json_pack("{s:s}", "tracker", "helpdesk"));
    settle(w);
    assert_status(w, 1, "resolved");
    assert_int_equal(attention(w, "foreign-bridge"), 0);
    desk_comment(w, 2, "Again.\n\n[P-4 \xc2\xb7 b9-aaaaaa]"); /* a person has said that it may */
    settle(w);
    assert_int_equal(attention(w, "foreign-bridge"), 0);
    end(w);
}

static void what_only_looks_like_another_bridge_stops_nothing(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    desk_reply(w, 1, ALICE, FOREIGN); /* a customer stops nothing */
    desk_comment(w, 1, "> Known error P-3.\n> [P-3 \xc2\xb7 b9-3f9k2a]");
    desk_comment(w, 1, "Does [P-3 \xc2\xb7 b9-3f9k2a] mean anything to you?");
    desk_comment(w, 1, "[P-3 \xc2\xb7 b9]");
    settle(w);
    assert_int_equal(attention(w, "foreign-bridge"), 0);
    end(w);
}

/* The same name, and a note that this database did not write. */
static void its_own_copy_at_work_stops_writes(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    desk_comment(w, 1, "Fixed.\n\n[P-1 \xc2\xb7 b1-zzzzzz]");
    settle(w);
    assert_int_equal(attention(w, "foreign-bridge"), 1);
    assert_non_null(strstr(world_text(w, "SELECT text FROM attention WHERE kind = 'foreign-bridge'"), "copy"));
    command(w, 200, "resume", json_pack("{s:s}", "tracker", "helpdesk"));
    settle(w);
    assert_int_equal(attention(w, "foreign-bridge"), 0);
    desk_comment(w, 1, "Once more.\n\n[P-1 \xc2\xb7 b1-yyyyyy]"); /* it is still at work */
    settle(w);
    assert_int_equal(attention(w, "foreign-bridge"), 1);
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_put_back_keeps_the_outbox_shut),
        cmocka_unit_test(what_stands_there_is_entered_as_done),
        cmocka_unit_test(a_backup_opened_at_once_tells_nobody_twice),
        cmocka_unit_test(a_crash_is_no_accident),
        cmocka_unit_test(a_copy_on_another_machine_writes_nothing),
        cmocka_unit_test(a_copy_without_its_file_writes_nothing),
        cmocka_unit_test(a_lost_database_tells_nobody_again),
        cmocka_unit_test(a_forgotten_turn_swallows_no_note),
        cmocka_unit_test(an_older_number_is_no_evidence),
        cmocka_unit_test(without_its_file_too_it_asks_who_it_was),
        cmocka_unit_test(two_installations_have_two_names),
        cmocka_unit_test(another_bridge_stops_writes_to_that_tracker),
        cmocka_unit_test(what_only_looks_like_another_bridge_stops_nothing),
        cmocka_unit_test(its_own_copy_at_work_stops_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
