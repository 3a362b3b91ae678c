/* rt_sql: TicketSQL to a tree, and the tree to yes or no.
 *
 *     Queue = 'Incidents' AND (LastUpdated > 'S' OR 'CF.{Problem}' = 'P-1')
 *
 * There is no NOT and no IN. Terms that mix AND and OR without parentheses
 * mean something else in RT than in any other language (seen): those of one
 * field are taken together, and the last joiner joins the fields. That is
 * reproduced: a client must not get away with it. Bounded by the length of
 * the request and a depth of 20. */
#include "rt.h"

#include <string.h>
#include <strings.h>

#define DEPTH_MAX 20

struct parser {
    struct arena *a;
    const char *text, *at;
    bool (*knows)(const char *field, const char *sub);
    const char *words;
};

static bool refuse(struct parser *p, const char *expected) {
    if (!p->words)
        p->words = arena_printf(p->a, "Wrong query, expecting a %s in '%.*s>%.30s<--here'", expected,
                                (int)(p->at - p->text), p->text, p->at);
    return false;
}

static void skip_space(struct parser *p) {
    p->at += strspn(p->at, " \t\r\n");
}

static bool take_word(struct parser *p, const char *word) {
    size_t len = strlen(word);
    skip_space(p);
    if (strncasecmp(p->at, word, len) != 0)
        return false;
    bool letters = word[len - 1] >= 'A';
    if (letters && p->at[len] && !strchr(" \t\r\n()'\"", p->at[len]))
        return false;
    p->at += len;
    return true;
}

/* 'it\'s' or "it" with the backslash taken off; NULL when not closed. */
static char *take_quoted(struct parser *p) {
    char quote = *p->at++;
    char *out = arena_alloc(p->a, strlen(p->at) + 1);
    size_t n = 0;
    for (; *p->at && *p->at != quote; p->at++) {
        if (*p->at == '\\' && p->at[1])
            p->at++;
        out[n++] = *p->at;
    }
    if (!*p->at)
        return NULL;
    p->at++;
    return out;
}

static char *take_bare(struct parser *p, const char *stop) {
    size_t len = strcspn(p->at, stop);
    char *out = len ? arena_strndup(p->a, p->at, len) : NULL;
    p->at += len;
    return out;
}

/* Splits CF.{Known Error}, CustomField.Problem, Requestor.EmailAddress. */
static void split_field(struct parser *p, char *name, struct rt_node *n) {
    char *dot = strchr(name, '.');
    n->field = name;
    if (!dot)
        return;
    *dot = '\0';
    char *sub = dot + 1, *end = sub + strlen(sub);
    if (*sub == '{' && end > sub && end[-1] == '}') {
        end[-1] = '\0';
        sub++;
    }
    n->sub = sub;
    if (str_is_nocase(n->field, "CustomField"))
        n->field = "CF";
}

static bool take_field(struct parser *p, struct rt_node *n) {
    char *name;
    skip_space(p);
    if (*p->at == '\'' || *p->at == '"') {
        name = take_quoted(p);
    } else {
        size_t len = strcspn(p->at, " \t\r\n=<>!('\"{");
        if (p->at[len] == '{')
            len += strcspn(p->at + len, "}") + 1;
        len = strnlen(p->at, len);
        name = len ? arena_strndup(p->a, p->at, len) : NULL;
        p->at += len;
    }
    if (!name)
        return refuse(p, "KEYWORD");
    const char *whole = arena_strdup(p->a, name);
    split_field(p, name, n);
    if (!p->knows(n->field, n->sub) && !p->words)
        p->words = arena_printf(p->a, "Unknown field: %s", whole);
    return !p->words;
}

static bool take_op(struct parser *p, struct rt_node *n) {
    static const struct {
        const char *word;
        enum rt_op op;
    } ops[] = {{"!=", RT_NE},
               {"<=", RT_LE},
               {">=", RT_GE},
               {"=", RT_EQ},
               {"<", RT_LT},
               {">", RT_GT},
               {"LIKE", RT_LIKE},
               {"NOT LIKE", RT_UNLIKE},
               {"STARTSWITH", RT_STARTS},
               {"ENDSWITH", RT_ENDS},
               {"IS NOT NULL", RT_NOT_NULL},
               {"IS NULL", RT_NULL}};
    for (size_t i = 0; i < array_size(ops); i++)
        if (take_word(p, ops[i].word)) {
            n->op = ops[i].op;
            return true;
        }
    return refuse(p, "OPERATOR");
}

static bool take_term(struct parser *p, struct rt_node *n) {
    if (!take_field(p, n) || !take_op(p, n))
        return false;
    n->value = "";
    if (n->op == RT_NULL || n->op == RT_NOT_NULL)
        return true;
    skip_space(p);
    char *value = *p->at == '\'' || *p->at == '"' ? take_quoted(p) : take_bare(p, " \t\r\n()");
    if (!value)
        return refuse(p, "VALUE");
    n->value = value;
    return true;
}

