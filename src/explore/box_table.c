/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables of parts; see box_table.h. A record is found by its key: the part, and
 * the ranges of the variables that it depends on. Records of several
 * combinations are made of those of both halves of the first range that can be
 * halved, which are made before.
 */
#include "explore/box_table.h"

#include <math.h>
#include <string.h>

enum {
  KEY_MAX = 1 + 2 * CDS_VARIABLES_MAX,
  SLOTS_FIRST = 1 << 10,
  /* Halves that wait for one another: as many as all ranges can be halved. */
  WAITING_MAX = 32 * CDS_VARIABLES_MAX,
  SAMPLES = 3 /* designs that are tried for one combination */
};

typedef struct cds_box_key {
  unsigned count;
  uint32_t part[KEY_MAX];
} cds_box_key;

typedef struct exemplar {
  struct exemplar *next;
  uint32_t number;
  cds_arch arch;
} exemplar;

struct cds_box_table {
  const cds_job *job;
  cds_box_parts parts;
  cds_arena *arena; /* exemplars */
  cds_lock *lock;
  exemplar *exemplars[CDS_BOX_PARTS_MAX];
  uint32_t numbers[CDS_BOX_PARTS_MAX];
  /* By hash: 1 + place of a record; 0: none. */
  uint32_t *slot;
  size_t slots;
  cds_box_record *record;
  uint64_t *key_at; /* of each record its key in `key`, count first */
  size_t records, room;
  uint32_t *key;
  size_t keys, key_room;
};

const cds_box_parts *cds_box_table_parts(const cds_box_table *table) {
  return &table->parts;
}

/* ---- records by key ------------------------------------------------------ */

static cds_box_key key_of(const cds_box_table *it, unsigned part,
                          const cds_box *box) {
  cds_box_key key = {.count = 1, .part = {part}};
  for (uint32_t left = it->parts.part[part].reads; left != 0;
       left &= left - 1) {
    const unsigned v = (unsigned)__builtin_ctz(left);
    key.part[key.count++] = box->low[v];
    key.part[key.count++] = box->high[v];
  }
  return key;
}

