//! Every command line of the README and of `--help`, run as it is written there. One that is new
//! fails here until it is told how it is run.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use lumimill_tests::{CampaignFolder, Cluster, Ended, Program};
use tempfile::TempDir;

use crate::{lumimill, lumimill_worker};

/// What people read: the README, and what it points to.
const READMES: [&str; 5] = [
    include_str!("../../README.md"),
    include_str!("../../common/README.md"),
    include_str!("../../coordinator/README.md"),
    include_str!("../README.md"),
    include_str!("../../CONTRIBUTING.md"),
];

/// Where a command line is run, and how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In the folder of a campaign, by itself, in the order of this list.
    Alone(i32),
    /// There, with a broker, a store, a coordinator and a worker.
    AtASite(i32),
    /// There, and goes on in the background.
    InTheBackground,
    /// By somebody else.
    Elsewhere(&'static str),
}

use Way::{Alone, AtASite, Elsewhere, InTheBackground};

const SETTING: Way = Elsewhere("sets the site's settings; tests have a site of their own");
const CHECK: Way = Elsewhere("is a part of deploy/test.sh");
const SPEED: Way = Elsewhere("measures speed");

/// Every line that is known, in the order in which a person might type them.
const KNOWN: &[(&str, Way)] = &[
    ("lumimill demo", Alone(0)),
    ("lumimill demo --output demo", Alone(0)),
    ("lumimill demo pid", Alone(0)),
    ("lumimill demo dielectron", Alone(0)),
    ("lumimill demo pioneer", Alone(0)),
    ("lumimill demo dstar", Alone(0)),
    ("lumimill demo --list", Alone(0)),
    ("lumimill check campaign.toml", Alone(0)),
    ("lumimill check", Elsewhere("is the name of the command")),
    ("lumimill plan", Elsewhere("is the name of the command")),
    ("lumimill plan campaign.toml --json", Alone(0)),
    ("lumimill run campaign.toml --slots 4", Alone(0)),
    ("lumimill inspect nano.root --tree Events --json", Alone(0)),
    (
        "lumimill model FILE",
        Elsewhere("is the name of the command"),
    ),
    (
        "lumimill model models/pid.onnx --bench",
        Elsewhere("runtime.rs runs it"),
    ),
    (
        "lumimill fit campaign.toml --category p_0 --try 'signal = \"voigt(mean, width, gamma)\"'",
        Elsewhere("sweights.rs runs it"),
    ),
    ("lumimill runtime", Alone(0)),
    ("lumimill runtime install", Elsewhere("runtime.rs runs it")),
    (
        "lumimill runtime install --python .venv/bin/python",
        Elsewhere("runtime.rs runs it"),
    ),
    ("lumimill report campaign.toml", Alone(0)),
    ("lumimill verify campaign.toml", Alone(0)),
    ("lumimill status out/doublemuon-2016g --failed", Alone(0)),
    (
        "lumimill resubmit campaign.toml --failed --dry-run",
        Alone(0),
    ),
    ("lumimill serve", InTheBackground),
    ("lumimill-worker --pool cpu --slots 8", InTheBackground),
    (
        "lumimill-worker --pool cpu --slots 8 --memory-limit 12GiB",
        InTheBackground,
    ),
    ("lumimill submit campaign.toml", AtASite(0)),
    ("lumimill status", AtASite(0)),
    ("lumimill pause campaign.toml", AtASite(0)),
    ("lumimill resume campaign.toml", AtASite(0)),
    ("lumimill status campaign.toml --watch", AtASite(0)),
    ("lumimill submit campaign.toml --pool cpu", AtASite(0)),
    (
        "lumimill fetch s3://campaigns/prod/doublemuon-2016g --output here",
        AtASite(0),
    ),
    ("lumimill dead list --json", AtASite(0)),
    ("lumimill dead show 0123456789abcdef", AtASite(2)),
    ("lumimill dead replay --all", AtASite(0)),
    ("lumimill dead drop --done", AtASite(0)),
    ("lumimill cancel campaign.toml", AtASite(0)),
    (
        "cargo run --release --bin lumimill -- demo",
        Elsewhere("is `lumimill demo`"),
    ),
    (
        "cargo build --release --bin lumimill --bin lumimill-worker",
        Elsewhere("builds what is tested here"),
    ),
    ("deploy/test.sh", Elsewhere("runs this test")),
    ("cargo fmt --all", CHECK),
    (
        "cargo clippy --workspace --all-targets -- -D warnings",
        CHECK,
    ),
    ("cargo test --workspace --lib", CHECK),
    (
        "cargo test -p lumimill-tests --test integration mending",
        CHECK,
    ),
    ("deploy/cluster.sh", Elsewhere("cluster_script.rs runs it")),
    (
        "deploy/bench.sh",
        Elsewhere("takes hours on a quiet machine"),
    ),
    (
        "deploy/bench.sh --quick",
        Elsewhere("measures, and takes twenty minutes"),
    ),
    (
        "export LUMIMILL_BROKER=amqps://user:password@broker.example:5671/vhost",
        SETTING,
    ),
    ("export LUMIMILL_STORE=s3://campaigns/prod", SETTING),
    (
        "export LUMIMILL_S3_ENDPOINT=https://s3.example AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…",
        SETTING,
    ),
    (
        "python tests/benches/floor.py --peers ../shared/bench",
        SPEED,
    ),
    ("python tests/benches/many_files.py", SPEED),
    (
        "python tests/benches/ratios.py --peers ../shared/bench",
        SPEED,
    ),
    ("python tests/benches/runtime.py MODEL.onnx …", SPEED),
    (
        "python tests/benches/fits.py target/release/lumimill --rows 10000000",
        SPEED,
    ),
    (
        "python tests/benches/toys.py target/release/lumimill --toys 200",
        SPEED,
    ),
    (
        "lumimill demo pioneer --events 48000 --output FOLDER",
        SPEED,
    ),
    (
        "python tests/benches/graphs.py target/release/lumimill FOLDER",
        SPEED,
    ),
    ("python tests/benches/trees.py", SPEED),
    (
        "cargo run --release -p lumimill-worker --example score_speed",
        SPEED,
    ),
    (
        "TMPDIR=/dev/shm cargo bench -p lumimill-tests --bench scale",
        SPEED,
    ),
    ("cargo bench -p lumimill-tests --bench waiting", SPEED),
];

