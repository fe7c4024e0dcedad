"""Measure how far the main job is above its floor: what of its work nobody can leave out.

    python tests/benches/floor.py --peers ../shared/bench

runs the main job of `ratios.py` (`lumimill run --slots 1`: the CPU time of the whole process, planning and
report included) and the example `floor` of lumimill-worker in turns, on the same generated files. The floor is
the CPU time, in one thread, of unpacking each needed basket once, by the fastest decoder at hand, of scoring
the rows of the table that the job wrote, in the size of batches that is fastest, and of encoding the same table
again. Printed are the medians over rounds, and the median of the ratios with its range. Compressed bytes are
read, models loaded and features gathered before anything of the floor is counted.

`--lumimill` names the program, which has the example in `examples` beside it; both are built unless given.
"""

import os
import pathlib
import re
import statistics
import subprocess

import ratios

# All that the job reads. Every cluster of the generated files holds certified events, so every basket is needed.
BRANCHES = ["run", "luminosityBlock", "event", "PV_npvs", "MET_pt", *ratios.LABELS]
BRANCHES += [f"Muon_{name}" for name in ("pt", "eta", "phi", "mass", "charge")]
PARTS = ["unpacking", "scoring", "encoding"]


def build(options):
    """Builds program and example together, where no program is named."""
    if options.lumimill is None:
        command = ["cargo", "build", "--release", "--workspace", "--bin", "lumimill", "--example", "floor"]
        subprocess.run(command, check=True, cwd=ratios.ROOT)
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ratios.ROOT / "target"))
        options.lumimill = target / "release" / "lumimill"
    return options.lumimill.parent / "examples" / "floor"


def floor(bench, program, codec, scored):
    """Milliseconds of each part, of the tables that the job wrote last."""
    command = [program, bench.file(codec), "Events", ",".join(BRANCHES), bench.folder / "out" / "bench" / "dimuon"]
    if scored:
        command += [",".join(ratios.FEATURES), *(bench.models / f"{label}.onnx" for label in ratios.LABELS)]
    text = ratios.execute(command, bench.folder / "floor.log")[3]
    return {name: float(value) for name, value in re.findall(r"^(\w+) ([0-9.]+) ms", text, re.MULTILINE)}


def measure(bench, program, codec, scored):
    """Milliseconds of whole job and floor in each round; after the first, each is first in turn."""
    wholes, floors = [], []
    turns = [
        lambda: wholes.append(bench.lumimill(codec, scored).cpu * 1e3),
        lambda: floors.append(floor(bench, program, codec, scored)),
    ]
    for number in range(bench.options.rounds):
        for turn in turns if number % 2 == 0 else reversed(turns):
            turn()
        ratios.say(f"{codec}, {'scored' if scored else 'not scored'}, round {number + 1}: "
                   f"whole {wholes[-1]:.0f} ms, floor {floors[-1]['floor']:.0f} ms of CPU")
    return wholes, floors


def row_of_table(codec, scored, wholes, floors):
    parts = [statistics.median(found.get(name, 0.0) for found in floors) for name in PARTS]
    lowest = statistics.median(found["floor"] for found in floors)
    of = [whole / found["floor"] for whole, found in zip(wholes, floors)]
    return " | ".join([
        f"| {codec.upper()}", "three models" if scored else "none", f"{statistics.median(wholes):.0f}", f"{lowest:.0f}",
        *(f"{part:.0f} ({100 * part / sum(parts):.0f} %)" if part else "–" for part in parts),
        f"{statistics.median(of):.2f} ({min(of):.2f}–{max(of):.2f}) |",
    ])


def main():
    options = ratios.parse(__doc__)
    program = build(options)
    bench = ratios.Bench(options)
    bench.prepare()
    lines = [
        "| file | scoring | whole, ms | floor, ms | unpacking | scoring | encoding | whole / floor |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for codec in options.codecs:
        for scored in (False, True):
            lines.append(row_of_table(codec, scored, *measure(bench, program, codec, scored)))
    lines.append(f"\nMedians of {options.rounds} rounds in turns; {options.events:,} events, CPU time, one thread.")
    text = "\n".join(lines)
    (bench.folder / "floor.md").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
