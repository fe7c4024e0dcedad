//! Decays of D* mesons with known truth, for fits and weights.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Float32Array, Float64Array, Int32Array, RecordBatch, UInt32Array, UInt64Array,
};
use arrow_schema::Schema;
use lumimill_rootfile::write::{Compression, FileWriter, TreeWriter};
use lumimill_tests::CampaignFolder;

/// Entries of a cluster.
const CLUSTER: usize = 1_000;

/// The campaign of the D*, with these stages after the skim.
pub(super) fn campaign(stages: &str) -> String {
    let head = r#"
name = "demo"
output = "out"
[[dataset]]
name = "data"
kind = "mc"
files = ["data/*.root"]
tree = "dstar"
[shards]
events = 4_000
[[stage]]
name = "dstar"
where = "abs(dz) < 4 && dr < 2 && deltaM > 0.1439 && deltaM < 0.1469"
keep = ["M_D0", "p", "cosTheta", "charge", "kaonID", "pionID", "is_signal", "twist", "w"]
[stage.columns]
kpi = "kaonID / (kaonID + pionID)"
"#;
    format!("{head}{stages}")
}

/// A folder with that campaign and so many decays in two files.
pub(super) fn folder(decays: usize, stages: &str) -> CampaignFolder {
    let folder = CampaignFolder::with_text(&campaign(stages));
    write(folder.path(), decays);
    folder
}

/// Writes so many decays in two files.
pub(super) fn write(folder: &Path, decays: usize) {
    std::fs::create_dir_all(folder.join("data")).unwrap();
    for index in 0..2 {
        let path = folder.join(format!("data/dstar_{index}.root"));
        let out = File::create(&path).unwrap();
        let mut file = FileWriter::new(out, "dstar.root", [index + 1; 16]).unwrap();
        let first = decays / 2 * usize::from(index);
        let mut start = first;
        let mut tree: Option<TreeWriter> = None;
        while start < first + decays / 2 {
            let stop = (start + CLUSTER).min(first + decays / 2);
            let batch = batch(start..stop);
            let schema = Arc::clone(batch.schema_ref());
            let tree = tree.get_or_insert_with(|| {
                TreeWriter::new("dstar", schema, Compression::Zstd(1)).unwrap()
            });
            tree.write_cluster(&mut file, &batch).unwrap();
            start = stop;
        }
        tree.unwrap().finish(&mut file).unwrap();
        let _ = file.finish().unwrap();
    }
}

/// Random numbers by splitmix64.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^= x >> 31;
        ((x >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    fn normal(&mut self, mean: f64, width: f64) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        mean + width * radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// Mass, momentum, cosine, charge, PID of kaon and pion, three selections, the truth, a number that
/// depends on the mass of the background at low momentum, and a weight that may be negative.
fn decay(number: u64) -> [f64; 12] {
    let mut random = Random(number.wrapping_mul(0xD134_2543_DE82_EF95) ^ 7);
    let is_signal = random.unit() < 0.45;
    let mut mass = match is_signal {
        true => {
            let width = if random.unit() < 0.65 { 0.0045 } else { 0.0095 };
            random.normal(1.8648, width)
        }
        // Falling by a quarter.
        false => loop {
            let at = random.unit();
            if random.unit() < 1.0 - 0.25 * at {
                break 1.79 + 0.17 * at;
            }
        },
    };
    if random.unit() < 0.002 {
        mass = f64::NAN;
    }
    let p = 0.4 + 4.3 * random.unit();
    let cosine = -0.85 + 1.85 * random.unit();
    let charge = if random.unit() < 0.5 { -1.0 } else { 1.0 };
    let power = if is_signal { 0.25 } else { 1.0 };
    let kaon = random.unit().powf(power);
    let pion = random.unit().powf(if is_signal { 1.5 } else { 1.0 });
    let dz = random.normal(0.0, 1.8);
    let dr = -0.6 * random.unit().ln();
    let delta = 0.1437 + 0.0034 * random.unit();
    let truth = f64::from(u8::from(is_signal));
    let place = if mass.is_nan() {
        0.5
    } else {
        (mass - 1.79) / 0.17
    };
    let twist = match !is_signal && p < 2.5 {
        true => 0.5 * random.unit() + 0.5 * place,
        false => random.unit(),
    };
    let weight = if random.unit() < 0.1 { -0.5 } else { 1.2 };
    [
        mass, p, cosine, charge, kaon, pion, dz, dr, delta, truth, twist, weight,
    ]
}

fn batch(decays: std::ops::Range<usize>) -> RecordBatch {
    let numbers = decays.map(|number| number as u64 + 1);
    let made: Vec<[f64; 12]> = numbers.clone().map(decay).collect();
    let float = |at: usize| -> ArrayRef {
        let values = made.iter().map(|decay| decay[at] as f32);
        Arc::new(Float32Array::from_iter_values(values))
    };
    let whole = |at: usize| -> ArrayRef {
        let values = made.iter().map(|decay| decay[at] as i32);
        Arc::new(Int32Array::from_iter_values(values))
    };
    let mass = made.iter().map(|decay| decay[0]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "run",
            Arc::new(UInt32Array::from_iter_values(numbers.clone().map(|_| 1))),
        ),
        (
            "luminosityBlock",
            Arc::new(UInt32Array::from_iter_values(numbers.clone().map(|_| 1))),
        ),
        ("event", Arc::new(UInt64Array::from_iter_values(numbers))),
        ("M_D0", Arc::new(Float64Array::from_iter_values(mass))),
        ("p", float(1)),
        ("cosTheta", float(2)),
        ("charge", whole(3)),
        ("kaonID", float(4)),
        ("pionID", float(5)),
        ("dz", float(6)),
        ("dr", float(7)),
        ("deltaM", float(8)),
        ("is_signal", whole(9)),
        ("twist", float(10)),
        ("w", float(11)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let fields = batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(false))
        .collect::<Vec<_>>();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), batch.columns().to_vec()).unwrap()
}
