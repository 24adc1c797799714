#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the models of fixtures/, with onnx.helper (PyPI: onnx 1.17.0).

Weights are external data that is not there: only their shapes matter.

Usage: make_fixtures.py FOLDER
"""
import os
import sys

from onnx import TensorProto, helper, save_model

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def weight(name, *dims, kind=FLOAT):
    """An initializer whose values lie in another file."""
    tensor = TensorProto(name=name, data_type=kind, dims=dims,
                         data_location=TensorProto.EXTERNAL)
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "w"
    return tensor


def whole(name, *values):
    return helper.make_tensor(name, INT64, [len(values)], values)


def model(folder, name, nodes, inputs, outputs, weights, opset=17):
    graph = helper.make_graph(nodes, name, inputs, outputs, weights)
    made = helper.make_model(graph, producer_name="make_fixtures",
                             opset_imports=[helper.make_opsetid("", opset)],
                             ir_version=8)
    save_model(made, os.path.join(folder, name + ".onnx"))


def value(name, *dims, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, dims)


def node(kind, inputs, outputs, name="", **attributes):
    return helper.make_node(kind, inputs.split(), outputs.split(),
                            name=name, **attributes)


def convolutions(folder):
    """Strides, groups, odd padding, folded and unfolded normalisation, a
    reshape whose shape is computed, two equal layers."""
    nodes = [
        node("Conv", "x w1", "c1", "stem/conv", strides=[2, 2],
             auto_pad="SAME_UPPER"),
        node("BatchNormalization", "c1 s1 s1 s1 s1", "b1", "stem/norm"),
        node("Relu", "b1", "r1", "stem/relu"),
        node("MaxPool", "r1", "p1", "stem/pool", kernel_shape=[2, 2],
             strides=[2, 2]),
        node("Conv", "p1 w2 s1", "c2", "a/conv", pads=[1, 1, 1, 1], group=8),
        node("Conv", "c2 w3 s1", "c3", "b/conv", pads=[1, 1, 1, 1], group=8),
        node("BatchNormalization", "c3 s1 s1 s1 s1", "b3", "b/norm"),
        node("Add", "b3 p1", "sum", "add"),
        node("BatchNormalization", "sum s1 s1 s1 s1", "b4", "norm"),
        node("GlobalAveragePool", "b4", "g", "pool"),
        node("Shape", "g", "shape", "shape"),
        node("Gather", "shape zero", "batch", "shape/batch"),
        node("Unsqueeze", "batch axes", "batch1", "shape/list"),
        node("Concat", "batch1 rest", "target", "shape/target", axis=0),
        node("Reshape", "g target", "flat", "flatten"),
        node("Gemm", "flat w4 s4", "y", "fc", transB=1),
        node("Softmax", "y", "z", "softmax"),
    ]
    weights = [weight("w1", 8, 3, 3, 3), weight("w2", 8, 1, 3, 3),
               weight("w3", 8, 1, 3, 3), weight("w4", 10, 8),
               weight("s1", 8), weight("s4", 10),
               helper.make_tensor("zero", INT64, [], [0]), whole("axes", 0),
               whole("rest", -1)]
    model(folder, "convolutions", nodes, [value("x", "batch", 3, 32, 32)],
          [value("z", "batch", 10)], weights)


def attention(folder):
    """A layer of a decoder with a cache: two heads of 4, written out."""
    nodes = [
        node("Gather", "table ids", "e", "embed"),
        node("LayerNormalization", "e g b", "n", "norm"),
        node("MatMul", "n wqkv", "qkv", "qkv"),
        node("Split", "qkv", "q k v", "split", axis=2),
        node("Reshape", "q heads", "q1", "q/heads"),
        node("Reshape", "k heads", "k1", "k/heads"),
        node("Reshape", "v heads", "v1", "v/heads"),
        node("Transpose", "q1", "q2", "q/turn", perm=[0, 2, 1, 3]),
        node("Transpose", "k1", "k2", "k/turn", perm=[0, 2, 1, 3]),
        node("Transpose", "v1", "v2", "v/turn", perm=[0, 2, 1, 3]),
        node("Concat", "past_key k2", "k3", "k/cache", axis=2),
        node("Concat", "past_value v2", "v3", "v/cache", axis=2),
        node("Transpose", "k3", "k4", "k/flip", perm=[0, 1, 3, 2]),
        node("MatMul", "q2 k4", "s", "scores"),
        node("Div", "s root", "s1", "scores/scale"),
        node("Add", "s1 mask", "s2", "scores/mask"),
        node("Softmax", "s2", "p", "probabilities", axis=-1),
        node("MatMul", "p v3", "o", "values"),
        node("Transpose", "o", "o1", "o/turn", perm=[0, 2, 1, 3]),
        node("Reshape", "o1 merge", "o2", "o/merge"),
        node("MatMul", "o2 wo", "o3", "out"),
        node("Add", "o3 bo", "o4", "out/bias"),
        node("Add", "o4 e", "h", "residual"),
        node("MatMul", "h turned", "y", "logits"),
        node("Transpose", "table", "turned", "head", perm=[1, 0]),
    ]
    nodes.insert(0, nodes.pop())
    weights = [weight("table", 50, 8), weight("g", 8), weight("b", 8),
               weight("wqkv", 8, 24), weight("wo", 8, 8), weight("bo", 8),
               helper.make_tensor("root", FLOAT, [], [2.0]),
               whole("heads", 0, 0, 2, 4), whole("merge", 0, 0, 8)]
    model(folder, "attention", nodes,
          [value("ids", "batch", "tokens", kind=INT64),
           value("past_key", "batch", 2, "past", 4),
           value("past_value", "batch", 2, "past", 4),
           value("mask", "batch", 1, 1, "keys")],
          [value("y", "batch", "tokens", 50), value("k3", "batch", 2, "keys", 4)],
          weights)


def wrong(folder):
    model(folder, "uncovered", [node("NonZero", "x", "y", "where")],
          [value("x", 4)], [value("y", 1, "found", kind=INT64)], [])
    model(folder, "misfit", [node("MatMul", "x w", "y", "product")],
          [value("x", 2, 3)], [value("y", 2, 5)], [weight("w", 4, 5)])


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    convolutions(folder)
    attention(folder)
    wrong(folder)


if __name__ == "__main__":
    main()
