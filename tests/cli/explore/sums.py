# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up result.json in the order that docs/results.md names: sums.py FILE...

Layers, or chains of them, times counts give the phases, these the totals, to the last digit.
"""
import itertools
import json
import sys


def sums(layers):
    """Layers that are added up first: those of one run of a chain stand in a row."""
    names = set()
    part = []
    for layer in layers:
        if part and (not layer["chain"] or layer["chain"] != part[0]["chain"]
                     or layer["name"] in names):
            yield part
            part, names = [], set()
        part.append(layer)
        names.add(layer["name"])
    if part:
        yield part


def whole(layers):
    """What is brought to stay on chip comes last."""
    loads = [layer for layer in layers if layer["kind"] == "load"]
    others = [layer for layer in layers if layer["kind"] != "load"]
    return itertools.chain(sums(others), ([load] for load in loads))


for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        result = json.load(file)
    for key in "energy_pj", "latency_s":
        total = 0.0
        for phase in result["phases"]:
            part = 0.0
            layers = [l for l in result["layers"] if l["phase"] == phase["name"]]
            for row in whole(layers):
                one = 0.0
                for layer in row:
                    one += layer[key]
                part += row[0]["count"] * one
            if part != phase[key]:
                print(f"{path}: {phase['name']}: {key} is {phase[key]!r}, its "
                      f"layers have {part!r}")
            total += phase["runs"] * part
        for where in "totals", "winner":
            if total != result[where][key]:
                print(f"{path}: {where}: {key} is {result[where][key]!r}, the "
                      f"phases have {total!r}")
