//! What a service answers that is no object, such as a listing, an error or a receipt, is held in
//! memory by the client: it is taken no further than it may be.

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use http_body_util::Limited;

/// The most bytes of an answer; a page of a thousand of the longest names has half of them.
const MOST: usize = 8 << 20;

/// Bounds every answer but objects, whose readers bound them.
#[derive(Debug)]
pub(super) struct Bounded;

impl Intercept for Bounded {
    fn name(&self) -> &'static str {
        "bounded"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let asked = settings.load::<Metadata>();
        let answer = context.response_mut();
        let is_object = asked.is_some_and(|asked| asked.name() == "GetObject");
        if is_object && answer.status().is_success() {
            return Ok(());
        }
        let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
        *answer.body_mut() = SdkBody::from_body_1_x(Limited::new(body, MOST));
        Ok(())
    }
}
