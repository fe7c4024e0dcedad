//! Small models that ask for more memory than there is are refused in words; `make_hostile_models.py` makes
//! them.

use std::path::Path;

use lumimill_worker::score::Model;

#[test]
fn small_models_that_ask_for_much_are_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile_models");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.len() < 200_000, "{}", path.display());
        let refused = Model::from_bytes("hostile", &bytes);
        let told = refused.map(|_| ()).unwrap_err().to_string();
        assert!(told.contains("columns"), "{}: {told}", path.display());
        count += 1;
    }
    assert_eq!(count, 6);
}