static size_t hash_of(const uint32_t *part, unsigned count) {
  uint64_t hash = count;
  for (unsigned i = 0; i < count; i++) {
    hash = (hash ^ part[i]) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  return (size_t)(hash >> 16);
}

/* The slot of a key, or the empty one for it. */
static uint32_t *slot_of(const cds_box_table *it, const uint32_t *part,
                         unsigned count) {
  size_t at = hash_of(part, count) & (it->slots - 1);
  while (it->slot[at] != 0) {
    const uint32_t *known = it->key + it->key_at[it->slot[at] - 1];
    if (known[0] == count &&
        memcmp(known + 1, part, count * sizeof *part) == 0) {
      break;
    }
    at = (at + 1) & (it->slots - 1);
  }
  return &it->slot[at];
}

static const cds_box_record *find(const cds_box_table *it,
                                  const cds_box_key *key) {
  const uint32_t slot = *slot_of(it, key->part, key->count);
  return slot == 0 ? NULL : &it->record[slot - 1];
}

static cds_status grow_slots(cds_box_table *it) {
  const size_t slots = it->slots == 0 ? SLOTS_FIRST : 2 * it->slots;
  uint32_t *slot = (uint32_t *)cds_malloc(slots * sizeof *slot);
  if (slot == NULL) {
    return CDS_ENOMEM;
  }
  memset(slot, 0, slots * sizeof *slot);
  cds_free(it->slot);
  it->slot = slot;
  it->slots = slots;
  for (size_t r = 0; r < it->records; r++) {
    const uint32_t *key = it->key + it->key_at[r];
    *slot_of(it, key + 1, key[0]) = (uint32_t)r + 1;
  }
  return CDS_OK;
}

static cds_status grow_records(cds_box_table *it) {
  const size_t room = it->room == 0 ? SLOTS_FIRST : 2 * it->room;
  cds_box_record *record =
      (cds_box_record *)cds_realloc(it->record, room * sizeof *record);
  if (record == NULL) {
    return CDS_ENOMEM;
  }
  it->record = record;
  uint64_t *key_at = (uint64_t *)cds_realloc(it->key_at, room * sizeof *key_at);
  if (key_at == NULL) {
    return CDS_ENOMEM;
  }
  it->key_at = key_at;
  it->room = room;
  return CDS_OK;
}

static cds_status store(cds_box_table *it, const cds_box_key *key,
                        const cds_box_record *record) {
  if (find(it, key) != NULL) { /* another thread was faster */
    return CDS_OK;
  }
  if (it->record == NULL || it->records == it->room) {
    CDS_TRY(grow_records(it));
  }
  if (it->keys + key->count + 1 > it->key_room) {
    const size_t room = 2 * it->key_room + KEY_MAX + 1;
    uint32_t *more = (uint32_t *)cds_realloc(it->key, room * sizeof *more);
    if (more == NULL) {
      return CDS_ENOMEM;
    }
    it->key = more;
    it->key_room = room;
  }
  if (2 * (it->records + 1) > it->slots) {
    CDS_TRY(grow_slots(it));
  }
  it->key_at[it->records] = it->keys;
  it->key[it->keys++] = key->count;
  memcpy(it->key + it->keys, key->part, key->count * sizeof *key->part);
  it->keys += key->count;
  it->record[it->records++] = *record;
  *slot_of(it, key->part, key->count) = (uint32_t)it->records;
  return CDS_OK;
}

/* ---- one combination ----------------------------------------------------- */

/* The values of the box for what the part depends on; for the others those of
 * the space's first, last and middle designs in turn. */
static uint64_t sample_of(const cds_box_table *it, unsigned part,
                          const cds_box *box, unsigned sample) {
  const cds_space *space = it->job->space;
  const uint32_t reads = it->parts.part[part].reads;
  uint32_t value[CDS_VARIABLES_MAX];
  for (unsigned v = 0; v < cds_space_variables(space); v++) {
    const uint32_t last = (uint32_t)cds_space_variable(space, v)->count - 1;
    const uint32_t other[SAMPLES] = {0, last, last / 2};
    value[v] = (reads >> v & 1U) != 0 ? box->low[v] : other[sample];
  }
  return cds_space_index(space, value);
}

/* Builds a design of which the numbers of all parts are known, even if they do
 * not go together; `filled` says whether it is one. */
static cds_status build(cds_arch *arch, bool *filled, const cds_job *job,
                        uint64_t design, cds_arena *arena) {
  cds_diag *diag = cds_diag_new(arena);
  if (diag == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status = cds_job_build(arch, job, design, arena, diag);
  *filled = arch->filled;
  return status == CDS_ENOMEM || status == CDS_EINTERNAL ? status : CDS_OK;
}

/* The number of the exemplar that the part is like; a new one is built once
 * more, to stay. Under the lock. */
static cds_status number_of(uint32_t *out, cds_box_table *it, unsigned part,
                            const cds_arch *arch, uint64_t design) {
  const cds_box_part *which = &it->parts.part[part];
  for (const exemplar *known = it->exemplars[part]; known != NULL;
       known = known->next) {
    if (cds_box_alike(which, arch, &known->arch, it->parts.constrained)) {
      *out = known->number;
      return CDS_OK;
    }
  }
  bool filled = false;
  exemplar *made = (exemplar *)cds_arena_alloc(it->arena, sizeof *made);
  if (made == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(build(&made->arch, &filled, it->job, design, it->arena));
  made->next = it->exemplars[part];
  made->number = it->numbers[part]++;
  it->exemplars[part] = made;
  *out = made->number;
  return CDS_OK;
}

/* Of a combination whose designs cannot be built nothing is known: it is mixed,
 * and so is every box that it is in. Takes the lock for the exemplar. */
static cds_status make_one(cds_box_record *out, cds_box_table *it,
                           unsigned part, const cds_box *box,
                           cds_arena *arena) {
  const cds_box_part *which = &it->parts.part[part];
  const cds_arena_mark mark = cds_arena_mark_get(arena);
  cds_status status = CDS_OK;
  cds_arch *arch = (cds_arch *)cds_arena_alloc(arena, sizeof *arch);
  *out =
      (cds_box_record){.exemplar = CDS_BOX_MIXED, .split = CDS_VARIABLES_MAX};
  bool filled = false;
  status = arch == NULL ? CDS_ENOMEM : CDS_OK;
  for (unsigned s = 0; s < SAMPLES && status == CDS_OK && !filled; s++) {
    const uint64_t design = sample_of(it, part, box, s);
    status = build(arch, &filled, it->job, design, arena);
    if (status == CDS_OK && filled) {
      cds_box_fields(out->least, which, arch);
      cds_lock_take(it->lock);
      status = number_of(&out->exemplar, it, part, arch, design);
      cds_lock_give(it->lock);
    }
  }
  cds_arena_reset(arena, mark);
  return status;
}

/* ---- more of them -------------------------------------------------------- */

static cds_box_record lesser(const cds_box_record *a, const cds_box_record *b,
                             unsigned split) {
  cds_box_record out = *a;
  if (a->exemplar == CDS_BOX_MIXED || b->exemplar == CDS_BOX_MIXED) {
    const bool first = a->exemplar == CDS_BOX_MIXED;
    out = first ? *a : *b;
    out.split = out.split == CDS_VARIABLES_MAX ? split : out.split;
    return out;
  }
  if (a->exemplar != b->exemplar) {
    out.exemplar = CDS_BOX_MIXED;
    out.split = split;
    return out;
  }
  for (unsigned f = 0; f < CDS_BOX_FIELDS; f++) {
    out.least[f] = fmin(a->least[f], b->least[f]);
  }
  return out;
}

/* The first variable of the part with a range of several values. */
static unsigned several(const cds_box_table *it, unsigned part,
                        const cds_box *box) {
  for (uint32_t left = it->parts.part[part].reads; left != 0;
       left &= left - 1) {
    const unsigned v = (unsigned)__builtin_ctz(left);
    if (box->low[v] < box->high[v]) {
      return v;
    }
  }
  return CDS_VARIABLES_MAX;
}

/* Makes a record whose halves are known, or says which half is to be made
 * first. The lock is taken, and is given back while a design is built. */
static cds_status make(bool *made, cds_box *first, cds_box_table *it,
                       unsigned part, const cds_box *box, cds_arena *arena) {
  const cds_box_key key = key_of(it, part, box);
  const unsigned variable = several(it, part, box);
  cds_box_record record;
  *made = true;
  if (find(it, &key) != NULL) {
    return CDS_OK;
  }
  if (variable == CDS_VARIABLES_MAX) {
    cds_lock_give(it->lock);
    const cds_status status = make_one(&record, it, part, box, arena);
    cds_lock_take(it->lock);
    CDS_TRY(status);
    return store(it, &key, &record);
  }
  cds_box half[2];
  cds_box_halve(half, box, variable);
  const cds_box_record *known[2];
  for (unsigned h = 0; h < 2; h++) {
    const cds_box_key own = key_of(it, part, &half[h]);
    known[h] = find(it, &own);
    if (known[h] == NULL) {
      *made = false;
      *first = half[h];
      return CDS_OK;
    }
  }
  record = lesser(known[0], known[1], variable);
  return store(it, &key, &record);
}

cds_status cds_box_table_get(cds_box_record *out, cds_box_table *table,
                             unsigned part, const cds_box *box,
                             cds_arena *arena) {
  const cds_box_key key = key_of(table, part, box);
  const cds_arena_mark mark = cds_arena_mark_get(arena);
  cds_status status = CDS_OK;
  cds_lock_take(table->lock);
  const cds_box_record *known = find(table, &key);
  if (known == NULL) {
    cds_box *waiting =
        (cds_box *)cds_arena_array(arena, WAITING_MAX, sizeof *waiting);
    size_t depth = 1;
    status = waiting == NULL ? CDS_ENOMEM : CDS_OK;
    if (status == CDS_OK) {
      waiting[0] = *box;
    }
    while (status == CDS_OK && depth > 0) {
      bool made = false;
      status =
          make(&made, &waiting[depth], table, part, &waiting[depth - 1], arena);
      depth = made ? depth - 1 : depth + 1;
    }
    known = find(table, &key);
  }
  if (status == CDS_OK) {
    *out = *known;
  }
  cds_lock_give(table->lock);
  cds_arena_reset(arena, mark);
  return status;
}

const cds_arch *cds_box_table_exemplar(const cds_box_table *table,
                                       unsigned part, uint32_t number) {
  cds_lock_take(table->lock);
  const exemplar *known = table->exemplars[part];
  while (known != NULL && known->number != number) {
    known = known->next;
  }
  cds_lock_give(table->lock);
  return known == NULL ? NULL : &known->arch;
}

/* ---- set-up -------------------------------------------------------------- */

/* Parts are those of every design; which die each stands on is that of a first
 * one. */
static cds_status find_parts(cds_box_table *it, cds_diag *diag) {
  cds_arch *arch = (cds_arch *)cds_arena_alloc(it->arena, sizeof *arch);
  if (arch == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status = cds_job_build(arch, it->job, 0, it->arena, diag);
  if (status == CDS_OK || arch->filled) {
    cds_box_parts_find(&it->parts, it->job->space, arch);
    return CDS_OK;
  }
  return status == CDS_ELIMIT ? CDS_EINPUT : status;
}

cds_status cds_box_table_new(cds_box_table **out, const cds_job *job,
                             cds_diag *diag) {
  cds_box_table *table = (cds_box_table *)cds_malloc(sizeof *table);
  if (table == NULL) {
    return CDS_ENOMEM;
  }
  memset(table, 0, sizeof *table);
  table->job = job;
  table->arena = cds_arena_new();
  table->lock = cds_lock_new();
  cds_status status =
      table->arena == NULL || table->lock == NULL ? CDS_ENOMEM : CDS_OK;
  status = status == CDS_OK ? grow_slots(table) : status;
  status = status == CDS_OK ? find_parts(table, diag) : status;
  if (status != CDS_OK) {
    cds_box_table_free(table);
    return status;
  }
  *out = table;
  return CDS_OK;
}

void cds_box_table_free(cds_box_table *table) {
  if (table != NULL) {
    cds_free(table->slot);
    cds_free(table->record);
    cds_free(table->key_at);
    cds_free(table->key);
    cds_arena_free(table->arena);
    cds_lock_free(table->lock);
    cds_free(table);
  }
}
