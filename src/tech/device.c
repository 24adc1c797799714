/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Devices: the fast (hp) and the low-leakage (lp) ones of every process, and
 * those of archs/tech/devices.yaml, of some processes.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tech/internal.h"

#define CDS_DEVICE(id, text)                                                   \
  extern const cds_tech_flavour cds_tech_flavour_##id;
#include "tech/devices.def"
#undef CDS_DEVICE

#define SAME                                                                   \
  { 1, 1, 1, NULL, false }
#define NOTHING                                                                \
  { CDS_TECH_NONE, CDS_TECH_NONE, CDS_TECH_NONE, NULL, false }
#define PLAIN(text, of, about)                                                 \
  {                                                                            \
    .name = (text), .help = (about), .on = "", .base = (of), .energy = SAME,   \
    .delay = SAME, .leakage = SAME, .area = SAME,                              \
    .threshold = {0, 0, 0, NULL, false}, .swing = NOTHING, .cells = SAME,      \
    .temperature = NOTHING, .cooling = NOTHING                                 \
  }

static const cds_tech_flavour hp =
    PLAIN("hp", CDS_TECH_HP, "fast devices of the process");
static const cds_tech_flavour lp =
    PLAIN("lp", CDS_TECH_LP,
          "low-leakage devices of the process: 0.6 of the clock, a 25th of "
          "the leakage");

static const cds_tech_flavour *const FLAVOURS[] = {
    &hp,
    &lp,
#define CDS_DEVICE(id, text) &cds_tech_flavour_##id,
#include "tech/devices.def"
#undef CDS_DEVICE
};
enum { FLAVOUR_COUNT = sizeof FLAVOURS / sizeof FLAVOURS[0] };

const char *const *cds_tech_device_names(size_t *count) {
  static const char *const names[] = {
      "hp",
      "lp",
#define CDS_DEVICE(id, text) text,
#include "tech/devices.def"
#undef CDS_DEVICE
  };
  *count = sizeof names / sizeof names[0];
  return names;
}

const char *cds_tech_device_help(const char *name, const char **on) {
  for (size_t index = 0; index < FLAVOUR_COUNT; index++) {
    if (strcmp(name, FLAVOURS[index]->name) == 0) {
      *on = FLAVOURS[index]->on;
      return FLAVOURS[index]->help;
    }
  }
  return NULL;
}

/* Whether `name` is one of the words of `on`; none are all. */
static bool is_made(const char *on, const char *name) {
  const size_t length = strlen(name);
  if (*on == '\0') {
    return true;
  }
  for (const char *word = on; *word != '\0'; word += *word == ' ' ? 1 : 0) {
    const size_t letters = strcspn(word, " ");
    if (letters == length && memcmp(word, name, length) == 0) {
      return true;
    }
    word += letters;
  }
  return false;
}

static cds_status refuse_device(char why[CDS_TECH_WHY], const char *name) {
  size_t used = (size_t)snprintf(why, CDS_TECH_WHY,
                                 "device '%.32s' is not known: expected", name);
  for (size_t index = 0; index < FLAVOUR_COUNT && used < CDS_TECH_WHY;
       index++) {
    used += (size_t)snprintf(why + used, CDS_TECH_WHY - used, "%s %s",
                             index == 0                   ? ""
                             : index + 1 == FLAVOUR_COUNT ? " or"
                                                          : ",",
                             FLAVOURS[index]->name);
  }
  return CDS_EINPUT;
}

cds_status cds_tech_flavour_of(const cds_tech_flavour **out, const char *name,
                               const cds_tech_process *process,
                               char why[CDS_TECH_WHY]) {
  const char *asked = name == NULL || *name == '\0' ? "hp" : name;
  for (size_t index = 0; index < FLAVOUR_COUNT; index++) {
    const cds_tech_flavour *flavour = FLAVOURS[index];
    if (strcmp(asked, flavour->name) != 0) {
      continue;
    }
    if (process != NULL && !is_made(flavour->on, process->name)) {
      return cds_tech_refuse(why,
                             "device '%s' on process '%s': expected one of "
                             "the processes that have it: %s",
                             flavour->name, process->name, flavour->on);
    }
    *out = flavour;
    return CDS_OK;
  }
  return refuse_device(why, asked);
}
