# SPDX-License-Identifier: GPL-3.0-or-later
# Finds protobuf-c and defines ProtobufC::ProtobufC. Installed beside the
# package file, like FindLibYAML.cmake.
find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
  pkg_check_modules(ProtobufC_PC QUIET libprotobuf-c)
endif()
find_path(ProtobufC_INCLUDE_DIR protobuf-c/protobuf-c.h
          HINTS ${ProtobufC_PC_INCLUDE_DIRS})
find_library(ProtobufC_LIBRARY protobuf-c HINTS ${ProtobufC_PC_LIBRARY_DIRS})
mark_as_advanced(ProtobufC_INCLUDE_DIR ProtobufC_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  ProtobufC REQUIRED_VARS ProtobufC_LIBRARY ProtobufC_INCLUDE_DIR)

if(ProtobufC_FOUND AND NOT TARGET ProtobufC::ProtobufC)
  add_library(ProtobufC::ProtobufC UNKNOWN IMPORTED)
  set_target_properties(
    ProtobufC::ProtobufC
    PROPERTIES IMPORTED_LOCATION "${ProtobufC_LIBRARY}"
               INTERFACE_INCLUDE_DIRECTORIES "${ProtobufC_INCLUDE_DIR}")
endif()
