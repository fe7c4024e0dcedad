use super::*;
use crate::metric::RawMetric;

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

fn stage() -> StageName {
    "dimuon".parse().unwrap()
}

fn shard() -> ShardId {
    "0123456789abcdef0123456789abcdef".parse().unwrap()
}

fn marker() -> Marker {
    Marker {
        shard: shard(),
        object: object_key(&stage(), shard()).to_string(),
        rows: 7,
        bytes: 123,
        hash: "00".repeat(32),
        cut_flow: CutFlow::new(),
        tells_events: true,
        partials: metrics().iter().map(Partial::new).collect(),
    }
}

fn read(bytes: &[u8]) -> Result<Marker, FormError> {
    Marker::read(
        bytes,
        Expected {
            stage: &stage(),
            shard: shard(),
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
        let of_the_form = at < br#"{"form":2"#.len();
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
        reason(b"{\"form\":3,\"digest\":\"00\"}\nanything"),
        "written by a newer version of lumimill (form 3, this one reads 2); upgrade"
    );
    let before = serde_json::to_vec(&marker()).unwrap();
    assert_eq!(
        reason(&before),
        "written by an older version of lumimill (form 0, this one reads 2)"
    );
    assert_eq!(
        reason(b"{\"form\":1,\"checksum\":\"00\"}\n{}\n"),
        "written by an older version of lumimill (form 1, this one reads 2)"
    );
}
