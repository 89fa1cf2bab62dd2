/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar NAME[,key=value…] of -M, -accel, -device and -object, as QEMU has it.
 */
#include <string.h>

#include "vmm/vm.h"

/* The element at @text up to a single comma, ",," unfolded. Moves @text behind it; NULL at the end.
 */
static char *
option_element(const char **text)
{
    GString *element;
    const char *at = *text;

    if (at == NULL)
        return NULL;
    element = g_string_new(NULL);
    for (; *at != '\0' && (*at != ',' || at[1] == ','); at++) {
        at += *at == ',';
        g_string_append_c(element, *at);
    }
    *text = *at == ',' ? at + 1 : NULL;
    return g_string_free(element, FALSE);
}

static gboolean
option_item_add(OptionItem *item, const char *element, GError **error)
{
    const char *equals = strchr(element, '=');

    if (*element == '\0' || equals == element) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE, "a property without a name ('%s')", element);
        return FALSE;
    }
    g_ptr_array_add(item->keys, equals == NULL ? g_strdup(element)
                                               : g_strndup(element, (gsize)(equals - element)));
    g_ptr_array_add(item->values, g_strdup(equals == NULL ? "on" : equals + 1));
    return TRUE;
}

OptionItem *
option_item_parse(const char *text, GError **error)
{
    g_autoptr(OptionItem) item = g_new0(OptionItem, 1);
    const char *rest = text;
    char *element;

    item->keys = g_ptr_array_new_with_free_func(g_free);
    item->values = g_ptr_array_new_with_free_func(g_free);
    while ((element = option_element(&rest)) != NULL) {
        g_autofree char *owned = element;

        if (item->name == NULL && item->keys->len == 0 && strchr(owned, '=') == NULL &&
            *owned != '\0')
            item->name = g_steal_pointer(&owned);
        else if (!option_item_add(item, owned, error))
            return NULL;
    }
    return g_steal_pointer(&item);
}

void
option_item_free(OptionItem *item)
{
    if (item == NULL)
        return;
    g_free(item->name);
    g_ptr_array_unref(item->keys);
    g_ptr_array_unref(item->values);
    g_free(item);
}

const char *
option_item_get(const OptionItem *item, const char *key)
{
    for (guint i = item->keys->len; i > 0; i--)
        if (strcmp(item->keys->pdata[i - 1], key) == 0)
            return item->values->pdata[i - 1];
    return NULL;
}

char *
option_item_take(OptionItem *item, const char *key)
{
    char *value = g_strdup(option_item_get(item, key));

    for (guint i = item->keys->len; i > 0; i--)
        if (strcmp(item->keys->pdata[i - 1], key) == 0) {
            g_ptr_array_remove_index(item->keys, i - 1);
            g_ptr_array_remove_index(item->values, i - 1);
        }
    return value;
}
