/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the state of an object stands on the wire: descriptions, as constant data.
 *
 * This is the wall between devices, which write descriptions, and the engine in migration-glue,
 * which carries them out. There is no code here: a device never sees a stream, and the engine
 * never sees a device. Order, width and names of a released description are frozen; what is new
 * goes into a subsection whose `needed` is false where old readers must go on working.
 *
 *     static const VmsField doorbell_fields[] = {
 *         VMS_SCALAR(Doorbell, rings),
 *         VMS_BOOL(Doorbell, armed, .since = 2),
 *         VMS_SCALAR(Doorbell, n_log),
 *         VMS_COUNTED(Doorbell, log, n_log, DOORBELL_LOG_MAX),
 *         VMS_END
 *     };
 *     const VmsState doorbell_state = {
 *         .name = "doorbell", .version = 2, .oldest = 1, .fields = doorbell_fields,
 *     };
 *
 * Everything after the named arguments of a macro is a designated initializer of VmsField.
 *
 * Source: docs/stream-format.md, "State encoding".
 */
#ifndef VDEV_VMSTATE_H
#define VDEV_VMSTATE_H

#include <stddef.h>

#include "vdev/abi.h"

typedef struct VmsState VmsState;
typedef struct VmsField VmsField;
typedef struct VmsContext VmsContext;
typedef struct VmsStreamRules VmsStreamRules;
typedef struct VmsCatalogueRow VmsCatalogueRow;

/* What a scalar is in memory; deduced from the member. */
typedef enum {
    VMS_MEM_NONE,
    VMS_MEM_BOOL, /* C's one-byte bool; a gboolean is an S32 */
    VMS_MEM_S8,
    VMS_MEM_U8,
    VMS_MEM_S16,
    VMS_MEM_U16,
    VMS_MEM_S32,
    VMS_MEM_U32,
    VMS_MEM_S64,
    VMS_MEM_U64,
    VMS_MEM_N
} VmsMem;

/* How one element is written. Integers are big-endian, two's complement. */
typedef enum {
    VMS_WIRE_AS_MEM, /* a scalar as wide as its member */
    VMS_WIRE_BOOL,   /* one byte, 0 or 1; any other value is refused */
    VMS_WIRE_S8,
    VMS_WIRE_U8,
    VMS_WIRE_S16,
    VMS_WIRE_U16,
    VMS_WIRE_S32,
    VMS_WIRE_U32,
    VMS_WIRE_S64,
    VMS_WIRE_U64,
    VMS_WIRE_PAIR,   /* guint64[2], most significant first; 16 bytes */
    VMS_WIRE_STR8,   /* char[256], NUL-terminated; length byte 1..255, then the text */
    VMS_WIRE_BUFFER, /* bytes as they are */
    VMS_WIRE_PAD,    /* zeros, ignored when read; no member */
    VMS_WIRE_BITMAP, /* guint64 words, bit k is bit k % 64 of word k / 64; bits beyond n are 0 */
    VMS_WIRE_STRUCT, /* the fields and subsections of another description */
    VMS_WIRE_QUEUE,  /* GQueue of structs: 1 and an element, …, 0 */
    VMS_WIRE_N
} VmsWire;

/* Where the member's bytes are. */
typedef enum {
    VMS_EMBEDDED,  /* in the object */
    VMS_POINTED,   /* behind a pointer that the object has set up, configuration decides the size */
    VMS_ALLOCATED, /* behind a pointer that the loader allocates with g_malloc0; the object owns it;
                      NULL when the count is 0 */
} VmsPlace;

/* Capabilities of the migration that decide what is on the wire (VmsContext.capabilities). */
#define VMS_CAP_IGNORE_SHARED (1u << 0) /* x-ignore-shared */
#define VMS_CAP_MAPPED_RAM    (1u << 1) /* mapped-ram */
#define VMS_CAP_VALIDATE_UUID (1u << 2) /* validate-uuid */
#define VMS_CAP_RETURN_PATH   (1u << 3) /* return-path */
#define VMS_CAP_MULTIFD       (1u << 4) /* multifd */
#define VMS_CAP_POSTCOPY_RAM  (1u << 5) /* postcopy-ram */
#define VMS_CAP_XBZRLE        (1u << 6) /* xbzrle */

