"""Measure what planning a campaign of many small files takes.

    python tests/benches/many_files.py --lumimill target/release/lumimill

writes files of 500 events each with uproot, ten branches as NanoAOD has them, once, and prints the CPU
time of `lumimill plan` for all of them and for half of them: what is left of the difference is what one
file takes. The interpreter needs uproot and numpy. Files are kept in target/bench/files.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVENTS = 500
CAMPAIGN = """\
name = "files"
output = "{output}"
[[dataset]]
name = "many"
kind = "data"
files = [{names}]
tree = "Events"
[certification]
mask = "{mask}"
[[stage]]
name = "dimuon"
rows = {{ pairs = "Muon", charge = "opposite" }}
keep = ["run", "luminosityBlock as lumi", "event"]
[stage.columns]
m = "mass(pair)"
"""


def make(folder, number):
    """Writes one file, whose events are nobody else's."""
    import awkward
    import numpy
    import uproot

    random = numpy.random.default_rng(number)
    counts = random.integers(0, 4, EVENTS)
    of_members = {
        "pt": random.exponential(30, counts.sum()),
        "eta": random.normal(0, 1.2, counts.sum()),
        "phi": random.uniform(-3.14, 3.14, counts.sum()),
        "mass": numpy.full(counts.sum(), 0.105),
    }
    members = {name: awkward.unflatten(values.astype(numpy.float32), counts) for name, values in of_members.items()}
    members["charge"] = awkward.unflatten(random.choice([-1, 1], counts.sum()).astype(numpy.int32), counts)
    events = numpy.arange(EVENTS, dtype=numpy.uint64) + EVENTS * number
    columns = {
        "run": numpy.full(EVENTS, 1, numpy.uint32),
        "luminosityBlock": (events // 100 + 1).astype(numpy.uint32),
        "event": events,
        "Muon": awkward.zip(members),
    }
    part = folder / "part"
    with uproot.recreate(part) as file:
        file["Events"] = columns
    part.rename(folder / f"f{number}.root")


def plan(options, folder, files):
    """CPU seconds of planning the first so many files."""
    output = folder / "out"
    shutil.rmtree(output, ignore_errors=True)
    mask = folder / "mask.json"
    mask.write_text('{"1": [[1, 4000000000]]}')
    names = ", ".join(f'"{folder}/f{number}.root"' for number in range(files))
    campaign = folder / "campaign.toml"
    campaign.write_text(CAMPAIGN.format(output=output, mask=mask, names=names))
    process = subprocess.Popen([options.lumimill, "plan", campaign], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(said.decode())
    return usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lumimill", type=pathlib.Path, default=ROOT / "target/release/lumimill", help="the program")
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    options.lumimill = options.lumimill.resolve()
    folder = ROOT / "target" / "bench" / "files"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(options.files):
        if not (folder / f"f{number}.root").exists():
            make(folder, number)
    half = options.files // 2
    times = {half: [], options.files: []}
    for _ in range(options.rounds):
        for files, of in times.items():
            of.append(plan(options, folder, files))
    few, many = (statistics.median(of) for of in times.values())
    print("| files of 500 events | CPU time to plan, s | µs a file more |")
    print("| --- | --- | --- |")
    print(f"| {half:,} | {few:.2f} | |")
    print(f"| {options.files:,} | {many:.2f} | {(many - few) / (options.files - half) * 1e6:.0f} |")
    print(f"\nMedians of {options.rounds} rounds in turns; the files are in the cache of the system.")


if __name__ == "__main__":
    main()
