//! Packs of markers: about a thousand in one object, so that merging them, and finding out what is
//! whole, needs listings and a few objects, and not a request for each.
//!
//! They are written as reports come, which bring the markers with them, and by whoever merges and had
//! to read many by themselves. They are copies: whatever is in one is used only where a listing says
//! that the marker itself has the same bytes, and so one that is lost, damaged, stale or made up costs
//! requests and nothing else. Folders tell no such thing, and have none.

mod blocks;
mod gathered;
mod reading;
mod shelf;

pub(crate) use blocks::Blocks;
pub(crate) use gathered::Gathered;
pub(crate) use reading::{Read, Reading};
pub(crate) use shelf::shelve;

#[cfg(test)]
mod tests;
