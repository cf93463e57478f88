// SPDX-License-Identifier: Apache-2.0
/* `mask`: what is deliberately not packaged. */
#include <string.h>

#include "core/config/reader.h"

static const struct setting mask_settings[] = {
    {"mask", parse_text, offsetof(struct config_mask, pattern), NULL, 0, "the pattern"},
    {"reason", parse_text, offsetof(struct config_mask, reason), NULL, 0, "shown on the page"},
    {0},
};

/* A pattern with a colon names a field; core/rules/mask.h says what the patterns mean. */
static bool has_known_field(const char *pattern)
{
    static const char *const fields[] = {"type:", "team:", "model:"};
    if (strchr(pattern, ':') == NULL)
        return true;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (strncmp(pattern, fields[i], strlen(fields[i])) == 0)
            return pattern[strlen(fields[i]) + strspn(pattern + strlen(fields[i]), " ")] != '\0';
    return false;
}

static int parse_mask(struct reader *r, const struct node *n, struct config_mask *mask)
{
    mask->where = reader_where(r, n->line);
    if (n->kind == NODE_SCALAR)
        mask->pattern = reader_text(r, n, "mask");
    else if (settings_read(r, mask_settings, n, mask) != 0)
        return -1;
    if (n->kind == NODE_SCALAR && mask->pattern == NULL)
        return -1;
    if (mask->pattern == NULL || *mask->pattern == '\0')
        return reader_fail(r, n->line, "mask: an empty pattern");
    if (!has_known_field(mask->pattern))
        return reader_fail(
            r, n->line, "mask '%.80s': expected a deliverable, a repo, type:X, team:X or model:X",
            mask->pattern);
    return 0;
}

static int parse_masks(struct reader *r, const struct node *n, struct config_mask **masks,
                       size_t *count)
{
    if (reader_expect_list(r, n, "mask") != 0)
        return -1;
    *count = 0;
    *masks = arena_alloc(&r->c->arena, (n->count + 1) * sizeof(**masks));
    for (const struct node *item = n->first; item != NULL; item = item->next)
        if (parse_mask(r, item, &(*masks)[(*count)++]) != 0)
            return -1;
    return 0;
}

int parse_masks_main(struct reader *r, const struct node *n, void *field)
{
    struct config *c = field;
    return parse_masks(r, n, &c->masks, &c->mask_count);
}

int parse_masks_series(struct reader *r, const struct node *n, void *field)
{
    struct config_series *s = field;
    return parse_masks(r, n, &s->masks, &s->mask_count);
}
