#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole networks through the importer, against published sizes.

The convolutional networks are those that PyPI's onnx 1.17.0 ships with small
weights; the transformer is written here, as GPT-2 small is exported.

Usage: network_tests.py PROGRAM FOLDER_FOR_MODELS
"""
import json
import os
import subprocess
import sys

import numpy
import onnx
from onnx import TensorProto, helper

# Multiply-accumulates and parameters. ResNet-50, VGG-19, SqueezeNet 1.1 and
# DenseNet-121: torchvision 0.15, the tables of its models ("GFLOPS" there are
# multiply-accumulates: 4.09, 19.63, 0.35, 2.83) and the numbers of parameters
# beside them. AlexNet and GoogLeNet: the sizes of Caffe's bvlc_alexnet and
# bvlc_googlenet without its auxiliary classifiers.
PUBLISHED = {
    # The scales of 26,560 channels are folded into the weights.
    "resnet50": (4.09e9, 25557032 - 26560),
    "vgg19": (19.63e9, 143667240),
    "squeezenet": (0.35e9, 1235496),
    "densenet121": (2.83e9, None),  # scales stand in nodes of their own, twice
    "bvlc_alexnet": (None, 60965224),
    "inception_v1": (1.43e9, 6998552),
}


def run(program, *words):
    return subprocess.run([program, *words], capture_output=True, text=True,
                          check=False)


def facts_of(program, path, *options):
    done = run(program, "check", "--json", *options, path)
    if done.returncode != 0:
        return None, done.stderr
    return json.loads(done.stdout)[0], done.stderr


def same_digits(found, published):
    """Equal to as many digits as are published."""
    for digits in range(0, 12):
        scale = 10 ** digits
        if round(published * scale / 1e9) == published * scale / 1e9:
            return round(found * scale / 1e9) == round(published * scale / 1e9)
    return False


def shipped(program, complain):
    data = os.path.join(os.path.dirname(onnx.__file__), "backend", "test",
                        "data", "light")
    for name, (macs, parameters) in PUBLISHED.items():
        facts, messages = facts_of(program,
                                   os.path.join(data, f"light_{name}.onnx"))
        if facts is None:
            complain(name, messages)
            continue
        if macs is not None and not same_digits(facts["macs"], macs):
            complain(name, f"{facts['macs']} multiply-accumulates, published: "
                           f"{macs}")
        if parameters is not None and facts["parameters"] != parameters:
            complain(name, f"{facts['parameters']} parameters, published: "
                           f"{parameters}")


class Graph:
    """Nodes and weights that are made one after the other."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def add(self, kind, *inputs, outputs=1, **attributes):
        number = len(self.nodes)
        names = [f"t{number}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names,
                                           name=f"{kind}_{number}",
                                           **attributes))
        return names[0] if outputs == 1 else names

    def weight(self, *dims):
        name = f"w{len(self.weights)}"
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=dims,
                             data_location=TensorProto.EXTERNAL)
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "w"
        self.weights.append(tensor)
        return name

    def constant(self, *values, kind=TensorProto.INT64, scalar=False):
        name = f"w{len(self.weights)}"
        self.weights.append(helper.make_tensor(
            name, kind, [] if scalar else [len(values)], values))
        return name

    def number(self, value):
        return self.constant(value, kind=TensorProto.FLOAT, scalar=True)


def linear(graph, x, inputs, outputs):
    product = graph.add("MatMul", x, graph.weight(inputs, outputs))
    return graph.add("Add", product, graph.weight(outputs))


def heads_of(graph, x, heads, size, batch_and_tokens):
    shape = graph.add("Concat", batch_and_tokens,
                      graph.constant(heads, size), axis=0)
    return graph.add("Transpose", graph.add("Reshape", x, shape),
                     perm=[0, 2, 1, 3])


def gelu(graph, x):
    """The approximation by a hyperbolic tangent, written out."""
    cube = graph.add("Pow", x, graph.number(3.0))
    inner = graph.add("Add", x, graph.add("Mul", cube, graph.number(0.044715)))
    slope = graph.add("Tanh", graph.add("Mul", inner, graph.number(0.79788)))
    return graph.add("Mul", graph.add("Mul", x, graph.number(0.5)),
                     graph.add("Add", slope, graph.number(1.0)))


def block(graph, x, width, heads, batch_and_tokens):
    normed = graph.add("LayerNormalization", x, graph.weight(width),
                       graph.weight(width))
    parts = graph.add("Split", linear(graph, normed, width, 3 * width),
                      outputs=3, axis=2, num_outputs=3)
    q, k, v = (heads_of(graph, part, heads, width // heads, batch_and_tokens)
               for part in parts)
    scores = graph.add("MatMul", q, graph.add("Transpose", k,
                                              perm=[0, 1, 3, 2]))
    scores = graph.add("Div", scores, graph.number(8.0))
    scores = graph.add("Where", "mask", scores, graph.number(-1e9))
    values = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), v)
    merged = graph.add("Reshape", graph.add("Transpose", values,
                                            perm=[0, 2, 1, 3]),
                       graph.add("Concat", batch_and_tokens,
                                 graph.constant(-1), axis=0))
    x = graph.add("Add", x, linear(graph, merged, width, width))
    normed = graph.add("LayerNormalization", x, graph.weight(width),
                       graph.weight(width))
    inner = gelu(graph, linear(graph, normed, width, 4 * width))
    return graph.add("Add", x, linear(graph, inner, 4 * width, width))


