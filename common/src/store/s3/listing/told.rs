//! What a service told in one listing, held against what was asked.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::list_objects_v2::builders::ListObjectsV2FluentBuilder;

use super::super::super::Md5;
use super::super::failure::S3Failure;
use super::{Named, Wanted};

/// Objects of a listing, wanted or not.
const MOST_OBJECTS: u64 = 10_000_000;
/// Bytes of the names that are wanted.
const MOST_BYTES: u64 = 1 << 30;
/// Objects of a page; no service lists more at a time, whatever it is asked.
const MOST_OF_A_PAGE: usize = 1000;
/// Folders of one folder that are told.
const MOST_FOLDERS: usize = 100_000;
/// Pages without an object, of a whole listing.
const MOST_EMPTY: u64 = 1000;

/// What was told so far, in all parts of a listing.
pub(super) struct Told<'a> {
    prefix: &'a str,
    so_far: Mutex<SoFar>,
}

#[derive(Default)]
struct SoFar {
    objects: u64,
    bytes: u64,
    empty: u64,
    /// Hashes of the tokens that were followed.
    tokens: BTreeSet<[u8; 16]>,
}

impl<'a> Told<'a> {
    /// Nothing yet of what was asked for below a prefix.
    pub(super) fn below(prefix: &'a str) -> Self {
        Self {
            prefix,
            so_far: Mutex::default(),
        }
    }

    /// Asks for a page, after the one that ended with a token, and holds it against what was asked.
    pub(super) async fn page(
        &self,
        request: ListObjectsV2FluentBuilder,
        token: Option<&str>,
    ) -> Result<ListObjectsV2Output, S3Failure> {
        if let Some(token) = token {
            self.follow(token)?;
        }
        let page = request.send().await?;
        self.check(&page)?;
        Ok(page)
    }

    /// Notes that a listing goes on with a token, which it does once.
    fn follow(&self, token: &str) -> Result<(), S3Failure> {
        let mut hash = [0; 16];
        blake3::Hasher::new()
            .update(token.as_bytes())
            .finalize_xof()
            .fill(&mut hash);
        let is_new = self.so_far().tokens.insert(hash);
        match is_new {
            true => Ok(()),
            false => Err(refused("the listing goes round in circles")),
        }
    }

    /// Holds a page against what was asked.
    fn check(&self, page: &ListObjectsV2Output) -> Result<(), S3Failure> {
        let objects = page.contents();
        if objects.len() > MOST_OF_A_PAGE {
            let found = objects.len();
            return Err(refused(&format!(
                "{found} objects are listed at once, at most {MOST_OF_A_PAGE} were asked for"
            )));
        }
        let outside = |name: &&str| !name.starts_with(self.prefix);
        if let Some(name) = objects.iter().filter_map(|it| it.key()).find(outside) {
            let shown: String = name.chars().take(120).collect();
            return Err(refused(&format!(
                "{shown:?} is listed, which was not asked for"
            )));
        }
        if page.is_truncated() == Some(true) && page.next_continuation_token().is_none() {
            return Err(refused(
                "the listing ends in the middle: it does not say how it goes on",
            ));
        }
        let mut so_far = self.so_far();
        so_far.objects += objects.len() as u64;
        so_far.empty += u64::from(objects.is_empty());
        if so_far.objects > MOST_OBJECTS {
            return Err(refused(&format!(
                "more than {MOST_OBJECTS} objects are listed; give a longer prefix"
            )));
        }
        match so_far.empty > MOST_EMPTY {
            true => Err(refused(&format!(
                "more than {MOST_EMPTY} pages of the listing are empty"
            ))),
            false => Ok(()),
        }
    }