/// The lines of shell blocks, without comments, and the commands in running text.
fn lines_of(readme: &str) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let mut shell = None;
    for line in readme.lines() {
        match (line.strip_prefix("```"), shell) {
            (Some(language), None) => shell = Some(language == "sh"),
            (Some(_), Some(_)) => shell = None,
            (None, Some(true)) => {
                let command = line.split(" #").next().unwrap_or_default().trim();
                if !command.is_empty() && !command.starts_with('#') {
                    lines.insert(command.to_owned());
                }
            }
            (None, Some(false)) => {}
            (None, None) => {}
        }
    }
    // What is between backticks may go over the end of a line.
    let prose: String = readme.split("```").step_by(2).collect();
    let spans = prose.split('`').skip(1).step_by(2);
    let spans = spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "));
    let programs = [
        "lumimill ",
        "lumimill-worker ",
        "cargo ",
        "python ",
        "TMPDIR=",
        "deploy/test.sh",
    ];
    let is_command = |span: &String| programs.iter().any(|program| span.starts_with(program));
    lines.extend(spans.filter(is_command));
    lines
}

/// What `--help` says of a command and of all below it, by the command.
fn helps(program: &Program, command: &[&str], found: &mut BTreeMap<String, String>) {
    let mut args = command.to_vec();
    args.push("--help");
    let help = program.run(&args).expect_code(0).out;
    if let Some((_, rest)) = help.split_once("\nCommands:\n") {
        let names = rest.lines().take_while(|line| !line.trim().is_empty());
        // A long description goes on in a line that is set further in.
        let names = names.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        for name in names.filter_map(|line| line.split_whitespace().next()) {
            if name != "help" {
                let below: Vec<&str> = command.iter().copied().chain([name]).collect();
                helps(program, &below, found);
            }
        }
    } else {
        found.insert(command.join(" "), help);
    }
}

