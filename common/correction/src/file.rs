//! A file of corrections.

use std::borrow::Cow;

use libdeflater::Decompressor;
use serde_json::Value;

use crate::correction::Correction;
use crate::error::FileError;
use crate::formula::Formula;
use crate::input::{InputKind, InputVariable};
use crate::list::array;
use crate::node::Reader;

/// Bytes, at most, of a file that was compressed.
const MOST: usize = 256 << 20;

/// Values, at most: in memory each takes far more than in the file.
const MOST_VALUES: usize = 16 << 20;

/// The corrections of a file, by name.
#[derive(Debug, Clone)]
pub struct CorrectionFile {
    corrections: Vec<(String, Result<Correction, FileError>)>,
}

impl CorrectionFile {
    /// Reads JSON of schema version 2. One correction that cannot be evaluated spoils no other: what
    /// is wrong with it is told to who asks for it. Keys that are not known are ignored, as
    /// correctionlib does.
    pub fn parse(json: &[u8]) -> Result<Self, FileError> {
        let json = &*plain(json)?;
        if json.iter().filter(|byte| **byte == b',').count() > MOST_VALUES {
            let what = format!("it has more than {MOST_VALUES} values");
            return Err(FileError::Json(what));
        }
        let file: Value =
            serde_json::from_slice(json).map_err(|error| FileError::Json(error.to_string()))?;
        if file.get("schema_version").and_then(Value::as_u64) != Some(2) {
            let found = file
                .get("schema_version")
                .map_or_else(|| "missing".to_owned(), short);
            return Err(FileError::Schema(found));
        }
        let list = array(file.get("corrections"), "corrections")?;
        let corrections = list
            .iter()
            .enumerate()
            .map(|(index, value)| named(value, &format!("corrections[{index}]")));
        Ok(Self {
            corrections: corrections.collect::<Result<_, _>>()?,
        })
    }

    /// The names of all corrections.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.corrections.iter().map(|(name, _)| name.as_str())
    }

    /// The correction of a name.
    pub fn correction(&self, name: &str) -> Result<&Correction, FileError> {
        let mut corrections = self.corrections.iter();
        let found = corrections.find(|(of, _)| of == name);
        match found {
            Some((_, Ok(correction))) => Ok(correction),
            Some((_, Err(error))) => Err(error.clone()),
            None => Err(FileError::Unknown {
                name: name.to_owned(),
                known: known(self.names()),
            }),
        }
    }
}

/// The text of a file that may be compressed by gzip.
fn plain(bytes: &[u8]) -> Result<Cow<'_, [u8]>, FileError> {
    /// How such a file begins.
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    if !bytes.starts_with(&GZIP) {
        return Ok(Cow::Borrowed(bytes));
    }
    let wrong = |why: &str| FileError::Gzip(why.to_owned());
    // The last four bytes are the size; deflate makes at most 1032 bytes of one.
    let size = bytes
        .last_chunk::<4>()
        .map_or(0, |size| u32::from_le_bytes(*size));
    let size = size as usize;
    if size > MOST {
        return Err(wrong(&format!(
            "it has {size} bytes, at most {MOST} are read"
        )));
    }
    if size / 1100 > bytes.len() {
        return Err(wrong("its size is not that of what it holds"));
    }
    let mut text = vec![0; size];
    let read = Decompressor::new().gzip_decompress(bytes, &mut text);
    let read = read.map_err(|_| wrong("it is damaged, or more than one file"))?;
    text.truncate(read);
    Ok(Cow::Owned(text))
}

/// The first names of many.
fn known<'a>(names: impl Iterator<Item = &'a str>) -> String {
    /// As many as a person reads.
    const NAMED: usize = 8;
    let quoted: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    let more = quoted.len().saturating_sub(NAMED);
    let first = quoted.iter().take(NAMED).cloned().collect::<Vec<_>>();
    match more {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

type Named = (String, Result<Correction, FileError>);

fn named(value: &Value, place: &str) -> Result<Named, FileError> {
    let name = value.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| FileError::content(place, "a correction has a name"))?;
    let place = format!("{place} (\"{name}\")");
    Ok((name.to_owned(), correction(value, name, &place)))
}

fn correction(value: &Value, name: &str, place: &str) -> Result<Correction, FileError> {
    let mut inputs = Vec::new();
    for (index, input) in array(value.get("inputs"), &format!("{place}.inputs"))?
        .iter()
        .enumerate()
    {
        let kind = match input.get("type").and_then(Value::as_str) {
            Some("string") => Some(InputKind::Text),
            Some("int") => Some(InputKind::Int),
            Some("real") => Some(InputKind::Real),
            _ => None,
        };
        let name = input.get("name").and_then(Value::as_str);
        let (Some(name), Some(kind)) = (name, kind) else {
            let what = "an input has a name and a type, string, int or real";
            return Err(FileError::content(
                &format!("{place}.inputs[{index}]"),
                what,
            ));
        };
        inputs.push(InputVariable {
            name: name.to_owned(),
            kind,
        });
    }
    let formulas = match value.get("generic_formulas") {
        None | Some(Value::Null) => Vec::new(),
        some => array(some, &format!("{place}.generic_formulas"))?
            .iter()
            .enumerate()
            .map(|(index, formula)| {
                Formula::read(
                    formula,
                    &format!("{place}.generic_formulas[{index}]"),
                    &inputs,
                )
            })
            .collect::<Result<Vec<_>, _>>()?,
    };
    let data = value
        .get("data")
        .ok_or_else(|| FileError::content(place, "a correction has data"))?;
    let reader = Reader {
        inputs: &inputs,
        formulas: formulas.len(),
    };
    let data = reader.node(data, &format!("{place}.data"))?;
    let categories = inputs.iter().enumerate();
    let categories = categories
        .map(|(index, _)| data.categories(index))
        .collect();
    Ok(Correction {
        name: name.to_owned(),
        inputs,
        formulas,
        data,
        categories,
    })
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}
