//! A hash of named fields: what ids and digests are made of.
//!
//! A field is hashed with its name and its kind, so that no two lists of fields hash alike; one
//! that has its default is left out by whoever hashes, so that a field that is added later leaves
//! every hash of before as it was. The names are part of the hashes: renaming one changes them.

use std::fmt;

/// A hash that is being made. The order of its fields counts.
#[derive(Debug, Clone)]
pub struct FieldHash(blake3::Hasher);

/// Kinds of fields.
const TEXT: u8 = b't';
const NUMBER: u8 = b'n';
const FLOAT: u8 = b'f';
const FLAG: u8 = b'b';
const BYTES: u8 = b'y';
const LIST: u8 = b'l';
const PART: u8 = b'p';

impl FieldHash {
    /// The hash of a thing of this kind, without fields so far.
    #[must_use]
    pub fn of(kind: &str) -> Self {
        let mut hash = Self(blake3::Hasher::new());
        hash.framed(kind.as_bytes());
        hash
    }

    /// A text.
    pub fn text(&mut self, name: &str, value: impl AsRef<str>) -> &mut Self {
        self.field(TEXT, name, value.as_ref().as_bytes())
    }

    /// A text that may be left out.
    pub fn text_if(&mut self, name: &str, value: Option<impl AsRef<str>>) -> &mut Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// A whole number.
    pub fn number(&mut self, name: &str, value: u64) -> &mut Self {
        self.field(NUMBER, name, &value.to_le_bytes())
    }

    /// A floating-point number, by its bits.
    pub fn float(&mut self, name: &str, value: f64) -> &mut Self {
        self.field(FLOAT, name, &value.to_bits().to_le_bytes())
    }

    /// That something is so; nothing where it is not.
    pub fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        match value {
            true => self.field(FLAG, name, &[]),
            false => self,
        }
    }

    /// Bytes.
    pub fn bytes(&mut self, name: &str, value: &[u8]) -> &mut Self {
        self.field(BYTES, name, value)
    }

    /// Texts, in their order; nothing where there are none.
    pub fn texts(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> &mut Self {
        let texts = values.into_iter().map(|value| {
            let mut text = Self::of("");
            text.text("", value);
            text
        });
        self.parts(name, texts)
    }

    /// Something that has fields of its own.
    pub fn part(&mut self, name: &str, part: &Self) -> &mut Self {
        self.field(PART, name, part.0.finalize().as_bytes())
    }

    /// Things that have fields of their own, in their order; nothing where there are none.
    pub fn parts(&mut self, name: &str, parts: impl IntoIterator<Item = Self>) -> &mut Self {
        let mut hashes = Vec::new();
        for part in parts {
            hashes.extend_from_slice(part.0.finalize().as_bytes());
        }
        match hashes.is_empty() {
            true => self,
            false => self.field(LIST, name, &hashes),
        }
    }

    /// The hash.
    #[must_use]
    pub fn finish(&self) -> blake3::Hash {
        self.0.finalize()
    }

    fn field(&mut self, kind: u8, name: &str, value: &[u8]) -> &mut Self {
        self.0.update(&[kind]);
        self.framed(name.as_bytes());
        self.framed(value);
        self
    }

    fn framed(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
}

/// In hexadecimal.
impl fmt::Display for FieldHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.finish().to_hex())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::FieldHash;

    fn hash(fill: impl Fn(&mut FieldHash)) -> String {
        let mut hash = FieldHash::of("thing");
        fill(&mut hash);
        hash.to_string()
    }

    #[test]
    fn what_is_not_said_is_not_hashed() {
        let bare = hash(|_| ());
        let said_nothing = hash(|it| {
            it.text_if("a", None::<&str>)
                .flag("b", false)
                .texts("c", [""; 0])
                .parts("d", []);
        });
        assert_eq!(bare, said_nothing);
    }

    #[test]
    fn no_two_lists_of_fields_hash_alike() {
        let part = |text: &str| {
            let mut part = FieldHash::of("part");
            part.text("x", text);
            part
        };
        let hashes = [
            hash(|_| ()),
            hash(|it| {
                it.text("a", "bc");
            }),
            hash(|it| {
                it.text("ab", "c");
            }),
            hash(|it| {
                it.text("a", "b").text("c", "");
            }),
            hash(|it| {
                it.texts("a", ["bc"]);
            }),
            hash(|it| {
                it.texts("a", ["b", "c"]);
            }),
            hash(|it| {
                it.texts("a", ["b"]).texts("a", ["c"]);
            }),
            hash(|it| {
                it.texts("a", [""]);
            }),
            hash(|it| {
                it.bytes("a", b"bc");
            }),
            hash(|it| {
                it.flag("a", true);
            }),
            hash(|it| {
                it.number("a", 1);
            }),
            hash(|it| {
                it.float("a", 1.0);
            }),
            hash(|it| {
                it.float("a", f64::from_bits(1));
            }),
            hash(|it| {
                it.part("a", &part("y"));
            }),
            hash(|it| {
                it.parts("a", [part("y")]);
            }),
            hash(|it| {
                it.parts("a", [part("y"), part("z")]);
            }),
            hash(|it| {
                it.parts("a", [part("z"), part("y")]);
            }),
            FieldHash::of("thin").to_string(),
        ];
        let distinct: BTreeSet<&String> = hashes.iter().collect();
        assert_eq!(distinct.len(), hashes.len());
    }
}
