//! Names of objects that begin with a prefix, page after page.

use aws_sdk_s3::Client;

use super::failure::S3Failure;

/// A request for names.
pub(super) struct Listing<'a> {
    pub(super) client: &'a Client,
    pub(super) bucket: &'a str,
    pub(super) prefix: &'a str,
    /// Objects a request.
    pub(super) page: i32,
}

impl Listing<'_> {
    /// Name and size of the objects that are wanted; the others take no memory.
    pub(super) async fn send(
        &self,
        wanted: &(dyn Fn(&str) -> bool + Send + Sync),
    ) -> Result<Vec<(String, u64)>, S3Failure> {
        let mut names = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .client
                .list_objects_v2()
                .bucket(self.bucket)
                .prefix(self.prefix)
                .max_keys(self.page)
                .set_continuation_token(next)
                .send()
                .await?;
            for object in page.contents() {
                let size = object.size().and_then(|size| u64::try_from(size).ok());
                if let (Some(name), Some(size)) = (object.key().filter(|&name| wanted(name)), size)
                {
                    names.push((name.to_owned(), size));
                }
            }
            next = page.next_continuation_token().map(str::to_owned);
            if next.is_none() {
                return Ok(names);
            }
        }
    }
}
