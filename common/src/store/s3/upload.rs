//! Files into objects: small ones in one go, large ones in parts, of which nothing stays when
//! one fails.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};

use super::failure::S3Failure;

/// Parts that services take for one object.
const MOST_PARTS: u64 = 10_000;

/// Where a file goes.
pub(super) struct Upload<'a> {
    pub(super) client: &'a Client,
    pub(super) bucket: &'a str,
    pub(super) name: String,
    /// Size of a part in bytes.
    pub(super) part: u64,
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
        let started = self
            .client
            .create_multipart_upload()
            .bucket(self.bucket)
            .key(&self.name)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .send()
            .await?;
        let id = started.upload_id().unwrap_or_default();
        let sent = self.parts(id, &mut file, size).await;
        if sent.is_err() {
            // The first failure is the one to report; what cannot be taken back now is left to
            // the bucket's own rule for unfinished uploads.
            let abort = self.client.abort_multipart_upload();
            let abort = abort.bucket(self.bucket).key(&self.name).upload_id(id);
            let _ = abort.send().await;
        }
        sent
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
