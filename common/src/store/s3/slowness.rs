//! What the vendor's client is told to do around every operation: to say when the service is silent,
//! and to note the service's own time.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use tokio::task::AbortHandle;

use crate::silence::say;

/// Says, from the beginning of an operation to its end, that the service does not answer.
#[derive(Debug)]
pub(super) struct Silence {
    /// The service, as people know it.
    pub(super) service: String,
}

/// Goes with the operation, and with it whoever would say that it waits.
#[derive(Debug)]
struct Waiting(AbortHandle);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Storable for Waiting {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Silence {
    fn name(&self) -> &'static str {
        "silence"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let saying = say(self.service.clone(), String::from("a request to the store"));
        let saying = tokio::spawn(async move { match saying.await {} });
        let waiting = Waiting(saying.abort_handle());
        bag.interceptor_state().store_put(waiting);
        Ok(())
    }
}

/// Notes the time that an answer bears.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock(Arc<Mutex<Option<DateTime>>>);

impl Clock {
    /// The time of the last answer, in seconds since 1970.
    pub(super) fn seconds(&self) -> Option<i64> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.map(|time| time.secs())
    }
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let time = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time;
        Ok(())
    }
}
