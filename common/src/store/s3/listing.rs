//! Names of objects that begin with a prefix, page after page; a long listing in parts beside
//! each other. What a service tells that was not asked for, or without an end, is refused.

mod told;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::list_objects_v2::builders::ListObjectsV2FluentBuilder;
use futures_util::future::try_join_all;

use self::told::Told;
use super::super::Md5;
use super::failure::S3Failure;

/// What the names of a long listing are cut at, after the prefix: what there are many of is named
/// by hexadecimal digits. Other names cost only speed.
const CUTS: [char; 15] = [
    '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
];
/// What comes before the digits, where a listing does not begin with them: in the folder of a stage
/// markers and tables are about as many.
const STEMS: [&str; 2] = ["_done/", "part-"];

/// A request for names.
pub(super) struct Listing<'a> {
    pub(super) client: &'a Client,
    pub(super) bucket: &'a str,
    pub(super) prefix: &'a str,
    /// Objects a request.
    pub(super) page: i32,
}

/// Which names are wanted.
type Wanted<'a> = &'a (dyn Fn(&str) -> bool + Send + Sync);
/// What is done with each of them.
type Each<'a> = &'a mut (dyn FnMut(Named) + Send);

/// What is told of an object.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) md5: Option<Md5>,
}

impl Listing<'_> {
    /// Names of the objects that are wanted, in no promised order.
    pub(super) async fn names(&self, wanted: Wanted<'_>) -> Result<Vec<String>, S3Failure> {
        let mut names = Vec::new();
        self.visit(wanted, &mut |named| names.push(named.name))
            .await?;
        Ok(names)
    }

    /// Hands over the objects that are wanted, in no promised order; the others take no memory.
    pub(super) async fn visit(&self, wanted: Wanted<'_>, each: Each<'_>) -> Result<(), S3Failure> {
        let told = Told::below(self.prefix);
        let first = self.request(&told, None, None).await?;
        told.named(&first, wanted)?.for_each(&mut *each);
        let Some(next) = first.next_continuation_token().map(str::to_owned) else {
            return Ok(());
        };
        match last_of_ordered(&first) {
            Some(last) => self.in_parts(last, wanted, &told, each).await,
            None => self.rest(next, wanted, &told, each).await,
        }
    }

    /// Names of the folders that are directly below the prefix, in ascending order.
    pub(super) async fn folders(&self) -> Result<Vec<String>, S3Failure> {
        let told = Told::below(self.prefix);
        let mut names = BTreeSet::new();
        let mut next: Option<String> = None;
        loop {
            let request = self.request_for(None, next.as_deref()).delimiter("/");
            let page = told.page(request, next.as_deref()).await?;
            told.folders(&page, &mut names)?;
            next = page.next_continuation_token().map(str::to_owned);
            if next.is_none() {
                return Ok(names.into_iter().collect());
            }
        }
    }

    /// What comes after a name, where the service lists in order: in parts beside each other.
    async fn in_parts(
        &self,
        last: &str,
        wanted: Wanted<'_>,
        told: &Told<'_>,
        each: Each<'_>,
    ) -> Result<(), S3Failure> {
        let each = Mutex::new(each);
        let cuts = self.cuts(last).into_iter();
        let cuts: Vec<String> = cuts.filter(|cut| cut.as_str() > last).collect();
        let begins = std::iter::once(last).chain(cuts.iter().map(String::as_str));
        let ends = cuts.iter().map(|cut| Some(cut.as_str())).chain([None]);
        let parts: Vec<_> = begins
            .zip(ends)
            .map(|(begin, end)| self.part((begin, end), wanted, told, &each))
            .collect();
        try_join_all(parts).await.map(drop)
    }

    /// What a listing is cut at that is told up to a name, in ascending order.
    fn cuts(&self, last: &str) -> Vec<String> {
        let below = last.strip_prefix(self.prefix).unwrap_or_default();
        let has_stem = STEMS.iter().any(|stem| below.starts_with(stem));
        let stems = if has_stem { &STEMS[..] } else { &[""] };
        // With a stem the first part begins where it does.
        let digits = |stem: &str| {
            let zero = (!stem.is_empty()).then_some('0');
            zero.into_iter().chain(CUTS)
        };
        let cuts = stems.iter().flat_map(|stem| {
            let cuts = digits(stem).map(|digit| format!("{}{stem}{digit}", self.prefix));
            cuts.collect::<Vec<_>>()
        });
        cuts.collect()
    }

    /// The names after `begin`, up to `end` and with it.
    async fn part(
        &self,
        (begin, end): (&str, Option<&str>),
        wanted: Wanted<'_>,
        told: &Told<'_>,
        each: &Mutex<Each<'_>>,
    ) -> Result<(), S3Failure> {
        let is_past = |name: &str| end.is_some_and(|end| name > end);
        // A service that does not know where to start starts anew: its names are told once.
        let is_ours = |name: &str| name > begin && !is_past(name) && wanted(name);
        let mut page = self.request(told, Some(begin), None).await?;
        loop {
            hand_over(told.named(&page, &is_ours)?, each);
            let last = page.contents().last().and_then(|object| object.key());
            let next = page.next_continuation_token();
            match next.filter(|_| !last.is_some_and(is_past)) {
                Some(next) => page = self.request(told, None, Some(next)).await?,
                None => return Ok(()),
            }
        }
    }

    /// What comes after a page, one page after the other.
    async fn rest(
        &self,
        next: String,
        wanted: Wanted<'_>,
        told: &Told<'_>,
        each: Each<'_>,
    ) -> Result<(), S3Failure> {
        let mut next = Some(next);
        while let Some(token) = next {
            let page = self.request(told, None, Some(&token)).await?;
            told.named(&page, wanted)?.for_each(&mut *each);
            next = page.next_continuation_token().map(str::to_owned);
        }
        Ok(())
    }

    async fn request(
        &self,
        told: &Told<'_>,
        after: Option<&str>,
        next: Option<&str>,
    ) -> Result<ListObjectsV2Output, S3Failure> {
        told.page(self.request_for(after, next), next).await
    }

    fn request_for(&self, after: Option<&str>, next: Option<&str>) -> ListObjectsV2FluentBuilder {
        self.client
            .list_objects_v2()
            .bucket(self.bucket)
            .prefix(self.prefix)
            .max_keys(self.page)
            .set_start_after(after.map(str::to_owned))
            .set_continuation_token(next.map(str::to_owned))
    }
}

fn hand_over(named: impl Iterator<Item = Named>, each: &Mutex<Each<'_>>) {
    let mut each = each.lock().unwrap_or_else(PoisonError::into_inner);
    named.for_each(&mut **each);
}

/// The last name of a page whose names are in order.
fn last_of_ordered(page: &ListObjectsV2Output) -> Option<&str> {
    let names: Vec<&str> = page.contents().iter().filter_map(|it| it.key()).collect();
    names.last().copied().filter(|_| names.is_sorted())
}
