//! Forms of what is kept in a store: every kind of record has a number for the way in which it is
//! written, so that what a newer version wrote is told from what is damaged.
//!
//! A record is a JSON object with its number under `form`, or JSON whose first line is one. Whoever
//! adds a field that older versions would refuse, or means another thing by the same bytes, raises
//! the number of that kind.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Key of the number.
const KEY: &str = "form";

/// A record that is kept as a JSON object.
pub trait Stored: Serialize + DeserializeOwned {
    /// The form that is written.
    const FORM: u64;
    /// The oldest form that is read; 0 is that without a number.
    const OLDEST: u64;
}

/// Why a record cannot be read; whoever knows says which one it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Another version knows what to do with it; nobody may replace or remove it.
    #[error(
        "written by a newer version of lumimill (form {found}, this one reads {reads}); upgrade"
    )]
    Newer {
        /// Its form.
        found: u64,
        /// The newest form that this version reads.
        reads: u64,
    },
    /// Of a form that is not read any more.
    #[error("written by an older version of lumimill (form {found}, this one reads {reads})")]
    Older {
        /// Its form; 0 when it has no number.
        found: u64,
        /// The oldest form that this version reads.
        reads: u64,
    },
    /// Not what anybody wrote.
    #[error("damaged: {0}")]
    Damaged(String),
}

impl FormError {
    /// Whether a newer version wrote it.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        matches!(self, Self::Newer { .. })
    }
}

/// Checks a number against the forms that are read.
///
/// # Errors
/// When it is newer, or older.
pub fn check(found: u64, oldest: u64, newest: u64) -> Result<(), FormError> {
    if found > newest {
        return Err(FormError::Newer {
            found,
            reads: newest,
        });
    }
    if found < oldest {
        return Err(FormError::Older {
            found,
            reads: oldest,
        });
    }
    Ok(())
}

/// The number in the first JSON value of some bytes; 0 when it has none.
///
/// # Errors
/// When they do not begin with a JSON object, or its number is none.
pub fn number(bytes: &[u8]) -> Result<u64, FormError> {
    #[derive(Deserialize)]
    struct Numbered {
        #[serde(default)]
        form: u64,
    }
    let damaged = |reason: String| FormError::Damaged(reason);
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(damaged(String::from("it is no JSON object")));
    }
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Numbered>();
    match values.next() {
        Some(Ok(numbered)) => Ok(numbered.form),
        Some(Err(error)) => Err(damaged(error.to_string())),
        None => Err(damaged(String::from("it is no JSON object"))),
    }
}

/// The bytes of a record.
///
/// # Errors
/// When it cannot be written as a JSON object.
pub fn write<T: Stored>(record: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut value = serde_json::to_value(record)?;
    let object = value.as_object_mut();
    let object = object.ok_or_else(|| serde::ser::Error::custom("a record is an object"))?;
    object.insert(KEY.to_owned(), T::FORM.into());
    serde_json::to_vec_pretty(&value)
}

/// Reads a record.
///
/// # Errors
/// When it is of a form that is not read, or damaged.
pub fn read<T: Stored>(bytes: &[u8]) -> Result<T, FormError> {
    let damaged = |error: serde_json::Error| FormError::Damaged(error.to_string());
    check(number(bytes)?, T::OLDEST, T::FORM)?;
    let mut value: Value = serde_json::from_slice(bytes).map_err(damaged)?;
    if let Some(object) = value.as_object_mut() {
        object.remove(KEY);
    }
    serde_json::from_value(value).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Note {
        text: String,
    }

    impl Stored for Note {
        const FORM: u64 = 2;
        const OLDEST: u64 = 1;
    }

    fn message(text: &str) -> String {
        read::<Note>(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_record_comes_back() {
        let note = Note {
            text: String::from("a"),
        };
        let bytes = write(&note).unwrap();
        assert_eq!(number(&bytes), Ok(2));
        assert_eq!(read::<Note>(&bytes), Ok(note));
    }

    #[test]
    fn a_newer_form_is_never_called_damaged() {
        let newer = "written by a newer version of lumimill (form 3, this one reads 2); upgrade";
        assert_eq!(message(r#"{"form": 3, "words": ["a"]}"#), newer);
        assert_eq!(message("{\"form\": 3}\nanything else\0"), newer);
        assert_eq!(
            message(r#"{"text": "a"}"#),
            "written by an older version of lumimill (form 0, this one reads 1)"
        );
    }

    #[test]
    fn what_is_no_record_is_damaged() {
        for text in [
            "",
            "[]",
            "7",
            "{",
            r#"{"form": -1}"#,
            r#"{"form": "2", "text": "a"}"#,
            r#"{"form": 2, "text": "a", "colour": 1}"#,
            r#"{"form": 2, "form": 2, "text": "a"}"#,
            r#"{"form": 2, "text": "a"} more"#,
        ] {
            assert!(message(text).starts_with("damaged: "), "{text}");
        }
    }
}
