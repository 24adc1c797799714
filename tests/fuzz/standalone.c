/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main of a fuzz target in a plain build: replays every file of the folders
 * (or single files) that are named, and says how many there were.
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH_SIZE = 4096, FILE_MAX = 32 << 20 };

static void stop(const char *path, const char *why) {
  (void)fprintf(stderr, "%s: %s\n", path, why);
  exit(1);
}

static void replay_file(const char *path) {
  FILE *const file = fopen(path, "rb");
  if (file == NULL) {
    stop(path, "cannot be opened");
    return;
  }
  uint8_t *const data = malloc(FILE_MAX);
  if (data == NULL) {
    stop(path, "does not fit into memory");
    return;
  }
  const size_t size = fread(data, 1, FILE_MAX, file);
  (void)fclose(file);
  /* A block of just this size shows reads behind the end. */
  uint8_t *const exact = malloc(size > 0 ? size : 1);
  if (exact == NULL) {
    stop(path, "does not fit into memory");
    return;
  }
  memcpy(exact, data, size);
  free(data);
  (void)LLVMFuzzerTestOneInput(exact, size);
  free(exact);
}

static unsigned replay(const char *path) {
  DIR *const folder = opendir(path);
  if (folder == NULL) {
    replay_file(path);
    return 1;
  }
  unsigned files = 0;
  for (const struct dirent *entry = readdir(folder); entry != NULL;
       entry = readdir(folder)) {
    char name[PATH_SIZE];
    if (entry->d_name[0] == '.') {
      continue;
    }
    const int length =
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
    if (length < 0 || length >= PATH_SIZE) {
      stop(path, "has too long a name");
    }
    replay_file(name);
    files++;
  }
  (void)closedir(folder);
  return files;
}

int main(int argc, char **argv) {
  unsigned files = 0;
  for (int i = 1; i < argc; i++) {
    files += replay(argv[i]);
  }
  (void)printf("%u files replayed\n", files);
  return files > 0 ? 0 : 1;
}
