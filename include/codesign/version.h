/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The version, in this one place: CMakeLists.txt reads it from here. */
#ifndef CDS_VERSION_H
#define CDS_VERSION_H

#define CDS_VERSION "0.1.0"

/* Raised by every change that moves a number of a result (CHANGELOG.md lists
 * them under "Numbers"), so that old and new results are told apart. */
#define CDS_MODEL_VERSION 1

#endif
