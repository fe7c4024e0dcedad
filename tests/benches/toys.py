"""Whether fits of the demo's D* candidates find the truth: pulls over many toys, each with a seed of its own.

    python tests/benches/toys.py target/release/lumimill --toys 200

Each toy is `lumimill demo dstar --inputs-only` with the next seed, of which the skim and the mass fits are run,
nominal and systematic. The truth of the mean is that of the generator; that of yields is how many true
candidates are expected in a category, which is the mean over all toys of how many there are. Pulls of all
categories together have mean 0 ± 0.1 and width 1 ± 0.1 for the nominal model, or the bench fails; those of the
systematic model, which is not the one that was made, are printed.
"""

import argparse
import csv
import math
import pathlib
import subprocess
import sys
import tempfile

import pyarrow.dataset as ds

MASS = 1.8648
LOW, HIGH, EDGES = 1.80, 1.95, [0.5, 1.5, 2.5, 4.5]


def toy(program, folder, seed, events):
    """The fits of a toy, and how many true candidates of signal and background are in each category."""
    run = lambda *words: subprocess.run([program, *words], check=True, capture_output=True, text=True)
    run("demo", "dstar", "--inputs-only", "--output", folder, "--seed", str(seed), "--events", str(events))
    path = folder / "campaign.toml"
    text, _ = path.read_text().split('[[stage]]\nname = "sweights"')
    keep = '"deltaM", "p", '
    assert keep in text
    path.write_text(text.replace(keep, keep + '"isSignal", ', 1))
    run("run", path, "--quiet")
    fits = {}
    for row in csv.DictReader((folder / "out/dstar/report/massfit_fits.csv").open()):
        value = float(row["value"]), float(row["error"]) if row["error"] else math.nan
        fits.setdefault((row["category"], row["variation"]), {})[row["name"]] = value
    rows = ds.dataset(folder / "out/dstar/dstar", exclude_invalid_files=True).to_table(columns=["M_D0", "p", "isSignal"])
    mass, p, is_signal = (rows[name].to_numpy(zero_copy_only=False) for name in rows.column_names)
    counts = {}
    for number in range(len(EDGES) - 1):
        inside = (mass >= LOW) & (mass <= HIGH) & (p >= EDGES[number]) & (p < EDGES[number + 1])
        counts[f"p_{number}"] = {"signal": int((inside & is_signal).sum()), "background": int((inside & ~is_signal).sum())}
    return fits, counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lumimill")
    parser.add_argument("--toys", type=int, default=200)
    parser.add_argument("--events", type=int, default=60_000)
    arguments = parser.parse_args()
    toys = []
    for seed in range(1, arguments.toys + 1):
        with tempfile.TemporaryDirectory() as folder:
            toys.append(toy(arguments.lumimill, pathlib.Path(folder), seed, arguments.events))
        if seed % 20 == 0:
            print(f"{seed} toys", file=sys.stderr, flush=True)
    expected = lambda category, name: sum(counts[category][name] for _, counts in toys) / len(toys)
    truths = {
        (category, name): MASS if name == "mean" else expected(category, name)
        for category in ("p_0", "p_1", "p_2") for name in ("signal", "background", "mean")
    }
    print("| model | parameter | pulls | mean | width | not converged |")
    print("| --- | --- | --- | --- | --- | --- |")
    wrong = []
    for variation in ("nominal", "systematic"):
        for name in ("signal", "background", "mean"):
            pulls, failed = [], 0
            for fits, _ in toys:
                for category in ("p_0", "p_1", "p_2"):
                    found = fits[category, variation]
                    if found["status"][0] != 0:
                        failed += 1
                        continue
                    value, error = found[name]
                    pulls.append((value - truths[category, name]) / error)
            mean = sum(pulls) / len(pulls)
            width = math.sqrt(sum((pull - mean) ** 2 for pull in pulls) / (len(pulls) - 1))
            print(f"| {variation} | {name} | {len(pulls)} | {mean:+.3f} | {width:.3f} | {failed} |")
            if variation == "nominal" and (abs(mean) > 0.1 or abs(width - 1) > 0.1 or failed):
                wrong.append(name)
    if wrong:
        sys.exit(f"pulls of {', '.join(wrong)} are not those of a normal distribution")


if __name__ == "__main__":
    main()
