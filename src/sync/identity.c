/* identity: who this installation is, and whether its database is the newest.
 *
 * Instance, generation and machine stand in the database (meta) and in a file
 * beside it, DATABASE.identity (domain.md 9). The file outlives a database that
 * is lost, and shows one that was put back:
 *
 *   no database, no file     a new installation: a name by chance
 *   no database, a file      lost: goes on under its name, and adopts
 *   file newer               restored from a backup: the outbox is shut
 *   another machine          a copy, or it moved: the outbox is shut
 *   database, no file        nobody can tell: the outbox is shut
 *
 * The generation goes up at each start, and again while effects leave, at most
 * every MARK_EVERY: a backup of a running database would else be as new as the
 * database at its next start. What was sent less than that before the end of
 * the process, right after the backup, may go unnoticed; its markers do not.
 *
 * Order: the database commits first, then the file is replaced. A crash between
 * the two leaves the database one ahead, which means nothing and is mended by
 * the next bump; the other way round it would look like a restored backup. The
 * first bump of a process stands in both before anything can leave; a later one
 * is in the transaction that marks effects in flight. */
#include "engine.h"

#include <stdio.h>
#include <string.h>

#define MARK_EVERY (10 * SEC_MS)

static const char head[] =
    "# Who this Bascule is: it belongs to the database beside it. Keep it when the database is lost;\n"
    "# do not copy it to another installation.\n";

static void parse_line(const char *line, size_t len, struct identity *ret) {
    char key[16] = "", value[64] = "";
    char text[100];
    snprintf(text, sizeof(text), "%.*s", (int)(len < 99 ? len : 99), line);
    if (text[0] == '#' || sscanf(text, "%15s %63s", key, value) != 2)
        return;
    if (str_is(key, "instance"))
        snprintf(ret->instance, sizeof(ret->instance), "%.12s", value);
    else if (str_is(key, "machine"))
        snprintf(ret->machine, sizeof(ret->machine), "%.39s", value);
    else if (str_is(key, "generation"))
        (void)str_int64(value, &ret->generation);
    else if (str_is(key, "problems"))
        (void)str_int64(value, &ret->problems);
}

static int file_read(const struct engine *e, struct arena *a, struct identity *ret, struct fault *fault) {
    struct fault why = {0};
    const char *text = e->world->identity_read(e->world->arg, a, &why);
    *ret = (struct identity){0};
    if (!text)
        return why.text[0] ? fault_set(fault, -EIO, "%s", why.text) : 0;
    for (const char *line = text; *line; line += line[0] == '\n') {
        size_t len = strcspn(line, "\n");
        parse_line(line, len, ret);
        line += len;
    }
    if (!ret->instance[0])
        return fault_set(
            fault, -EINVAL,
            "the identity file beside the database holds no `instance NAME`: put it back from a backup, or "
            "remove it; then the outbox stays shut until you open it");
    return 0;
}

static int file_write(struct engine *e, struct fault *fault) {
    cleanup_arena struct arena *a = arena_new();
    if (!e->world->identity_write)
        return 0;
    return e->world->identity_write(
        e->world->arg,
        arena_printf(a, "%sinstance %s\ngeneration %lld\nproblems %lld\n%s%s%s", head, e->instance,
                     (long long)e->generation, (long long)store_problem_top(e->store),
                     e->world->machine ? "machine " : "", e->world->machine ? e->world->machine : "",
                     e->world->machine ? "\n" : ""),
        fault);
}

/* ---- the beginning ---- */

static void number_set(struct engine *e, const char *key, int64_t n) {
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)n);
    store_meta_set(e->store, key, text);
}

static int64_t number_of(struct engine *e, struct arena *a, const char *key) {
    int64_t n = 0;
    const char *text = store_meta(e->store, a, key);
    return text && str_int64(text, &n) ? n : 0;
}

