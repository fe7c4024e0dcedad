"""Makes expected.json: what PyPI's correctionlib finds in corrections.json, table.json and formulas.

    pip install correctionlib==2.9.0
    python corrections.py > expected.json
"""

import itertools
import json

import correctionlib

NUMBERS = [-2.5, -1.0, -0.5, 0.0, 0.3, 1.0, 1.7, 2.0, 2.5, 9.0]
FORMULAS = [
    "2^3^2", "-x^2", "x^-1", "2*-x", "x-y-1", "8/2/2", "x<y", "x<=y", "x==2", "x!=2", "x>1&&y>1", "x>5||y>1",
    "[0]*x+[1]", "min(x,y)", "max(x,y)", "pow(x,y)", "atan2(x,y)", "log(x)", "log10(x)", "exp(x)", "erf(x)",
    "sqrt(x)", "abs(-x)", "cosh(x)", "asinh(x)", "acosh(x)", "atanh(0.3)", "x<y<1", "1+x<y", "x<y+1 == 1", "1e-3*x",
    "x^y*2", "2^-x^2", "x*(y+1)", "sin(x)+cos(y)", "3-2+1", "2-3*4^2", "1<2==1", "2==2<3", "-x*y", "-(-x)", "x - -y",
    "[0]+[1]*erf((x-[1])/(2.0*[0]))", "(x<2.0)*1.5+(x>=2.0)*(0.5*x)", "tanh(x)/sinh(y)+tan(x)*acos(0.1*x)-asin(0.1)*atan(y)",
]


def inputs(correction):
    choices = {"string": ["nominal", "up", "other"], "int": [-1, 1, 2], "real": NUMBERS}
    return itertools.product(*(choices[variable.type] for variable in correction.inputs))


def outcome(correction, arguments):
    try:
        return correction.evaluate(*arguments)
    except (IndexError, RuntimeError, ValueError):
        return None


def table(path):
    corrections = correctionlib.CorrectionSet.from_file(path)
    for name, correction in corrections.items():
        for arguments in inputs(correction):
            yield {"name": name, "inputs": arguments, "value": outcome(correction, arguments)}


def formulas():
    for expression in FORMULAS:
        data = {"nodetype": "formula", "expression": expression, "parser": "TFormula", "variables": ["x", "y"], "parameters": [1.5, 2.5]}
        correction = {"name": "f", "version": 1, "inputs": [{"name": "x", "type": "real"}, {"name": "y", "type": "real"}],
                      "output": {"name": "o", "type": "real"}, "data": data}
        file = json.dumps({"schema_version": 2, "corrections": [correction]})
        evaluate = correctionlib.CorrectionSet.from_string(file)["f"].evaluate
        yield {"file": file, "value": evaluate(2.0, 3.0)}


if __name__ == "__main__":
    found = {"corrections": list(table("corrections.json")), "table": list(table("table.json")), "formulas": list(formulas())}
    print(json.dumps(found))
