/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Arena and general allocation. An arena is a list of blocks, each twice as
 * large as the one before; blocks behind the current one are spare and used
 * again after a reset. Under AddressSanitizer (or with CDS_ARENA_GUARDED) each
 * allocation is a system allocation of its own, so that overruns and uses
 * after a reset are seen; the counter then counts what the block list would
 * have allocated, so that counting tests hold in both modes.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define CDS_ARENA_GUARDED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CDS_ARENA_GUARDED 1
#endif
#endif
#ifndef CDS_ARENA_GUARDED
#define CDS_ARENA_GUARDED 0
#endif

enum { BLOCK_MIN = 4096, BLOCK_MAX = 1 << 20 };

typedef struct block {
  struct block *next; /* guarded: the allocation before */
  size_t capacity;
  size_t used;
  alignas(max_align_t) unsigned char data[];
} block;

struct cds_arena {
  block *first;   /* guarded: unused */
  block *current; /* guarded: the latest allocation */
  size_t next_capacity;
  size_t used, reserved; /* guarded: what a block list would hold */
};

/* Test hooks only: they never influence a result. */
static atomic_uint_fast64_t allocations;
static atomic_uint_fast64_t fail_countdown;

static bool must_fail(void) {
  uint_fast64_t left = atomic_load(&fail_countdown);
  while (left > 0) {
    if (atomic_compare_exchange_weak(&fail_countdown, &left, left - 1)) {
      return left == 1;
    }
  }
  return false;
}

void *cds_malloc(size_t size) {
  atomic_fetch_add(&allocations, 1);
  return must_fail() ? NULL : malloc(size > 0 ? size : 1);
}

void *cds_realloc(void *old, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return must_fail() ? NULL : realloc(old, size > 0 ? size : 1);
}

void cds_free(void *memory) { free(memory); }

uint64_t cds_alloc_count(void) { return atomic_load(&allocations); }

void cds_alloc_fail_after(uint64_t n) { atomic_store(&fail_countdown, n); }

cds_arena *cds_arena_new(void) {
  cds_arena *arena = cds_malloc(sizeof *arena);
  if (arena == NULL) {
    return NULL;
  }
  *arena = (cds_arena){.next_capacity = BLOCK_MIN};
  return arena;
}

void cds_arena_free(cds_arena *arena) {
  if (arena == NULL) {
    return;
  }
  block *next = CDS_ARENA_GUARDED ? arena->current : arena->first;
  while (next != NULL) {
    block *const gone = next;
    next = gone->next;
    free(gone);
  }
  cds_free(arena);
}

static size_t next_capacity(size_t capacity) {
  return capacity < BLOCK_MAX ? capacity * 2 : capacity;
}

/* Each allocation a node of its own; arena->current is the latest. */
static void *alloc_guarded(cds_arena *arena, size_t size) {
  if (arena->used + size > arena->reserved) {
    atomic_fetch_add(&allocations, 1);
    arena->reserved =
        arena->used +
        (size > arena->next_capacity ? size : arena->next_capacity);
    arena->next_capacity = next_capacity(arena->next_capacity);
  }
  block *const node = must_fail() ? NULL : malloc(sizeof *node + size);
  if (node == NULL) {
    return NULL;
  }
  *node = (block){.next = arena->current, .capacity = size, .used = size};
  arena->current = node;
  arena->used += size;
  memset(node->data, 0, size);
  return node->data;
}

/* Makes a block with room for size the current one. */
static block *next_block(cds_arena *arena, size_t size) {
  block *const current = arena->current;
  block *const spare = current != NULL ? current->next : arena->first;
  if (spare != NULL && spare->capacity >= size) {
    spare->used = 0;
    arena->current = spare;
    return spare;
  }
  const size_t capacity =
      size > arena->next_capacity ? size : arena->next_capacity;
  block *const fresh = cds_malloc(sizeof *fresh + capacity);
  if (fresh == NULL) {
    return NULL;
  }
  *fresh = (block){.next = spare, .capacity = capacity};
  if (current != NULL) {
    current->next = fresh;
  } else {
    arena->first = fresh;
  }
  arena->next_capacity = next_capacity(arena->next_capacity);
  arena->current = fresh;
  return fresh;
}

void *cds_arena_alloc(cds_arena *arena, size_t size) {
  const size_t align = alignof(max_align_t);
  if (size > SIZE_MAX / 4) {
    return NULL;
  }
  if (CDS_ARENA_GUARDED) {
    return alloc_guarded(arena, size);
  }
  const size_t room = (size + align - 1) / align * align;
  block *place = arena->current;
  if (place == NULL || place->capacity - place->used < room) {
    place = next_block(arena, room);
    if (place == NULL) {
      return NULL;
    }
  }
  void *const memory = place->data + place->used;
  place->used += room;
  memset(memory, 0, size);
  return memory;
}

void *cds_arena_array(cds_arena *arena, size_t count, size_t item_size) {
  size_t size = 0;
  if (__builtin_mul_overflow(count, item_size, &size)) {
    return NULL;
  }
  return cds_arena_alloc(arena, size);
}

void *cds_arena_more(cds_arena *arena, void *list, size_t count, size_t *room,
                     size_t item_size) {
  if (count < *room) {
    return list;
  }
  const size_t more = *room == 0 ? 16 : 2 * *room;
  void *grown = cds_arena_array(arena, more, item_size);
  if (grown == NULL) {
    return NULL;
  }
  if (count > 0) {
    memcpy(grown, list, count * item_size);
  }
  *room = more;
  return grown;
}

char *cds_arena_strndup(cds_arena *arena, const char *text, size_t length) {
  char *const copy =
      length < SIZE_MAX ? cds_arena_alloc(arena, length + 1) : NULL;
  if (copy != NULL && length > 0) {
    memcpy(copy, text, length);
  }
  return copy;
}

char *cds_arena_strdup(cds_arena *arena, const char *text) {
  return cds_arena_strndup(arena, text, strlen(text));
}

char *cds_arena_vprintf(cds_arena *arena, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  const int length = vsnprintf(NULL, 0, format, args);
  char *const text =
      length >= 0 ? cds_arena_alloc(arena, (size_t)length + 1) : NULL;
  if (text != NULL) {
    (void)vsnprintf(text, (size_t)length + 1, format, again);
  }
  va_end(again);
  return text;
}

char *cds_arena_printf(cds_arena *arena, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *const text = cds_arena_vprintf(arena, format, args);
  va_end(args);
  return text;
}

cds_arena_mark cds_arena_mark_get(cds_arena *arena) {
  block *const current = arena->current;
  if (CDS_ARENA_GUARDED) {
    return (cds_arena_mark){current, arena->used};
  }
  return (cds_arena_mark){current, current != NULL ? current->used : 0};
}

void cds_arena_reset(cds_arena *arena, cds_arena_mark mark) {
  if (CDS_ARENA_GUARDED) {
    while (arena->current != mark.block) {
      block *const gone = arena->current;
      arena->current = gone->next;
      free(gone);
    }
    arena->used = mark.used;
    return;
  }
  /* A mark of the empty arena leaves every block spare. */
  arena->current = mark.block;
  if (arena->current != NULL) {
    arena->current->used = mark.used;
  }
}
