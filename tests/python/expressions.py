"""Expressions by Lumimill, held against those of real ROOT's RDataFrame.

usage: expressions.py write TABLE.toml FOLDER     in.root and the campaigns, in FOLDER; 77 without ROOT
       expressions.py compare TABLE.toml FOLDER   what they gave, in FOLDER

The table (tests/expressions.toml) says of each expression in which way it agrees or differs; it
must be in that way. Values are compared in all events, as doubles.
"""
import glob
import json
import os
import re
import sys
import tomllib
import warnings

import numpy as np

warnings.filterwarnings("ignore")
EVENTS = 400
SCALARS = {
    "flag": ("O", "?"), "other": ("O", "?"), "i8": ("B", "i1"), "u8": ("b", "u1"), "i16": ("S", "i2"),
    "u16": ("s", "u2"), "i32": ("I", "i4"), "u32": ("i", "u4"), "i64": ("L", "i8"), "u64": ("l", "u8"),
    "f32": ("F", "f4"), "f64": ("D", "f8"), "nan32": ("F", "f4"),
}
MEMBERS = {
    "pt": ("F", "f4"), "eta": ("F", "f4"), "phi": ("F", "f4"), "charge": ("I", "i4"), "id": ("b", "u1"),
    "small": ("B", "i1"), "flags": ("i", "u4"), "tight": ("O", "?"),
}
SETTINGS = 'output = "out"\n[[dataset]]\nname = "d"\nkind = "mc"\nfiles = ["in.root"]\ntree = "Events"\n'


def values(random):
    """The values of one event."""
    edge = lambda low, high: random.choice([low, high, *random.integers(-20, 20, 9)])
    size = int(random.poisson(1.7))
    scalars = {
        "flag": random.random() < 0.5, "other": random.random() < 0.5, "i8": edge(-128, 127), "u8": abs(edge(0, 255)),
        "i16": edge(-30000, 30000), "u16": abs(edge(0, 65535)), "i32": random.integers(-40000, 40000) if random.random() < 0.3 else edge(-7, 7),
        "u32": abs(edge(0, 2**32 - 1)), "i64": edge(-(2**40), 2**40), "u64": abs(int(edge(0, 1))) if random.random() < 0.7 else 2**63 + 2**40,
        "f32": random.exponential(30), "f64": random.exponential(30), "nan32": float("nan") if random.random() < 0.3 else random.normal(),
    }
    members = {
        "pt": 3 + random.exponential(15, size), "eta": random.uniform(-2.5, 2.5, size), "phi": random.uniform(-3.14, 3.14, size),
        "charge": random.choice([-1, 1], size), "id": random.integers(0, 256, size), "small": random.integers(-128, 128, size),
        "flags": random.integers(0, 2**32, size), "tight": random.random(size) < 0.7,
    }
    return scalars, members


def write_input(path):
    try:
        import ROOT
    except ImportError:
        sys.exit(77)
    random = np.random.default_rng(11)
    file = ROOT.TFile(path, "RECREATE")
    tree = ROOT.TTree("Events", "Events")
    scalars = {name: np.zeros(1, kind) for name, (_, kind) in SCALARS.items()}
    members = {name: np.zeros(64, kind) for name, (_, kind) in MEMBERS.items()}
    count = np.zeros(1, "i4")
    for name, buffer in scalars.items():
        tree.Branch(name, buffer, f"{name}/{SCALARS[name][0]}")
    tree.Branch("nMuon", count, "nMuon/I")
    for name, buffer in members.items():
        tree.Branch(f"Muon_{name}", buffer, f"Muon_{name}[nMuon]/{MEMBERS[name][0]}")
    for _ in range(EVENTS):
        one, many = values(random)
        for name, buffer in scalars.items():
            buffer[0] = one[name]
        count[0] = len(many["pt"])
        for name, buffer in members.items():
            buffer[: count[0]] = many[name]
        tree.Fill()
    file.Write()
    file.Close()


