/* recipe: connectors/NAME/recipe.yaml as a checked JSON tree.
 *
 * The tree is interpreted where it stands (pick.c, say.c, and the operations);
 * what was checked here need not be checked there: every key is known, every
 * value has the type its key asks for, every template closes its braces.
 * connectors/README.md is the format's contract. */
#ifndef TRACKER_RECIPE_H
#define TRACKER_RECIPE_H

#include "bascule/base.h"

#define RECIPE_VERSION   1
#define RECIPE_LINES_MAX 300
#define RECIPE_BYTES_MAX (64u << 10)

/* YAML text to a JSON tree. `lines` gets "pointer" -> line for every value.
 * NULL and a fault ("FILE:LINE: what") when it is no YAML. */
json_t *recipe_yaml(const char *file, const char *text, size_t len, json_t *lines, struct fault *fault);

/* 0, or -EINVAL and a fault that names file, line and key. */
must_check int recipe_check(const char *file, const json_t *recipe, const json_t *lines, struct fault *fault);

/* Reads and checks a file; a new reference. */
must_check int recipe_load(const char *file, json_t **ret, struct fault *fault);

#endif
