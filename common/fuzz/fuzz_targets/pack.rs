//! Packs of markers from any bytes: an error, or markers that make the same pack.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_common::marker::pack::{read, write};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(markers) = read(bytes) {
        assert_eq!(read(&write(markers.iter().copied())).as_ref(), Ok(&markers));
    }
    // What is behind a first line that is right.
    let checksum = blake3::hash(bytes).to_hex();
    let mut sealed = format!("{{\"form\":1,\"checksum\":\"{checksum}\"}}\n").into_bytes();
    sealed.extend_from_slice(bytes);
    if let Ok(markers) = read(&sealed) {
        assert_eq!(read(&write(markers.iter().copied())).as_ref(), Ok(&markers));
    }
});
