"""Values of jets and of groups of jets, by uproot and numpy, held against a stage's Parquet.

usage: lists.py STAGE_FOLDER FILE.root

Groups are made anew, one event at a time: by sorting and cutting at gaps, by the connected parts of
the matrix of all distances, and by counting what is lower. Whole columns must agree: integers
exactly, floats to 2e-6 (they are stored in single precision).
"""
import sys

import numpy as np
import pyarrow.dataset as ds
import uproot
from scipy.sparse.csgraph import connected_components


def time_groups(times, gap):
    groups = np.full(len(times), -1)
    order = np.argsort(times, kind="stable")
    groups[order] = np.concatenate([[0], np.cumsum(np.diff(times[order]) > gap)]) if len(times) else []
    return groups


def clusters(eta, phi, distance):
    if len(eta) == 0:
        return np.zeros(0, int)
    far = np.hypot(eta[:, None] - eta[None, :], phi[:, None] - phi[None, :])
    _, label = connected_components(far <= distance, directed=False)
    order = {}
    return np.array([order.setdefault(one, len(order)) for one in label])


def by(values, groups, reduce, empty):
    count = groups.max() + 1 if len(groups) else 0
    return [reduce(values[groups == g]) if (groups == g).any() else empty for g in range(count)]


def expected(pt, eta, phi):
    group, near = time_groups(phi, 0.5), clusters(eta, phi, 0.8)
    scale = pt.sum()
    return {
        "scale": scale,
        "Jet_part": pt / scale if len(pt) else pt,
        "Jet_group": group,
        "Jet_near": near,
        "Jet_rank": [int((pt > one).sum() + (pt[:at] == one).sum()) for at, one in enumerate(pt)],
        "Group_pt": by(pt, group, np.sum, 0.0),
        "Group_n": by(pt, group, len, 0),
        "Group_lead": by(pt, group, np.max, np.nan),
        "Group_hard": by(pt > 50, group, np.any, False),
        "Group_half": [one / 2 for one in by(pt, group, np.sum, 0.0)],
        "Near_eta": by(eta, near, np.mean, 0.0),
        "groups": group.max() + 1 if len(group) else 0,
    }


def main(folder, path):
    table = ds.dataset(folder, exclude_invalid_files=True).to_table().sort_by("event")
    events = uproot.open(path)["Events"].arrays(["event", "Jet_pt", "Jet_eta", "Jet_phi"])
    events = sorted((e for e in events.tolist() if e["event"] % 3 != 0), key=lambda e: e["event"])
    assert table.num_rows == len(events) > 0, (table.num_rows, len(events))
    members = 0
    for row, event in zip(table.to_pylist(), events):
        assert row["event"] == event["event"]
        kinds = [np.array(event[f"Jet_{name}"], dtype=float) for name in ["pt", "eta", "phi"]]
        for name, want in expected(*kinds).items():
            got, want = np.atleast_1d(row[name]), np.atleast_1d(want)
            assert got.shape == want.shape, (name, got, want)
            assert np.allclose(got.astype(float), want.astype(float), rtol=2e-6, atol=2e-6), (name, got, want)
        members += len(event["Jet_pt"])
    assert members > len(events)
    print(f"{len(events)} events with {members} jets agree")


main(*sys.argv[1:])
