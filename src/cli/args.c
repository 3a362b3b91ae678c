/* args: what was typed behind the command's name.
 *
 * Called by cli.c and the commands; owns nothing. What must hold: nothing that
 * was typed is ignored; what is not understood is named, with the nearest word
 * that would have been. */
#include "cli.h"
#include <string.h>

#define NEAR_MAX 40

static const struct option common[] = {
    {"config", "FILE", "the configuration; else $BASCULE_CONFIG, ./bascule.yaml, /etc/bascule/bascule.yaml", NULL,
     false},
    {"format", "table|json|csv", "how to print", NULL, false},
    {"help", NULL, "this text", NULL, false},
    OPTION_END,
};

/* ---- the nearest word ---- */

static int min3(int a, int b, int c) {
    return a < b ? (a < c ? a : c) : (b < c ? b : c);
}

/* Letters to insert, drop, change or swap. */
static int distance(const char *a, const char *b) {
    int n = (int)strlen(a), m = (int)strlen(b);
    int d[NEAR_MAX + 1][NEAR_MAX + 1];
    if (n > NEAR_MAX || m > NEAR_MAX)
        return NEAR_MAX;
    for (int i = 0; i <= n; i++)
        for (int j = 0; j <= m; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < d[i][j])
                d[i][j] = d[i - 2][j - 2] + 1;
        }
    return d[n][m];
}

const char *nearest(const char *typed, const char *const *words) {
    const char *best = NULL;
    int best_distance = 0;
    for (; *words; words++) {
        int d = distance(typed, *words), limit = strlen(*words) < 5 ? 1 : 2;
        if (strlen(typed) >= 3 && str_starts(*words, typed))
            d = 1; /* the beginning of it */
        if (d <= limit && (!best || d < best_distance)) {
            best = *words;
            best_distance = d;
        }
    }
    return best;
}

int args_choose(struct cli *c, const char *what, const char *typed, const char *const *words) {
    for (int i = 0; words[i]; i++)
        if (str_is(words[i], typed))
            return i;
    cleanup_buf struct buf all = {.limit = 500};
    for (int i = 0; words[i]; i++)
        buf_printf(&all, "%s%s", i ? ", " : "", words[i]);
    const char *near = nearest(typed, words);
    cli_wrong(c, "'%s' is no %s; %s%s%sthere are %s", cli_text(c->arena, typed), what, near ? "did you mean " : "",
              near ? near : "", near ? "? " : "", buf_text(&all));
    return -1;
}

/* ---- options ---- */

static const struct option *option_in(const struct option *options, const char *name, size_t len) {
    for (; options && options->name; options++)
        if (strlen(options->name) == len && strncmp(options->name, name, len) == 0)
            return options;
    return NULL;
}

static int option_unknown(struct cli *c, const char *name) {
    const char *names[64];
    size_t n = 0;
    for (const struct option *o = c->command->options; o && o->name && n < 50; o++)
        names[n++] = o->name;
    for (const struct option *o = common; o->name; o++)
        names[n++] = o->name;
    names[n] = NULL;
    const char *near = nearest(name, names);
    if (near)
        return cli_wrong(c, "there is no option --%s; did you mean --%s?", cli_text(c->arena, name), near);
    return cli_wrong(c, "there is no option --%s", cli_text(c->arena, name));
}

static int format_set(struct cli *c, const char *value) {
    static const char *const formats[] = {"table", "json", "csv", NULL};
    int i = args_choose(c, "format", value, formats);
    if (i < 0)
        return CLI_USAGE;
    c->format = (enum cli_format)i;
    return 0;
}

static int option_take(struct cli *c, const struct option *o, const char *value) {
    if (o == &common[0])
        c->config_file = value;
    else if (o == &common[1])
        return format_set(c, value);
    else if (o == &common[2])
        c->help = true;
    else if (args_value(c, o->name))
        return cli_wrong(c, "--%s is given twice", o->name);
    else if (c->n_values == VALUES_MAX)
        return cli_wrong(c, "too many options");
    else {
        c->values[c->n_values].option = o;
        c->values[c->n_values++].value = value;
    }
    return 0;
}

