/* care: audit, backup and doctor as they are typed: what is asked, said, and the exit code. */
#include "world.h"

#include <sys/stat.h>
#include <unistd.h>

#define DIFFERENCES                                                                                                    \
    "{\"run\":1,\"read\":2,\"of\":2,\"done\":true,\"failed\":%s,\"more\":%d,\"differences\":[{\"ref\":\"product:56\"," \
    "\"what\":\"incident_count\",\"tracker\":\"99\",\"bridge\":\"3\",\"mend\":\"bascule sync product:56\"}]}"

static void audit_says_what_differs(void **state) {
    char body[600];
    snprintf(body, sizeof(body), DIFFERENCES, "false", 0);
    world_service.status = 200;
    world_service.body = body;
    assert_int_equal(type("audit", "-c", "test.yaml"), CLI_ATTENTION);
    assert_string_equal(world_service.asked, "POST /api/v1/audit {}");
    assert_int_equal(world_service.count, 1);
    says(world_out, "REF");
    says(world_out, "product:56  incident_count  99       3       bascule sync product:56");
    assert_int_equal(type("audit", "-c", "test.yaml", "--format", "csv"), CLI_ATTENTION);
    says(world_out, "product:56,incident_count,99,3,bascule sync product:56");
}

static void audit_says_that_nothing_does(void **state) {
    world_service.status = 200;
    world_service.body = "{\"run\":1,\"read\":7,\"of\":7,\"done\":true,\"failed\":false,\"differences\":[]}";
    assert_int_equal(type("audit", "-c", "test.yaml"), CLI_DONE);
    assert_string_equal(world_out, "Nothing differs: 7 records were read\n");
    assert_int_equal(type("audit", "-c", "test.yaml", "--format", "json"), CLI_DONE);
    assert_string_equal(world_out, "[]\n");
}

static void audit_that_could_not_read_all_has_failed(void **state) {
    char body[600];
    snprintf(body, sizeof(body), DIFFERENCES, "true", 5);
    world_service.status = 200;
    world_service.body = body;
    assert_int_equal(type("audit", "-c", "test.yaml"), CLI_FAILED);
    says(world_out, "incident_count");
    says(world_err, "and 5 more");
    says(world_err, "not all could be read");
}

static void audit_under_way_is_said(void **state) {
    world_service.status = 409;
    world_service.body = "{\"detail\":\"an audit is under way: wait for it\"}";
    assert_int_equal(type("audit", "-c", "test.yaml"), CLI_FAILED);
    says(world_err, "an audit is under way");
    assert_int_equal(type("audit", "all", "-c", "test.yaml"), CLI_USAGE);
}

/* Then the secrets must be there: nobody else has them. */
static void audit_without_a_service_reads_itself(void **state) {
    assert_int_equal(type("audit", "-c", "test.yaml"), CLI_FAILED);
    says(world_err, "RT_TOKEN");
    assert_string_equal(world_body, "");
}

static void backup_makes_a_file_and_says_how_to_restore_it(void **state) {
    char file[100];
    struct stat st;
    snprintf(file, sizeof(file), "%s-copy", world_database);
    assert_int_equal(type("backup", file, "-c", "test.yaml"), CLI_DONE);
    says(world_out, "KiB");
    says(world_out, "To restore it:");
    says(world_out, "bascule outbox open");
    says(world_out, world_database);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(type("backup", file, "-c", "test.yaml"), CLI_FAILED);
    says(world_err, "exists: name another file");
    assert_int_equal(type("backup", file, "--force", "-c", "test.yaml", "--format", "json"), CLI_DONE);
    says(world_out, "\"bytes\":");
    unlink(file);
    assert_int_equal(world_service.count, 0); /* the service is not asked */
}

static void backup_needs_a_file(void **state) {
    assert_int_equal(type("backup", "-c", "test.yaml"), CLI_USAGE);
    assert_int_equal(type("backup", "/tmp/", "-c", "test.yaml"), CLI_USAGE);
    says(world_err, "no name of a file");
    assert_int_equal(type("backup", "/tmp/nowhere/x.db", "-c", "test.yaml"), CLI_FAILED);
    says(world_err, "there is no folder /tmp/nowhere");
}

static void doctor_speaks_of_the_configured_database_or_of_a_file(void **state) {
    assert_int_not_equal(type("doctor", "-c", "test.yaml"), CLI_USAGE);
    says(world_out, "integrity_check");
    says(world_out, "OK");
    assert_int_not_equal(type("doctor", world_database, "--format", "json"), CLI_USAGE); /* needs no configuration */
    says(world_out, "\"what\": \"integrity_check\"");
    assert_int_equal(type("doctor", "/nowhere.db"), CLI_FAILED);
    says(world_err, "/nowhere.db: unable to open");
    char path[80];
    snprintf(path, sizeof(path), "%s.txt", world_database);
    FILE *f = fopen(path, "w");
    fputs("Dear diary, this is a text, and longer than the header of a database is, so that it is read as one.\n", f);
    fclose(f);
    assert_int_equal(type("doctor", path), CLI_FAILED);
    (void)unlink(path);
    says(world_err, ".txt is no database of Bascule");
}

/* The exit code is the worst line's. */
static void doctor_exits_as_it_finds(void **state) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(world_database, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "PRAGMA foreign_keys=OFF; DELETE FROM meta WHERE key = 'instance'", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(type("doctor", "-c", "test.yaml"), CLI_FAILED);
    says(world_out, "FAIL");
    says(world_out, "does not know which one it is");
}

#define TEST(f) cmocka_unit_test_setup(f, world_fresh)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(audit_says_what_differs),
        TEST(audit_says_that_nothing_does),
        TEST(audit_that_could_not_read_all_has_failed),
        TEST(audit_under_way_is_said),
        TEST(audit_without_a_service_reads_itself),
        TEST(backup_makes_a_file_and_says_how_to_restore_it),
        TEST(backup_needs_a_file),
        TEST(doctor_speaks_of_the_configured_database_or_of_a_file),
        TEST(doctor_exits_as_it_finds),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
