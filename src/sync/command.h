/* command: what the files of commands share. A command runs inside a
 * transaction and ends it by command_commit, refuse, or a rollback of its own
 * before it waits for something. */
#ifndef SYNC_COMMAND_H
#define SYNC_COMMAND_H

#include "engine.h"

#include <stdio.h>

struct command {
    struct engine *e;
    struct arena *a;
    json_t *args;
    const char *actor;
    command_done *done;
    void *who;
};

/* Takes over result. */
void answer(const struct command *c, int status, json_t *result);
/* Rolls back and answers problem details. */
void refuse(const struct command *c, int status, const char *format, ...) printf_like(3, 4);
/* Commits, decides what is due at once, answers. Takes over result. */
void command_commit(const struct command *c, json_t *result);
const char *want_text(const struct command *c, const char *key);
/* False: refused already. */
bool want_problem(const struct command *c, const char *key, struct problem_row *ret);
/* Nothing but white space. */
bool is_blank(const char *text);
bool want_record(const struct command *c, const char *key, struct record_row *ret);

/* ---- bulk.c: something for every linked incident ---- */
struct bulk_kind {
    const char *what; /* for whoever has to wait */
    bool keeps;       /* each few are committed; else rolled back */
    void (*one)(struct engine *e, struct arena *a, const char *ref, void *own);
    void (*end)(struct command *c, void *own); /* in a transaction; answers */
    void (*free)(void *own);
};
/* The arena for what it needs as long as it lasts; NULL: refused already. */
struct arena *bulk_begin(struct command *c, const struct bulk_kind *kind);
/* Then it goes on by itself. Ends the transaction. */
void bulk_go(struct command *c, void *own);

void cmd_audit(struct command *c);
void cmd_link(struct command *c);
void cmd_unlink(struct command *c);
void cmd_confirm(struct command *c);
void cmd_reject(struct command *c);
void cmd_defect_new(struct command *c);
void cmd_problem_new(struct command *c);
void cmd_problem_set(struct command *c);
void cmd_problem_publish(struct command *c);
void cmd_problem_accept_risk(struct command *c);
void cmd_problem_push_back(struct command *c);
void cmd_problem_close(struct command *c);
void cmd_problem_recurred(struct command *c);
void cmd_problem_reopen(struct command *c);
void cmd_problem_merge(struct command *c);
void cmd_problem_split(struct command *c);
void cmd_retry(struct command *c);
void cmd_discard(struct command *c);
void cmd_release(struct command *c);
void cmd_outbox_open(struct command *c);
void cmd_outbox_close(struct command *c);
void cmd_policy_apply(struct command *c);
void cmd_token_new(struct command *c);
void cmd_token_list(struct command *c);
void cmd_token_revoke(struct command *c);
void cmd_token_check(struct command *c);

#endif
