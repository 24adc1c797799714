# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up result.json in the order that docs/results.md names: sums.py FILE...

Layers times counts give the phases, these the totals, to the last digit.
"""
import json
import sys

for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        result = json.load(file)
    for key in "energy_pj", "latency_s":
        total = 0.0
        for phase in result["phases"]:
            part = 0.0
            for layer in result["layers"]:
                if layer["phase"] == phase["name"]:
                    part += layer["count"] * layer[key]
            if part != phase[key]:
                print(f"{path}: {phase['name']}: {key} is {phase[key]!r}, its "
                      f"layers have {part!r}")
            total += phase["runs"] * part
        for where in "totals", "winner":
            if total != result[where][key]:
                print(f"{path}: {where}: {key} is {result[where][key]!r}, the "
                      f"phases have {total!r}")
