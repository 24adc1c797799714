# SPDX-License-Identifier: GPL-3.0-or-later
# Finds libyaml and defines LibYAML::LibYAML. Installed beside the package
# file, so that users of the static library find it the same way.
find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
  pkg_check_modules(LibYAML_PC QUIET yaml-0.1)
endif()
find_path(LibYAML_INCLUDE_DIR yaml.h HINTS ${LibYAML_PC_INCLUDE_DIRS})
find_library(LibYAML_LIBRARY yaml HINTS ${LibYAML_PC_LIBRARY_DIRS})
mark_as_advanced(LibYAML_INCLUDE_DIR LibYAML_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  LibYAML REQUIRED_VARS LibYAML_LIBRARY LibYAML_INCLUDE_DIR)

if(LibYAML_FOUND AND NOT TARGET LibYAML::LibYAML)
  add_library(LibYAML::LibYAML UNKNOWN IMPORTED)
  set_target_properties(
    LibYAML::LibYAML
    PROPERTIES IMPORTED_LOCATION "${LibYAML_LIBRARY}"
               INTERFACE_INCLUDE_DIRECTORIES "${LibYAML_INCLUDE_DIR}")
endif()
