//! The vendor's client, set up: path-style addresses, nine attempts unless they are in vain, time
//! limits, trust.
//!
//! Left to itself, the client has one budget of retries for the whole process: where half of all
//! requests are refused, it is used up in no time, and then every second request fails. Here each
//! request has its own attempts, the first pause a short one: a service that refuses half of what it
//! is asked slows the work down and does not end it.

use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::InterceptorContext;
use aws_sdk_s3::config::retry::{
    ClassifyRetry, RetryAction, RetryConfig, RetryPartition, TokenBucket,
};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Config, Credentials, Region, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::bounded::Bounded;
use super::failure::{causes, is_lasting, is_refusal};
use super::settings::{S3Settings, S3SettingsError};
use super::slowness::Silence;
use crate::site::AUTHORITIES;

/// Attempts at one request, the first included.
const ATTEMPTS: u32 = 9;

/// Forbids further attempts when a handshake failed for a reason that stays, or when the service
/// refused the request and broke off while it said why.
#[derive(Debug)]
struct NotInVain;

impl ClassifyRetry for NotInVain {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(failed)) = context.output_or_error() else {
            return RetryAction::NoActionIndicated;
        };
        let connector = failed.as_connector_error();
        let lasting = connector.is_some_and(|error| is_lasting(&causes(error)));
        let status = context.response().map(|answer| answer.status().as_u16());
        match lasting || failed.is_response_error() && is_refusal(status) {
            true => RetryAction::RetryForbidden,
            false => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "not in vain"
    }
}

pub(super) fn client(settings: &S3Settings) -> Result<Client, S3SettingsError> {
    let credentials = Credentials::new(
        settings.access_key.as_str(),
        settings.secret.as_str(),
        settings.session.clone(),
        None,
        "environment",
    );
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(settings.patience / 6)
        .read_timeout(settings.patience)
        .operation_attempt_timeout(settings.patience * 4)
        .operation_timeout(settings.patience * 8)
        .build();
    let stalled = StalledStreamProtectionConfig::enabled().grace_period(settings.patience);
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(settings.patience / 600);
    let own = RetryPartition::custom("lumimill").token_bucket(TokenBucket::unlimited());
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(credentials)
        .force_path_style(true)
        .retry_config(retries)
        .retry_partition(own.build())
        .retry_classifier(NotInVain)
        .interceptor(Silence {
            service: settings.service(),
        })
        .stalled_stream_protection(stalled.build())
        .timeout_config(timeouts)
        .interceptor(Bounded)
        .http_client(http(settings)?);
    if let Some(endpoint) = &settings.endpoint {
        config = config.endpoint_url(endpoint);
    }
    Ok(Client::from_conf(config.build()))
}

fn http(settings: &S3Settings) -> Result<SharedHttpClient, S3SettingsError> {
    if settings.is_plain() {
        return Ok(Builder::new().build_http());
    }
    let trust = trust(settings.ca_bundle.as_deref())?;
    let context = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|error| S3SettingsError(error.to_string()))?;
    Ok(Builder::new()
        .tls_provider(Provider::rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https())
}

/// The authorities of a bundle, or those of the system.
pub(super) fn trust(bundle: Option<&Path>) -> Result<TrustStore, S3SettingsError> {
    Ok(match bundle {
        Some(path) => TrustStore::empty().with_pem_certificate(authorities(path)?),
        None => TrustStore::default(),
    })
}

/// The bundle's bytes, once every certificate in it can be read: the client panics on others.
fn authorities(path: &Path) -> Result<Vec<u8>, S3SettingsError> {
    let wrong = |reason: String| {
        let path = path.display();
        S3SettingsError(format!(
            "the authorities in {path} (AWS_CA_BUNDLE): {reason}"
        ))
    };
    let bytes = AUTHORITIES
        .read(path)
        .map_err(|error| wrong(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| wrong(error.to_string()))?;
    }
    match roots.is_empty() {
        true => Err(wrong(String::from("no PEM certificate is in it"))),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_without_certificates_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        assert!(
            authorities(&path)
                .unwrap_err()
                .to_string()
                .contains("ca.pem")
        );
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in ["", "not a certificate", broken] {
            std::fs::write(&path, text).unwrap();
            assert!(authorities(&path).is_err(), "{text:?}");
        }
    }
}
