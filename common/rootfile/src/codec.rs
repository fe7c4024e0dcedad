//! Decompression of a record: a run of blocks, each with its own codec and sizes.
//!
//! A block begins with nine bytes: two letters that name the codec, a method byte, and the
//! compressed and decompressed sizes as three-byte little-endian numbers (so at most 16 MiB).

use std::fmt;

use libdeflater::{DecompressionError, Decompressor};
use liblzma::stream::{Action, Status, Stream};
use twox_hash::XxHash64;

use crate::cursor::Malformed;
use crate::limit::check_claim;

const BLOCK_HEADER: usize = 9;
/// The checksum before an LZ4 block.
const LZ4_CHECKSUM: usize = 8;
/// Enough for the decoder of the highest LZMA level, which needs 65 MiB.
const LZMA_MEMORY_LIMIT: u64 = 80 << 20;

/// Decompressors that are kept from one record to the next.
pub(crate) struct Codecs {
    deflate: Decompressor,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
}

impl fmt::Debug for Codecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Codecs")
    }
}

/// The codec and sizes at the start of a block.
#[derive(Debug, Clone, Copy)]
struct Block<'a> {
    letters: [u8; 2],
    compressed: &'a [u8],
    length: usize,
}

impl Codecs {
    pub(crate) fn new() -> Self {
        Codecs {
            deflate: Decompressor::new(),
            zstd: None,
        }
    }

    /// Decompresses `stored` into `out`, which afterwards has exactly `length` bytes.
    ///
    /// A record that is as long as its object is not compressed. Memory grows by a block at a
    /// time, so what a damaged header declares is not allocated before it is seen to be there.
    pub(crate) fn decompress(
        &mut self,
        stored: &[u8],
        length: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        check_claim(stored.len(), length)?;
        if stored.len() == length {
            out.clear();
            out.extend_from_slice(stored);
            return Ok(());
        }
        let (mut rest, mut written) = (stored, 0);
        while written < length {
            let (block, after) = split_block(rest, stored.len() - rest.len())?;
            let end = written + block.length;
            if end > length {
                return Err(Malformed::new(format!(
                    "its blocks hold more than the {length} bytes that it declares"
                )));
            }
            if out.len() < end {
                // A block at a time: what is claimed is taken when it is seen to be there.
                out.reserve_exact(end - out.len());
                out.resize(end, 0);
            }
            self.decompress_block(&block, out.get_mut(written..end).unwrap_or_default())?;
            (rest, written) = (after, end);
        }
        out.truncate(length);
        Ok(())
    }

    fn decompress_block(&mut self, block: &Block<'_>, out: &mut [u8]) -> Result<(), Malformed> {
        match &block.letters {
            b"ZL" => self.zlib(block.compressed, out),
            b"CS" => self.old_deflate(block.compressed, out),
            b"XZ" => lzma(block.compressed, out),
            b"L4" => lz4(block.compressed, out),
            b"ZS" => self.zstd(block.compressed, out),
            other => Err(Malformed::new(format!(
                "the compressed data are damaged: a block begins with \"{}\", which is none of ZL, CS, XZ, \
                 L4 and ZS",
                other.escape_ascii()
            ))),
        }
    }

    fn zlib(&mut self, compressed: &[u8], out: &mut [u8]) -> Result<(), Malformed> {
        let written = self
            .deflate
            .zlib_decompress(compressed, out)
            .map_err(|error| damaged("ZLIB", of_deflate(&error)))?;
        exactly("ZLIB", written, out.len())
    }

    fn old_deflate(&mut self, compressed: &[u8], out: &mut [u8]) -> Result<(), Malformed> {
        let written = self
            .deflate
            .deflate_decompress(compressed, out)
            .map_err(|error| damaged("old ROOT deflate", of_deflate(&error)))?;
        exactly("old ROOT deflate", written, out.len())
    }

    fn zstd(&mut self, compressed: &[u8], out: &mut [u8]) -> Result<(), Malformed> {
        let failed = |error| damaged("ZSTD", error);
        if self.zstd.is_none() {
            self.zstd = Some(zstd::bulk::Decompressor::new().map_err(failed)?);
        }
        let Some(zstd) = self.zstd.as_mut() else {
            return Ok(());
        };
        let expected = out.len();
        let written = zstd.decompress_to_buffer(compressed, out).map_err(failed)?;
        exactly("ZSTD", written, expected)
    }
}

