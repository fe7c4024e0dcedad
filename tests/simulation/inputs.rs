//! The campaign of all seeds, in several versions, on small files of its own.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};

use arrow_array::{ArrayRef, Float32Array, RecordBatch, UInt32Array, UInt64Array};
use arrow_schema::{Field, Schema};
use lumimill::check::{Checked, check};
use lumimill_rootfile::write::{Compression, FileWriter, TreeWriter};
use tempfile::TempDir;

use crate::world::lock;

/// Name of the campaign.
pub(crate) const NAME: &str = "sim";
const FILES: u32 = 2;
const CLUSTERS: u32 = 3;
/// Events of a cluster, which is a lumi section and a shard.
const EVENTS: u32 = 8;
/// The last two lumi sections are not certified.
const MASK: &str = r#"{"1": [[1, 4]]}"#;

const TEXT: &str = r#"
name = "sim"
output = "out"
[certification]
mask = "mask.json"
[[dataset]]
name = "d"
kind = "data"
files = ["*.root"]
[shards]
events = 8
max_attempts = 2
limit_minutes = 4
[[stage]]
name = "first"
where = "x > 1"
keep = ["run", "luminosityBlock", "event", "x"]
[[stage.metric]]
histogram = { column = "x", bins = 4, range = [0.0, 20.0] }
"#;

const SECOND: &str = r#"
[[stage]]
name = "second"
from = "first"
where = "x > 2"
columns = { y = "2 * x" }
"#;

/// The versions: what of the first one is replaced by what.
const VERSIONS: [(&str, &str, &str); 6] = [
    ("as it was", "", ""),
    ("another first stage", "x > 1", "x > 3"),
    ("another second stage", "x > 2", "x > 5"),
    ("another metric", "bins = 4", "bins = 5"),
    ("no second stage", SECOND, ""),
    (
        "half is enough",
        "max_attempts = 2",
        "max_attempts = 2\naccept = 0.5",
    ),
];

/// A version of the campaign, checked and planned.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) name: &'static str,
    /// Name of its file, which is the same in every process; its folder is not.
    pub(crate) file: PathBuf,
    pub(crate) checked: Checked,
}

#[derive(Debug)]
pub(crate) struct Inputs {
    pub(crate) versions: Vec<Version>,
    /// Where files lie on their way to the store.
    pub(crate) scratch: PathBuf,
    /// Of this process alone; gone with it.
    _folder: TempDir,
}

impl Inputs {
    /// Those that others have now, or new ones.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Inputs>> = Mutex::new(Weak::new());
        let mut shared = lock(&SHARED);
        let inputs = shared.upgrade().unwrap_or_else(Self::write);
        *shared = Arc::downgrade(&inputs);
        inputs
    }

    fn write() -> Arc<Self> {
        let inside = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let owned = TempDir::with_prefix_in("simulation-", inside).unwrap();
        let folder = owned.path();
        let scratch = folder.join("scratch");
        fs::create_dir(&scratch).unwrap();
        fs::write(folder.join("mask.json"), MASK).unwrap();
        for number in 0..FILES {
            write_file(&folder.join(format!("{number}.root")), number);
        }
        let versions = VERSIONS.iter().enumerate();
        let versions = versions.map(|(number, (name, from, to))| {
            let file = PathBuf::from(format!("{number}.toml"));
            let path = folder.join(&file);
            let text = format!("{TEXT}{SECOND}");
            let text = match from.is_empty() {
                true => text,
                false => text.replace(from, to),
            };
            fs::write(&path, text).unwrap();
            let checked = check(&path, NonZeroUsize::MIN).unwrap();
            Version {
                name,
                file,
                checked,
            }
        });
        Arc::new(Self {
            versions: versions.collect(),
            scratch,
            _folder: owned,
        })
    }
}

fn write_file(path: &Path, number: u32) {
    let out = fs::File::create(path).unwrap();
    let uuid = u128::from(number + 1).to_be_bytes();
    let mut file = FileWriter::new(out, "sim.root", uuid).unwrap();
    let schema = Arc::new(cluster(0).schema().as_ref().clone());
    let mut tree = TreeWriter::new("Events", schema, Compression::Zstd(1)).unwrap();
    for at in 0..CLUSTERS {
        let batch = cluster(number * CLUSTERS + at);
        tree.write_cluster(&mut file, &batch).unwrap();
    }
    tree.finish(&mut file).unwrap();
    file.finish().unwrap();
}

/// The events of a lumi section.
fn cluster(number: u32) -> RecordBatch {
    let events = || (number * EVENTS)..((number + 1) * EVENTS);
    let of_all =
        |value: u32| -> ArrayRef { Arc::new(UInt32Array::from(vec![value; EVENTS as usize])) };
    let x = events().map(|event| (event * 7 % 20) as f32);
    let columns: [(&str, ArrayRef); 4] = [
        ("run", of_all(1)),
        ("luminosityBlock", of_all(1 + number)),
        (
            "event",
            Arc::new(UInt64Array::from_iter_values(events().map(u64::from))),
        ),
        ("x", Arc::new(Float32Array::from_iter_values(x))),
    ];
    let fields = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), false));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(schema, columns).unwrap()
}
