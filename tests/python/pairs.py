"""Opposite-sign muon pairs of NanoAOD files by uproot and awkward, held against a stage's Parquet.

usage: pairs.py STAGE_FOLDER MASK.json|- FILE.root [FILE.root ...]

Members: pt > 3 and |eta| < 2.4, ordered by pt; events: nMuon >= 2 and certified. Whole columns
must agree: integers exactly, kinematics to 2e-6 (they are stored in single precision).
"""
import json
import sys

import awkward as ak
import numpy as np
import pyarrow.dataset as ds
import uproot

KEYS = ["run", "lumi", "event", "m_mumu"]


def certified(mask, run, lumi):
    if mask is None:
        return np.ones(len(run), bool)
    good = np.zeros(len(run), bool)
    for key, ranges in mask.items():
        for first, last in ranges:
            good |= (run == int(key)) & (lumi >= first) & (lumi <= last)
    return good


def pairs(path, mask):
    names = ["pt", "eta", "phi", "mass", "charge", "pfRelIso04_all"]
    tree = uproot.open(path)["Events"]
    if tree.num_entries == 0:
        return None
    e = tree.arrays(["run", "luminosityBlock", "event", "PV_npvs", "MET_pt", "nMuon"] + ["Muon_" + n for n in names])
    e = e[certified(mask, ak.to_numpy(e.run), ak.to_numpy(e.luminosityBlock)) & ak.to_numpy(e.nMuon >= 2)]
    mu = ak.zip({n: ak.values_astype(e["Muon_" + n], np.float64) for n in names})
    mu = mu[(mu.pt > 3) & (abs(mu.eta) < 2.4)]
    mu = mu[ak.argsort(mu.pt, ascending=False, stable=True)]
    a, b = ak.unzip(ak.combinations(mu, 2))
    keep = a.charge * b.charge < 0
    n = ak.to_numpy(ak.sum(keep, axis=1))
    a, b = ak.flatten(a[keep]), ak.flatten(b[keep])
    a = {x: ak.to_numpy(a[x]) for x in names}
    b = {x: ak.to_numpy(b[x]) for x in names}
    px = a["pt"] * np.cos(a["phi"]) + b["pt"] * np.cos(b["phi"])
    py = a["pt"] * np.sin(a["phi"]) + b["pt"] * np.sin(b["phi"])
    pz = a["pt"] * np.sinh(a["eta"]) + b["pt"] * np.sinh(b["eta"])
    en = sum(np.sqrt((v["pt"] * np.cosh(v["eta"])) ** 2 + v["mass"] ** 2) for v in (a, b))
    pt = np.hypot(px, py)
    dphi = (a["phi"] - b["phi"] + np.pi) % (2 * np.pi) - np.pi
    up = lambda name: np.repeat(ak.to_numpy(e[name]), n)
    return {
        "run": up("run"), "lumi": up("luminosityBlock"), "event": up("event"),
        "PV_npvs": up("PV_npvs"), "MET_pt": up("MET_pt"),
        "m_mumu": np.sqrt(np.maximum(en**2 - px**2 - py**2 - pz**2, 0)), "pt_mumu": pt,
        "eta_mumu": np.arcsinh(pz / pt), "dR_mumu": np.hypot(a["eta"] - b["eta"], dphi),
        "lead_iso": a["pfRelIso04_all"],
    }


def main():
    folder, mask, *files = sys.argv[1:]
    mask = None if mask == "-" else json.load(open(mask))
    parts = [p for p in (pairs(f, mask) for f in files) if p is not None]
    expected = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    table = ds.dataset(folder, format="parquet").to_table()
    found = {k: table[k].to_numpy() for k in expected}
    assert len(found["run"]) == len(expected["run"]), (len(found["run"]), len(expected["run"]))
    order = lambda t: np.lexsort([t[k] for k in reversed(KEYS)])
    of, oe = order(found), order(expected)
    for name, values in expected.items():
        f, e = found[name][of], values[oe]
        if e.dtype.kind in "iu":
            assert (f == e).all(), name
        else:
            tolerance = 2e-6 * np.maximum(1, abs(e)) if name != "m_mumu" else 2e-6 * np.maximum(1, e)
            worst = np.max(abs(f - e) / tolerance) if len(e) else 0
            assert worst <= 1, (name, worst)
    print("pairs", len(expected["run"]))


main()
