/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a folder holds; see fold.h. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "store/fold.h"

/* Sorted texts that grow. */
typedef struct names {
  cds_arena *arena;
  size_t count, room;
  const char **name;
} names;

static cds_status add(names *list, const char *text) {
  list->name = (const char **)cds_arena_more(
      list->arena, list->name, list->count, &list->room, sizeof *list->name);
  if (list->name == NULL || text == NULL) {
    return CDS_ENOMEM;
  }
  size_t at = list->count++;
  for (; at > 0 && strcmp(list->name[at - 1], text) > 0; at--) {
    list->name[at] = list->name[at - 1];
  }
  list->name[at] = text;
  return CDS_OK;
}

static bool ends_in(const char *name, const char *end) {
  const size_t size = strlen(name);
  return size >= strlen(end) && strcmp(name + size - strlen(end), end) == 0;
}

static bool is_journal(const char *name) {
  return strcmp(name, "journal") == 0 ||
         (strncmp(name, "journal-", 8) == 0 && !ends_in(name, ".lock") &&
          !ends_in(name, ".bad") && !ends_in(name, ".old") &&
          !ends_in(name, ".new"));
}

/* Calls `visit` with each name of the folder but those that begin with a dot.
 */
static cds_status each(const char *path, cds_diag *diag,
                       cds_status (*visit)(const char *name, void *payload),
                       void *payload) {
  DIR *folder = opendir(path);
  if (folder == NULL) {
    cds_diag_error(diag, (cds_place){path, 0, 0}, "cannot read this folder: %s",
                   strerror(errno));
    return CDS_EINPUT;
  }
  cds_status status = CDS_OK;
  const struct dirent *entry = NULL;
  while (status == CDS_OK && (entry = readdir(folder)) != NULL) {
    status = entry->d_name[0] == '.' ? CDS_OK : visit(entry->d_name, payload);
  }
  closedir(folder);
  return status;
}

typedef struct looking {
  cds_folder *out;
  names journals;
} looking;

static cds_status look(const char *name, void *payload) {
  looking *it = (looking *)payload;
  it->out->result = it->out->result || strcmp(name, "result.json") == 0;
  return is_journal(name)
             ? add(&it->journals, cds_arena_printf(it->journals.arena, "%s/%s",
                                                   it->out->path, name))
             : CDS_OK;
}

cds_status cds_folder_look(cds_folder *out, const char *path, cds_arena *arena,
                           cds_diag *diag) {
  size_t size = strlen(path);
  while (size > 1 && path[size - 1] == '/') {
    size--;
  }
  *out = (cds_folder){.path = cds_arena_strndup(arena, path, size)};
  if (out->path == NULL) {
    return CDS_ENOMEM;
  }
  looking it = {.out = out, .journals = {.arena = arena}};
  CDS_TRY(each(path, diag, look, &it));
  out->journals = it.journals.count;
  out->journal = it.journals.name;
  return CDS_OK;
}

typedef struct listing {
  const char *path;
  names folders;
  cds_diag *diag;
} listing;

static cds_status list(const char *name, void *payload) {
  listing *it = (listing *)payload;
  cds_arena *arena = it->folders.arena;
  struct stat about;
  cds_folder inner;
  const char *path = cds_arena_printf(arena, "%s/%s", it->path, name);
  if (path == NULL) {
    return CDS_ENOMEM;
  }
  if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode)) {
    return CDS_OK;
  }
  CDS_TRY(cds_folder_look(&inner, path, arena, it->diag));
  return inner.result || inner.journals > 0 ? add(&it->folders, path) : CDS_OK;
}

cds_status cds_folder_list(const char *const **out, size_t *count,
                           const char *path, cds_arena *arena, cds_diag *diag) {
  listing it = {.path = path, .folders = {.arena = arena}, .diag = diag};
  CDS_TRY(each(path, diag, list, &it));
  *out = it.folders.name;
  *count = it.folders.count;
  return CDS_OK;
}