/*
 * What hooks and tests may ask about the migration in hand, so that small objects need no back
 * pointers. Valid for the call only.
 */
struct VmsContext {
    const VdevMachineRow *row;   /* of the machine; NULL in a tool that has only a stream */
    const VmsStreamRules *rules; /* never NULL */
    guint32 capabilities;        /* VMS_CAP_* */
    gboolean big_endian_words; /* the stream is that of a big-endian host (`host_endian` fields) */

    /* The engine's own; use vms_remember(). NULL while saving. */
    void (*remember)(const VmsContext *context, void *address, gsize n);
    void *engine;
};

/**
 * vms_remember:
 * @context: as handed to a pre_load or post_load hook
 * @address: bytes of the object that the hook is about to change itself
 * @n:       their number
 *
 * Lets a failed load put the bytes back, as it does with everything the engine stores. No effect
 * while saving.
 */
static inline void
vms_remember(const VmsContext *context, void *address, gsize n)
{
    if (context->remember != NULL)
        context->remember(context, address, n);
}

/* One field. Fields of a table stand in wire order; the table ends with VMS_END. */
struct VmsField {
    const char *name; /* of the member: for messages, and for the description unless `as` is set */
    const char *as;   /* name in the stream's description where it differs from `name` */
    const char *type; /* type in the stream's description where it is not the usual one */

    VmsWire wire;
    VmsMem mem;
    VmsPlace place;
    gsize offset; /* of the member in the object */
    gsize size;   /* from one element to the next in memory, bytes */

    /* How many: elements, bytes of a buffer or a pad, bits of a bitmap. Zero `count` and no
     * count_mem: one element. A count read from a member is that member's value when the turn of
     * this field comes: as received, if the member stands earlier in the table, else the object's
     * own. Counts above `max` are refused in both directions. */
    gsize count;
    gsize max;
    gsize count_offset;
    VmsMem count_mem;
    guint32 count_times; /* the member counts groups of that many; 0 means 1 */

    /* Present if @exists says so; without it, from version `since` of the description on. */
    guint32 since;
    gboolean (*exists)(const void *object, guint32 version, const VmsContext *context);

    gboolean equal;   /* scalars: sent, compared when read, never stored */
    gboolean at_most; /* scalars: must be 0 … the object's own value */
    /* Scalars: the value is that of an architected big-endian word, which hosts used to send as
     * it lay in memory: byte-reversed by a little-endian host. Pairs: low half first. */
    gboolean host_endian;

    const VmsState *state;          /* of structs and queue elements */
    guint32 struct_version;         /* both sides use this version of `state`; 0: its current one */
    void (*destroy)(void *element); /* queues: frees one element, also a zeroed one; NULL: what the
                                       engine allocated by `state`, then g_free() */
};

/*
 * A description. Order when saving: needed (sections and subsections only), pre_save, fields,
 * subsections, post_save. When loading: pre_load, fields, subsections, check, post_load. A hook
 * returns FALSE with @error set to fail the migration. If anything fails while loading, all that
 * the engine stored in this section, and all that hooks passed to vms_remember(), is put back.
 * Every call is made under the machine lock, vCPUs stopped.
 */
struct VmsState {
    const char *name; /* 1..255 bytes; a subsection's begins with the name of its parent */
    guint32 version;
    guint32 oldest;                     /* lowest version that is still read */
    const VmsField *fields;             /* NULL: none */
    const VmsState *const *subsections; /* NULL-terminated, wire order; or NULL */

