/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The installed interface of libcodesign: this header is enough. */
#ifndef CDS_CODESIGN_H
#define CDS_CODESIGN_H

#include <codesign/control.h>
#include <codesign/status.h>
#include <codesign/version.h>

#endif
