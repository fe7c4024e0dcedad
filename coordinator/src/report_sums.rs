//! What the files of a report have in them, so that one that is gone or damaged is seen: written
//! beside them, before the page.

use std::collections::{BTreeMap, BTreeSet};

use lumimill_common::field_hash::FieldHash;
use lumimill_common::form::{self, FormError, Stored};
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::store::{Key, Object, Store};
use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::problem::Problem;
use crate::stored::NewerVersion;

/// Folder of the report.
const FOLDER: &str = "report";
/// Name of the record.
pub(crate) const SUMS: &str = "files.json";
/// Name of the file that is written last.
pub(crate) const PAGE: &str = "index.html";

/// The files of a report, apart from this record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportSums {
    /// What it is made of (see [`made_of`]); earlier versions did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    files: BTreeMap<String, Sum>,
}

/// What a file has in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sum {
    bytes: u64,
    /// BLAKE3, in hexadecimal.
    hash: String,
}

/// What a report is made of: a configuration, the shards that count as done, and those that it goes on
/// without. BLAKE3, in hexadecimal.
#[must_use]
pub(crate) fn made_of(plan: &Plan, done: &BTreeSet<ShardId>) -> String {
    // One after the other: of a million shards, all of them as texts are much.
    let id = |shard: &Shard| shard.id.to_string();
    let shards = plan.shards.iter();
    let shards = shards.filter(|shard| done.contains(&shard.id));
    let mut hash = FieldHash::of("report");
    hash.text("configuration", &plan.configuration)
        .texts("done", shards.map(id))
        .texts("dropped", plan.dropped.iter().map(id));
    hash.finish().to_hex().to_string()
}

impl Stored for ReportSums {
    const FORM: u64 = 2;
    const OLDEST: u64 = 1;
}

impl ReportSums {
    /// Those of these files, of a report that is made of this.
    #[must_use]
    pub(crate) fn of(files: &[(String, Vec<u8>)], of: String) -> Self {
        let sums = files.iter();
        let sums = sums.map(|(name, bytes)| (name.clone(), Sum::of(bytes)));
        Self {
            of: Some(of),
            files: sums.collect(),
        }
    }

    /// Whether each of them can be a file of the report's folder.
    fn has_only_names(&self) -> bool {
        let mut names = self.files.keys();
        names.all(|name| !name.contains('/') && key(name).is_ok())
    }

    /// The record of them.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        form::write(self)
    }
}

impl Sum {
    fn of(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.len() as u64,
            hash: blake3::hash(bytes).to_hex().to_string(),
        }
    }
}

/// A report as it is in a store.
#[derive(Debug)]
pub(crate) struct StoredReport<'a> {
    store: &'a dyn Store,
    listed: Vec<Object>,
    sums: Option<ReportSums>,
    /// What is wrong with the record of its files.
    wrong: Option<Problem>,
    /// What has the place of a file, by its name.
    in_the_way: BTreeMap<String, String>,
}