    /// The objects of a page that are wanted.
    pub(super) fn named(
        &self,
        page: &ListObjectsV2Output,
        wanted: Wanted<'_>,
    ) -> Result<impl Iterator<Item = Named> + use<>, S3Failure> {
        let objects = page.contents().iter();
        let named: Vec<Named> = objects
            .filter_map(|object| {
                let name = object.key().filter(|&name| wanted(name))?;
                Some(Named {
                    name: name.to_owned(),
                    size: u64::try_from(object.size()?).ok()?,
                    md5: object.e_tag().and_then(Md5::of_etag),
                })
            })
            .collect();
        let bytes: usize = named.iter().map(|named| named.name.len()).sum();
        let mut so_far = self.so_far();
        so_far.bytes += bytes as u64;
        match so_far.bytes > MOST_BYTES {
            true => Err(refused(&format!(
                "the names that are listed have more than {MOST_BYTES} bytes"
            ))),
            false => Ok(named.into_iter()),
        }
    }

    /// Adds the folders of a page that are directly below what was asked for. A service that does
    /// not put the objects of a folder together lists all of them.
    pub(super) fn folders(
        &self,
        page: &ListObjectsV2Output,
        names: &mut BTreeSet<String>,
    ) -> Result<(), S3Failure> {
        let together = page.common_prefixes().iter();
        let together = together.filter_map(|folder| folder.prefix());
        let listed = page.contents().iter().filter_map(|object| object.key());
        for name in together.chain(listed) {
            let below = name.strip_prefix(self.prefix);
            if let Some((folder, _)) = below.and_then(|below| below.split_once('/')) {
                names.insert(folder.to_owned());
            }
        }
        match names.len() > MOST_FOLDERS {
            true => Err(refused(&format!(
                "more than {MOST_FOLDERS} folders are listed"
            ))),
            false => Ok(()),
        }
    }

    fn so_far(&self) -> std::sync::MutexGuard<'_, SoFar> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(reason: &str) -> S3Failure {
    S3Failure {
        transient: false,
        status: None,
        code: None,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
    use aws_sdk_s3::types::{CommonPrefix, Object};

    use super::Told;

    fn page(names: &[&str], next: Option<&str>, more: bool) -> ListObjectsV2Output {
        let object = |name: &&str| Object::builder().key(*name).size(1).build();
        ListObjectsV2Output::builder()
            .set_contents(Some(names.iter().map(object).collect()))
            .set_next_continuation_token(next.map(str::to_owned))
            .is_truncated(more)
            .build()
    }

    #[test]
    fn what_was_not_asked_for_is_refused() {
        let many = vec!["a/1"; 1001];
        for (page, words) in [
            (page(&["a/1", "b/1"], None, false), "\"b/1\" is listed"),
            (page(&["a/1"], None, true), "ends in the middle"),
            (page(&many, None, false), "1001 objects"),
        ] {
            let error = Told::below("a/").check(&page).unwrap_err();
            assert!(error.reason.contains(words), "{error:?}");
            assert!(!error.transient, "{error:?}");
        }
        let told = Told::below("a/");
        assert!(told.check(&page(&["a/1"], Some("2"), true)).is_ok());
    }

    #[test]
    fn folders_are_told_whether_they_are_put_together_or_not() {
        let together = |name: &str| CommonPrefix::builder().prefix(name).build();
        let pages = [
            ListObjectsV2Output::builder()
                .common_prefixes(together("a/x/"))
                .common_prefixes(together("a/y/"))
                .contents(Object::builder().key("a/plan").size(1).build())
                .build(),
            page(&["a/plan", "a/x/1", "a/y/2/3"], None, false),
        ];
        for page in pages {
            let mut names = BTreeSet::new();
            Told::below("a/").folders(&page, &mut names).unwrap();
            assert_eq!(Vec::from_iter(names), ["x", "y"]);
        }
    }

    #[test]
    fn a_listing_without_an_end_is_refused() {
        let told = Told::below("a/");
        assert!(told.follow("1").is_ok() && told.follow("2").is_ok());
        assert!(told.follow("1").unwrap_err().reason.contains("circles"));
        let told = Told::below("a/");
        let empty = page(&[], Some("2"), true);
        let ended = (0..2000).find_map(|_| told.check(&empty).err()).unwrap();
        assert!(ended.reason.contains("empty"), "{ended:?}");
        let told = Told::below("a/");
        let full = page(&["a/1"; 1000], Some("2"), true);
        let ended = (0..20_000).find_map(|_| told.check(&full).err()).unwrap();
        assert!(ended.reason.contains("more than 10000000"), "{ended:?}");
    }
}