/* "b" and 20 random bits: with five digits of a problem a marker has 24 characters. */
static void name_new(struct engine *e) {
    static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint64_t v = randomness_u64(&e->world->randomness);
    if (e->world->instance) {
        snprintf(e->instance, sizeof(e->instance), "%.12s", e->world->instance);
        return;
    }
    e->instance[0] = 'b';
    for (int i = 1; i <= 4; i++, v >>= 5)
        e->instance[i] = letters[v & 31];
}

static void shut(struct engine *e, struct arena *a, const char *why, const char *mend) {
    store_meta_set(e->store, "outbox", "shut");
    store_meta_set(e->store, "outbox_why", why);
    store_attention_set(
        e->store,
        &(struct attention_item){.kind = "outbox-shut",
                                 .subject = "outbox",
                                 .text = arena_printf(a, "%s; nothing leaves until a person opens the outbox", why),
                                 .who = "owner",
                                 .clear = arena_printf(a,
                                                       "%s; bascule list effects shows what would leave; then "
                                                       "bascule outbox open",
                                                       mend)},
        now_of(e));
    journal(e, "bridge", "outbox", "", 0, 0, "shut: %s", why);
    log_warn(e->world->log, "the outbox is shut: %s: `bascule outbox open` opens it", why);
}

/* From now on markers that this database does not know, of notes older than now, are its own lost ones. */
static void recover(struct engine *e) {
    e->recovered = now_of(e);
    number_set(e, "recovered", e->recovered);
    int n = store_creations_unsure(e->store);
    if (n)
        journal(e, "bridge", "unsure", "", 0, 0, "%d defects may have been created already: they are looked for", n);
}

static void begin_lost(struct engine *e, const struct identity *file) {
    store_meta_set(e->store, "outbox", "open");
    store_meta_set(e->store, "adopts", "1");
    store_problem_floor(e->store, file->problems);
    recover(e);
    journal(e, "bridge", "began", "", 0, 0,
            "a new database for instance %s, whose old one is lost: what the trackers show is adopted, numbers go on "
            "after P-%lld",
            e->instance, (long long)file->problems);
    log_warn(e->world->log,
             "the database is new, but instance %s is not: its old database is lost, what the trackers "
             "show is adopted",
             e->instance);
}

static void begin_known(struct engine *e, struct arena *a, const struct identity *db, const struct identity *file) {
    const char *moved =
        "end the other Bascule if this one has moved; leave the outbox shut if this is a copy for tests";
    const char *machine = e->world->machine;
    const char *was = file->machine[0] ? file->machine : db->machine[0] ? db->machine : machine;
    const char *why = NULL, *mend = "see that no other Bascule runs on these trackers";
    if (file->instance[0] && !str_is(file->instance, db->instance)) {
        why = arena_printf(
            a, "the database is instance %s, the identity file beside it says %s: one of them belongs elsewhere",
            db->instance, file->instance);
    } else if (machine && was && !str_is(was, machine)) {
        why = "the database comes from another machine: if Bascule still runs there, two would write";
        mend = moved;
    } else if (file->instance[0] && file->generation > db->generation) {
        why =
            arena_printf(a,
                         "the database was restored from a backup (generation %lld, the identity file has %lld): what "
                         "was written since then is looked for in the trackers",
                         (long long)db->generation, (long long)file->generation);
        mend = "wait for a poll of each tracker";
    } else if (!file->instance[0] && db->generation) {
        why = "the identity file beside the database is gone: whether the database is the newest cannot be told";
    }
    if (!why)
        return;
    shut(e, a, why, mend);
    recover(e);
}

