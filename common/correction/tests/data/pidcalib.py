"""Makes pidcalib.json: sums of weights and efficiencies of bins as PIDCalib2 has them.

    pip download --no-deps pidcalib2==1.5.9; pip install boost-histogram
    python pidcalib.py pidcalib2-1.5.9-py3-none-any.whl > pidcalib.json

A file of PIDCalib2 holds three histograms: efficiencies, what passes, and all. Of the first sample
every bin is taken, of the second the bins whose efficiency lies outside of [0, 1].
"""

import io
import json
import pickle
import sys
import zipfile

import numpy as np

FOLDER = "pidcalib2/tests/test_data/"


def bins(wheel, name, wanted):
    file = io.BytesIO(wheel.read(FOLDER + name))
    efficiency, passing, total = (pickle.load(file).view().ravel() for _ in range(3))
    chosen = [i for i in range(len(total)) if wanted(efficiency.value[i])]
    columns = [passing.value, passing.variance, total.value, total.variance, efficiency.value]
    columns.append(np.sqrt(efficiency.variance))
    return [[float(column[i]) for column in columns] for i in chosen]


if __name__ == "__main__":
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        rows = bins(wheel, "effhists-Turbo18-up-K-DLLK>0-P.pkl", lambda value: True)
        rows += bins(wheel, "effhists-Turbo18-up-K-DLLK>4-P.ETA.nTracks.pkl", lambda value: value < 0 or value > 1)
    keys = ["sumw_pass", "sumw2_pass", "sumw_total", "sumw2_total", "efficiency", "error"]
    print(json.dumps([dict(zip(keys, row)) for row in rows], indent=1))
