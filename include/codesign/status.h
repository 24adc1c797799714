/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Status codes that every fallible codesign function returns. */
#ifndef CDS_STATUS_H
#define CDS_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cds_status {
  CDS_OK = 0,
  CDS_EINPUT,       /* wrong input; the diagnostics say what and where */
  CDS_EINFEASIBLE,  /* right input, but no mapping or design satisfies it */
  CDS_ELIMIT,       /* a stated limit (work, size, overflow) was reached */
  CDS_EINTERRUPTED, /* the caller asked to stop */
  CDS_EIO,          /* a file could not be read or written */
  CDS_ENOMEM,       /* memory is exhausted */
  CDS_EINTERNAL     /* a bug in codesign */
} cds_status;

/* Returns a failing status to the caller at once. */
#define CDS_TRY(expr)                                                          \
  do {                                                                         \
    const cds_status cds_try_status = (expr);                                  \
    if (cds_try_status != CDS_OK) {                                            \
      return cds_try_status;                                                   \
    }                                                                          \
  } while (0)

#ifdef __cplusplus
}
#endif

#endif
