"""Train the three models that `lumimill demo` embeds, on toy events of another seed.

How (Python with uproot, awkward, numpy, lightgbm, onnxmltools, onnx and scikit-learn):

    cargo run --release -p lumimill --example demo_inputs -- target/demo-train 400000 20150601
    python deploy/train_demo_models.py target/demo-train coordinator/src/demo/models

The example writes the same toy NanoAOD as the demo, with 400,000 events and seed 20150601, while
the demo itself uses seed 1: no event is shared. Pairs are formed here with awkward (opposite
charge, pt > 3 GeV, |eta| < 2.4, certified lumi sections), one LightGBM model of 60 trees of up to
16 leaves is trained for each HLT decision on four fifths of the events, and the rest gives the
ROC-AUC that is printed. Features, in order: FEATURES. The ONNX models take float32 [rows, 6] as
`input` and give P(label) in column 1 of `probabilities`.
"""

import argparse
import json
import pathlib

import awkward as ak
import lightgbm as lgb
import numpy as np
import onnx
import uproot
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType
from sklearn.metrics import roc_auc_score

LABELS = ["HLT_Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ", "HLT_Mu17_Mu8", "HLT_Mu17_Mu8_DZ"]
FEATURES = ["m_mumu", "pt_mumu", "eta_mumu", "dR_mumu", "PV_npvs", "MET_pt"]
MUON = ["pt", "eta", "phi", "mass", "charge"]
SCALARS = ["run", "luminosityBlock", "event", "PV_npvs", "MET_pt"]


def certified(events, mask):
    """Whether each event lies in a certified lumi section."""
    keep = np.zeros(len(events), bool)
    run, lumi = ak.to_numpy(events.run), ak.to_numpy(events.luminosityBlock)
    for text, ranges in mask.items():
        for first, last in ranges:
            keep |= (run == int(text)) & (lumi >= first) & (lumi <= last)
    return keep


def pairs(events):
    """Features [rows, 6], labels by name, and the event number of each opposite-sign pair."""
    muons = ak.zip({name: events[f"Muon_{name}"] for name in MUON})
    muons = muons[(muons.pt > 3) & (abs(muons.eta) < 2.4)]
    both = ak.combinations(muons, 2, fields=["a", "b"])
    both = both[both.a.charge * both.b.charge < 0]
    total = [0.0, 0.0, 0.0, 0.0]
    for m in (both.a, both.b):
        x, y, z = m.pt * np.cos(m.phi), m.pt * np.sin(m.phi), m.pt * np.sinh(m.eta)
        parts = (x, y, z, np.sqrt(x**2 + y**2 + z**2 + m.mass**2))
        total = [sum_ + part for sum_, part in zip(total, parts)]
    px, py, pz, energy = total
    pt = np.hypot(px, py)
    mass = np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0))
    dphi = (both.a.phi - both.b.phi + np.pi) % (2 * np.pi) - np.pi
    dr = np.hypot(both.a.eta - both.b.eta, dphi)
    counts = ak.to_numpy(ak.num(pt))
    flat = [ak.to_numpy(ak.flatten(v)) for v in (mass, pt, np.arcsinh(pz / pt), dr)]
    flat += [np.repeat(ak.to_numpy(events[name]), counts) for name in ("PV_npvs", "MET_pt")]
    labels = {label: np.repeat(ak.to_numpy(events[label]), counts) for label in LABELS}
    return np.stack(flat, 1).astype("f4"), labels, np.repeat(ak.to_numpy(events.event), counts)


def train(x, y, trees, leaves):
    """A LightGBM classifier whose result does not depend on the number of cores."""
    model = lgb.LGBMClassifier(
        n_estimators=trees, num_leaves=leaves, learning_rate=0.12, min_child_samples=200, random_state=7,
        n_jobs=1, deterministic=True, force_row_wise=True, verbose=-1,
    )
    return model.fit(x, y.astype(int))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="what the example demo_inputs wrote")
    parser.add_argument("models", type=pathlib.Path, help="where the ONNX files go")
    parser.add_argument("--trees", type=int, default=60)
    parser.add_argument("--leaves", type=int, default=16)
    arguments = parser.parse_args()
    files = sorted((arguments.folder / "data").glob("*.root"))
    names = SCALARS + LABELS + [f"Muon_{name}" for name in MUON]
    events = uproot.concatenate([f"{path}:Events" for path in files], names)
    events = events[certified(events, json.loads((arguments.folder / "certified.json").read_text()))]
    x, labels, number = pairs(events)
    held_out = number % 5 == 0
    arguments.models.mkdir(parents=True, exist_ok=True)
    for label, y in labels.items():
        model = train(x[~held_out], y[~held_out], arguments.trees, arguments.leaves)
        auc = roc_auc_score(y[held_out], model.predict_proba(x[held_out])[:, 1])
        inputs = [("input", FloatTensorType([None, len(FEATURES)]))]
        graph = convert_lightgbm(model, initial_types=inputs, zipmap=False, target_opset=15, name=label)
        graph.doc_string = "trained on toy events by deploy/train_demo_models.py"
        path = arguments.models / f"{label}.onnx"
        onnx.save(graph, path)
        print(f"{label}: {len(y)} pairs, {y.mean():.3f} fired, ROC-AUC {auc:.4f}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
