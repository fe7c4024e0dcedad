//! What is accepted is exactly what was written; everything else is an error that says why.

use proptest::prelude::*;

use super::{Content, HEADER, LIMIT, WireError, decode, encode};
use crate::failure::{Failure, FailureKind};
use crate::job::{Beat, Job, JobOutcome, JobReport, Running};
use crate::marker::pack::LARGEST;

const SHARD: &str = "000102030405060708090a0b0c0d0e0f";

/// Version 2 of a job, as it must be read for as long as version 2 is.
const GOLDEN_JOB: &str = concat!(
    "4c4d494c0101020051000000b7fcb90004000000000000006d696e69060000000000000063306666",
    "6565060000000000000064696d756f6e200000000000000030303031303230333034303530363037",
    "3038303930613062306330643065306601",
);
/// Version 3 of a report.
const GOLDEN_REPORT: &str = concat!(
    "4c4d494c01020300930000007b7cd93504000000000000006d696e69060000000000000063306666",
    "6565060000000000000064696d756f6e200000000000000030303031303230333034303530363037",
    "303830393061306230633064306530660600000000000000686f73742d3102000000010000000000",
    "0000050000000000000073746f726503000000000000006f7574090000000000000074696d656420",
    "6f7574",
);

/// Version 2 of a heartbeat.
const GOLDEN_BEAT: &str = concat!(
    "4c4d494c010302009c000000d6724ab10600000000000000686f73742d3103000000000000006370",
    "7502000000010000000000000004000000000000006d696e69200000000000000030303031303230",
    "33303430353036303730383039306130623063306430653066010000000300000000000000040000",
    "00000000000500000000000000060000000000000007000000000000000800000000000000010500",
    "00000000000073746f726501",
);

fn job() -> Job {
    Job {
        campaign: "mini".parse().expect("a name"),
        plan: String::from("c0ffee"),
        stage: "dimuon".parse().expect("a name"),
        shard: SHARD.parse().expect("an id"),
        is_new: true,
    }
}

fn report() -> JobReport {
    JobReport {
        campaign: "mini".parse().expect("a name"),
        plan: String::from("c0ffee"),
        stage: "dimuon".parse().expect("a name"),
        worker: String::from("host-1"),
        shard: SHARD.parse().expect("an id"),
        attempt: 2,
        outcome: JobOutcome::Retrying {
            failure: Failure::retry(FailureKind::Store, "out", "timed out"),
        },
    }
}

