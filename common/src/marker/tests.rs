use std::collections::BTreeMap;

use thin_vec::ThinVec;

use super::*;
use crate::campaign::Campaign;
use crate::entry_set::EntrySet;
use crate::metric::{RawMetric, Unit};
use crate::shard::FileIdentity;

fn metrics() -> Vec<MetricSpec> {
    let parse = |text: &str| toml::from_str::<RawMetric>(text).unwrap().validate();
    [
        r#"histogram = { column = "m", bins = 4, range = [0.1, 0.3] }"#,
        r#"ranking = { label = "y", score = "s" }"#,
        r#"drift = { by = "run", columns = ["m"], labels = ["y"] }"#,
    ]
    .map(|text| parse(text).unwrap())
    .to_vec()
}

const STEPS: [(&str, Unit, u64); 5] = [
    ("events read", Unit::Events, 100),
    ("certified", Unit::Events, 90),
    ("where nMuon >= 2", Unit::Events, 6),
    ("pairs of Muon", Unit::Rows, 9),
    ("select m > 2", Unit::Rows, 7),
];

fn steps() -> Vec<(String, Unit)> {
    let text = r#"
        name = "marked"
        output = "out"
        [[dataset]]
        name = "D"
        kind = "data"
        files = ["*.root"]
        [[stage]]
        name = "dimuon"
        where = "nMuon  >= 2"
        rows = { pairs = "Muon" }
        select = "m > 2"
    "#;
    Campaign::parse(text).unwrap().stages[0].steps(false)
}

fn shard() -> Shard {
    Shard {
        id: "0123456789abcdef0123456789abcdef".parse().unwrap(),
        stage: "dimuon".parse().unwrap(),
        source: crate::shard::Source::Entries,
        beside: ThinVec::new(),
        wholes: ThinVec::new(),
        dataset: "D".into(),
        file: std::sync::Arc::new(FileIdentity {
            url: String::from("a.root"),
            size: 1,
            state: String::new(),
        }),
        tree: "Events".into(),
        entries: 200..300,
        certified_events: 90,
        lumis: None,
        dropped: EntrySet::default(),
        packed: ThinVec::new(),
    }
}

fn marker() -> Marker {
    let mut cut_flow = CutFlow::new();
    for (name, unit, count) in STEPS {
        cut_flow.add(name, unit, count);
    }
    let shard = shard();
    Marker {
        shard: shard.id,
        object: object_key(&shard.stage, shard.id).to_string(),
        rows: 7,
        bytes: 123,
        hash: "00".repeat(32),
        cut_flow,
        tells_events: true,
        engines: Vec::new(),
        fits: BTreeMap::new(),
        partials: metrics().iter().map(Partial::new).collect(),
    }
}

fn read(bytes: &[u8]) -> Result<Marker, FormError> {
    Marker::read(
        bytes,
        Expected {
            shard: &shard(),
            steps: &steps(),
            writes_table: true,
        },
    )
}

fn reason(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

/// The marker with its body changed and its checksum made to fit again.
fn forged(change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
    let mut value = serde_json::to_value(marker()).unwrap();
    change(&mut value);
    let body = serde_json::to_vec(&value).unwrap();
    let head = Head {
        form: FORM,
        checksum: checksum(&body),
    };
    [serde_json::to_vec(&head).unwrap(), body, Vec::new()].join(&b'\n')
}

#[test]
fn a_marker_comes_back() {
    let bytes = marker().to_bytes().unwrap();
    assert_eq!(read(&bytes).unwrap(), marker());
    assert_eq!(read(&bytes).unwrap().to_bytes().unwrap(), bytes);
    assert_eq!(read(&forged(|_| ())).unwrap(), marker());
}

#[test]
fn a_marker_whose_metrics_changed_is_damaged() {
    let bytes = marker().to_bytes().unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let error = read(&changed).unwrap_err();
        let of_the_form = at < br#"{"form":3"#.len();
        assert!(
            matches!(error, FormError::Damaged(_)) || of_the_form,
            "byte {at}: {error}"
        );
    }
    for length in 0..bytes.len() {
        let error = read(&bytes[..length]).unwrap_err();
        assert!(matches!(error, FormError::Damaged(_)), "{length}: {error}");
    }
}

