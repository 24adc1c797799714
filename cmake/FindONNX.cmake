# SPDX-License-Identifier: GPL-3.0-or-later
# Looks for what reading of ONNX models needs: protobuf-c, its compiler, and
# onnx.proto. Debian: protobuf-c-compiler libprotobuf-c-dev libonnx-dev.
find_package(ProtobufC QUIET)
find_program(ONNX_PROTOC_C protoc-c)
find_file(ONNX_PROTO onnx.proto PATH_SUFFIXES include/onnx share/onnx)
mark_as_advanced(ONNX_PROTOC_C ONNX_PROTO)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  ONNX REQUIRED_VARS ONNX_PROTOC_C ONNX_PROTO ProtobufC_FOUND)