fn split_block(bytes: &[u8], at: usize) -> Result<(Block<'_>, &[u8]), Malformed> {
    let (Some(header), Some(rest)) = (
        bytes.first_chunk::<BLOCK_HEADER>(),
        bytes.get(BLOCK_HEADER..),
    ) else {
        let what = format!(
            "a compressed block is cut short: {} bytes left",
            bytes.len()
        );
        return Err(Malformed::at(what, at));
    };
    let &[first, second, _, c0, c1, c2, u0, u1, u2] = header;
    let compressed = u32::from_le_bytes([c0, c1, c2, 0]) as usize;
    let length = u32::from_le_bytes([u0, u1, u2, 0]) as usize;
    if length == 0 {
        return Err(Malformed::at("a compressed block holds nothing", at));
    }
    let (Some(body), Some(after)) = (rest.get(..compressed), rest.get(compressed..)) else {
        let what = format!(
            "a compressed block of {compressed} bytes, {} left",
            rest.len()
        );
        return Err(Malformed::at(what, at));
    };
    Ok((
        Block {
            letters: [first, second],
            compressed: body,
            length,
        },
        after,
    ))
}

fn lzma(compressed: &[u8], out: &mut [u8]) -> Result<(), Malformed> {
    let failed = |error| damaged("LZMA", error);
    let mut stream = Stream::new_stream_decoder(LZMA_MEMORY_LIMIT, 0).map_err(failed)?;
    let status = stream
        .process(compressed, out, Action::Finish)
        .map_err(failed)?;
    if status != Status::StreamEnd {
        return Err(damaged("LZMA", "the stream does not end within its block"));
    }
    exactly(
        "LZMA",
        usize::try_from(stream.total_out()).unwrap_or(usize::MAX),
        out.len(),
    )
}

fn lz4(compressed: &[u8], out: &mut [u8]) -> Result<(), Malformed> {
    let (Some(stored), Some(body)) = (
        compressed.first_chunk::<LZ4_CHECKSUM>(),
        compressed.get(LZ4_CHECKSUM..),
    ) else {
        return Err(damaged("LZ4", "the checksum is cut short"));
    };
    let (stored, found) = (u64::from_be_bytes(*stored), XxHash64::oneshot(0, body));
    if stored != found {
        let reason = format!("the checksum is {found:016x} but {stored:016x} was stored");
        return Err(damaged("LZ4", reason));
    }
    let written =
        lz4_flex::block::decompress_into(body, out).map_err(|error| damaged("LZ4", error))?;
    exactly("LZ4", written, out.len())
}

fn exactly(codec: &str, written: usize, expected: usize) -> Result<(), Malformed> {
    if written == expected {
        return Ok(());
    }
    let reason = format!("a block gave {written} bytes instead of {expected}");
    Err(damaged(codec, reason))
}

/// What is said of a block that its codec makes nothing of.
fn damaged(codec: &str, reason: impl fmt::Display) -> Malformed {
    Malformed::new(format!(
        "the compressed data are damaged: {codec}: {reason}"
    ))
}

/// The words of its library are about calls of it, not about data.
fn of_deflate(error: &DecompressionError) -> &'static str {
    match error {
        DecompressionError::BadData => "no stream that can be unpacked",
        DecompressionError::InsufficientSpace => "the stream holds more than its block declares",
    }
}

#[cfg(test)]
mod tests {
    use super::Codecs;

    #[test]
    fn damaged_data_are_said_to_be_that_whatever_the_codec() {
        for letters in [b"ZL", b"CS", b"XZ", b"L4", b"ZS", b"??"] {
            let mut stored = letters.to_vec();
            stored.extend([8, 20, 0, 0, 100, 0, 0]);
            stored.extend([0x5a; 20]);
            let mut out = Vec::new();
            let error = Codecs::new().decompress(&stored, 100, &mut out);
            let said = error.unwrap_err().to_string();
            assert!(said.contains("the compressed data are damaged: "), "{said}");
            assert!(!said.contains("LibDeflate"), "{said}");
        }
    }
}