def gpt2(layers, width, heads, vocabulary, positions):
    graph = Graph()
    table = graph.weight(vocabulary, width)
    shape = graph.add("Shape", "ids")
    tokens = graph.add("Gather", shape, graph.constant(1, scalar=True))
    order = graph.add("Range", graph.constant(0, scalar=True), tokens,
                      graph.constant(1, scalar=True))
    x = graph.add("Add", graph.add("Gather", table, "ids"),
                  graph.add("Gather", graph.weight(positions, width), order))
    for _ in range(layers):
        x = block(graph, x, width, heads, shape)
    x = graph.add("LayerNormalization", x, graph.weight(width),
                  graph.weight(width))
    logits = graph.add("MatMul", x, graph.add("Transpose", table, perm=[1, 0]))
    value = helper.make_tensor_value_info
    return helper.make_model(
        helper.make_graph(
            graph.nodes, "gpt2",
            [value("ids", TensorProto.INT64, ["batch", "tokens"]),
             value("mask", TensorProto.BOOL, [1, 1, "tokens", "tokens"])],
            [value(logits, TensorProto.FLOAT,
                   ["batch", "tokens", vocabulary])],
            graph.weights),
        opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def transformer(program, scratch, complain):
    layers, width, heads, vocabulary, positions = 12, 768, 12, 50257, 1024
    batch, tokens = 2, 512
    path = os.path.join(scratch, "gpt2.onnx")
    onnx.save(gpt2(layers, width, heads, vocabulary, positions), path)
    facts, messages = facts_of(program, path, "--dim", f"batch={batch}",
                               "--dim", f"tokens={tokens}")
    if facts is None:
        complain("gpt2", messages)
        return
    # Radford et al. 2019; 124,439,808 parameters (the smallest model as it was
    # released). The table of tokens stands at both ends, counted for each; of
    # the positions those that the tokens reach are known ahead.
    known = 124439808 + vocabulary * width - (positions - tokens) * width
    if facts["parameters"] != known:
        complain("gpt2", f"{facts['parameters']} parameters, expected {known}")
    macs = batch * tokens * (layers * (12 * width ** 2 + 2 * tokens * width) +
                             vocabulary * width)
    if facts["macs"] != macs:
        complain("gpt2", f"{facts['macs']} multiply-accumulates, expected "
                         f"{macs}")
    if "several kinds of layers use parameters" not in messages:
        complain("gpt2", "does not say that the table of tokens is shared")
    # Equal layers are counted once.
    if facts["layers"] > 40:
        complain("gpt2", f"{facts['layers']} layers: expected at most 40")


def later_operators(program, scratch, complain):
    """Operators that are younger than the package's tests."""
    node = helper.make_node("RMSNormalization", ["x", "w"], ["y"], axis=1)
    value = helper.make_tensor_value_info
    graph = Graph()
    graph.weight(3, 8)
    graph.weights[0].name = "w"
    model = helper.make_model(
        helper.make_graph([node], "rms",
                          [value("x", TensorProto.FLOAT, [2, 3, 8])],
                          [value("y", TensorProto.FLOAT, None)],
                          graph.weights),
        opset_imports=[helper.make_opsetid("", 23)], ir_version=8)
    path = os.path.join(scratch, "rms.onnx")
    onnx.save(model, path)
    done = run(program, "import", "onnx", path)
    if "operation: rmsnorm, rows: 2, length: 24}" not in done.stdout:
        complain("RMSNormalization", done.stdout + done.stderr)


def round_trip(program, scratch, complain):
    """What is printed, read back as a workload, has the same numbers."""
    data = os.path.join(os.path.dirname(onnx.__file__), "backend", "test",
                        "data", "light")
    for name in PUBLISHED:
        path = os.path.join(data, f"light_{name}.onnx")
        done = run(program, "import", "onnx", path, "-q", "-o", scratch)
        if done.returncode != 0:
            complain(name, done.stderr)
            continue
        first, _ = facts_of(program, path)
        again, messages = facts_of(
            program, os.path.join(scratch, f"light_{name}.yaml"))
        first.pop("file")
        if again is None or {**again, "file": None} != {**first, "file": None}:
            complain(name, f"reads back differently: {messages}")


def main():
    program, scratch = sys.argv[1:3]
    os.makedirs(scratch, exist_ok=True)
    numpy.seterr(all="raise")
    wrong = []

    def complain(name, what):
        wrong.append(name)
        print(f"FAILED: {name}: {what}")

    shipped(program, complain)
    transformer(program, scratch, complain)
    later_operators(program, scratch, complain)
    round_trip(program, scratch, complain)
    print(f"{len(PUBLISHED) + 1} networks, {len(wrong)} complaints")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