static bool take_level(struct parser *p, struct rt_node *level, int depth) {
    bool is_or = false;
    do {
        struct rt_node *n = arena_push(p->a, &level->nodes, &level->n_nodes);
        *n = (struct rt_node){.is_or = is_or};
        if (take_word(p, "(")) {
            if (depth >= DEPTH_MAX)
                return refuse(p, "shallower query");
            if (!take_level(p, n, depth + 1))
                return false;
            if (!take_word(p, ")"))
                return refuse(p, "close paren");
        } else if (!take_term(p, n)) {
            return false;
        }
        is_or = take_word(p, "OR");
    } while (is_or || take_word(p, "AND"));
    return true;
}

struct rt_node *rt_sql_parse(struct arena *a, const char *text, bool (*knows)(const char *field, const char *sub),
                             const char **ret_words) {
    struct parser p = {.a = a, .text = text, .at = text, .knows = knows};
    struct rt_node *root = arena_make(a, struct rt_node);
    if (take_level(&p, root, 0)) {
        skip_space(&p);
        if (!*p.at)
            return root;
        refuse(&p, "AGGREGATOR");
    }
    *ret_words = p.words;
    return NULL;
}

static bool node_true(const struct rt_node *n, bool (*match)(const void *arg, const struct rt_node *term),
                      const void *arg) {
    return n->nodes ? rt_sql_eval(n, match, arg) : match(arg, n);
}

static bool same_group(const struct rt_node *a, const struct rt_node *b) {
    return !a->nodes && !b->nodes && str_is_nocase(a->field, b->field);
}

/* The group of the node at `first`: all terms of its field, joined by their own joiners. */
static bool group_true(const struct rt_node *n, size_t first,
                       bool (*match)(const void *arg, const struct rt_node *term), const void *arg) {
    bool result = node_true(&n->nodes[first], match, arg);
    for (size_t i = first + 1; i < n->n_nodes; i++) {
        if (!same_group(&n->nodes[first], &n->nodes[i]))
            continue;
        bool here = node_true(&n->nodes[i], match, arg);
        result = n->nodes[i].is_or ? result || here : result && here;
    }
    return result;
}

bool rt_sql_eval(const struct rt_node *n, bool (*match)(const void *arg, const struct rt_node *term), const void *arg) {
    bool mixed = false, is_or = n->n_nodes > 1 && n->nodes[n->n_nodes - 1].is_or;
    for (size_t i = 1; i < n->n_nodes; i++)
        mixed = mixed || n->nodes[i].is_or != is_or;
    for (size_t i = 0; i < n->n_nodes; i++) {
        bool seen = false;
        for (size_t k = 0; mixed && k < i; k++)
            seen = seen || same_group(&n->nodes[k], &n->nodes[i]);
        if (seen)
            continue;
        bool here = mixed ? group_true(n, i, match, arg) : node_true(&n->nodes[i], match, arg);
        if (here == is_or)
            return is_or;
    }
    return !is_or;
}

bool rt_sql_uses(const struct rt_node *n, const char *field) {
    if (!n->nodes)
        return n->field && str_is_nocase(n->field, field);
    for (size_t i = 0; i < n->n_nodes; i++)
        if (rt_sql_uses(&n->nodes[i], field))
            return true;
    return false;
}

bool rt_sql_text(enum rt_op op, const char *have, const char *want) {
    size_t have_len = strlen(have), want_len = strlen(want);
    switch (op) {
    case RT_EQ: return str_is_nocase(have, want);
    case RT_NE: return !str_is_nocase(have, want);
    case RT_LT: return strcasecmp(have, want) < 0;
    case RT_LE: return strcasecmp(have, want) <= 0;
    case RT_GT: return strcasecmp(have, want) > 0;
    case RT_GE: return strcasecmp(have, want) >= 0;
    case RT_LIKE: return text_contains_nocase(have, want);
    case RT_UNLIKE: return !text_contains_nocase(have, want);
    case RT_STARTS: return strncasecmp(have, want, want_len) == 0;
    case RT_ENDS: return have_len >= want_len && strcasecmp(have + have_len - want_len, want) == 0;
    case RT_NULL: return !*have;
    case RT_NOT_NULL: return *have != '\0';
    }
    return false;
}

bool rt_sql_number(enum rt_op op, int64_t have, int64_t want) {
    switch (op) {
    case RT_EQ: return have == want;
    case RT_NE: return have != want;
    case RT_LT: return have < want;
    case RT_LE: return have <= want;
    case RT_GT: return have > want;
    case RT_GE: return have >= want;
    case RT_NULL: return have == 0;
    case RT_NOT_NULL: return have != 0;
    case RT_LIKE:
    case RT_UNLIKE:
    case RT_STARTS:
    case RT_ENDS: break;
    }
    return false;
}
