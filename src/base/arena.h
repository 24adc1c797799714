/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Arena: memory that is taken in small pieces and given back whole.
 * One arena for each parsed file, one scratch arena for each search thread.
 * All allocation of the library goes through this file; a test can make the
 * n-th system allocation fail (cds_alloc_fail_after) and count them
 * (cds_alloc_count).
 */
#ifndef CDS_BASE_ARENA_H
#define CDS_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cds_arena cds_arena;
typedef struct cds_arena_mark {
  void *block;
  size_t used;
} cds_arena_mark;

/* Returns a new, empty arena, or NULL when memory is exhausted. */
cds_arena *cds_arena_new(void);
/* Frees the arena and everything taken from it; NULL is allowed. */
void cds_arena_free(cds_arena *arena);
/* Returns `size` zeroed bytes aligned for any type, or NULL. */
void *cds_arena_alloc(cds_arena *arena, size_t size);
/* Returns zeroed room for `count` items, or NULL (also on overflow). */
void *cds_arena_array(cds_arena *arena, size_t count, size_t item_size);
/* The list with room for one item more: itself, or once its `count` items fill
 * the room, a copy in twice as much. NULL: no memory. */
void *cds_arena_more(cds_arena *arena, void *list, size_t count, size_t *room,
                     size_t item_size);
/* Returns a copy of the string, or NULL. */
char *cds_arena_strdup(cds_arena *arena, const char *text);
char *cds_arena_strndup(cds_arena *arena, const char *text, size_t length);
/* Returns formatted text, or NULL. The format must not use %g/%f/%e: numbers
 * with a fraction go through cds_format_double (base/text.h). */
char *cds_arena_printf(cds_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *cds_arena_vprintf(cds_arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Remembers the state of the arena, and returns to it: everything taken in
 * between is gone, its blocks are kept for the next use. */
cds_arena_mark cds_arena_mark_get(cds_arena *arena);
void cds_arena_reset(cds_arena *arena, cds_arena_mark mark);

/* General allocation for what does not fit an arena (growing vectors). */
void *cds_malloc(size_t size);
void *cds_realloc(void *old, size_t size);
void cds_free(void *block);

/* System allocations made so far by this process (all threads). */
uint64_t cds_alloc_count(void);
/* Lets the n-th allocation from now fail, once (tests); 0 switches it off. */
void cds_alloc_fail_after(uint64_t n);

#endif
