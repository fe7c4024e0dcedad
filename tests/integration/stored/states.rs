//! Every object that is stored of a campaign, in every state that it should not be in, and every
//! command: how it ends, what it says, and that what is said to do about it ends well.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Done;
use crate::forms::{of_the_next_form, plan_of_a_later_form};

/// What somebody did to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Missing,
    Empty,
    Cut,
    Noise,
    /// A folder with nothing in it.
    Hollow,
    /// A folder with something in it.
    Folder,
    /// A file in the place of the folder that it is in.
    Buried,
    /// A link that leads nowhere.
    Dangling,
    Newer,
    /// The same object of another campaign.
    Foreign,
}

use State::{Buried, Cut, Dangling, Empty, Folder, Foreign, Hollow, Missing, Newer, Noise};

/// The commands, in turn, each on a campaign in the state.
const COMMANDS: [&str; 10] = [
    "status",
    "verify",
    "fetch --output here",
    "submit --dry-run",
    "resubmit --damaged --dry-run",
    "resubmit --missing",
    "report",
    "verify --mend",
    "resubmit --damaged",
    "run",
];

/// How each of them ends, by object and state.
const EXPECTED: &[(&str, &[State], [i32; 10])] = &[
    (
        "plan",
        &[Missing, Empty, Cut, Noise, Hollow, Dangling, Foreign],
        ANEW,
    ),
    ("plan", &[Folder], REFUSED),
    ("plan", &[Newer], NEWER),
    ("campaign", &[Missing, Cut, Noise, Foreign], ANEW),
    ("campaign", &[Folder], REFUSED),
    (
        "control",
        &[Empty, Cut, Noise],
        [2, 2, 3, 0, 2, 2, 2, 2, 2, 2],
    ),
    ("control", &[Folder], REFUSED),
    ("control", &[Hollow, Dangling], [0; 10]),
    ("control", &[Newer], NEWER),
    (
        "marker",
        &[Missing, Empty, Cut, Noise, Hollow, Dangling, Foreign],
        MENDED,
    ),
    ("marker", &[Folder], [0, 3, 3, 2, 2, 2, 3, 3, 2, 2]),
    ("marker", &[Buried], REFUSED),
    ("marker", &[Newer], [0, 2, 3, 2, 2, 2, 2, 2, 2, 2]),
    (
        "table",
        &[Missing, Empty, Cut, Noise, Hollow, Dangling, Foreign],
        MENDED,
    ),
    ("table", &[Folder], [0, 3, 3, 2, 2, 2, 3, 3, 2, 2]),
    ("page", &[Missing, Cut, Foreign], WRITTEN),
    ("page", &[Folder], [0, 3, 3, 2, 2, 2, 2, 3, 2, 2]),
    ("page", &[Buried], REFUSED),
    ("sums", &[Missing, Cut, Noise], WRITTEN),
    ("sums", &[Folder], [0, 3, 3, 2, 2, 2, 2, 3, 2, 2]),
    ("sums", &[Newer], [0, 2, 3, 0, 2, 2, 2, 2, 2, 2]),
    ("lock", &[Missing, Noise, Hollow], [0; 10]),
    ("lock", &[Folder], [0, 0, 0, 2, 2, 2, 2, 0, 2, 2]),
];

/// What nobody can begin without; `run` and `submit` make it anew, and the report can be fetched.
const ANEW: [i32; 10] = [2, 2, 3, 0, 2, 2, 2, 2, 2, 0];
/// What nobody can begin with, before somebody has moved it away.
const REFUSED: [i32; 10] = [2; 10];
/// What a newer version wrote; the report can be fetched.
const NEWER: [i32; 10] = [2, 2, 3, 2, 2, 2, 2, 2, 2, 2];
/// What is done again by whoever is asked to.
const MENDED: [i32; 10] = [0, 3, 3, 0, 0, 0, 3, 0, 0, 0];
/// What is written again by whoever writes the report.
const WRITTEN: [i32; 10] = [0, 3, 3, 0, 0, 0, 0, 0, 0, 0];

/// What is said to do, done by hand: what is in the way is moved away.
fn put_right(done: &Done, key: &str, state: State) {
    let path = done.at(key);
    match state {
        Folder | Hollow => {
            let _ = fs::remove_dir_all(&path);
        }
        Buried => fs::remove_file(path.parent().unwrap()).unwrap(),
        _ => {}
    }
}

