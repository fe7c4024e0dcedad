//! Markers from any bytes: what is read can be merged and shown, whatever it counts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_common::marker::Marker;

fuzz_target!(|bytes: &[u8]| {
    // As it is stored, and what is behind its first line, which has the checksum of that.
    let stored = Marker::from_bytes(bytes).ok();
    let Some(marker) = stored.or_else(|| serde_json::from_slice::<Marker>(bytes).ok()) else {
        return;
    };
    let again = marker.to_bytes().expect("a marker as bytes");
    assert_eq!(Marker::from_bytes(&again).as_ref(), Ok(&marker));
    let mut flow = marker.cut_flow.clone();
    flow.merge(&marker.cut_flow).expect("itself");
    for partial in &marker.partials {
        let mut sum = partial.clone();
        sum.merge(partial).expect("itself");
        let _ = sum.dropped();
        drop(serde_json::to_string(&sum.finalise()));
    }
});
