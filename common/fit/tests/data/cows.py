"""Makes cows.json: weight functions by PyPI's sweights, with its own integration.

    pip install sweights==1.7.0 scipy
    python cows.py > cows.json
"""

import json
import warnings

import numpy as np
from scipy import stats
from sweights import Cow

warnings.simplefilter("ignore")
LOW, HIGH = 1.80, 1.95
AT = [1.80, 1.8213, 1.85, 1.8587, 1.8641, 1.8712, 1.8899, 1.9203, 1.9499]


def truncated(distribution):
    area = distribution.cdf(HIGH) - distribution.cdf(LOW)
    return lambda x: distribution.pdf(x) / area


SIGNAL = truncated(stats.norm(1.865, 0.006))
OTHER = truncated(stats.norm(1.90, 0.012))


def falling(x):
    return 12.0 * np.exp(-12.0 * (x - LOW)) / (1 - np.exp(-12.0 * (HIGH - LOW)))


def case(name, reference, histogram=None):
    cow = Cow((LOW, HIGH), [SIGNAL], [OTHER, falling], Im=reference, renorm=False)
    weights = [list(map(float, cow.get_weight(k, np.array(AT)))) for k in range(3)]
    return {"name": name, "weights": weights, "histogram": histogram}


def cases():
    yields = np.array([4000.0, 500.0, 6000.0])
    total = yields.sum()

    def density(x):
        return (yields[0] * SIGNAL(x) + yields[1] * OTHER(x) + yields[2] * falling(x)) / total

    counts = [1500, 1300, 3200, 1600, 1100, 900, 500, 400]
    edges = np.linspace(LOW, HIGH, 9)
    yield case("one", None)
    yield case("density", density)
    yield case("histogram", (np.array(counts, dtype=float), edges), counts)


if __name__ == "__main__":
    print(json.dumps({"at": AT, "yields": [4000.0, 500.0, 6000.0], "cases": list(cases())}, indent=1))