fn spoil(done: &Done, other: &Done, object: &str, state: State) {
    let key = key(done, object);
    let path = done.at(&key);
    let bytes = fs::read(&path).unwrap_or_default();
    if state == Buried {
        let folder = path.parent().unwrap();
        fs::remove_dir_all(folder).unwrap();
        fs::write(folder, "a file").unwrap();
        return;
    }
    let _ = fs::remove_file(&path);
    match state {
        Missing | Buried => {}
        Empty => fs::write(&path, "").unwrap(),
        Cut => fs::write(&path, &bytes[..bytes.len() / 2]).unwrap(),
        Noise => {
            let noise = bytes
                .iter()
                .zip(0u8..=255)
                .map(|(byte, more)| byte ^ more ^ 85);
            fs::write(&path, noise.collect::<Vec<u8>>()).unwrap();
        }
        Hollow => fs::create_dir(&path).unwrap(),
        Folder => done.block(&key),
        Dangling => std::os::unix::fs::symlink("nowhere", &path).unwrap(),
        Newer => {
            let newer = match object {
                "plan" => plan_of_a_later_form(&bytes),
                _ => of_the_next_form(&bytes),
            };
            fs::write(&path, newer).unwrap();
        }
        Foreign => {
            fs::copy(other.at(&self::key(other, object)), &path).unwrap();
        }
    }
}

fn key(done: &Done, object: &str) -> String {
    match object {
        "plan" => String::from("plan.parquet"),
        "campaign" => String::from("campaign.toml"),
        "control" => String::from("_control.json"),
        "marker" => done.marker(0),
        "table" => done.table(0),
        "page" => String::from("report/index.html"),
        "sums" => String::from("report/files.json"),
        "lock" => String::from("_lock"),
        other => panic!("no object {other}"),
    }
}

/// A campaign of another configuration, with the same name and in the same form.
fn other() -> Done {
    let other = Done::new();
    let text = fs::read_to_string(other.file()).unwrap();
    fs::write(other.file(), text.replace("pt > 3", "pt > 4")).unwrap();
    let _ = other.run("run --replace").with(0, &[]);
    other
}

fn case(other: &Done, object: &str, state: State, expected: [i32; 10]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut found = [0; 10];
    let whole = Done::new();
    let before = whole.snapshot();
    for (place, line) in COMMANDS.iter().enumerate() {
        let done = Done::new();
        let key = key(&done, object);
        if object == "control" {
            fs::write(done.at(&key), CONTROL).unwrap();
        }
        spoil(&done, other, object, state);
        let said = done.run(line);
        found[place] = said.code;
        let name = Path::new(&key).file_name().unwrap().to_str().unwrap();
        if said.code != 0 {
            let is_named = match state {
                Buried => said.all.contains("expected a folder"),
                // A report counts what has no marker.
                _ if *line == "report" && said.all.contains("not done") => true,
                _ => said.all.contains(name),
            };
            let has_advice = ["lumimill ", "move it away", "upgrade", "remove it"];
            let has_advice = has_advice.iter().any(|word| said.all.contains(word));
            if !is_named || !has_advice {
                wrong.push(format!("{object} {state:?}: {line}: {}", said.all));
            }
        }
        // Once what is in the way is moved away and what was removed by hand is gone, one command
        // makes it whole, whatever was tried before.
        put_right(&done, &key, state);
        if object == "control" {
            let _ = fs::remove_file(done.at(&key));
        }
        if state != Newer && ["verify --mend", "run"].contains(line) {
            let mended = done.run("run");
            let mended = if mended.code == 0 {
                done.run("verify --mend")
            } else {
                mended
            };
            if mended.code != 0 {
                wrong.push(format!("{object} {state:?}: after {line}: {}", mended.all));
            } else if done.snapshot() != before {
                wrong.push(format!("{object} {state:?}: after {line}: not what it was"));
            }
        }
    }
    if found != expected {
        wrong.push(format!("(\"{object}\", &[{state:?}], {found:?}),"));
    }
    wrong
}

/// A record as somebody submitted it.
const CONTROL: &str = r#"{"form":1,"plan":"00","state":"cancelled","pool":"cpu","base":"/"}"#;

#[test]
fn every_object_in_every_state_is_named_by_every_command_and_set_right() {
    let other = other();
    let cases: Vec<_> = EXPECTED
        .iter()
        .flat_map(|(object, states, codes)| states.iter().map(move |it| (*object, *it, *codes)))
        .collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((object, state, codes)) =
                    cases.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let found = case(&other, object, *state, *codes);
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n---\n"));
}
