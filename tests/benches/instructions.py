"""Counts instructions of fixed work under callgrind, and holds them against instructions.toml.

    python tests/benches/instructions.py [--bless] [KIND ...]

builds the example `instructions` of the coordinator, with our own crates optimised as in a release and
what they depend on as for tests, so that little is built again. Each kind of its work is done once and
five times; the difference is what four passes take, without what comes before and after. Counted is what is compiled from Rust: not what the machine's C
compiler made of zstd and its like, nor the C library. Instructions do not depend on how busy a machine is,
and valgrind shows each of them the same processor, as long as it has AVX2.

A count that is more than 3 % away from its bound fails, be it above or below. `--bless` writes what is
counted as the new bounds, to be committed with the reason.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOUNDS = pathlib.Path(__file__).with_suffix(".toml")
PROFILE = pathlib.Path(__file__).with_name("instructions-profile.toml")
PROGRAM = ROOT / "target/debug/examples/instructions"
MARGIN = 0.03
PASSES = (1, 5)
AT_ONCE = 2
CARGO = os.environ.get("CARGO", "cargo")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="all of them unless named")
    parser.add_argument("--bless", action="store_true", help="write the counts as bounds")
    options = parser.parse_args()
    build()
    bounds = tomllib.loads(BOUNDS.read_text())
    known = bounds["instructions"]
    kinds = options.kinds or list(known)
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        run([PROGRAM, folder])
        tasks = {(kind, passes): pool.submit(counted, folder, kind, passes) for kind in kinds for passes in PASSES}
        few, many = ({kind: tasks[kind, passes].result() for kind in kinds} for passes in PASSES)
    counts = {kind: (many[kind] - few[kind]) // (PASSES[1] - PASSES[0]) for kind in kinds}
    away = show(counts, known)
    if options.bless:
        bless({**known, **counts})
    elif away:
        compiler = "" if bounds["compiler"] == rustc() else f"; they are of {bounds['compiler']}, and this is {rustc()}"
        sys.exit(f"more than {MARGIN:.0%} away from the bounds{compiler}: {', '.join(away)}. If that is meant, "
                 "run tests/benches/instructions.py --bless, and say why in the commit")


def run(command, check=True, **options):
    return subprocess.run([str(part) for part in command], check=check, **options)


def build():
    # The features of the whole workspace, as tests are built with them. What is built to be built again is cut
    # into other units, and has other counts.
    environment = {**os.environ, "CARGO_INCREMENTAL": "0"}
    run([CARGO, "build", "--quiet", "--locked", "--workspace", "--example", "instructions", "--config", PROFILE], cwd=ROOT, env=environment)


def rustc():
    return run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()


def counted(folder, kind, passes):
    """Instructions of all Rust functions while the work is done so many times."""
    out = pathlib.Path(folder) / f"{kind}-{passes}.callgrind"
    told = run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", PROGRAM, folder, kind, passes], check=False, capture_output=True, text=True)
    if told.returncode:
        sys.exit(f"{kind} under callgrind: {told.stderr}")
    return of_rust(out.read_text())


def of_rust(text):
    """What functions take by themselves, over all whose names are Rust's."""
    names, total, is_rust, is_call = {}, 0, False, False
    for line in text.splitlines():
        if named := re.match(r"c?fn=\((\d+)\)(?: (.*))?", line):
            number, name = named.groups()
            if name is not None:
                names[number] = "::" in name or name.startswith("_R")
            if line.startswith("fn="):
                is_rust = names[number]
        elif line.startswith("calls="):
            is_call = True
        elif re.match(r"[-+*\d]", line):
            # The line below a call says what the called function takes, which is counted there.
            total += 0 if is_call or not is_rust else int(line.split()[1])
            is_call = False
    return total


def show(counts, known):
    """Prints a line a kind; those that are away from their bounds."""
    away = []
    print(f"{'kind':20} {'bound':>15} {'counted':>15}")
    for kind, count in counts.items():
        change = count / known[kind] - 1 if known.get(kind) else float("inf")
        print(f"{kind:20} {known.get(kind, 0):15,} {count:15,} {change:+8.2%}")
        if abs(change) > MARGIN:
            away.append(kind)
    return away


def bless(counts):
    lines = [f"{kind} = {count:_}" for kind, count in counts.items()]
    head = "# Instructions of one pass of each kind of work; see instructions.py.\n"
    BOUNDS.write_text(head + f'compiler = "{rustc()}"\n\n[instructions]\n' + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