#[test]
fn a_marker_with_fewer_partials_is_not_done() {
    let fewer = forged(|value| {
        value["partials"].as_array_mut().unwrap().pop();
    });
    let said = reason(&fewer);
    assert!(said.starts_with("damaged: it says metrics "), "{said}");
    let swapped = forged(|value| value["partials"].as_array_mut().unwrap().swap(0, 1));
    let said = reason(&swapped);
    assert!(said.starts_with("damaged: it says metrics "), "{said}");
    let others = forged(|value| {
        value["partials"][0]["counts"] = value["partials"][1]["counts"].clone();
    });
    assert!(
        reason(&others).contains("do not fit"),
        "{}",
        reason(&others)
    );
    let elsewhere = forged(|value| value["object"] = "dimuon/part-0.parquet".into());
    assert_eq!(
        reason(&elsewhere),
        "damaged: it is of another shard, dimuon/part-0.parquet"
    );
}

#[test]
fn a_marker_of_other_metrics_is_whole_and_says_so() {
    let found = read(&marker().to_bytes().unwrap()).unwrap();
    assert!(found.measures(&metrics()));
    assert!(!found.measures(&metrics()[..2]) && !found.measures(&[]));
    let mut turned = metrics();
    turned.reverse();
    assert!(!found.measures(&turned));
    assert_eq!(found.metrics_digest(), metrics_digest(&metrics()));
}

#[test]
fn a_marker_of_another_version_is_not_damaged() {
    assert_eq!(
        reason(b"{\"form\":4,\"digest\":\"00\"}\nanything"),
        "written by a newer version of lumimill (form 4, this one reads 3); upgrade"
    );
    let before = serde_json::to_vec(&marker()).unwrap();
    assert_eq!(
        reason(&before),
        "written by an older version of lumimill (form 0, this one reads 3)"
    );
    assert_eq!(
        reason(b"{\"form\":1,\"checksum\":\"00\"}\n{}\n"),
        "written by an older version of lumimill (form 1, this one reads 3)"
    );
}

/// With a checksum that fits, so that only what it says tells.
#[test]
fn a_cut_flow_that_no_shard_of_the_stage_can_have_is_damaged() {
    let with = |step: usize, count: u64| {
        let forged = forged(|value| value["cut_flow"]["steps"][step]["count"] = count.into());
        reason(&forged)
    };
    for (step, count, words) in [
        (0, 99, "has 99 for \"events read\", and its shard 100"),
        (0, 101, "has 101 for \"events read\", and its shard 100"),
        (1, 91, "has 91 for \"certified\", and its shard 90"),
        (2, 91, "has 91 after \"where nMuon >= 2\" of 90 before it"),
        (4, 10, "has 10 after \"select m > 2\" of 9 before it"),
        (
            4,
            6,
            "ends with 6 after \"select m > 2\", and its table has 7 rows",
        ),
    ] {
        let reason = with(step, count);
        assert!(reason.contains(words), "{step} {count}: {reason}");
    }
    assert!(read(&forged(|value| value["rows"] = 8.into())).is_err());
    // Of an event there may be many pairs.
    let many = forged(|value| value["cut_flow"]["steps"][3]["count"] = 900.into());
    assert!(read(&many).is_ok());
    for forged in [
        forged(|value| {
            let steps = value["cut_flow"]["steps"].as_array_mut();
            steps.unwrap().remove(2);
        }),
        forged(|value| value["cut_flow"]["steps"][2]["name"] = "where true".into()),
        forged(|value| value["cut_flow"]["steps"][3]["unit"] = "events".into()),
        forged(|value| value["cut_flow"]["steps"] = serde_json::json!([])),
    ] {
        let reason = reason(&forged);
        assert!(reason.contains("its cut flow has the steps"), "{reason}");
    }
}
