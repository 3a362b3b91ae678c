/* doctor: is the database sound, and does what stands in it keep the laws?
 *
 * A finding a line: SQLite's own checks, then the laws of domain.md as
 * questions, then the files around it. Called by the command line, beside the
 * running service and without it. What must hold: it only reads, all questions
 * are about one moment, and what is said says what to do. */
#include "bascule/store.h"
#include "query.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define MIB        (1024LL * 1024)
#define WAL_WARN   (256 * MIB)
#define FREE_WARN  (256 * MIB)
#define FREE_FAIL  (16 * MIB)
#define SHOWN_MOST 5 /* of SQLite's own complaints */

struct doctor {
    sqlite3 *db;
    const char *database;
    struct arena *arena;
    json_t *lines;
    bool served; /* a service holds it */
    bool backup; /* named by the user: not the configured one */
    int version; /* of its schema: a backup may be older */
};

static void say(struct doctor *d, const char *result, const char *what, const char *format, ...) printf_like(4, 5);

static void say(struct doctor *d, const char *result, const char *what, const char *format, ...) {
    char text[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    json_t *line = json_pack("{s:s, s:s, s:s}", "result", result, "what", what, "text", text);
    if (!line) /* words of a damaged database need not be UTF-8 */
        line = json_pack("{s:s, s:s, s:s}", "result", result, "what", what, "text",
                         "it fails, and its words cannot be read");
    json_array_append_new(d->lines, line);
}

/* ---- SQLite's own checks ---- */

#define RESTORE "stop the service, keep this file, and put the newest backup in its place"

static bool fine(const char *name, const char *text) {
    return str_is(name, "integrity_check") && str_is(text, "ok");
}

static void pragma(struct doctor *d, const char *name, const char *sql, const char *mend) {
    sqlite3_stmt *q = NULL;
    int n = 0, code = sqlite3_prepare_v2(d->db, sql, -1, &q, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(q);
        if (code != SQLITE_ROW)
            break;
        const char *text = (const char *)sqlite3_column_text(q, 0);
        if (!fine(name, text) && n++ < SHOWN_MOST)
            say(d, "FAIL", name, "%s: %s", text ? text : "?", mend);
    }
    if (code != SQLITE_DONE)
        say(d, "FAIL", name, "%s: %s", sqlite3_errmsg(d->db), RESTORE);
    else if (!n)
        say(d, "OK", name, "the file is sound");
    else if (n > SHOWN_MOST)
        say(d, "FAIL", name, "and %d more", n - SHOWN_MOST);
    sqlite3_finalize(q);
}

/* ---- the laws ---- */

/* What breaks it, as rows of one column that names the one; none: it is kept. */
struct law {
    const char *what, *result, *sql;
    const char *ok, *bad, *mend;
    bool only_unserved; /* while a service works it may be so for a moment */
    int since;          /* version of the database that knows of it */
};

#define OPEN    "('pending', 'in-flight', 'unsure', 'parked')"
#define NO_REF  "NOT EXISTS (SELECT 1 FROM record r WHERE r.ref = "
#define BUG     "no user can cause this: keep a copy (bascule backup), then put back a backup from before it"
#define RESTART "restart the service, which mends it; if it stays, put back a backup from before it"

static const struct law laws[] = {
    {"outbox", "FAIL", "SELECT +key FROM effect GROUP BY +key HAVING count(*) > 1", "every effect's key is there once",
     "a key stands there more than once", BUG, false, 1},
    {"outbox", "FAIL",
     "SELECT 'effect ' || n FROM effect e WHERE kind <> 'create' AND state IN " OPEN " AND " NO_REF "e.ref)",
     "every open effect has its record", "an effect waits for a record that is not known",
     "bascule sync REF reads it; else bascule discard N", false, 1},
    {"outbox", "FAIL",
     "SELECT ref || ' turn ' || turn FROM effect WHERE kind = 'state' AND turn > 0 GROUP BY ref, turn HAVING count(*) "
     "> 1",
     "at most one state a turn", "more than one state in a turn", BUG, false, 1},
    {"outbox", "WARN", "SELECT 'effect ' || n FROM effect WHERE state = 'in-flight'", "nothing is in flight",
     "in flight, and no service runs (or it was copied meanwhile)",
     "bascule run looks what became of it before anything is sent again", true, 1},
    {"outbox", "WARN",
     "SELECT 'effect ' || n FROM effect e WHERE state = 'parked' AND NOT EXISTS (SELECT 1 FROM attention WHERE kind = "
     "'parked' AND subject = 'effect:' || e.n)",
     "what is parked stands on the attention list", "parked, and nobody is told", "bascule retry N or discard N", false,
     1},
    {"turns", "FAIL",
     "SELECT ref FROM incident WHERE turn < 0 OR max(adopted_turn, quiet_turn, asserted_turn) > turn OR (turn = 0 AND "
     "verdict <> 'unlinked')",
     "every incident's turn fits its verdict", "a turn that cannot be", BUG, false, 1},
    {"turns", "FAIL", "SELECT 'effect ' || n FROM effect e JOIN incident i ON i.ref = e.ref WHERE e.turn > i.turn",
     "no effect is of a turn to come", "an effect of a turn that has not begun", BUG, false, 1},
    {"turns", "WARN",
     "SELECT 'effect ' || n FROM effect e JOIN incident i ON i.ref = e.ref WHERE e.state = 'pending' AND e.kind IN "
     "('state', 'note') AND e.turn > 0 AND e.turn < i.turn",
     "no effect of an older turn still waits", "waits, though its turn is over",
     "bascule discard N, unless you had it tried again", false, 1},
    {"links", "FAIL",
     "SELECT 'P-' || problem || ' ' || ref FROM link l WHERE status = 'confirmed' AND kind = 'incident' AND NOT EXISTS "
     "(SELECT 1 FROM evidence e WHERE e.incident = l.ref AND (e.problem = l.problem OR e.defect IN (SELECT ref FROM "
     "link d WHERE d.problem = l.problem AND d.kind = 'defect'))) AND NOT EXISTS (SELECT 1 FROM due WHERE id = l.ref)",
     "every incident's link stands on evidence", "linked without evidence",
     "bascule sync REF; if it stays, bascule unlink REF P-n", false, 1},
    {"links", "FAIL",
     "SELECT 'P-' || problem || ' ' || ref FROM link l WHERE status = 'confirmed' AND kind = 'defect' AND NOT EXISTS "
     "(SELECT 1 FROM evidence e WHERE e.defect = l.ref) AND NOT EXISTS (SELECT 1 FROM due WHERE id = l.ref)",
     "every defect's link stands on evidence", "linked without evidence",
     "bascule sync REF; if it stays, bascule unlink REF P-n", false, 1},
    {"links", "WARN",
     "SELECT 'P-' || problem || ' ' || ref FROM link l WHERE status = 'confirmed' AND " NO_REF
     "l.ref) AND NOT EXISTS (SELECT 1 FROM lookup WHERE ref = l.ref)",
     "every linked record is known", "linked, and its record is not known", "bascule sync REF", false, 1},
    {"evidence", "FAIL",
     "SELECT 'evidence ' || n FROM evidence WHERE problem <> 0 AND origin = '' AND problem NOT IN (SELECT id FROM "
     "problem)",
     "what people linked here names problems that exist", "it names a problem that does not exist", BUG, false, 1},
    {"evidence", "WARN",
     "SELECT 'P-' || problem || ' in ' || origin FROM evidence WHERE problem <> 0 AND origin <> '' AND problem NOT IN "
     "(SELECT id FROM problem)",
     "what is written in the trackers names problems that exist", "a problem that does not exist is named",
     "correct the number there", false, 1},
    {"evidence", "FAIL", "SELECT 'evidence ' || n FROM evidence e WHERE origin <> '' AND " NO_REF "e.origin)",
     "it stands in records that are known", "it stands in a record that is not known", "bascule sync REF", false, 1},
    {"evidence", "WARN",
     "SELECT x FROM (SELECT incident AS x FROM evidence UNION SELECT defect FROM evidence) WHERE x <> '' AND " NO_REF
     "x) AND x NOT IN (SELECT ref FROM lookup)",
     "what it names is known, or looked for", "it names what is neither known nor looked for", "bascule sync REF",
     false, 1},
    {"values", "FAIL", "SELECT v.ref || ' ' || field FROM value v WHERE revision < 1 OR " NO_REF "v.ref)",
     "every mirrored value has its record", "a value without a record or a revision", BUG, false, 1},
    {"values", "FAIL",
     "SELECT 'effect ' || e.n FROM effect e WHERE e.kind = 'field' AND e.state = 'pending' AND NOT EXISTS (SELECT 1 "
     "FROM value v WHERE v.ref = e.ref AND v.field = json_extract(e.want, '$.field') AND v.revision = "
     "json_extract(e.want, '$.revision'))",
     "only newest values wait to be written", "an older value waits to be written", "bascule discard N", false, 1},
    {"due", "WARN",
     "SELECT kind || ' ' || x FROM (SELECT kind, id AS x FROM due UNION SELECT kind, id FROM again) WHERE CASE kind "
     "WHEN "
     "'problem' THEN CAST(x AS INTEGER) NOT IN (SELECT id FROM problem) ELSE " NO_REF "x) END",
     "what is to be decided exists", "to be decided, and does not exist", RESTART, false, 1},
    {"markers", "FAIL",
     "SELECT ref || ' ' || marker FROM effect WHERE marker IS NOT NULL AND state <> 'superseded' GROUP BY ref, marker "
     "HAVING count(*) > 1",
     "no two notes of a record have one marker", "two notes of a record have one marker", BUG, false, 1},
    {"search", "FAIL",
     "SELECT ref FROM (SELECT ref, title FROM record WHERE forgotten = 0 UNION ALL SELECT 'P-' || id, title FROM "
     "problem EXCEPT SELECT ref, title FROM search)",
     "every title can be found", "cannot be found under its title",
     "bascule sync REF writes it anew; a problem: bascule problem set P-n --title TEXT", false, 1},
    {"search", "WARN", "SELECT ref FROM search EXCEPT SELECT ref FROM record EXCEPT SELECT 'P-' || id FROM problem",
     "nothing is found that is not there", "would be found, and is not there", BUG, false, 1},
    {"forgotten", "FAIL",
     "SELECT ref FROM record r WHERE forgotten = 1 AND (title <> '' OR coalesce(reporter, assignee, '') <> '' OR ref "
     "IN "
     "(SELECT ref FROM search WHERE title <> ''))",
     "what was forgotten is blank", "forgotten, and still there", "bascule forget REF once more", false, 1},
    {"sums", "FAIL",
     "SELECT 'P-' || problem || ' ' || ref FROM (SELECT l.problem, l.ref, w.class FROM link l JOIN weight w ON w.ref = "
     "l.ref WHERE l.kind = 'incident' AND l.status = 'confirmed' EXCEPT SELECT problem, ref, class FROM counted) UNION "
     "SELECT 'P-' || problem || ' ' || ref FROM counted c WHERE NOT EXISTS (SELECT 1 FROM link l WHERE l.problem = "
     "c.problem AND l.ref = c.ref AND l.status = 'confirmed')",
     "every incident is counted as it stands", "an incident is counted otherwise than it stands", BUG, false, 2},
    {"sums", "FAIL",
     "SELECT 'P-' || t.problem FROM tally t LEFT JOIN counted c ON c.problem = t.problem GROUP BY t.problem HAVING "
     "t.total <> coalesce(sum(c.class & 1), 0) OR t.open <> coalesce(sum(c.class >> 1 & 1), 0) OR t.waiting <> "
     "coalesce(sum(c.class >> 2 & 1), 0) OR t.closed_unresolved <> coalesce(sum(c.class >> 3 & 1), 0) OR t.solved <> "
     "coalesce(sum(c.class >> 4 & 1), 0) OR t.did_not_hold <> coalesce(sum(c.class >> 5 & 1), 0) OR t.late <> "
     "coalesce(sum(c.class >> 6 & 1), 0)",
     "every problem's sums are those of its incidents", "sums that are not those of the incidents", BUG, false, 2},
    {"meta", "FAIL", "SELECT 'instance' WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'instance' AND value <> '')",
     "it knows which instance it is", "it does not know which one it is",
     "bascule run once has to have been started on it", false, 1},
};

static void law_check(struct doctor *d, const struct law *l) {
    struct fault fault = {0};
    cleanup_query struct query q = {0};
    const char *first = "";
    int64_t n = 0;
    int r;
    if ((l->only_unserved && d->served) || d->version < l->since)
        return;
    query_init(&q, d->db, d->arena, &fault);
    query_sql(&q, l->sql);
    while ((r = query_step(&q)) > 0)
        if (!n++)
            first = arena_strdup(d->arena, query_cell(&q, 0));
    if (r < 0)
        say(d, "FAIL", l->what, "%s: %s", fault.text, RESTORE);
    else if (n == 0)
        say(d, "OK", l->what, "%s", l->ok);
    else
        say(d, l->result, l->what, "%s: %lld, the first is %s: %s", l->bad, (long long)n, first, l->mend);
}

/* ---- the files ---- */

static const char *beside(struct doctor *d, const char *what) {
    return arena_printf(d->arena, "%s%s", d->database, what);
}

static void files_check(struct doctor *d) {
    static const char *const ends[] = {"", "-wal", "-shm", ".lock", ".identity"};
    cleanup_buf struct buf names = {0};
    struct stat st;
    for (size_t i = 0; i < array_size(ends); i++)
        if (stat(beside(d, ends[i]), &st) == 0 && (st.st_mode & 077))
            buf_printf(&names, " %s", beside(d, ends[i]));
    if (names.len)
        say(d, "FAIL", "rights", "others may read what customers wrote: chmod 600%s", buf_text(&names));
    else
        say(d, "OK", "rights", "only its owner may read it");
}

static void wal_check(struct doctor *d) {
    struct stat st;
    long long size = stat(beside(d, "-wal"), &st) == 0 ? (long long)st.st_size : 0;
    if (size > WAL_WARN)
        say(d, "WARN", "wal",
            "%lld MiB wait beside the database: something reads for very long (a backup, an sqlite3 "
            "shell): end it; a restart of the service takes them in",
            size / MIB);
    else
        say(d, "OK", "wal", "%lld KiB wait to be taken in", size / 1024);
}

static void disk_check(struct doctor *d) {
    struct statvfs fs;
    struct stat st;
    if (statvfs(d->database, &fs) != 0 || stat(d->database, &st) != 0) {
        say(d, "FAIL", "disk", "%s: %s", d->database, strerror(errno));
        return;
    }
    long long left = (long long)fs.f_bavail * (long long)fs.f_frsize, size = (long long)st.st_size;
    const char *result = left < FREE_FAIL ? "FAIL" : left < FREE_WARN || left < size ? "WARN" : "OK";
    say(d, result, "disk", "the database has %lld KiB, %lld MiB are free%s", size / 1024, left / MIB,
        str_is(result, "OK") ? "" : ": make room before it is full");
}

static const char *meta(struct doctor *d, const char *key) {
    struct fault fault = {0};
    cleanup_query struct query q = {0};
    query_init(&q, d->db, d->arena, &fault);
    query_sql(&q, "SELECT value FROM meta WHERE key = ?");
    query_text(&q, key);
    return query_step(&q) > 0 ? arena_strdup(d->arena, query_cell(&q, 0)) : NULL;
}

/* "generation 12" of the identity file; -1: it has none. */
static int64_t file_generation(const char *path) {
    char line[200];
    long long n = -1;
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "generation %lld", &n) == 1)
            break;
    if (f)
        fclose(f);
    return n;
}

