//! The header and the footer: the whole schema, and where the lists of pages are.

use super::anchor::{Anchor, Link};
use super::bytes::Bytes;
use super::envelope::{EnvelopeReader, Kind};
use super::fault::Fault;
use super::page_list::{Cluster, read_clusters};
use super::schema::Schema;
use crate::cursor::Malformed;
use crate::error::{Error, Place};
use crate::file::RootFile;

/// Bytes of the shortest record of a cluster group.
const LEAST_GROUP: usize = 48;

/// All that an RNTuple says of itself.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) schema: Schema,
    /// In the order of their entries, without gaps.
    pub(super) clusters: Vec<Cluster>,
    pub(super) entries: u64,
}

impl Description {
    /// Reads header, footer and lists of pages.
    pub(super) fn read(file: &RootFile, anchor: &Anchor, place: &Place) -> Result<Self, Error> {
        let mut envelopes = EnvelopeReader::new(file, place, anchor.largest_record);
        let header = envelopes.read(anchor.header, Kind::Header)?;
        let mut schema = Schema::default();
        read_header(&mut Bytes::new(header.payload()), &mut schema)
            .map_err(|fault| fault.at(place))?;
        let footer = envelopes.read(anchor.footer, Kind::Footer)?;
        let groups = read_footer(
            &mut Bytes::new(footer.payload()),
            header.checksum,
            &mut schema,
        )
        .map_err(|fault| fault.at(place))?;
        let mut clusters = Vec::new();
        for group in groups {
            let list = envelopes.read(group.link, Kind::PageList)?;
            let found = read_clusters(list.payload(), header.checksum, &schema, group.clusters)
                .map_err(|fault| fault.at(place))?;
            clusters.extend(found);
        }
        let entries = contiguous(&mut clusters).map_err(|error| place.corrupt(error))?;
        Ok(Self {
            schema,
            clusters,
            entries,
        })
    }
}

/// Clusters that were written together.
struct Group {
    clusters: usize,
    link: Link,
}

fn read_header(bytes: &mut Bytes<'_>, schema: &mut Schema) -> Result<(), Fault> {
    bytes.feature_flags()?;
    bytes.text()?; // its name
    bytes.text()?; // its description
    bytes.text()?; // what wrote it
    schema.extend(bytes)
}

fn read_footer(
    bytes: &mut Bytes<'_>,
    header_checksum: u64,
    schema: &mut Schema,
) -> Result<Vec<Group>, Fault> {
    bytes.feature_flags()?;
    if bytes.u64()? != header_checksum {
        return Err(Malformed::new("its footer is of another header").into());
    }
    let mut extension = bytes.record()?;
    if extension.remaining() > 0 {
        schema.extend(&mut extension)?;
    }
    let (mut list, count) = bytes.list(LEAST_GROUP)?;
    let mut groups = Vec::with_capacity(count);
    for _ in 0..count {
        let mut record = list.record()?;
        record.u64()?; // its first entry, which its clusters say as well
        record.u64()?; // its entries
        let clusters = record.u32()? as usize;
        let length = record.u64()?;
        let locator = record.locator()?;
        let link = Link { locator, length };
        groups.push(Group { clusters, link });
    }
    Ok(groups)
}

/// Puts clusters in the order of their entries, which must be without gaps, and counts these.
fn contiguous(clusters: &mut Vec<Cluster>) -> Result<u64, Malformed> {
    clusters.retain(|cluster| cluster.entries > 0);
    clusters.sort_by_key(|cluster| cluster.first);
    let mut next = 0_u64;
    for cluster in clusters {
        if cluster.first != next {
            let first = cluster.first;
            let what = format!("a cluster begins at entry {first}, and those before end at {next}");
            return Err(Malformed::new(what));
        }
        next = next
            .checked_add(cluster.entries)
            .ok_or_else(|| Malformed::new("it has more entries than can be counted"))?;
    }
    Ok(next)
}
