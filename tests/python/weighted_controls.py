"""Control variables of rows with weights of their own, from the rows, by numpy alone.

weighted_controls.py OUTPUT, of the campaign in `sweights/verdicts.rs` with `weight`.
"""

import csv
import glob
import sys

import numpy as np
import pyarrow.parquet as pq

output = sys.argv[1]
column = lambda table, name: table[name].to_numpy(zero_copy_only=False).astype("f8")
of_shard = {path.split("part-")[1].split(".")[0]: path for path in glob.glob(f"{output}/dstar/part-*.parquet")}
pairs = []
for path in sorted(glob.glob(f"{output}/sweights/part-*.parquet")):
    parent = pq.ParquetFile(path).metadata.metadata[b"lumimill.parent"].decode()
    pairs.append((pq.read_table(of_shard[parent]), pq.read_table(path)))
join = lambda at, name: np.concatenate([column(pair[at], name) for pair in pairs])
p, own, truth, weights = join(0, "p"), join(0, "w"), join(0, "is_signal"), join(1, "sweight")
assert (own < 0).any()
lines = list(csv.DictReader(open(f"{output}/report/massfit_weighted.csv")))
verdicts = list(csv.DictReader(open(f"{output}/report/massfit_validity.csv")))
for verdict in verdicts:
    category, control = verdict["category"], verdict["control"]
    low, high = {"p_0": (0.5, 2.5), "p_1": (2.5, 4.5)}[category]
    inside = np.isfinite(weights) & (p >= low) & (p < high)
    values = join(0, control)[inside]
    parts = [line for line in lines if (line["category"], line["control"], line["component"]) == (category, control, "signal")]
    assert len(parts) >= 8, parts
    below, below_truth, distance = 0.0, 0.0, 0.0
    total = weights[inside].sum()
    true = (own * (truth == 1))[inside]
    for part in parts:
        here = (values >= float(part["low"])) & (values < float(part["high"]))
        assert here.sum() == int(part["entries"]), (here.sum(), part)
        sumw, sumw2 = weights[inside][here].sum(), (weights[inside][here] ** 2).sum()
        # Rows count by the mean weight of their bin of the mass.
        assert abs(sumw - float(part["sumw"])) < 0.1 * float(part["error"]), (sumw, part)
        assert abs(sumw2 / float(part["sumw2"]) - 1) < 0.03, (sumw2, part)
        below += sumw / total
        below_truth += true[here].sum() / true.sum()
        distance = max(distance, abs(below - below_truth))
    assert abs(distance - float(verdict["truth_distance"])) < 2e-3, (distance, verdict)
print("weighted controls agree")