/* argv[*at] is an option; moves *at over a value that stands behind it. */
static int option_read(struct cli *c, int argc, char **argv, int *at) {
    const char *arg = argv[*at];
    const char *name = arg + 2, *equals = NULL;
    const struct option *o;
    if (arg[1] != '-') {
        char letter = arg[1];
        if ((letter != 'c' && letter != 'h') || arg[2])
            return cli_wrong(c, "there is no option %s", cli_text(c->arena, arg));
        o = &common[letter == 'c' ? 0 : 2];
    } else {
        equals = strchr(name, '=');
        size_t len = equals ? (size_t)(equals - name) : strlen(name);
        o = option_in(c->command->options, name, len);
        o = o ? o : option_in(common, name, len);
        if (!o)
            return option_unknown(c, arena_strndup(c->arena, name, len));
    }
    if (!o->arg && equals)
        return cli_wrong(c, "--%s takes no value", o->name);
    if (!o->arg)
        return option_take(c, o, "");
    if (equals)
        return option_take(c, o, equals + 1);
    if (*at + 1 >= argc)
        return cli_wrong(c, "--%s needs a value: --%s %s", o->name, o->name, o->arg);
    return option_take(c, o, argv[++*at]);
}

static int words_check(struct cli *c) {
    const struct command *k = c->command;
    if (c->n_words >= k->words_min && (k->words_max < 0 || c->n_words <= k->words_max))
        return 0;
    if (c->n_words > k->words_max && k->words_max >= 0)
        return cli_wrong(c, "'%s' is one argument too many", cli_text(c->arena, c->words[k->words_max]));
    cli_wrong(c, "something is missing");
    usage_print(c->w->err, k);
    return CLI_USAGE;
}

int args_read(struct cli *c, int argc, char **argv) {
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        int r = 0;
        if (!only_words && str_is(argv[i], "--"))
            only_words = true;
        else if (!only_words && argv[i][0] == '-' && argv[i][1])
            r = option_read(c, argc, argv, &i);
        else if (c->n_words == WORDS_MAX)
            r = cli_wrong(c, "too many arguments");
        else
            c->words[c->n_words++] = argv[i];
        if (r)
            return r;
    }
    return c->help ? 0 : words_check(c);
}

const char *args_value(const struct cli *c, const char *name) {
    for (int i = 0; i < c->n_values; i++)
        if (str_is(c->values[i].option->name, name))
            return c->values[i].value;
    return NULL;
}

bool args_flag(const struct cli *c, const char *name) {
    return args_value(c, name) != NULL;
}

static json_t *option_json(const struct option *o, const char *value) {
    int64_t n;
    if (!o->arg)
        return json_true();
    if (o->number && str_int64(value, &n))
        return json_integer(n);
    return json_string(value);
}

json_t *args_json(const struct cli *c) {
    json_t *args = json_object();
    for (int i = 0; i < c->n_values; i++) {
        const struct option *o = c->values[i].option;
        if (o->key)
            json_object_set_new(args, o->key, option_json(o, c->values[i].value));
    }
    return args;
}

/* ---- help ---- */

void usage_print(FILE *out, const struct command *command) {
    const char *p = command->usage;
    for (const char *lead = "usage:"; *p; lead = "      ") {
        size_t len = strcspn(p, "\n");
        fprintf(out, "%s bascule %s%s%.*s\n", lead, command->name, len ? " " : "", (int)len, p);
        p += len + (p[len] == '\n');
    }
    if (!*command->usage)
        fprintf(out, "usage: bascule %s\n", command->name);
}

static void options_print(FILE *out, const char *title, const struct option *options) {
    if (!options || !options->name)
        return;
    fprintf(out, "\n%s\n", title);
    for (; options->name; options++) {
        char left[80];
        if (!options->help)
            continue;
        snprintf(left, sizeof(left), "--%s%s%s", options->name, options->arg ? " " : "",
                 options->arg ? options->arg : "");
        fprintf(out, "  %-28s%s%s\n", left, strlen(left) > 27 ? "\n                              " : "", options->help);
    }
}

void help_print(FILE *out, const struct command *command) {
    fprintf(out, "bascule %s: %s\n\n", command->name, command->summary);
    usage_print(out, command);
    fprintf(out, "\n%s\n", command->help);
    options_print(out, "Options:", command->options);
    options_print(out, "Everywhere:", common);
}
