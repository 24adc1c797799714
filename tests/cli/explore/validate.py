#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a JSON file against a JSON Schema: validate.py SCHEMA FILE...

Knows the words that docs/result.schema.json uses and refuses any other, so
that no rule is skipped in silence.
"""
import json
import sys

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
         "null": type(None)}
KNOWN = {"$schema", "title", "description", "default", "$defs", "$ref",
         "anyOf", "type", "const", "enum", "properties", "required", "items",
         "additionalProperties"}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check_object(value, schema, root, where):
    for key in schema.get("required", []):
        if key not in value:
            yield f"{where}: no key '{key}'"
    properties = schema.get("properties", {})
    more = schema.get("additionalProperties", True)
    for key, child in value.items():
        if key in properties:
            yield from check(child, properties[key], root, f"{where}.{key}")
        elif more is False:
            yield f"{where}: key '{key}' is not in the schema"
        elif more is not True:
            yield from check(child, more, root, f"{where}.{key}")


def check(value, schema, root, where):
    unknown = set(schema) - KNOWN
    if unknown:
        raise SystemExit(f"validate.py does not know {unknown}")
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        ways = [list(check(value, way, root, where))
                for way in schema["anyOf"]]
        if all(ways):
            yield from ways[-1]
        return
    if "const" in schema and value != schema["const"]:
        yield f"{where}: is {value!r}: expected {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: is {value!r}: expected one of {schema['enum']}"
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(is_type(value, name) for name in names):
        yield f"{where}: is {value!r}: expected {names}"
    elif isinstance(value, dict):
        yield from check_object(value, schema, root, where)
    elif isinstance(value, list) and "items" in schema:
        for index, child in enumerate(value):
            yield from check(child, schema["items"], root, f"{where}[{index}]")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    wrong = 0
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
        for finding in check(value, schema, schema, path):
            print(finding)
            wrong += 1
    return 1 if wrong else 0


sys.exit(main())
