//! Single requests to any web server, with the connector that the storage's client has: no
//! redirect is followed, and nothing is asked again.

use std::sync::OnceLock;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::byte_stream::ByteStream;

use super::client::trust;
use super::failure::S3Failure;
use super::waiting::wait;

/// Where the storage's client finds authorities of its own, too.
const AUTHORITIES: &str = "AWS_CA_BUNDLE";

/// What a web server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAnswer {
    /// The status, such as 200.
    pub status: u16,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Location`, and after it every `Content-Location`.
    pub locations: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Asks for a URL, unless what is there has this tag. Blocks.
///
/// # Errors
/// When there is no answer within `patience`, or it has more bytes than `most`.
pub fn web_get(
    url: &str,
    etag: Option<&str>,
    most: usize,
    patience: Duration,
) -> Result<WebAnswer, String> {
    let connector = connector()?;
    let mut request = HttpRequest::get(url).map_err(|error| error.to_string())?;
    let headers = request.headers_mut();
    headers.insert(
        "user-agent",
        concat!("lumimill/", env!("CARGO_PKG_VERSION")),
    );
    if let Some(etag) = etag {
        let tag = headers.try_insert("if-none-match", etag.to_owned());
        tag.map_err(|error| error.to_string())?;
    }
    let asking = async move {
        let answer = connector.call(request).await;
        let answer = answer.map_err(|error| failure(super::failure::causes(&error)))?;
        read(answer, most).await
    };
    let limited = async move {
        let late = || failure(format!("no answer within {} s", patience.as_secs()));
        tokio::time::timeout(patience, asking)
            .await
            .unwrap_or_else(|_| Err(late()))
    };
    wait(limited).map_err(|failure| failure.reason)
}

async fn read(mut answer: HttpResponse, most: usize) -> Result<WebAnswer, S3Failure> {
    let headers = answer.headers();
    let all = |name: &str| headers.get_all(name).map(str::to_owned).collect::<Vec<_>>();
    let locations = [all("location"), all("content-location")].concat();
    let etag = headers.get("etag").map(str::to_owned);
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    let mut stream = ByteStream::new(answer.take_body());
    while let Some(bytes) = stream.next().await {
        let bytes = bytes.map_err(|error| failure(error.to_string()))?;
        if body.len().saturating_add(bytes.len()) > most {
            return Err(failure(format!("has more than {most} bytes")));
        }
        body.extend_from_slice(&bytes);
    }
    Ok(WebAnswer {
        status,
        etag,
        locations,
        body,
    })
}

fn failure(reason: String) -> S3Failure {
    S3Failure {
        transient: true,
        status: None,
        code: None,
        reason,
    }
}

/// The connector, which trusts whom the storage's client trusts by the environment.
fn connector() -> Result<&'static Connector, String> {
    static CONNECTOR: OnceLock<Result<Connector, String>> = OnceLock::new();
    let made = CONNECTOR.get_or_init(|| {
        let bundle = std::env::var_os(AUTHORITIES).map(std::path::PathBuf::from);
        let trusted = trust(bundle.as_deref()).map_err(|error| error.to_string())?;
        let context = TlsContext::builder().with_trust_store(trusted).build();
        let context = context.map_err(|error| error.to_string())?;
        let builder = Connector::builder().tls_provider(Provider::rustls(CryptoMode::Ring));
        Ok(builder.tls_context(context).build())
    });
    made.as_ref().map_err(String::clone)
}
