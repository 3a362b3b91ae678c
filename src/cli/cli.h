/* cli.h: what the commands share. Private to src/cli. */
#ifndef BASCULE_CLI_PRIVATE_H
#define BASCULE_CLI_PRIVATE_H

#include "bascule/cli.h"
#include "bascule/report.h"

/* ---- commands: one sorted table, in cli.c ---- */

struct cli;
struct option {
    const char *name; /* without the dashes */
    const char *arg;  /* what its value is called; NULL: a flag */
    const char *help; /* NULL: stands in no help */
    const char *key;  /* of the command's JSON arguments; NULL: not sent */
    bool number;      /* sent as one */
};
#define OPTION_END                                                                                                     \
    { NULL, NULL, NULL, NULL, false }
struct command {
    const char *name;
    const char *summary;          /* one line */
    const char *usage;            /* behind "bascule NAME "; one form a line */
    const char *help;             /* paragraphs; then examples */
    const struct option *options; /* NULL: none of its own */
    int words_min, words_max;     /* positional arguments; -1: any number */
    int (*run)(struct cli *c);
};
extern const struct command command_ack, command_audit, command_backup, command_check, command_confirm,
    command_connectors, command_defect, command_demo, command_discard, command_doctor, command_explain, command_forget,
    command_ignore, command_link, command_list, command_outbox, command_outcome, command_pause, command_policy,
    command_problem, command_reject, command_release, command_report, command_resume, command_retry, command_run,
    command_show, command_status, command_sync, command_token, command_unlink;
/* Ends with NULL. */
extern const struct command *const commands[];
const struct command *command_find(const char *name);

/* ---- one invocation ---- */

#define WORDS_MAX  64
#define VALUES_MAX 32
struct cli {
    const struct cli_world *w;
    struct arena *arena;
    const struct command *command;
    const char *config_file; /* -c */
    enum cli_format format;
    bool help;
    const char *words[WORDS_MAX];
    int n_words;
    struct {
        const struct option *option;
        const char *value; /* "" for a flag */
    } values[VALUES_MAX];
    int n_values;
    struct settings *settings; /* once loaded */
    const char *settings_file;
    bool over_socket; /* the last answer came from the running service */
};

/* ---- args.c ---- */

/* Reads what stands behind the command's name; says what is wrong. 0 or CLI_USAGE. */
int args_read(struct cli *c, int argc, char **argv);
/* NULL when not given. */
const char *args_value(const struct cli *c, const char *name);
bool args_flag(const struct cli *c, const char *name);
/* The options that have a key, as JSON arguments. */
json_t *args_json(const struct cli *c);
/* The nearest of the words (NULL at the end) to what was typed; NULL when none is near. */
const char *nearest(const char *typed, const char *const *words);
/* Which of the words (NULL at the end) this is: its place, or -1 after having said so. */
int args_choose(struct cli *c, const char *what, const char *typed, const char *const *words);
void usage_print(FILE *out, const struct command *command);
void help_print(FILE *out, const struct command *command);

/* ---- ask.c: where answers come from ---- */

/* The job of a body in main.c, as it was typed. */
struct cli_job cli_job(struct cli *c);
/* Each says what went wrong on stderr. CLI_USAGE; CLI_FAILED. */
int cli_wrong(struct cli *c, const char *format, ...) printf_like(2, 3);
int cli_failed(struct cli *c, const char *format, ...) printf_like(2, 3);
/* Reads the configuration; secrets need not be there unless `strict`. 0, or the exit code. */
int cli_settings(struct cli *c, bool strict);
/* -c, $BASCULE_CONFIG, ./bascule.yaml, /etc/bascule/bascule.yaml; NULL: none of them. */
const char *cli_config_file(struct cli *c);
/* Asks the service, or the database where none runs. 0, or the exit code. */
int cli_read(struct cli *c, struct report_query *q, json_t **ret);
/* Asks the running service. 0, the exit code, or CLI_NO_SERVICE. body may be NULL. */
enum { CLI_NO_SERVICE = -1 };
int cli_ask(struct cli *c, const char *method, const char *path, const json_t *body, json_t **ret);
/* Asks the service to change something. 0, or the exit code. body may be NULL. */
int cli_change(struct cli *c, const char *method, const char *path, const json_t *body, json_t **ret);
/* Asks and prints what came of it; `done` is said where the service says nothing itself. */
int cli_do(struct cli *c, const char *method, const char *path, const json_t *body, const char *done);
/* "incidents/helpdesk%3A4711/ack", each %s escaped; in the arena. */
char *cli_path(struct cli *c, const char *first, const char *segment, const char *last);
/* A question on a terminal; elsewhere `otherwise`. --yes is yes. */
bool cli_sure(struct cli *c, bool otherwise, const char *question);
/* What a problem, record or attention subject must look like; says so when not. */
bool cli_is_ref(struct cli *c, const char *word);
bool cli_is_problem(struct cli *c, const char *word);
bool cli_is_number(struct cli *c, const char *word, const char *what);

/* ---- width.c: text on a terminal ---- */

/* Columns that valid UTF-8 takes. */
int text_width(const char *s);
/* Cut to `width` columns, with "…" where something went. */
char *text_fit(struct arena *a, const char *s, int width);
/* One line without control characters; NULL is "": what a tracker says never steers a terminal. */
char *cli_text(struct arena *a, const char *s);
/* What would steer it as \u escapes, for text in a format of its own: in JSON that is the same text. */
char *text_escaped(struct arena *a, const char *s);
/* Lines of at most `width` columns (0: one), each after `indent` spaces; keeps line breaks. */
void text_wrap(FILE *out, const char *s, int indent, int width);

/* ---- sheet.c: output ---- */

struct cli_sheet cli_sheet(const struct cli *c);
const char *colour_of(const char *word);
/* A word in its colour, if there are colours. */
void word_print(const struct cli_sheet *s, const char *word);
void json_out(FILE *out, const json_t *j);
/* table.c: one thing where no table is wanted: JSON, or CSV with a line a member. */
void thing_out(const struct cli_sheet *s, const json_t *item);
/* "4 min ago", "3 days ago", "never"; NULL time is "never". */
const char *age_text(struct arena *a, const char *time, msec_t now);
/* "2026-01-02 03:04:05 UTC" */
const char *moment_text(struct arena *a, const char *time);
/* Arrays joined with ", ", the rest as it is; NULL when there is nothing. */
const char *value_text(struct arena *a, const json_t *value);
/* "Title:" and text behind it, aligned; nothing at all when text is empty. */
void field_print(const struct cli_sheet *s, const char *title, const char *text);
void heading_print(const struct cli_sheet *s, const char *title);
int sheet_width(const struct cli_sheet *s);
/* The string at a key, "" when there is none. */
const char *word_of(const json_t *object, const char *key);

/* explain.c: the text of `explain`, out of its JSON. */
void explain_print(const struct cli_sheet *s, const json_t *e);

#endif
