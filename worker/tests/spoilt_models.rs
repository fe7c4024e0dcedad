//! Spoilt models: cut, flipped and overwritten files must be refused or score, never panic.

use lumimill_worker::score::{Features, Model};

/// Variants of each model; more by hand with `LUMIMILL_SPOILT=…`.
const VARIANTS: u64 = 25;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

fn spoil(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let Some(byte) = bytes.get_mut(at) else {
            return;
        };
        match random.below(6) {
            0 => *byte ^= 1 << random.below(8),
            1 => *byte = random.next() as u8,
            2 => *byte = 0xff,
            3 => bytes.truncate(at),
            4 => bytes.insert(at, random.next() as u8),
            _ => {
                let end = (at + random.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
        }
    }
}

#[test]
fn spoilt_models_are_refused_or_score() {
    let variants =
        std::env::var("LUMIMILL_SPOILT").map_or(VARIANTS, |count| count.parse().unwrap());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "onnx")
    });
    paths.sort();
    assert!(paths.len() > 100);
    let (mut refused, mut scored) = (0, 0);
    for (number, path) in (0_u64..).zip(&paths) {
        let whole = std::fs::read(path).unwrap();
        let mut random = Random(number);
        for _ in 0..variants {
            let mut bytes = whole.clone();
            spoil(&mut bytes, &mut random);
            let Ok(model) = Model::from_bytes("spoilt", &bytes) else {
                refused += 1;
                continue;
            };
            let width = model.width().unwrap_or(4).min(64);
            let column = [0.5, f32::NAN, -1.0];
            let features = Features::from_columns(&vec![&column[..]; width]).unwrap();
            let mut scores = Vec::new();
            if model.score_all(&features, &mut scores).is_ok() {
                assert_eq!(scores.len(), 3 * model.classes());
                scored += 1;
            }
        }
    }
    assert!(
        refused > 0 && scored > 0,
        "{refused} refused, {scored} scored"
    );
}
