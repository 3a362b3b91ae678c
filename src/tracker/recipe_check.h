/* recipe_check: the pieces of which recipe_format.c says what a recipe may hold.
 *
 * A key names a check; checks descend. Each gives 0, or -EINVAL after saying in the
 * checker's fault which file, line and key is wrong, and what would be right. */
#ifndef TRACKER_RECIPE_CHECK_H
#define TRACKER_RECIPE_CHECK_H

#include "recipe.h"

struct checker {
    const char *file;
    const json_t *recipe, *lines;
    struct fault *fault;
    char path[400];
};

struct key;
typedef int check_fn(struct checker *k, const json_t *value, const struct key *key);
struct key {
    const char *name; /* "*": any other */
    check_fn *check;
    const struct key *sub; /* members of a map, or of each element of a list */
    const char *words;     /* "a|b|c" */
    bool needed;
};

int checker_wrong(struct checker *k, const char *format, ...) printf_like(2, 3);

check_fn format_any;
check_fn format_body;
check_fn format_bool;
check_fn format_flag;
check_fn format_int;
check_fn format_list;
check_fn format_map;
check_fn format_parameter;
check_fn format_pattern;
check_fn format_pointer;
check_fn format_sections;
check_fn format_span;
check_fn format_spec;
check_fn format_status;
check_fn format_table_name;
check_fn format_template;
check_fn format_text;
check_fn format_version;
check_fn format_when;
check_fn format_word;
check_fn format_words;

#endif
