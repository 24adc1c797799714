#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ONNX's own node tests (PyPI: onnx 1.17.0) against the importer.

For each test whose operators are covered: the shapes that `codesign import`
infers are those of the test's output tensors, with every shape in the model
but those of its inputs taken away; and the multiply-accumulates of Conv,
ConvTranspose, Einsum, Gemm and MatMul are those that a count over the tensors
gives.

Usage: node_tests.py PROGRAM FOLDER_FOR_MODELS
"""
import glob
import itertools
import json
import os
import re
import subprocess
import sys

import numpy
import onnx
from onnx import numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "..", "src", "import", "onnx_ops.def")

# Inputs whose values decide on a shape; in a network they are constants.
CONTROL = {
    "ConstantOfShape": [0], "Expand": [1], "Pad": [1, 3], "Range": [0, 1, 2],
    "ReduceL2": [1], "ReduceSumSquare": [1], "ReduceMax": [1], "ReduceMean": [1], "ReduceMin": [1], "ReduceProd": [1],
    "ReduceSum": [1], "Reshape": [1], "Resize": [1, 2, 3], "Slice": [1, 2, 3, 4],
    "Split": [1], "Squeeze": [1], "Tile": [1], "Unsqueeze": [1], "Upsample": [1],
}

MULTIPLY = {"Conv", "ConvInteger", "ConvTranspose", "Einsum", "Gemm", "MatMul",
            "MatMulInteger", "QLinearConv", "QLinearMatMul"}

# Tests that are out of reach, each with its reason.
BEYOND = {
    r"resize_.*_not_(larger|smaller)": "sizes by a policy that is not read",
    r"batchnorm_.*training": "training: statistics are outputs",
    r"training_dropout": "training",
    r"window_.*expanded|window_expanded|center_crop_pad_.*expanded":
        "sizes follow from the value of an input",
    r"string|STRING": "values are texts",
}


def covered():
    with open(SOURCE, encoding="utf-8") as file:
        return set(re.findall(r"^CDS_ONNX_OP\((\w+)", file.read(), re.M))


def load_tensors(folder, kind, count):
    tensors = []
    for i in range(count):
        tensor = onnx.TensorProto()
        with open(os.path.join(folder, f"{kind}_{i}.pb"), "rb") as file:
            tensor.ParseFromString(file.read())
        tensors.append(tensor)
    return tensors


def bare_model(model, inputs):
    """The model with fixed input shapes, constants for what controls shapes,
    and no other shape."""
    graph = model.graph
    control = set()
    for node in graph.node:
        for index in CONTROL.get(node.op_type, []):
            if index < len(node.input):
                control.add(node.input[index])
    kept = []
    for info, tensor in zip(graph.input, inputs):
        if info.name in control:
            constant = onnx.TensorProto()
            constant.CopyFrom(tensor)
            constant.name = info.name
            graph.initializer.append(constant)
        else:
            kept.append(onnx.helper.make_tensor_value_info(
                info.name, tensor.data_type, list(tensor.dims)))
    del graph.input[:]
    graph.input.extend(kept)
    for info in graph.output:
        info.type.tensor_type.ClearField("shape")
    del graph.value_info[:]
    return model


def attribute(node, name, fallback):
    for found in node.attribute:
        if found.name == name:
            return onnx.helper.get_attribute_value(found)
    return fallback


def macs_of(node, shapes):
    """Counted over output elements and taps, one node."""
    if node.op_type not in MULTIPLY:
        return 0
    out = shapes[node.output[0]]
    a = shapes[node.input[0]]
    second = 3 if node.op_type.startswith("QLinear") else 1
    b = shapes[node.input[second]] if len(node.input) > 1 else None
    if "MatMul" in node.op_type:
        return int(numpy.prod(numpy.broadcast_shapes(
            a[:-2], b[:-2]), dtype=int)) * (a[-2] if len(a) > 1 else 1) * (
                b[-1] if len(b) > 1 else 1) * a[-1]
    if node.op_type == "Gemm":
        return out[0] * out[1] * (a[0] if attribute(node, "transA", 0) else a[1])
    if node.op_type in ("Conv", "ConvInteger", "QLinearConv"):
        return int(numpy.prod(out)) * int(numpy.prod(b[1:]))
    if node.op_type == "ConvTranspose":
        return transposed_macs(node, a, b, out)
    if node.op_type == "Einsum" and b is not None:
        terms = attribute(node, "equation", b"").decode().replace(" ", "")
        left = terms.split("->")[0].split(",")
        size = {}
        for term, shape in zip(left, (a, b)):
            dots = len(shape) - len(term.replace("...", ""))
            names = re.sub(r"\.\.\.", "".join(
                chr(ord("0") + dots - 1 - i) for i in range(dots)), term)
            for name, dim in zip(names, shape):
                size[name] = max(size.get(name, 1), dim)
        return int(numpy.prod(list(size.values()), dtype=int))
    return 0


def transposed_macs(node, a, b, out):
    """Taps of each output position, one by one. Positions outside of the input
    count, as they do for a convolution; the padding decides which taps meet an
    output."""
    axes = len(a) - 2
    strides = attribute(node, "strides", [1] * axes)
    dilations = attribute(node, "dilations", [1] * axes)
    extra = attribute(node, "output_padding", [0] * axes)
    pads = attribute(node, "pads", [0] * (2 * axes))
    auto = attribute(node, "auto_pad", b"NOTSET").decode()
    given = attribute(node, "output_shape", None)
    taps = 1
    for i in range(axes):
        begin = pads[i]
        if given is not None or auto.startswith("SAME"):
            total = (strides[i] * (a[i + 2] - 1) + extra[i] +
                     (b[i + 2] - 1) * dilations[i] + 1 - out[i + 2])
            total = max(total, 0)
            begin = total // 2 if auto == "SAME_UPPER" else total - total // 2
        taps *= sum((y + begin - r * dilations[i]) % strides[i] == 0
                    for y, r in itertools.product(range(out[i + 2]),
                                                  range(b[i + 2])))
    groups = attribute(node, "group", 1)
    return a[0] * (a[1] // groups) * (b[1] * groups) * taps


def run(program, *words):
    return subprocess.run([program, *words], capture_output=True, text=True,
                          check=False)


def check(program, name, folder, scratch):
    model = onnx.load(os.path.join(folder, "model.onnx"))
    data = os.path.join(folder, "test_data_set_0")
    inputs = load_tensors(data, "input", len(model.graph.input))
    outputs = load_tensors(data, "output", len(model.graph.output))
    path = os.path.join(scratch, name + ".onnx")
    onnx.save(bare_model(model, inputs), path)
    done = run(program, "import", "onnx", "--json", "--allow-uncosted", path)
    if "nothing in the model has a cost" in done.stderr:
        # Add a layer, so that there is a workload to speak of.
        graph = model.graph
        graph.input.append(onnx.helper.make_tensor_value_info(
            "extra_in", onnx.TensorProto.FLOAT, [1]))
        graph.node.append(onnx.helper.make_node("Relu", ["extra_in"],
                                                ["extra_out"]))
        onnx.save(model, path)
        done = run(program, "import", "onnx", "--json", "--allow-uncosted",
                   path)
    if done.returncode != 0:
        return done.stderr.strip().split("\n")[0]
    if "another shape" in done.stderr:
        return done.stderr.strip()
    found = {}
    for node in json.loads(done.stdout)["nodes"]:
        for value in node["outputs"]:
            found[value["name"]] = value.get("shape")
    for info, tensor in zip(model.graph.output, outputs):
        if found.get(info.name) != list(tensor.dims):
            return (f"shape of {info.name}: {found.get(info.name)}, expected "
                    f"{list(tensor.dims)}")
    shapes = {i.name: list(t.dims) for i, t in zip(model.graph.input, inputs)}
    shapes.update({k: v for k, v in found.items() if v is not None})
    for constant in model.graph.initializer:
        shapes[constant.name] = list(constant.dims)
    macs = sum(macs_of(node, shapes) for node in model.graph.node)
    if macs > 0:
        facts = json.loads(run(program, "check", "--json", path).stdout)
        if facts[0]["macs"] != macs:
            return f"{facts[0]['macs']} multiply-accumulates, expected {macs}"
    return None


def main():
    program, scratch = sys.argv[1:3]
    os.makedirs(scratch, exist_ok=True)
    operators = covered()
    data = os.path.join(os.path.dirname(onnx.__file__), "backend", "test",
                        "data", "node")
    folders = sorted(glob.glob(os.path.join(data, "test_*")))
    if not folders:
        print("skip: this version of onnx ships no node tests")
        sys.exit(77)
    passed, failed, beyond, met = 0, 0, 0, set()
    for folder in folders:
        name = os.path.basename(folder)[5:]
        model = onnx.load(os.path.join(folder, "model.onnx"))
        types = {node.op_type for node in model.graph.node}
        plain = all(i.type.HasField("tensor_type") for i in
                    itertools.chain(model.graph.input, model.graph.output))
        if not types <= operators or not plain or any(
                node.domain not in ("", "ai.onnx")
                for node in model.graph.node):
            continue
        if any(re.search(pattern, name) for pattern in BEYOND):
            beyond += 1
            continue
        met |= types
        wrong = check(program, name, folder, scratch)
        if wrong is None:
            passed += 1
        else:
            failed += 1
            print(f"FAILED: {name}: {wrong}")
    print(f"operators without a test: "
          f"{', '.join(sorted(operators - met)) or 'none'}")
    print(f"{passed} passed, {failed} failed, {beyond} out of reach")
    sys.exit(1 if failed or passed == 0 else 0)


if __name__ == "__main__":
    main()