int identity_begin(struct engine *e, struct fault *fault) {
    cleanup_arena struct arena *a = arena_new();
    struct identity file = {0}, db = {0};
    const char *instance = store_meta(e->store, a, "instance"), *machine = store_meta(e->store, a, "machine");
    if (e->world->identity_read) {
        int rc = file_read(e, a, &file, fault);
        if (rc < 0)
            return rc;
    }
    db.generation = number_of(e, a, "generation");
    snprintf(db.instance, sizeof(db.instance), "%s", instance ? instance : "");
    snprintf(db.machine, sizeof(db.machine), "%s", machine ? machine : "");
    e->recovered = number_of(e, a, "recovered");
    if (instance)
        snprintf(e->instance, sizeof(e->instance), "%s", instance);
    else if (file.instance[0])
        snprintf(e->instance, sizeof(e->instance), "%s", file.instance);
    else
        name_new(e);
    if (instance && e->world->identity_read) {
        begin_known(e, a, &db, &file);
    } else if (file.instance[0]) {
        begin_lost(e, &file);
        if (e->world->machine && file.machine[0] && !str_is(file.machine, e->world->machine))
            shut(e, a, "the identity file comes from another machine: if Bascule still runs there, two would write",
                 "end the other Bascule, or remove the identity file here and begin anew");
    } else if (!instance) {
        store_meta_set(e->store, "outbox", "open");
        journal(e, "bridge", "began", "", 0, 0, "a new database, instance %s", e->instance);
    }
    e->adopts = str_is(store_meta(e->store, a, "adopts"), "1");
    store_meta_set(e->store, "instance", e->instance);
    if (e->world->identity_read) {
        e->generation = (db.generation > file.generation ? db.generation : file.generation) + 1;
        number_set(e, "generation", e->generation);
        if (e->world->machine)
            store_meta_set(e->store, "machine", e->world->machine);
    }
    return 0;
}

int identity_keep(struct engine *e, struct fault *fault) {
    e->marked_at = now_of(e);
    return e->world->identity_read ? file_write(e, fault) : 0;
}

/* ---- while effects leave ---- */

/* What cannot be written now is said, and tried again with the next ones: the database is ahead, which is harmless. */
static void keep_or_say(struct engine *e) {
    struct fault fault = {0};
    if (file_write(e, &fault) < 0)
        log_error(e->world->log, "%s", fault.text);
}

static void mark_ripe(void *arg) {
    struct engine *e = arg;
    if (e->mark != MARK_DUE)
        return;
    engine_begin(e);
    identity_mark(e);
    if (engine_commit(e))
        identity_marked(e);
}

void identity_mark(struct engine *e) {
    msec_t now = now_of(e), next = e->marked_at + MARK_EVERY;
    if (!e->world->identity_read)
        return;
    /* a mark whose commit failed is set again: the file must never be ahead of the database */
    if (e->mark != MARK_BUMPED && now < next && now >= e->marked_at) {
        if (!e->marker)
            e->marker = e->world->timers.make(e->world->timers.arg, mark_ripe, e);
        if (e->mark != MARK_DUE)
            e->world->timers.start(e->marker, next - now);
        e->mark = MARK_DUE;
        return;
    }
    number_set(e, "generation", e->generation + 1);
    e->mark = MARK_BUMPED;
}

void identity_marked(struct engine *e) {
    if (e->mark != MARK_BUMPED)
        return;
    e->mark = MARK_NONE;
    e->generation++;
    e->marked_at = now_of(e);
    keep_or_say(e);
}

void identity_end(struct engine *e) {
    if (!e->marker)
        return;
    e->world->timers.stop(e->marker);
    if (e->mark != MARK_DUE)
        return;
    e->marked_at = 0;
    mark_ripe(e);
}

/* ---- people ---- */

void identity_opened(struct engine *e) {
    store_meta_set(e->store, "outbox_why", "");
    store_attention_clear(e->store, "outbox-shut", "outbox");
}

bool instance_is_one(const char *name, struct fault *fault) {
    size_t n = strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz");
    if (!name[n] && n >= 1 && n <= 10)
        return true;
    fault_set(fault, -EINVAL,
              "'%s' is no instance: it stands before the dash of a marker, such as b1 in [P-12 \xc2\xb7 b1-3f9k2a]",
              name);
    return false;
}

void identity_take(struct engine *e, const char *instance) {
    snprintf(e->instance, sizeof(e->instance), "%s", instance);
    store_meta_set(e->store, "instance", instance);
    store_meta_set(e->store, "adopts", "1");
    e->adopts = true;
    recover(e);
}