/* Who this is stands in the database and beside it (domain.md 9); a database alone is a backup. */
static void identity_check(struct doctor *d) {
    struct stat st;
    const char *path = beside(d, ".identity"), *kept = meta(d, "generation");
    int64_t here = 0;
    if (!kept || !str_int64(kept, &here)) {
        say(d, "OK", "identity", "it keeps no generation yet");
    } else if (stat(path, &st) != 0 && d->backup) {
        say(d, "OK", "identity", "generation %lld, and no %s, as with a backup: run on it, the outbox stays shut first",
            (long long)here, path);
    } else if (stat(path, &st) != 0) {
        say(d, "WARN", "identity", "there is no %s: that file is lost; the outbox stays shut until bascule outbox open",
            path);
    } else if (file_generation(path) > here) {
        say(d, "WARN", "identity",
            "%s is newer than the database, which was put back: the outbox stays shut until bascule outbox open", path);
    } else if (file_generation(path) < 0) {
        say(d, "FAIL", "identity",
            "%s cannot be read, or says nothing of a generation: put it back from a backup, or "
            "move it away and open the outbox",
            path);
    } else {
        say(d, "OK", "identity", "generation %lld, as in %s", (long long)here, path);
    }
}

static int version_of(sqlite3 *db) {
    sqlite3_stmt *q = NULL;
    bool got =
        sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW;
    int version = got ? sqlite3_column_int(q, 0) : 0;
    sqlite3_finalize(q);
    return version;
}

/* ---- all of it ---- */

int report_doctor(const char *database, bool backup, json_t **ret, struct fault *fault) {
    cleanup_arena struct arena *a = arena_new();
    struct doctor d = {.database = database, .arena = a, .served = store_in_use(database), .backup = backup};
    int r = report_open(database, &d.db, fault);
    if (r < 0)
        return r;
    d.version = version_of(d.db);
    d.lines = json_array();
    (void)sqlite3_exec(d.db, "BEGIN", NULL, NULL, NULL);
    pragma(&d, "integrity_check", "PRAGMA integrity_check(100)", RESTORE);
    pragma(&d, "foreign_key_check",
           "SELECT \"table\" || ' row ' || coalesce(rowid, '?') || ' names no ' || parent FROM "
           "pragma_foreign_key_check",
           BUG);
    for (size_t i = 0; i < array_size(laws); i++)
        law_check(&d, &laws[i]);
    identity_check(&d);
    (void)sqlite3_exec(d.db, "ROLLBACK", NULL, NULL, NULL);
    report_close(d.db);
    files_check(&d);
    wal_check(&d);
    disk_check(&d);
    *ret = d.lines;
    return 0;
}
