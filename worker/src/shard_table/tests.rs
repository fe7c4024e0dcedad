use arrow_array::RecordBatch;
use lumimill_common::shard::{FileIdentity, Shard, ShardId, Source};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use thin_vec::ThinVec;

use super::{ROWS, SEAL, Seal, ShardTable, ShardTableError, VERSION, rows, schema};

fn shard(number: u128, url: &str) -> Shard {
    let id: ShardId = format!(
        "{:032x}",
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    )
    .parse()
    .unwrap();
    Shard {
        id,
        stage: "dimuon".parse().unwrap(),
        source: Source::Entries,
        beside: ThinVec::new(),
        wholes: ThinVec::new(),
        dataset: "D".into(),
        file: std::sync::Arc::new(FileIdentity {
            url: url.to_owned(),
            size: 1,
            state: String::from("0a"),
        }),
        tree: "Events".into(),
        entries: 0..10,
        certified_events: 10,
        lumis: None,
        dropped: lumimill_common::entry_set::EntrySet::default(),
        packed: ThinVec::new(),
    }
}

fn plan(batches: &[RecordBatch]) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap()))
        .set_key_value_metadata(Some(vec![KeyValue::new(
            String::from("lumimill.plan"),
            VERSION.to_string(),
        )]))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema(), Some(properties)).unwrap();
    let version = VERSION.to_string();
    let mut seal = Seal::of([("lumimill.plan", version.as_str())].into_iter());
    for batch in batches {
        writer.write(batch).unwrap();
        seal.rows(batch).unwrap();
    }
    writer.append_key_value_metadata(KeyValue::new(SEAL.to_owned(), seal.digits()));
    writer.into_inner().unwrap()
}

fn refused(bytes: Vec<u8>) -> String {
    match ShardTable::from_parquet(bytes) {
        Err(error @ ShardTableError::Bomb(_)) => error.to_string(),
        other => panic!("read: {:?}", other.map(|table| table.shards.len())),
    }
}

#[test]
fn the_shards_of_a_plan_are_read() {
    let url = "s3://data/".to_owned() + &"folder/".repeat(100) + "a.root";
    let shards: Vec<Shard> = (1..20_000).map(|number| shard(number, &url)).collect();
    let batches: Vec<_> = shards
        .chunks(ROWS)
        .map(|some| rows(&schema(), some, false).unwrap())
        .collect();
    let table = ShardTable::from_parquet(plan(&batches)).unwrap();
    assert_eq!(table.shards, shards);
}

#[test]
fn what_was_dropped_is_kept_apart() {
    let shards: Vec<Shard> = (1..4).map(|number| shard(number, "a.root")).collect();
    let of = |some, is_dropped| rows(&schema(), some, is_dropped).unwrap();
    let bytes = plan(&[of(&shards[..2], false), of(&shards[2..], true)]);
    let table = ShardTable::from_parquet(bytes).unwrap();
    assert_eq!(
        (table.shards, table.dropped),
        (shards[..2].to_vec(), shards[2..].to_vec())
    );
}

/// Cutting one of two that read one another would go round in circles.
#[test]
fn a_shard_that_reads_rows_comes_after_the_one_that_has_them() {
    let parent = shard(1, "a.root");
    let mut child = shard(2, "a.root");
    child.source = Source::Rows(parent.id);
    let mut circle = shard(3, "a.root");
    circle.source = Source::Rows(circle.id);
    let read = |shards: &[Shard]| {
        ShardTable::from_parquet(plan(&[rows(&schema(), shards, false).unwrap()]))
    };
    let chain = [parent.clone(), child.clone()];
    assert_eq!(read(&chain).unwrap().shards, chain);
    for wrong in [
        vec![child.clone()],
        vec![child.clone(), parent],
        vec![circle],
    ] {
        let told = read(&wrong).unwrap_err().to_string();
        assert!(told.contains("reads the rows of"), "{told}");
    }
}

#[test]
fn a_plan_of_more_shards_than_its_bytes_can_say_is_refused() {
    let same = rows(&schema(), &vec![shard(1, "a.root"); ROWS], false).unwrap();
    let bytes = plan(&vec![same; 30]);
    assert!(bytes.len() < 100_000, "{} bytes", bytes.len());
    assert!(refused(bytes).contains("more shards"));
}

#[test]
fn a_plan_that_says_one_long_text_in_every_row_is_refused() {
    let url = "x".repeat(400_000);
    let shards: Vec<Shard> = (1..200).map(|number| shard(number, &url)).collect();
    let bytes = plan(&[rows(&schema(), &shards, false).unwrap()]);
    assert!(bytes.len() < 100_000, "{} bytes", bytes.len());
    assert!(refused(bytes).contains("than"));
}

#[test]
fn a_plan_whose_pages_unpack_to_hundreds_of_megabytes_is_refused() {
    let url = "x".repeat(100 << 20);
    let bytes = plan(&[rows(&schema(), &[shard(1, &url)], false).unwrap()]);
    assert!(bytes.len() < 1 << 20, "{} bytes", bytes.len());
    let error = refused(bytes);
    assert!(error.contains("a page of 1048"), "{error}");
}

#[test]
fn a_damaged_plan_is_an_error() {
    let whole = plan(&[rows(&schema(), &[shard(1, "a.root")], false).unwrap()]);
    for at in 0..whole.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            if let Ok(table) = ShardTable::from_parquet(bytes) {
                assert_eq!(table.shards, [shard(1, "a.root")]);
            }
        }
    }
}

/// A good table would be taken for one that nobody wants, and a file for one with fewer events.
#[test]
fn a_plan_whose_rows_or_metadata_were_changed_by_hand_is_refused() {
    let shards: Vec<Shard> = (1..4).map(|number| shard(number, "a.root")).collect();
    let of = |shards: &[Shard], is_dropped| rows(&schema(), shards, is_dropped).unwrap();
    let written = |seal: Seal, batches: &[RecordBatch], version: u64| {
        let mut writer = ArrowWriter::try_new(Vec::new(), schema(), None).unwrap();
        for batch in batches {
            writer.write(batch).unwrap();
        }
        let said = [
            ("lumimill.plan", version.to_string()),
            (SEAL, seal.digits()),
        ];
        for (key, value) in said {
            writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        ShardTable::from_parquet(writer.into_inner().unwrap())
    };
    let sealed = |said: &str| {
        let mut seal = Seal::of([("lumimill.plan", said)].into_iter());
        seal.rows(&of(&shards, false)).unwrap();
        seal
    };
    let now = VERSION.to_string();
    let batches = [of(&shards[..1], false), of(&shards[1..], false)];
    assert_eq!(
        written(sealed(&now), &batches, VERSION).unwrap().shards,
        shards
    );
    let mut fewer = shards.clone();
    fewer[1].certified_events = 9;
    for changed in [
        vec![of(&shards, true)],
        vec![of(&shards[1..], false)],
        vec![of(&fewer, false)],
        vec![of(&shards, false), of(&shards[..1], false)],
    ] {
        let told = written(sealed(&now), &changed, VERSION).unwrap_err();
        assert!(matches!(told, ShardTableError::Changed), "{told}");
    }
    let told = written(sealed("another"), &batches, VERSION).unwrap_err();
    assert!(matches!(told, ShardTableError::Changed), "{told}");
}
