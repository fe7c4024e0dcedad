#!/usr/bin/env python3
"""Writes ranking_oracle.json: scores and labels with what scikit-learn makes of them.

Run with any environment that has numpy and scikit-learn: `python ranking_oracle.py`.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score


def reference(labels, scores):
    return {
        "auc": roc_auc_score(labels, scores),
        "average_precision": average_precision_score(labels, scores),
        "brier": brier_score_loss(labels, scores),
        "log_loss": log_loss(labels, scores),
    }


def case(name, events, labels, scores):
    labels, scores = np.asarray(labels, dtype=int), np.asarray(scores, dtype=float)
    _, first = np.unique(events, return_index=True)
    best = np.maximum.reduceat(scores, first)
    fired = np.maximum.reduceat(labels, first)
    return {
        "name": name,
        "events": np.asarray(events).tolist(),
        "labels": labels.tolist(),
        "scores": scores.tolist(),
        "rows": reference(labels, scores),
        "best": reference(fired, best),
    }


def toy(name, rng, size, prevalence, quantise):
    events = np.sort(rng.integers(0, int(size * 0.8), size))
    fired = rng.random(size) < prevalence
    labels = fired[events]
    raw = rng.normal(np.where(labels, 1.0, 0.0) + np.log(prevalence / (1 - prevalence)), 1.0)
    scores = np.round(1 / (1 + np.exp(-raw)), quantise)
    return case(name, events, labels, scores)


def main():
    rng = np.random.default_rng(20161121)
    cases = [
        toy("balanced", rng, 1500, 0.45, 12),
        toy("rare", rng, 1500, 0.03, 12),
        toy("coarse ties", rng, 800, 0.3, 2),
        case("ends", [0, 1, 2, 3, 4, 5], [0, 1, 1, 0, 1, 0], [0.0, 1.0, 0.5, 0.5, 0.0, 1.0]),
    ]
    text = json.dumps({"scikit_learn": sklearn.__version__, "cases": cases}, separators=(",", ":"))
    (pathlib.Path(__file__).parent / "ranking_oracle.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
