//! Files of models: in a folder, in S3-compatible storage or of a CCDB, with the files beside them
//! that their tensors lie in.

use std::path::Path;

use lumimill_common::campaign::is_ccdb;
use lumimill_common::small_file::SmallFile;
use lumimill_common::spelling::spelled_out;
use lumimill_common::store::S3Address;
use lumimill_worker::input;
use lumimill_worker::score::with_external_data;

/// A file of a model, or one beside it.
const MODEL: SmallFile = SmallFile {
    what: "a model (ONNX)",
    most: 256 << 20,
};

/// The bytes of a model by the path that a campaign in folder `base` has for it: one file, whatever
/// it is of.
pub(crate) fn bytes(base: &Path, path: &str) -> Result<Vec<u8>, String> {
    if is_ccdb(path) {
        let mut beside = |_: &str| {
            Err(String::from(
                "of a CCDB, a model is a single object, with all of its tensors in it",
            ))
        };
        return with_external_data(of_ccdb(path)?, MODEL.most, &mut beside);
    }
    if S3Address::is_meant(path) {
        let folder = path.rsplit_once('/').map_or(path, |(folder, _)| folder);
        let mut beside = |location: &str| input::whole(&format!("{folder}/{location}"), MODEL.most);
        return with_external_data(input::whole(path, MODEL.most)?, MODEL.most, &mut beside);
    }
    let plain = spelled_out(path).map_err(|error| error.to_string())?;
    of_file(&base.join(plain))
}

/// The bytes of a model in a folder.
pub(crate) fn of_file(path: &Path) -> Result<Vec<u8>, String> {
    let read = |path: &Path| MODEL.read(path).map_err(|error| error.to_string());
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut beside = |location: &str| {
        let path = folder.join(location);
        stays_below(folder, &path)?;
        read(&path)
    };
    with_external_data(read(path)?, MODEL.most, &mut beside)
}

/// Refuses a path that a link leads out of a folder: a model of somebody else may name any file.
fn stays_below(folder: &Path, path: &Path) -> Result<(), String> {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let real = |path: &Path| path.canonicalize().map_err(|error| error.to_string());
    match real(path)?.starts_with(real(folder)?) {
        true => Ok(()),
        false => Err(String::from("a link leads out of the model's folder")),
    }
}

#[cfg(feature = "s3")]
fn of_ccdb(url: &str) -> Result<Vec<u8>, String> {
    crate::ccdb::object(url)
}

#[cfg(not(feature = "s3"))]
fn of_ccdb(_url: &str) -> Result<Vec<u8>, String> {
    Err(String::from(
        "this program was built without a client for the web (cargo feature `s3`)",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_out_of_the_folder_of_a_model_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join("secret"), "x").unwrap();
        std::fs::write(folder.path().join("weights"), "x").unwrap();
        let link = |to: &Path, name: &str| {
            std::os::unix::fs::symlink(to, folder.path().join(name)).unwrap();
        };
        link(&other.path().join("secret"), "file");
        link(other.path(), "folder");
        link(Path::new("weights"), "inside");
        for (location, is_ours) in [
            ("weights", true),
            ("inside", true),
            ("file", false),
            ("folder/secret", false),
        ] {
            let stays = stays_below(folder.path(), &folder.path().join(location));
            assert_eq!(stays.is_ok(), is_ours, "{location}: {stays:?}");
        }
    }
}
