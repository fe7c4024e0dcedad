//! Where the files of models come from.

/// Gives the bytes of a model file by the path that the campaign has for it.
pub type ModelFiles<'a> = dyn Fn(&str) -> Result<Vec<u8>, String> + 'a;
