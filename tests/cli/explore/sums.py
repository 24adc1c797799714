# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up result.json in the order that docs/results.md names: sums.py FILE...

Layers, or chains of them, times counts give the phases, these the totals, to the last digit.
"""
import itertools
import json
import sys


def one_sum(numbered):
    number, layer = numbered
    return ("chain", layer["chain"]) if layer["chain"] else ("layer", number)


for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        result = json.load(file)
    for key in "energy_pj", "latency_s":
        total = 0.0
        for phase in result["phases"]:
            part = 0.0
            layers = [l for l in result["layers"] if l["phase"] == phase["name"]]
            # Layers of one chain stand in a row and are added up first.
            for chain, row in itertools.groupby(enumerate(layers), one_sum):
                row = [layer for _, layer in row]
                whole = 0.0
                for layer in row:
                    whole += layer[key]
                part += row[0]["count"] * whole
            if part != phase[key]:
                print(f"{path}: {phase['name']}: {key} is {phase[key]!r}, its "
                      f"layers have {part!r}")
            total += phase["runs"] * part
        for where in "totals", "winner":
            if total != result[where][key]:
                print(f"{path}: {where}: {key} is {result[where][key]!r}, the "
                      f"phases have {total!r}")