fn examples(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| !line.starts_with("Example"));
    let lines = lines.skip(1).take_while(|line| !line.is_empty());
    lines.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn every_command_line_is_known_and_every_command_has_an_example() {
    let mut written: BTreeSet<String> = READMES.into_iter().flat_map(lines_of).collect();
    assert!(written.len() > 10, "{written:?}");
    let mut found = BTreeMap::new();
    helps(&lumimill(), &[], &mut found);
    let worker = lumimill_worker().run(&["--help"]).expect_code(0).out;
    found.insert(String::from("lumimill-worker"), worker);
    assert!(found.len() > 15, "{:?}", found.keys());
    for (command, help) in &found {
        let examples = examples(help);
        assert!(!examples.is_empty(), "{command} has no example:\n{help}");
        written.extend(examples);
    }
    let known: BTreeSet<String> = KNOWN.iter().map(|(line, _)| (*line).to_owned()).collect();
    let new: Vec<&String> = written.difference(&known).collect();
    assert!(new.is_empty(), "say in KNOWN how these are run: {new:#?}");
}

/// A folder with the programs under their names, to be put first in the path.
fn programs() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let link = |program: &str, name: &str| symlink(program, folder.path().join(name)).unwrap();
    link(env!("CARGO_BIN_EXE_lumimill-under-test"), "lumimill");
    link(env!("CARGO_BIN_EXE_worker-under-test"), "lumimill-worker");
    folder
}

/// A command line as a shell in a folder takes it.
fn shell(line: &str, programs: &Path, folder: &Path) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("bash");
    command
        .args(["-c", &format!("exec {line}")])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", programs.display()))
        .stdin(Stdio::null());
    command
}

/// The campaign of the README's examples, on few events.
fn campaign(output: &str) -> CampaignFolder {
    let folder = CampaignFolder::demo(4_000);
    folder.change("name = \"demo\"", "name = \"doublemuon-2016g\"");
    folder.change("output = \"out\"", &format!("output = \"{output}\""));
    folder.change("events = 10_000", "events = 1_000");
    folder.copy(&folder.join("data/dimuon_0.root"), "nano.root");
    folder
}

#[track_caller]
fn assert_ended(line: &str, ended: &Ended, code: i32) {
    let Ended { out, err, .. } = ended;
    assert_eq!(ended.code, code, "{line}\n{out}\n{err}");
    assert!(!err.contains("panicked"), "{line}\n{err}");
}

#[test]
fn command_lines_run_as_they_are_written() {
    let (programs, folder) = (programs(), campaign("out"));
    for (line, way) in KNOWN {
        if let Alone(code) = way {
            let ended = Program::finish(&mut shell(line, programs.path(), folder.path()));
            assert_ended(line, &ended, *code);
        }
    }
    assert!(folder.join("demo/out/demo/report/index.html").exists());
}

#[test]
fn command_lines_run_as_they_are_written_at_a_site() {
    let test = "command_lines_run_as_they_are_written_at_a_site";
    let Some(mut site) = Cluster::start(test, lumimill(), lumimill_worker()) else {
        return;
    };
    site.set("LUMIMILL_STORE", "s3://campaigns/prod");
    let (programs, folder) = (programs(), campaign("s3://campaigns/prod"));
    for (line, way) in KNOWN {
        let mut command = shell(line, programs.path(), folder.path());
        site.equip(&mut command);
        match way {
            InTheBackground => site.spawn(line, command),
            AtASite(code) => assert_ended(line, &Program::finish(&mut command), *code),
            Alone(_) | Elsewhere(_) => {}
        }
    }
    assert!(
        folder
            .join("here/doublemuon-2016g/report/index.html")
            .exists()
    );
    for (line, _) in KNOWN.iter().filter(|(_, way)| *way == InTheBackground) {
        site.signal(line, "TERM");
        assert_eq!(site.wait_for_end(line), 0, "{line}\n{}", site.log(line));
    }
}