    gboolean (*needed)(const void *object, const VmsContext *context); /* NULL: always */
    gboolean (*pre_save)(void *object, const VmsContext *context, GError **error);
    /* Also after fields that failed, then its error is dropped for theirs; not after a failed
     * pre_save. */
    gboolean (*post_save)(void *object, const VmsContext *context, GError **error);
    gboolean (*pre_load)(void *object, const VmsContext *context, GError **error);
    /* Looks at what was received and refuses what cannot be; changes nothing. */
    gboolean (*check)(const void *object, const VmsContext *context, GError **error);
    gboolean (*post_load)(void *object, guint32 version, const VmsContext *context, GError **error);

    /* Subsections: the version that is written where it is not `version`: newer senders number
     * alike what older readers know under this. The fields are those of both. 0: `version`. */
    guint32 written;
};

/* What differs in the stream from one machine type to the next. */
struct VmsStreamRules {
    const char *machine;             /* "pseries-7.2" */
    gboolean configuration;          /* the block after the header */
    gboolean footers;                /* after every section */
    gboolean description;            /* JSON after the end marker */
    gboolean globalstate;            /* section always sent; else only if not running or paused */
    gboolean switchover_start;       /* command 11 when the machine has stopped */
    gboolean zero_pages_in_multifd;  /* else as records of the main channel */
    gboolean multifd_flush_sections; /* one synchronisation per section, not per pass over RAM */
    gboolean preempt_pre_7_2;        /* the old way to close the postcopy-preempt channel */
    gboolean backend_path_names;     /* file and memfd blocks carry the object path, not the id */
    const char *main_ram;            /* name of the default main memory's block */
};

/*
 * One section that a module knows, for tools which explain streams. Ends with state NULL.
 *
 * A tool has no machine: it decodes into a zeroed object by a loosened description (no `equal`, no
 * hooks but pre_load), then may call state->check itself on what it got. Therefore pre_load,
 * `exists`, `needed` and `check` of such a state look at nothing but the object and the context,
 * and take a zero for "not known".
 */
struct VmsCatalogueRow {
    const VmsState *state;
    gsize size;        /* bytes of the object, to be zeroed by g_malloc0 */
    const char *since; /* machine type, e.g. "pseries-4.1"; NULL: all */
    const char *until; /* last machine type that sends it; NULL: none */
    void (*prepare)(void *object, const VmsContext *context); /* sets what configuration decides */
    void (*explain)(const void *object, GString *text);       /* for people, one fact a line */
    void (*finish)(void *object);
    /* Sets what only the bytes tell a tool: lengths that configuration decides and the wire does
     * not carry. Called after `prepare`, if the payload is known before it is read. */
    void (*fit)(void *object, const guint8 *payload, gsize n);
    gboolean ours; /* a machine of this module has it; else it is only known, to be explained */
};

/* ---- Macros: they build tables and hide nothing. ---- */

#define VMS_MEMBER(T, m) (((T *)0)->m)

/* The memory kind of an lvalue; does not compile for anything but an integer or bool. */
/* clang-format off */
#define VMS_MEM_OF(lvalue)              \
    _Generic((lvalue),                  \
        _Bool: VMS_MEM_BOOL,            \
        char: VMS_MEM_U8,               \
        signed char: VMS_MEM_S8,        \
        unsigned char: VMS_MEM_U8,      \
        short: VMS_MEM_S16,             \
        unsigned short: VMS_MEM_U16,    \
        int: VMS_MEM_S32,               \
        unsigned int: VMS_MEM_U32,      \
        long: VMS_MEM_S64,              \
        unsigned long: VMS_MEM_U64,     \
        long long: VMS_MEM_S64,         \
        unsigned long long: VMS_MEM_U64)
/* clang-format on */

G_STATIC_ASSERT(sizeof(long) == 8);

/* 0, or no compilation. */
#define VMS_REQUIRE(condition) (0 * sizeof(char[(condition) ? 1 : -1]))
#define VMS_IS(type, lvalue)   _Generic((lvalue), type : 1, default : 0)
#define VMS_IS_BYTE(lvalue)    (VMS_MEM_OF(lvalue) == VMS_MEM_U8)

#define VMS_COUNT_BY(T, n, limit) \
    .count_offset = offsetof(T, n), .count_mem = VMS_MEM_OF(VMS_MEMBER(T, n)), .max = (limit)

