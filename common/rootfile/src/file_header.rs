//! What the first bytes of a ROOT file say.

use crate::cursor::{Cursor, Malformed};

/// File versions from here on have eight-byte seeks. One that is negative has not: the sign is
/// a writer's mistake (uproot's, when it updated files), and says nothing of sizes.
const WIDE_VERSION: i32 = 1_000_000;

/// The header of a file.
#[derive(Debug)]
pub(crate) struct FileHeader {
    /// Where the first record begins: that of the top directory.
    pub(crate) begin: u32,
    /// Where the last record ended when the header was written.
    pub(crate) end: u64,
    /// Where, in the first record, the top directory is.
    pub(crate) name_length: u32,
    /// Where the description of the file's classes is, and its length.
    pub(crate) classes_record: (u64, u32),
    pub(crate) uuid: [u8; 16],
}

impl FileHeader {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::starting_at(bytes, 4)?;
        let version = cursor.i32()?;
        let wide = version >= WIDE_VERSION;
        let begin = cursor.u32()?;
        let end = cursor.seek_pointer(wide)?;
        cursor.seek_pointer(wide)?; // the list of free segments
        cursor.skip(8)?; // its length and count
        let name_length = cursor.u32()?;
        cursor.skip(5)?; // bytes a seek, compression
        let classes_record = (cursor.seek_pointer(wide)?, cursor.u32()?);
        let uuid = read_uuid(&mut cursor, begin).unwrap_or_default();
        Ok(FileHeader {
            begin,
            end,
            name_length,
            classes_record,
            uuid,
        })
    }
}

fn read_uuid(cursor: &mut Cursor<'_>, begin: u32) -> Option<[u8; 16]> {
    if cursor.position() + 18 > begin as usize {
        return None;
    }
    cursor.skip(2).ok()?;
    cursor.take(16).ok()?.try_into().ok()
}

/// What a file that is not ROOT's starts with.
pub(crate) fn describe(start: &[u8]) -> String {
    match start {
        [] => "it is empty".to_owned(),
        bytes => {
            let first = bytes.get(..4).unwrap_or(bytes);
            format!("it starts with \"{}\"", first.escape_ascii())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn what_is_no_root_file_is_shown_escaped_once() {
        assert_eq!(describe(b"hi\n\"there"), "it starts with \"hi\\n\\\"\"");
        assert_eq!(
            describe(b"PK\x03\x04more"),
            "it starts with \"PK\\x03\\x04\""
        );
    }
}
