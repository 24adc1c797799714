/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which parts of a chain may run fused. */
#include <limits.h>

#include "spec/chain.h"

static bool is_product(const cds_fused_group *group, unsigned stage) {
  return group->stage[stage].operation == NULL;
}

static unsigned last_product(const cds_fused_group *group) {
  unsigned last = group->stages - 1;
  while (last > 0 && !is_product(group, last)) {
    last--;
  }
  return last;
}

static bool has_windows(const cds_fused_group *group) {
  bool any = false;
  for (unsigned t = 0; t < group->tensors; t++) {
    any = any || group->tensor[t].windows;
  }
  return any;
}

/* Whether the stage takes what the one before makes for it alone. */
static bool takes_last(const cds_fused_group *group, unsigned stage) {
  bool any = false;
  for (unsigned t = 0; t < group->tensors; t++) {
    const cds_fused_tensor *tensor = &group->tensor[t];
    any = any || (tensor->intermediate && tensor->maker + 1 == stage &&
                  tensor->last == stage);
  }
  return any;
}

/* Whether that is all that stages before hand to this one and later ones. */
static bool takes_all(const cds_fused_group *group, unsigned stage) {
  bool fine = true;
  for (unsigned t = 0; t < group->tensors; t++) {
    const cds_fused_tensor *tensor = &group->tensor[t];
    const bool crosses = tensor->maker < stage && tensor->last >= stage;
    fine = fine &&
           (!crosses || (tensor->maker + 1 == stage && tensor->last == stage));
  }
  return fine;
}

static bool is_seam(const cds_chain_group *chain, unsigned stage) {
  return (chain->seams >> stage & 1U) != 0;
}

/* Whether products on both sides of a seam take the same. */
static bool is_tied(const cds_fused_group *group, unsigned seam) {
  bool any = false;
  for (unsigned t = 0; t < group->tensors; t++) {
    bool takes[2] = {false, false};
    for (unsigned s = 0; s < group->stages; s++) {
      const cds_fused_einsum *stage = &group->stage[s];
      const unsigned own = cds_fused_own_tensor(stage, t);
      takes[s >= seam] =
          takes[s >= seam] || (stage->operation == NULL && own != UINT_MAX &&
                               own + 1 < stage->einsum->tensors);
    }
    any = any || (takes[0] && takes[1]);
  }
  return any;
}

/* Whether a seam is as good an end as any: what products share stays together,
 * or each of them is with its own operations alone. */
static bool may_cut(const cds_chain_group *chain, unsigned at, unsigned first,
                    unsigned end) {
  bool alone = true;
  for (unsigned seam = first + 1; seam < end; seam++) {
    alone = alone && !is_seam(chain, seam);
  }
  return is_seam(chain, at) && (alone || !is_tied(&chain->group, at));
}

/* Whether a stage takes what another of them makes. */
static bool hands_on(const cds_fused_group *group, unsigned first,
                     unsigned end) {
  bool any = false;
  for (unsigned t = 0; t < group->tensors; t++) {
    const unsigned maker = group->tensor[t].maker;
    for (unsigned s = first; s < end; s++) {
      const unsigned own = cds_fused_own_tensor(&group->stage[s], t);
      any = any || (first <= maker && maker < s && own != UINT_MAX);
    }
  }
  return any;
}

/* Whether a stage wants its rows whole. */
static bool has_norm(const cds_fused_group *group, unsigned first,
                     unsigned end) {
  bool any = false;
  for (unsigned s = first; s < end; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    any = any || (stage->operation != NULL && stage->operation->reduces &&
                  !stage->online);
  }
  return any;
}

bool cds_chain_has_part(const cds_chain_group *chain, unsigned first,
                        unsigned end) {
  const cds_fused_group *group = &chain->group;
  const unsigned last = last_product(group);
  const bool tail =
      last > 0 && last + 1 < group->stages && takes_last(group, last);
  if (end - first == group->stages) {
    return false;
  }
  if (has_windows(group)) {
    return is_product(group, first) && takes_all(group, first);
  }
  const bool begins = first == 0 || (tail && first == last) ||
                      may_cut(chain, first, first, end);
  const bool ends = end == group->stages || may_cut(chain, end, first, end) ||
                    (tail && end == last + 1 && !has_norm(group, first, end));
  return begins && ends && hands_on(group, first, end);
}
