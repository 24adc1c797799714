# SPDX-License-Identifier: GPL-3.0-or-later
# Looks for GLPK, the optional solver of linear programs.
find_path(GLPK_INCLUDE_DIR glpk.h)
find_library(GLPK_LIBRARY glpk)
mark_as_advanced(GLPK_INCLUDE_DIR GLPK_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  GLPK REQUIRED_VARS GLPK_LIBRARY GLPK_INCLUDE_DIR)