fn beat() -> Beat {
    Beat {
        worker: String::from("host-1"),
        pool: String::from("cpu"),
        slots: 2,
        running: vec![Running {
            campaign: "mini".parse().expect("a name"),
            shard: SHARD.parse().expect("an id"),
            attempt: 1,
            seconds: 3,
            entries: 4,
        }],
        entries: 5,
        done: 6,
        failed: 7,
        memory: 8,
        resting: Some(String::from("store")),
        ended: true,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes the checksum that belongs to bytes that a test has changed.
fn seal(bytes: &mut [u8]) {
    let checksum = super::checksum(&bytes[..HEADER - 4], &bytes[HEADER..]);
    bytes[HEADER - 4..HEADER].copy_from_slice(&checksum.to_le_bytes());
}

#[test]
fn what_travels_is_written_as_ever() {
    assert_eq!(hex(&encode(&job()).expect("a job")), GOLDEN_JOB);
    assert_eq!(hex(&encode(&report()).expect("a report")), GOLDEN_REPORT);
    assert_eq!(hex(&encode(&beat()).expect("a heartbeat")), GOLDEN_BEAT);
}

#[test]
fn what_was_written_is_read() {
    assert_eq!(decode(&encode(&job()).expect("a job")), Ok(job()));
    assert_eq!(decode(&encode(&report()).expect("a report")), Ok(report()));
}

/// A worker that was not replaced yet tells no markers, and is understood.
#[test]
fn reports_of_the_version_before_are_read() {
    for outcome in [report().outcome, JobOutcome::Done { rows: 7 }] {
        let told = JobReport {
            outcome,
            ..report()
        };
        let mut bytes = encode(&told).expect("a report");
        bytes[6] = 2;
        seal(&mut bytes);
        assert_eq!(decode(&bytes), Ok(told));
        bytes[6] = 1;
        seal(&mut bytes);
        let error = decode::<JobReport>(&bytes).expect_err("an old report");
        assert!(matches!(error, WireError::Version { .. }), "{error}");
    }
}

#[test]
fn a_marker_of_the_largest_size_travels() {
    let told = JobReport {
        outcome: JobOutcome::Marked {
            rows: 1,
            marker: "x".repeat(LARGEST),
        },
        ..report()
    };
    assert_eq!(decode(&encode(&told).expect("a report")), Ok(told));
}

#[test]
fn errors_name_what_was_found() {
    let whole = encode(&job()).expect("a job");
    let with = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    let mut long = whole.clone();
    long.push(0);
    let mut cases = vec![
        ("nothing", Vec::new()),
        ("text", b"hello, is this a worker?".to_vec()),
        ("oversized", vec![0; LIMIT + 1]),
        ("next format", with(4, 2)),
        ("a report", encode(&report()).expect("a report")),
        ("next version", with(6, 3)),
        ("truncated", whole[..whole.len() - 1].to_vec()),
        ("longer", long),
        ("damaged", with(whole.len() - 1, b'x')),
    ];
    let mut escaping = whole.clone();
    let campaign = HEADER + 8;
    escaping[campaign..campaign + 4].copy_from_slice(b"../x");
    seal(&mut escaping);
    cases.push(("a campaign that leaves its folder", escaping));
    let mut lines = String::new();
    for (name, bytes) in cases {
        let error = decode::<Job>(&bytes).expect_err(name);
        lines += &format!("{name}: {error}\n");
    }
    insta::assert_snapshot!(lines, @r#"
    nothing: 0 bytes, too short for an envelope of 16; not a message of lumimill
    text: begins with hell, not with "LMIL"; not a message of lumimill
    oversized: 65537 bytes, at most 65536 are read or written; a message carries references only
    next format: payload format 2, this build reads 1; written by a newer lumimill
    a report: kind 2, expected job (1); was it published to the wrong queue?
    next version: job of version 3, this build reads 2; use the same version of lumimill everywhere
    truncated: the envelope announces 81 bytes, 80 follow
    longer: the envelope announces 81 bytes, 82 follow
    damaged: checksum 2960352f, the envelope says 00b9fcb7; the message is damaged
    a campaign that leaves its folder: job cannot be coded: "../x" is not a name: expected 1 to 100 letters, digits, '-', '_' or '.', beginning with a letter or a digit
    "#);
}

#[test]
fn bytes_after_the_content_are_an_error() {
    let mut bytes = encode(&job()).expect("a job");
    bytes.push(0);
    let length = u32::try_from(bytes.len() - HEADER).expect("short");
    bytes[8..12].copy_from_slice(&length.to_le_bytes());
    seal(&mut bytes);
    assert!(matches!(
        decode::<Job>(&bytes),
        Err(WireError::Trailing { .. })
    ));
}

#[test]
fn hostile_lengths_are_not_allocated() {
    let mut bytes = encode(&job()).expect("a job");
    bytes[HEADER..HEADER + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    seal(&mut bytes);
    assert!(matches!(
        decode::<Job>(&bytes),
        Err(WireError::Payload { .. })
    ));
}

#[test]
fn too_large_a_message_is_not_written() {
    let mut large = job();
    large.plan = "x".repeat(LIMIT);
    assert!(encode(&large).is_err());
}

/// Either an error, or the one content whose encoding these bytes are.
fn reads_only_what_it_writes<T: Content>(bytes: &[u8]) {
    if let Ok(content) = decode::<T>(bytes) {
        assert_eq!(encode(&content).as_deref(), Ok(bytes));
    }
}

proptest! {
    #[test]
    fn one_changed_byte_is_noticed(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let mut bytes = encode(&report()).expect("a report");
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(decode::<JobReport>(&bytes).is_err());
    }

    #[test]
    fn cut_messages_are_noticed(at in any::<prop::sample::Index>()) {
        let bytes = encode(&job()).expect("a job");
        prop_assert!(decode::<Job>(&bytes[..at.index(bytes.len())]).is_err());
    }

    #[test]
    fn mutated_payloads_are_errors_or_themselves(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in 0..20usize,
    ) {
        for mut bytes in [encode(&job()), encode(&report())].map(|bytes| bytes.expect("a message")) {
            for (at, byte) in &changes {
                let at = HEADER + at.index(bytes.len() - HEADER);
                bytes[at] = *byte;
            }
            bytes.truncate(bytes.len() - cut);
            let length = u32::try_from(bytes.len() - HEADER).expect("short");
            bytes[8..12].copy_from_slice(&length.to_le_bytes());
            seal(&mut bytes);
            reads_only_what_it_writes::<Job>(&bytes);
            reads_only_what_it_writes::<JobReport>(&bytes);
        }
    }
}

#[test]
fn version_1_is_read_as_ever() {
    let bytes = |hex: &str| -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().collect();
        let text = digits
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).expect("digits"));
        text.map(|pair| u8::from_str_radix(pair, 16).expect("digits"))
            .collect()
    };
    assert_eq!(decode(&bytes(GOLDEN_JOB)), Ok(job()));
    assert_eq!(decode(&bytes(GOLDEN_REPORT)), Ok(report()));
    assert_eq!(decode(&bytes(GOLDEN_BEAT)), Ok(beat()));
}
