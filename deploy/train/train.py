#!/usr/bin/env python3
"""Trains LightGBM on the tables of a stage, one model a label and fold, and writes them as ONNX.

    pip install -r deploy/train/requirements.txt
    python deploy/train/train.py out/demo/dimuon --labels HLT_Mu17_Mu8 \\
        --features m_mumu pt_mumu dR_mumu PV_npvs MET_pt --output models

The stage has `folds = 5`, which adds the column `fold`. Model k is trained on the rows of all folds
but k, so that in the next campaign, with what this prints,

    [[stage.model]]
    name = "score_HLT_Mu17_Mu8"
    folds = ["models/HLT_Mu17_Mu8.fold0.onnx", …]
    inputs = ["m_mumu", "pt_mumu", "dR_mumu", "PV_npvs", "MET_pt"]
    class = 1

each event is scored by the model that did not see it. All rows of an event are of one fold.

The same table gives the same models: rows are put in the order of run, lumi and event, and training
uses one thread and a fixed seed. `--events` writes, for each fold, which events its model saw.
"""

import argparse
import json
import pathlib

import lightgbm
import numpy as np
import onnx
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

# What tells events apart, by the names that a campaign may keep them under.
EVENT = [("run",), ("lumi", "luminosityBlock"), ("event",)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", type=pathlib.Path, help="folder of a stage's Parquet files")
    parser.add_argument("--labels", nargs="+", required=True, help="columns to learn, true or false")
    parser.add_argument("--features", nargs="+", required=True, help="columns to learn from, in order")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("models"))
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--leaves", type=int, default=31)
    parser.add_argument("--rate", type=float, default=0.05, help="learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", action="store_true", help="write which events each model saw")
    return parser.parse_args()


def read(args):
    """The columns that are needed, in an order that depends on no file."""
    files = sorted(args.tables.glob("part-*.parquet"))
    if not files:
        raise SystemExit(f"{args.tables}: no part-*.parquet: name the folder of a stage")
    data = ds.dataset(files)
    names = set(data.schema.names)
    keys = [next((name for name in choice if name in names), None) for choice in EVENT]
    missing = [name for name in [*args.labels, *args.features] if name not in names]
    missing += [choice[0] for choice, key in zip(EVENT, keys) if key is None]
    if missing:
        raise SystemExit(f"{args.tables}: no column {', '.join(missing)} (there are {', '.join(sorted(names))})")
    if "fold" not in names:
        raise SystemExit(f'{args.tables}: no column fold: give the stage `folds = 5` and run it again')
    table = data.to_table(columns=list(dict.fromkeys([*keys, "fold", *args.labels, *args.features])))
    order = [(key, "ascending") for key in dict.fromkeys([*keys, *args.features])]
    return table.sort_by(order), keys


def numbers(column, name):
    values = column.cast(pa.float32()) if pa.types.is_boolean(column.type) else column
    return np.asarray(values.to_numpy(), dtype=np.float32)


def truth(table, label):
    """A label as 0 and 1, and where there is one: null is neither."""
    known = table[label].is_valid().to_numpy()
    values = table[label].cast(pa.int8()).fill_null(0).to_numpy()
    if not np.isin(values, (0, 1)).all():
        raise SystemExit(f"{label}: holds other values than true and false: make a column of it")
    return values, known


def train(args, features, labels):
    model = lightgbm.LGBMClassifier(
        n_estimators=args.trees,
        num_leaves=args.leaves,
        learning_rate=args.rate,
        random_state=args.seed,
        deterministic=True,
        force_row_wise=True,
        n_jobs=1,
        verbose=-1,
    )
    return model.fit(features, labels)


def write(args, model, path):
    shape = [("input", FloatTensorType([None, len(args.features)]))]
    # Its name would be a random one.
    graph = convert_lightgbm(model, name="model", initial_types=shape, zipmap=False, target_opset=15)
    # They come in any order.
    opsets = sorted(graph.opset_import, key=lambda opset: opset.domain)
    opsets = [onnx.helper.make_opsetid(opset.domain, opset.version) for opset in opsets]
    del graph.opset_import[:]
    graph.opset_import.extend(opsets)
    # A campaign that gives them in another order is told so.
    onnx.helper.set_model_props(graph, {"feature_names": json.dumps(args.features)})
    path.write_bytes(graph.SerializeToString())


def area(score, label):
    """ROC-AUC, by ranks."""
    order = np.argsort(score, kind="stable")
    _, first, count = np.unique(score[order], return_index=True, return_counts=True)
    rank = np.repeat(first + (count + 1) / 2, count)
    positive = label[order] == 1
    ones, zeros = positive.sum(), (~positive).sum()
    return (rank[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros) if ones and zeros else float("nan")


def main():
    args = arguments()
    table, keys = read(args)
    fold = table["fold"].to_numpy()
    folds = int(fold.max()) + 1
    if folds < 2:
        raise SystemExit(f"{args.tables}: the rows are of one fold: there is none to leave out")
    features = np.stack([numbers(table[name], name) for name in args.features], axis=1)
    args.output.mkdir(parents=True, exist_ok=True)
    for label in args.labels:
        values, known = truth(table, label)
        paths = []
        score = np.full(len(fold), np.nan)
        for left_out in range(folds):
            seen = (fold != left_out) & known
            if len(np.unique(values[seen])) < 2:
                raise SystemExit(f"{label}: the rows of all folds but {left_out} are of one class: nothing can be learnt")
            model = train(args, features[seen], values[seen])
            if (fold == left_out).any():
                score[fold == left_out] = model.predict_proba(features[fold == left_out])[:, 1]
            path = args.output / f"{label}.fold{left_out}.onnx"
            write(args, model, path)
            paths.append(path)
            if args.events:
                pq.write_table(table.select(keys).filter(pa.array(seen)), path.with_suffix(".events.parquet"))
        found = area(score[known], values[known])
        print(f"# {label}: {known.sum()} rows, ROC-AUC out of fold {found:.4f}")
        print("[[stage.model]]")
        print(f'name = "score_{label}"')
        print(f"folds = {json.dumps([path.as_posix() for path in paths])}")
        print(f"inputs = {json.dumps(args.features)}")
        print("class = 1\n", flush=True)


main()