impl<'a> StoredReport<'a> {
    /// Looks what is there.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn look(store: &'a dyn Store) -> anyhow::Result<Self> {
        let mut listed = store.list(&FOLDER.parse()?).await?;
        // What is deeper is of somebody else.
        listed.retain(|object| object.key.as_str().matches('/').count() == 1);
        let key = key(SUMS)?;
        let mut report = Self {
            store,
            listed,
            sums: None,
            wrong: None,
            in_the_way: BTreeMap::new(),
        };
        match store.get(&key).await {
            Ok(Some(bytes)) => match form::read::<ReportSums>(&bytes) {
                Ok(sums) if sums.has_only_names() => report.sums = Some(sums),
                Ok(_) => {
                    report.wrong = Some(Problem::report(key, "names what is no file of a report"))
                }
                Err(error) => report.wrong = Some(unread(key, &error)),
            },
            Ok(None) if report.listed.is_empty() => {}
            Ok(None) => report.wrong = Some(Problem::report(key, "is missing")),
            Err(error) => report.wrong = Some(Problem::of_store(key, error)?),
        }
        report.look_for_obstacles().await?;
        Ok(report)
    }

    /// Looks what is in the place of files that are missing.
    async fn look_for_obstacles(&mut self) -> anyhow::Result<()> {
        let names = self.sums.iter().flat_map(|sums| sums.files.keys());
        let names = names.map(String::as_str).chain([PAGE]);
        let missing: Vec<String> = names
            .filter(|name| !self.has(name))
            .map(str::to_owned)
            .collect();
        for name in missing {
            if let Some(what) = self.store.obstacle(&key(&name)?).await? {
                self.in_the_way.insert(name, what);
            }
        }
        Ok(())
    }

    /// What it is known by: its files and what is in them; nothing where that is not recorded.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub(crate) fn digest(&self) -> anyhow::Result<Option<String>> {
        let bytes = self.sums.as_ref().map(ReportSums::to_bytes).transpose()?;
        Ok(bytes.map(|bytes| blake3::hash(&bytes).to_hex().to_string()))
    }

    /// What is wrong where a report is to be of these shards of a plan and is of others, or of another
    /// configuration: it was made before, or by somebody who was late.
    ///
    /// # Errors
    /// None that the name of its record would not be.
    pub(crate) fn is_of_others(
        &self,
        plan: &Plan,
        done: &BTreeSet<ShardId>,
    ) -> anyhow::Result<Option<Problem>> {
        let of = self.sums.as_ref().and_then(|sums| sums.of.as_ref());
        Ok(match of.is_some_and(|of| *of != made_of(plan, done)) {
            true => Some(Problem::report(
                key(SUMS)?,
                "is of a report of another configuration, or of other shards than are done now",
            )),
            false => None,
        })
    }

    /// Whether anything of it is there.
    #[must_use]
    pub(crate) fn is_begun(&self) -> bool {
        !self.listed.is_empty()
    }

    /// Whether its page is there, which is written last.
    #[must_use]
    pub(crate) fn is_finished(&self) -> bool {
        self.has(PAGE)
    }

    /// What a listing says that is wrong with it: files that are missing, or of another size.
    ///
    /// # Errors
    /// None that a name of its files would not be.
    pub(crate) fn wrong_by_listing(&self) -> anyhow::Result<Vec<Problem>> {
        let mut wrong: Vec<Problem> = self.wrong.iter().cloned().collect();
        for (name, what) in &self.in_the_way {
            wrong.push(Problem::unreadable(key(name)?, what));
        }
        if !self.has(PAGE) && !self.in_the_way.contains_key(PAGE) {
            wrong.push(Problem::report(key(PAGE)?, "is missing"));
        }
        for (name, sum) in self.sums.iter().flat_map(|sums| &sums.files) {
            if !self.in_the_way.contains_key(name)
                && let Some(reason) = self.wrong_size(name, sum)
            {
                wrong.push(Problem::report(key(name)?, reason));
            }
        }
        Ok(wrong)
    }

    /// What is wrong with it, its bytes looked at.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn wrong(&self) -> anyhow::Result<Vec<Problem>> {
        let mut wrong = self.wrong_by_listing()?;
        for object in &self.listed {
            match self.read(&object.key).await {
                Ok(_) => {}
                Err(problem) if wrong.iter().any(|known| known.key() == problem.key()) => {}
                Err(problem) => wrong.push(problem),
            }
        }
        Ok(wrong)
    }

    /// Whether it is the one of these sums, and whole.
    pub(crate) async fn is(&self, sums: &ReportSums) -> anyhow::Result<bool> {
        Ok(self.sums.as_ref() == Some(sums) && self.wrong().await?.is_empty())
    }

    /// The keys of its files.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.listed.iter().map(|object| &object.key)
    }

    /// A file of it, if it is there and whole.
    pub(crate) async fn read(&self, key: &Key) -> Result<Vec<u8>, Problem> {
        let missing = || Problem::report(key.clone(), "is missing");
        let bytes = match self.store.get(key).await {
            Ok(bytes) => bytes.ok_or_else(missing)?,
            Err(error) if error.is_transient() => {
                return Err(Problem::no_answer(key.clone(), &error));
            }
            Err(error) if error.is_large() => {
                return Err(Problem::report(key.clone(), error.reason()));
            }
            Err(error) => return Err(Problem::unreadable(key.clone(), error.reason())),
        };
        let name = key.as_str().strip_prefix(FOLDER).unwrap_or_default();
        let sums = self.sums.as_ref();
        let sum = sums.and_then(|sums| sums.files.get(name.trim_start_matches('/')));
        match sum {
            Some(sum) if *sum != Sum::of(&bytes) => Err(Problem::report(
                key.clone(),
                "is damaged: its bytes are others",
            )),
            _ => Ok(bytes),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.size(name).is_some()
    }

    fn size(&self, name: &str) -> Option<u64> {
        let is_it = |object: &&Object| {
            let below = object.key.as_str().strip_prefix(FOLDER);
            below.and_then(|below| below.strip_prefix('/')) == Some(name)
        };
        Some(self.listed.iter().find(is_it)?.size)
    }

    fn wrong_size(&self, name: &str, sum: &Sum) -> Option<String> {
        match self.size(name) {
            // That the page is missing is said whatever the record is.
            None if name == PAGE => None,
            None => Some(String::from("is missing")),
            Some(size) if size == sum.bytes => None,
            Some(size) => Some(format!("has {size} bytes, expected {}", sum.bytes)),
        }
    }
}

/// That no newer version wrote the report: nobody of this one may replace it.
///
/// # Errors
/// [`NewerVersion`], and what the store says.
pub(crate) async fn check_not_newer(store: &dyn Store) -> anyhow::Result<()> {
    let report = StoredReport::look(store).await?;
    match report.wrong {
        Some(Problem::Newer { key, reason }) => Err(NewerVersion {
            location: store.location(),
            key: key.to_string(),
            reason,
        }
        .into()),
        _ => Ok(()),
    }
}

/// Removes the files of the report before that the one to be written does not have. Those that its
/// record does not name are of somebody else.
///
/// # Errors
/// What the store says.
pub(crate) async fn remove_former(store: &dyn Store, now: &ReportSums) -> anyhow::Result<()> {
    let before = StoredReport::look(store).await?;
    let named = before.sums.iter().flat_map(|sums| sums.files.keys());
    let former = named.filter(|name| !now.files.contains_key(*name) && before.has(name));
    for name in former {
        store.delete(&key(name)?).await?;
    }
    Ok(())
}

fn key(name: &str) -> anyhow::Result<Key> {
    Ok(format!("{FOLDER}/{name}").parse()?)
}

fn unread(key: Key, error: &FormError) -> Problem {
    match error.is_newer() {
        true => Problem::Newer {
            key,
            reason: error.to_string(),
        },
        false => Problem::report(key, format!("is {error}")),
    }
}