/* One integer or bool, as wide on the wire as in memory unless `.wire` says otherwise. */
#define VMS_SCALAR(T, m, ...)                                                      \
    {                                                                              \
        .name = #m, .mem = VMS_MEM_OF(VMS_MEMBER(T, m)), .offset = offsetof(T, m), \
        .size = sizeof(VMS_MEMBER(T, m)), ##__VA_ARGS__                            \
    }
/* A gboolean or bool: one byte on the wire. */
#define VMS_BOOL(T, m, ...) VMS_SCALAR(T, m, .wire = VMS_WIRE_BOOL, ##__VA_ARGS__)
/* Sent, and compared with the object's own when read. */
#define VMS_EQUAL(T, m, ...) VMS_SCALAR(T, m, .equal = TRUE, ##__VA_ARGS__)

/* A whole embedded array of scalars. */
#define VMS_ARRAY(T, m, ...)                                                          \
    {                                                                                 \
        .name = #m, .mem = VMS_MEM_OF(VMS_MEMBER(T, m)[0]), .offset = offsetof(T, m), \
        .size = sizeof(VMS_MEMBER(T, m)[0]), .count = G_N_ELEMENTS(VMS_MEMBER(T, m)), \
        ##__VA_ARGS__                                                                 \
    }
#define VMS_ARRAY_2D(T, m, ...)                                                           \
    {                                                                                     \
        .name = #m, .mem = VMS_MEM_OF(VMS_MEMBER(T, m)[0][0]), .offset = offsetof(T, m),  \
        .size = sizeof(VMS_MEMBER(T, m)[0][0]),                                           \
        .count = sizeof(VMS_MEMBER(T, m)) / sizeof(VMS_MEMBER(T, m)[0][0]), ##__VA_ARGS__ \
    }
/* The first @n (a member) elements of an embedded array, of a configured array behind a pointer,
 * of an array that the loader allocates. */
#define VMS_COUNTED(T, m, n, limit, ...)                                                          \
    {                                                                                             \
        .name = #m, .mem = VMS_MEM_OF(VMS_MEMBER(T, m)[0]), .offset = offsetof(T, m),             \
        .size =                                                                                   \
            sizeof(VMS_MEMBER(T, m)[0]) + VMS_REQUIRE((limit) <= G_N_ELEMENTS(VMS_MEMBER(T, m))), \
        VMS_COUNT_BY(T, n, limit), ##__VA_ARGS__                                                  \
    }
#define VMS_COUNTED_POINTER(T, m, n, limit, ...)                                                  \
    {                                                                                             \
        .name = #m, .mem = VMS_MEM_OF(VMS_MEMBER(T, m)[0]), .place = VMS_POINTED,                 \
        .offset = offsetof(T, m), .size = sizeof(VMS_MEMBER(T, m)[0]), VMS_COUNT_BY(T, n, limit), \
        ##__VA_ARGS__                                                                             \
    }
#define VMS_COUNTED_ALLOC(T, m, n, limit, ...)                                                    \
    {                                                                                             \
        .name = #m, .mem = VMS_MEM_OF(VMS_MEMBER(T, m)[0]), .place = VMS_ALLOCATED,               \
        .offset = offsetof(T, m), .size = sizeof(VMS_MEMBER(T, m)[0]), VMS_COUNT_BY(T, n, limit), \
        ##__VA_ARGS__                                                                             \
    }

/* A guint64[2] register, most significant half first; an array of them. */
#define VMS_PAIR(T, m, ...)                                                             \
    {                                                                                   \
        .name = #m, .wire = VMS_WIRE_PAIR, .mem = VMS_MEM_OF(VMS_MEMBER(T, m)[0]),      \
        .offset = offsetof(T, m),                                                       \
        .size = sizeof(VMS_MEMBER(T, m)) + VMS_REQUIRE(sizeof(VMS_MEMBER(T, m)) == 16), \
        ##__VA_ARGS__                                                                   \
    }
