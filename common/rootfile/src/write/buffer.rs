//! A big-endian byte buffer that knows ROOT's object framing: byte counts, versions, class tags
//! and back references. Offsets of tags count from the start of the key that will hold the
//! buffer, so its length is asked for at the start.

use std::collections::HashMap;

const BYTE_COUNT: u32 = 0x4000_0000;
const NEW_CLASS: u32 = 0xFFFF_FFFF;
const KNOWN_CLASS: u32 = 0x8000_0000;
/// ROOT adds 2 to every mapped offset, so that 0 and 1 stay free for "null" and "self".
const MAP_OFFSET: u32 = 2;

/// Where an object lies, for later references to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ObjectRef(u32);

/// Bytes of one streamed record.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    key_length: u32,
    classes: HashMap<&'static str, u32>,
}

impl Buffer {
    /// An empty buffer for the payload of a key of `key_length` bytes.
    pub(super) fn new(key_length: u32) -> Self {
        Self {
            bytes: Vec::new(),
            key_length,
            classes: HashMap::new(),
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn i32(&mut self, value: i32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn i64(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn f64(&mut self, value: f64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A `TString`: one length byte, or 255 and a 32-bit length.
    pub(super) fn string(&mut self, text: &str) {
        match u8::try_from(text.len()) {
            Ok(length) if length < 255 => self.u8(length),
            _ => {
                self.u8(255);
                self.u32(text.len() as u32);
            }
        }
        self.raw(text.as_bytes());
    }

    /// A byte count, a version, and the body they frame.
    pub(super) fn versioned(&mut self, version: u16, body: impl FnOnce(&mut Self)) {
        let start = self.open_count();
        self.u16(version);
        body(self);
        self.close_count(start);
    }

    /// An object behind a pointer: byte count, class tag, then what `body` streams.
    pub(super) fn object(
        &mut self,
        class: &'static str,
        body: impl FnOnce(&mut Self),
    ) -> ObjectRef {
        let start = self.open_count();
        let tag_offset = self.offset();
        match self.classes.get(class) {
            Some(offset) => self.u32(KNOWN_CLASS | offset),
            None => {
                self.classes.insert(class, tag_offset + MAP_OFFSET);
                self.u32(NEW_CLASS);
                self.raw(class.as_bytes());
                self.u8(0);
            }
        }
        body(self);
        self.close_count(start);
        ObjectRef(self.key_length + start as u32 + MAP_OFFSET)
    }

    /// A pointer to an object that was written before; `None` is a null pointer.
    pub(super) fn pointer(&mut self, target: Option<ObjectRef>) {
        self.u32(target.map_or(0, |ObjectRef(offset)| offset));
    }

    /// A bare `TObject` with these status bits.
    pub(super) fn root_object(&mut self, bits: u32) {
        self.u16(1);
        self.u32(0);
        self.u32(bits);
    }

    /// A `TNamed`.
    pub(super) fn named(&mut self, name: &str, title: &str) {
        self.versioned(1, |b| {
            b.root_object(0);
            b.string(name);
            b.string(title);
        });
    }

    /// A `TObjArray` held by value; `items` must stream exactly `length` pointers.
    pub(super) fn object_array(&mut self, length: usize, items: impl FnOnce(&mut Self)) {
        self.versioned(3, |b| {
            b.root_object(0);
            b.string("");
            b.i32(length as i32);
            b.i32(0);
            items(b);
        });
    }

    fn offset(&self) -> u32 {
        self.key_length + self.bytes.len() as u32
    }

    fn open_count(&mut self) -> usize {
        let start = self.bytes.len();
        self.u32(0);
        start
    }

    fn close_count(&mut self, start: usize) {
        let count = (self.bytes.len() - start - 4) as u32 | BYTE_COUNT;
        if let Some(place) = self.bytes.get_mut(start..start + 4) {
            place.copy_from_slice(&count.to_be_bytes());
        }
    }
}
