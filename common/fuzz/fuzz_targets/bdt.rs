//! BDT configurations: any bytes are refused with every mistake, or read, and written again with the
//! same meaning.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_common::bdt_config::BdtConfig;

fuzz_target!(|data: &[u8]| {
    let config = match BdtConfig::parse(data) {
        Ok(config) => config,
        Err(problems) => {
            assert!(!problems.is_empty());
            return;
        }
    };
    let _ = config.bin_of(20.0, 1.0);
    let cuts: Vec<(usize, usize, f64)> = (0..config.bins.len()).map(|bin| (bin, 0, 0.5)).collect();
    let written = config.with_cuts(&cuts).expect("what was read is written");
    let again = BdtConfig::parse(written.as_bytes()).expect("what was written is read");
    assert_eq!(again.model_files, config.model_files);
    assert!(again.bins.iter().all(|bin| bin.cuts[0].value == 0.5));
});
