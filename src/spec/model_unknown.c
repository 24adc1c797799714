/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys of a config.json that nothing knows: slips, or new ones. */
#include <string.h>

#include "base/text.h"
#include "spec/model_build.h"

enum { KEYS_MAX = 256 };

cds_status cds_model_unknown_key(const cds_yaml *key, const cds_yaml *model,
                                 const cds_schema *schema,
                                 const char *const *passed, size_t passed_count,
                                 const cds_reader *reader) {
  const char *known[KEYS_MAX];
  size_t count = 0;
  for (const cds_key *each = schema->keys;
       each->name != NULL && count < KEYS_MAX; each++) {
    if (cds_yaml_get(model, each->name) == NULL) {
      known[count++] = each->name;
    }
  }
  if (cds_nearest(key->text, known, count) != NULL) {
    cds_diag_error(reader->diag, key->place,
                   "unknown key '%.60s' of a model: expected a key of "
                   "config.json",
                   key->text);
    (void)cds_diag_did_you_mean(reader->diag, key->text, known, count);
    return CDS_EINPUT;
  }
  for (size_t i = 0; i < passed_count && count < KEYS_MAX; i++) {
    known[count++] = passed[i];
  }
  cds_diag_warning(reader->diag, key->place,
                   "unknown key '%.60s' of a model is ignored: expected it to "
                   "change no layer",
                   key->text);
  (void)cds_diag_did_you_mean(reader->diag, key->text, known, count);
  return CDS_OK;
}

void cds_model_unknown_activation(const cds_yaml *model, const char *name,
                                  const char *expected,
                                  const cds_reader *reader) {
  static const char *const known[] = {"gelu", "gelu_new", "gelu_pytorch_tanh",
                                      "relu", "silu",     "swish"};
  cds_place place = model->place;
  for (size_t i = 0; i < model->count; i++) {
    if (strstr(model->keys[i]->text, "act") != NULL &&
        model->items[i]->kind == CDS_YAML_SCALAR &&
        strcmp(model->items[i]->text, name) == 0) {
      place = model->items[i]->place;
    }
  }
  cds_diag_error(reader->diag, place,
                 "activation '%.60s' of the model is not modelled: expected %s",
                 name, expected);
  (void)cds_diag_did_you_mean(reader->diag, name, known,
                              sizeof known / sizeof *known);
}