def campaign(name, columns):
    lines = [f'{key} = {{ value = {json.dumps(text)}, type = "f64" }}' for key, text in columns.items()]
    return f'name = "{name}"\n{SETTINGS}[[stage]]\nname = "s"\nrows = "event"\n[stage.columns]\n' + "\n".join(lines) + "\n"


def accepted(table):
    texts = [*table["same"], *table["rounded"], *table["ours"], *table["differs"]]
    assert len(texts) == len(set(texts)), "an expression is in two places"
    return {f"c{at:03}": text for at, text in enumerate(texts)}


def refused(table):
    return {f"r{at:03}": text for at, text in enumerate([*table["refused"], *table["neither"]])}


def write(table, folder):
    write_input(os.path.join(folder, "in.root"))
    files = {"accepted": accepted(table), "refused": refused(table)}
    files |= {f"undefined_{at}": {"x": text} for at, text in enumerate(table["undefined"])}
    for name, columns in files.items():
        with open(os.path.join(folder, f"{name}.toml"), "w") as file:
            file.write(campaign(name.replace("_", "-"), columns))


def by_root(frame, columns):
    """The values that ROOT gives, of what it compiles; all in one loop over the events."""
    known = []
    for key, text in columns.items():
        try:
            # RDataFrame cuts expressions at "~" and then refuses them; C++ has another name for it.
            text = text.replace("~", " compl ")
            frame = frame.Define(key, f"static_cast<double>({text})")
            known.append(key)
        except Exception:
            pass
    return {key: column.astype("f8") for key, column in frame.AsNumpy(known).items()}


def way(found, expected):
    """In which way two columns agree."""
    if expected is None:
        return "ours"
    both_nan = np.isnan(found) & np.isnan(expected)
    if np.all((found == expected) | both_nan):
        return "same"
    if np.all(np.isclose(found, expected, rtol=1e-5, atol=1e-6) | both_nan):
        return "rounded"
    return "differs"


def compare(table, folder):
    import pyarrow.parquet as parquet
    import ROOT

    ROOT.gErrorIgnoreLevel = ROOT.kFatal
    frame = ROOT.RDataFrame("Events", os.path.join(folder, "in.root"))
    parts = sorted(glob.glob(os.path.join(folder, "out/accepted/s/part-*.parquet")))
    assert parts, "no tables"
    rows = parquet.read_table(parts[0])
    assert len(parts) == 1 and rows.num_rows == EVENTS
    wrong = []
    by = by_root(frame, accepted(table) | refused(table))
    for key, text in accepted(table).items():
        listed = next(way for way in ("same", "rounded", "ours", "differs") if text in table[way])
        found, expected = rows[key].to_numpy(), by.get(key)
        is_way = way(found, expected)
        if is_way != listed:
            at = None if expected is None else [(a, b) for a, b in zip(found, expected) if a != b and a == a][:3]
            wrong.append(f"{text}: listed as {listed}, is {is_way}; ours and ROOT's: {at}")
    says = open(os.path.join(folder, "refused.txt")).read()
    for key, text in refused(table).items():
        section = re.search(rf"columns\.{key}: (.*?)(?=\n.*columns\.r\d+: |\Z)", says, re.S)
        is_neither = text in table["neither"]
        message = table["neither" if is_neither else "refused"][text]
        if section is None or message not in section.group(1):
            wrong.append(f"{text}: is not refused with {message!r}, but {section and section.group(1)!r}")
        if (key not in by) != is_neither:
            wrong.append(f"{text}: ROOT {'takes it' if is_neither else 'refuses it too'}")
    for at, (text, message) in enumerate(table["undefined"].items()):
        says = open(os.path.join(folder, f"undefined_{at}.txt")).read()
        if message not in says:
            wrong.append(f"{text}: does not fail with {message!r}, but {says!r}")
    print("\n".join(wrong) or f"{len(accepted(table))} expressions are as the table says")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    with open(sys.argv[2], "rb") as file:
        {"write": write, "compare": compare}[sys.argv[1]](tomllib.load(file), sys.argv[3])
