//! Files into objects: small ones in one go, large ones in parts, of which nothing stays when
//! one fails; at the latest when the service is back and the next large file is sent.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};

use super::failure::S3Failure;

/// Metadata of an object that says which put wrote it.
pub(super) const WRITER: &str = "lumimill-put";
/// Attempts at taking an upload back; what fails is tried again later.
const ABORTS: u32 = 2;
/// Parts that services take for one object.
const MOST_PARTS: u64 = 10_000;

/// Where a file goes.
pub(super) struct Upload<'a> {
    pub(super) client: &'a Client,
    pub(super) bucket: &'a str,
    pub(super) name: String,
    /// Size of a part in bytes.
    pub(super) part: u64,
    /// Tells this put from all others.
    pub(super) writer: String,
    pub(super) unfinished: &'a Unfinished,
}

/// Uploads in parts, by name and id, that failed and could not be taken back.
#[derive(Debug, Default)]
pub(super) struct Unfinished(Mutex<Vec<(String, String)>>);

impl Unfinished {
    fn add(&self, name: String, id: String) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((name, id));
    }

    fn take(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Upload<'_> {
    /// Sends a file; the object is there as a whole when this returns `Ok`, else as it was.
    pub(super) async fn file(&self, path: &Path) -> Result<(), S3Failure> {
        let mut file = File::open(path).map_err(|error| unreadable(&error))?;
        let size = file.metadata().map_err(|error| unreadable(&error))?.len();
        if size <= self.part {
            let bytes = read(&mut file, self.part + 1).map_err(|error| unreadable(&error))?;
            return self.whole(bytes).await;
        }
        for (name, id) in self.unfinished.take() {
            self.take_back(name, id).await;
        }
        let started = self
            .client
            .create_multipart_upload()
            .bucket(self.bucket)
            .key(&self.name)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .metadata(WRITER, &self.writer)
            .send()
            .await?;
        let id = started.upload_id().unwrap_or_default();
        let Err(failure) = self.parts(id, &mut file, size).await else {
            return Ok(());
        };
        // The answer to an attempt that did finish it may have been lost: is it there?
        if failure.is(404, "NoSuchUpload") && matches!(self.is_there().await, Ok(true)) {
            return Ok(());
        }
        self.take_back(self.name.clone(), id.to_owned()).await;
        Err(failure)
    }

    /// Whether the object is there and this put wrote it.
    pub(super) async fn is_there(&self) -> Result<bool, S3Failure> {
        let head = self.client.head_object();
        let head = head.bucket(self.bucket).key(&self.name).send().await;
        match head.map_err(S3Failure::from) {
            Ok(head) => {
                let writer = head.metadata().and_then(|all| all.get(WRITER));
                Ok(writer == Some(&self.writer))
            }
            Err(failure) if failure.status == Some(404) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Removes the parts of an upload that failed, or keeps it in mind.
    async fn take_back(&self, name: String, id: String) {
        let retries = RetryConfig::standard().with_max_attempts(ABORTS);
        let abort = self.client.abort_multipart_upload();
        let abort = abort.bucket(self.bucket).key(&name).upload_id(&id);
        let abort = abort
            .customize()
            .config_override(Config::builder().retry_config(retries));
        match abort.send().await.map_err(S3Failure::from) {
            // The failure that led here is the one to report.
            Err(failure) if failure.transient && failure.status != Some(404) => {
                self.unfinished.add(name, id);
            }
            _ => {}
        }
    }

    /// Sends bytes in one request.
    pub(super) async fn whole(&self, bytes: Vec<u8>) -> Result<(), S3Failure> {
        let put = self.client.put_object();
        put.bucket(self.bucket)
            .key(&self.name)
            .body(ByteStream::from(bytes))
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .send()
            .await?;
        Ok(())
    }

    async fn parts(&self, id: &str, file: &mut File, size: u64) -> Result<(), S3Failure> {
        let length = self.part.max(size.div_ceil(MOST_PARTS));
        let mut done = CompletedMultipartUpload::builder();
        let mut sent = 0u64;
        let mut number = 0i32;
        loop {
            let bytes = read(file, length).map_err(|error| unreadable(&error))?;
            if bytes.is_empty() {
                break;
            }
            number += 1;
            sent += bytes.len() as u64;
            done = done.parts(self.one_part(id, number, bytes).await?);
        }
        if sent != size {
            let changed = format!("the file changed while it was sent: {size} bytes became {sent}");
            return Err(local(&changed));
        }
        let complete = self.client.complete_multipart_upload();
        complete
            .bucket(self.bucket)
            .key(&self.name)
            .upload_id(id)
            .multipart_upload(done.build())
            .send()
            .await?;
        Ok(())
    }

    async fn one_part(
        &self,
        id: &str,
        number: i32,
        bytes: Vec<u8>,
    ) -> Result<CompletedPart, S3Failure> {
        let upload = self.client.upload_part();
        let answer = upload
            .bucket(self.bucket)
            .key(&self.name)
            .upload_id(id)
            .part_number(number)
            .body(ByteStream::from(bytes))
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .send()
            .await?;
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(answer.e_tag)
            .set_checksum_crc32(answer.checksum_crc32)
            .build())
    }
}

fn read(file: &mut File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(error: &io::Error) -> S3Failure {
    local(&format!("the file to send cannot be read: {error}"))
}

fn local(reason: &str) -> S3Failure {
    S3Failure {
        transient: true,
        status: None,
        code: None,
        reason: reason.to_owned(),
    }
}
