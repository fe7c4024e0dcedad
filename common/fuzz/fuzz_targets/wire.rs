//! Messages from any bytes: an error, or the one content whose encoding they are; with the
//! checksum put right first, so that the decoder behind it is reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_common::job::{Beat, Job, JobReport};
use lumimill_common::wire::{Content, decode, encode};

const HEADER: usize = 16;

fuzz_target!(|bytes: &[u8]| {
    check::<Job>(bytes);
    check::<JobReport>(bytes);
    check::<Beat>(bytes);
    sealed::<Job>(bytes);
    sealed::<JobReport>(bytes);
    sealed::<Beat>(bytes);
});

fn check<T: Content>(bytes: &[u8]) {
    if let Ok(content) = decode::<T>(bytes) {
        let again = encode(&content).expect("it was read");
        // Of an older version it is another encoding of the same.
        match bytes.get(6..8) == again.get(6..8) {
            true => assert_eq!(again, bytes),
            false => assert_eq!(encode(&decode::<T>(&again).expect("written")), Ok(again)),
        }
    }
}

/// Takes the bytes as a payload, in an envelope that is right.
fn sealed<T: Content>(payload: &[u8]) {
    let mut bytes = Vec::with_capacity(HEADER + payload.len());
    bytes.extend_from_slice(b"LMIL");
    bytes.extend_from_slice(&[1, T::KIND]);
    bytes.extend_from_slice(&T::VERSION.to_le_bytes());
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes);
    hasher.update(payload);
    bytes.extend_from_slice(&hasher.finalize().to_le_bytes());
    bytes.extend_from_slice(payload);
    check::<T>(&bytes);
}