#define VMS_PAIR_ARRAY(T, m, ...)                                                             \
    {                                                                                         \
        .name = #m, .wire = VMS_WIRE_PAIR, .mem = VMS_MEM_OF(VMS_MEMBER(T, m)[0][0]),         \
        .offset = offsetof(T, m),                                                             \
        .size = sizeof(VMS_MEMBER(T, m)[0]) + VMS_REQUIRE(sizeof(VMS_MEMBER(T, m)[0]) == 16), \
        .count = G_N_ELEMENTS(VMS_MEMBER(T, m)), ##__VA_ARGS__                                \
    }

/* A char[256] with a length byte on the wire; a counted, loader-allocated array of them. */
#define VMS_STR8(T, m, ...)                                                              \
    {                                                                                    \
        .name = #m, .wire = VMS_WIRE_STR8, .offset = offsetof(T, m),                     \
        .size = sizeof(VMS_MEMBER(T, m)) + VMS_REQUIRE(sizeof(VMS_MEMBER(T, m)) == 256), \
        ##__VA_ARGS__                                                                    \
    }
#define VMS_STR8_ALLOC(T, m, n, limit, ...)                                                    \
    {                                                                                          \
        .name = #m, .wire = VMS_WIRE_STR8, .place = VMS_ALLOCATED, .offset = offsetof(T, m),   \
        .size = sizeof(VMS_MEMBER(T, m)[0]) + VMS_REQUIRE(sizeof(VMS_MEMBER(T, m)[0]) == 256), \
        VMS_COUNT_BY(T, n, limit), ##__VA_ARGS__                                               \
    }

/* Bytes: a whole embedded array; its first @n; behind a pointer, configured; loader-allocated. */
#define VMS_BUFFER(T, m, ...)                                                     \
    {                                                                             \
        .name = #m, .wire = VMS_WIRE_BUFFER, .offset = offsetof(T, m), .size = 1, \
        .count = sizeof(VMS_MEMBER(T, m)), ##__VA_ARGS__                          \
    }
#define VMS_BUFFER_COUNTED(T, m, n, limit, ...)                                                  \
    {                                                                                            \
        .name = #m, .wire = VMS_WIRE_BUFFER, .offset = offsetof(T, m),                           \
        .size = 1 + VMS_REQUIRE((limit) <= sizeof(VMS_MEMBER(T, m))), VMS_COUNT_BY(T, n, limit), \
        ##__VA_ARGS__                                                                            \
    }
#define VMS_BUFFER_POINTER(T, m, n, limit, ...)                                               \
    {                                                                                         \
        .name = #m, .wire = VMS_WIRE_BUFFER, .place = VMS_POINTED, .offset = offsetof(T, m),  \
        .size = 1 + VMS_REQUIRE(VMS_IS_BYTE(VMS_MEMBER(T, m)[0])), VMS_COUNT_BY(T, n, limit), \
        ##__VA_ARGS__                                                                         \
    }
#define VMS_BUFFER_ALLOC(T, m, n, limit, ...)                                                  \
    {                                                                                          \
        .name = #m, .wire = VMS_WIRE_BUFFER, .place = VMS_ALLOCATED, .offset = offsetof(T, m), \
        .size = 1 + VMS_REQUIRE(VMS_IS_BYTE(VMS_MEMBER(T, m)[0])), VMS_COUNT_BY(T, n, limit),  \
        ##__VA_ARGS__                                                                          \
    }

/* Bytes that old streams have and we do not. */
#define VMS_PAD(bytes, ...)                                                     \
    {                                                                           \
        .name = "unused", .wire = VMS_WIRE_PAD, .count = (bytes), ##__VA_ARGS__ \
    }

/* @bits bits in an embedded array of guint64; as many as member @n says, behind a pointer. */
#define VMS_BITMAP(T, m, bits, ...)                                      \
    {                                                                    \
        .name = #m, .wire = VMS_WIRE_BITMAP, .offset = offsetof(T, m),   \
        .size = 8 + VMS_REQUIRE(VMS_IS(guint64, VMS_MEMBER(T, m)[0]) &&  \
                                (bits) <= 8 * sizeof(VMS_MEMBER(T, m))), \
        .count = (bits), ##__VA_ARGS__                                   \
    }
