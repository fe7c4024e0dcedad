#!/usr/bin/env python3
"""Makes worker/tests/element_types.txt: of which types the values are that operators make, by the schemas
of ONNX and of ONNX Runtime.

Run as `python3 worker/tests/make_element_types.py`; needs onnx and onnxruntime. A line is an operator, the
types of its inputs and those of its outputs: `f` floating-point, `w` whole numbers, `o` others, `-` none, `?`
what attributes say.
"""
import itertools
import pathlib

import onnx.defs
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

FLOATS = {f"tensor({kind})" for kind in ("float", "double", "float16", "bfloat16")}
WHOLES = {f"tensor({sign}int{bits})" for sign in ("", "u") for bits in (8, 16, 32, 64)}


def kind(name):
    return "f" if name in FLOATS else "w" if name in WHOLES else "o"


def choices(allowed):
    """One type of each kind."""
    return sorted({kind(name) for name in allowed}) or ["o"]


def lines(operator, inputs, outputs, constraints):
    free = sorted({name for name in inputs if name in constraints})
    for kinds in itertools.islice(itertools.product(*(choices(constraints[name]) for name in free)), 64):
        known = dict(zip(free, kinds))

        def of(name):
            if name in known:
                return known[name]
            allowed = choices(constraints[name]) if name in constraints else [kind(name)]
            return allowed[0] if len(allowed) == 1 else "?"

        given = "".join(map(of, inputs)) or "-"
        made = "".join(map(of, outputs))
        yield f"{operator} {given} {made}"


def label(domain, name):
    return f"{domain}.{name}" if domain else name


found = set()
for schema in onnx.defs.get_all_schemas_with_history():
    if schema.domain in ("", "ai.onnx.ml"):
        constraints = {one.type_param_str: one.allowed_type_strs for one in schema.type_constraints}
        inputs, outputs = ([port.type_str for port in ports] for ports in (schema.inputs, schema.outputs))
        found |= set(lines(label(schema.domain, schema.name), inputs, outputs, constraints))
for schema in runtime.get_all_operator_schema():
    if schema.domain in ("", "ai.onnx.ml", "com.microsoft"):
        constraints = {one.type_param_str: one.allowed_type_strs for one in schema.type_constraints}
        inputs, outputs = ([port.typeStr for port in ports] for ports in (schema.inputs, schema.outputs))
        found |= set(lines(label(schema.domain, schema.name), inputs, outputs, constraints))
(pathlib.Path(__file__).parent / "element_types.txt").write_text("".join(f"{line}\n" for line in sorted(found)))
