"""Values of a `multiclass` against scikit-learn on the written tables.

multiclass.py TABLES CSV BIN-COLUMN SCORE…: the truth is `species`.
"""

import csv
import sys

import numpy as np
import pyarrow.dataset as ds
from sklearn import metrics as sk

tables, path, column, *scores = sys.argv[1:]
table = ds.dataset(tables, exclude_invalid_files=True).to_table()
truth = table["species"].to_numpy()
found = np.stack([table[name].to_numpy() for name in scores], 1).astype("f8")
where = table[column].to_numpy()
rows = {}
for line in csv.DictReader(open(path)):
    if line["value"]:
        rows[line["bin"], line["class"], line["metric"]] = float(line["value"])

# Of each bin of the file; the classes by their order in it.
names = list(dict.fromkeys(key[1] for key in rows if key[2] == "count" and key[1]))
compared = 0


def same(key, expected, within=1e-9):
    global compared
    value = rows[key]
    assert abs(value - expected) <= within, f"{key}: {value}, expected {expected}"
    compared += 1


for label in dict.fromkeys(key[0] for key in rows):
    low, high = (-np.inf, np.inf) if label == "all" else map(float, label.split(".."))
    inside = (where >= low) & (where < high)
    y, p = truth[inside], found[inside]
    taken, one_hot = p.argmax(1), np.eye(len(names))[y]
    same((label, "", "count"), inside.sum())
    same((label, "", "accuracy"), sk.accuracy_score(y, taken))
    same((label, "", "balanced_accuracy"), sk.balanced_accuracy_score(y, taken))
    same((label, "", "log_loss"), -np.log(p[np.arange(len(y)), y]).mean(), 1e-6)
    same((label, "macro", "auc"), sk.roc_auc_score(one_hot, p), 1e-4)
    same((label, "micro", "auc"), sk.roc_auc_score(one_hot, p, average="micro"), 1e-4)
    precision, recall, f1, support = sk.precision_recall_fscore_support(y, taken, zero_division=np.nan)
    for index, name in enumerate(names):
        same((label, name, "count"), support[index])
        same((label, name, "auc"), sk.roc_auc_score(one_hot[:, index], p[:, index]), 1e-4)
        average = sk.average_precision_score(one_hot[:, index], p[:, index])
        same((label, name, "average_precision"), average, 3e-3)
        for metric, values in (("precision", precision), ("recall", recall), ("f1", f1)):
            if not np.isnan(values[index]):
                same((label, name, metric), values[index])
print(f"{compared} values agree")