#define VMS_BITMAP_POINTER(T, m, n, limit, ...)                                                   \
    {                                                                                             \
        .name = #m, .wire = VMS_WIRE_BITMAP, .place = VMS_POINTED, .offset = offsetof(T, m),      \
        .size = 8 + VMS_REQUIRE(VMS_IS(guint64, VMS_MEMBER(T, m)[0])), VMS_COUNT_BY(T, n, limit), \
        ##__VA_ARGS__                                                                             \
    }

/* A struct with a description of its own: embedded, behind a pointer, arrays of them. */
#define VMS_STRUCT(T, m, description, ...)                                      \
    {                                                                           \
        .name = #m, .wire = VMS_WIRE_STRUCT, .offset = offsetof(T, m),          \
        .size = sizeof(VMS_MEMBER(T, m)), .state = (description), ##__VA_ARGS__ \
    }
#define VMS_STRUCT_POINTER(T, m, description, ...)                                           \
    {                                                                                        \
        .name = #m, .wire = VMS_WIRE_STRUCT, .place = VMS_POINTED, .offset = offsetof(T, m), \
        .size = sizeof(VMS_MEMBER(T, m)[0]), .state = (description), ##__VA_ARGS__           \
    }
#define VMS_STRUCT_ARRAY(T, m, description, ...)                                      \
    {                                                                                 \
        .name = #m, .wire = VMS_WIRE_STRUCT, .offset = offsetof(T, m),                \
        .size = sizeof(VMS_MEMBER(T, m)[0]), .count = G_N_ELEMENTS(VMS_MEMBER(T, m)), \
        .state = (description), ##__VA_ARGS__                                         \
    }
#define VMS_STRUCT_COUNTED(T, m, n, limit, description, ...)                                      \
    {                                                                                             \
        .name = #m, .wire = VMS_WIRE_STRUCT, .offset = offsetof(T, m),                            \
        .size =                                                                                   \
            sizeof(VMS_MEMBER(T, m)[0]) + VMS_REQUIRE((limit) <= G_N_ELEMENTS(VMS_MEMBER(T, m))), \
        VMS_COUNT_BY(T, n, limit), .state = (description), ##__VA_ARGS__                          \
    }
#define VMS_STRUCT_COUNTED_POINTER(T, m, n, limit, description, ...)                            \
    {                                                                                           \
        .name = #m, .wire = VMS_WIRE_STRUCT, .place = VMS_POINTED, .offset = offsetof(T, m),    \
        .size = sizeof(VMS_MEMBER(T, m)[0]), VMS_COUNT_BY(T, n, limit), .state = (description), \
        ##__VA_ARGS__                                                                           \
    }
/* Elements that the loader allocates own nothing that it would have to allocate in turn. */
#define VMS_STRUCT_COUNTED_ALLOC(T, m, n, limit, description, ...)                              \
    {                                                                                           \
        .name = #m, .wire = VMS_WIRE_STRUCT, .place = VMS_ALLOCATED, .offset = offsetof(T, m),  \
        .size = sizeof(VMS_MEMBER(T, m)[0]), VMS_COUNT_BY(T, n, limit), .state = (description), \
        ##__VA_ARGS__                                                                           \
    }

/* An embedded GQueue of at most @limit heap-allocated @Element. A list that is received replaces
 * the one that was there, whole or not at all. */
#define VMS_QUEUE(T, m, Element, description, limit, ...)                                        \
    {                                                                                            \
        .name = #m, .wire = VMS_WIRE_QUEUE, .offset = offsetof(T, m),                            \
        .size = sizeof(Element) + VMS_REQUIRE(VMS_IS(GQueue, VMS_MEMBER(T, m))), .max = (limit), \
        .state = (description), ##__VA_ARGS__                                                    \
    }

#define VMS_END      \
    {                \
        .name = NULL \
    }

#endif
