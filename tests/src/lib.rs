//! The harness of the integration tests: campaigns in folders of their own, the program run as a
//! user runs it, Python as a second opinion, a RabbitMQ and a SeaweedFS of the tests' own, a proxy
//! that breaks connections to them, sample files.

mod campaign_folder;
mod certificate;
mod cluster;
mod deadly_witness;
mod fault_proxy;
mod ports;
mod processors;
mod program;
mod python;
mod rabbitmq;
mod runtime_library;
mod sample;
mod seaweedfs;
mod slow_witness;
mod snapshot;

pub use campaign_folder::CampaignFolder;
pub use certificate::certify;
pub use cluster::{Cluster, undisturbed};
pub use deadly_witness::{DIE_AT, DIE_HOW, DIE_ONCE, deadly_witness};
pub use fault_proxy::{FaultProxy, HttpFault, HttpRequest, at_random};
pub use ports::free_port;
pub use processors::Processors;
pub use program::{Ended, Program};
pub use python::python;
pub use rabbitmq::RabbitMq;
pub use runtime_library::{NO_RUNTIME, has_runtime};
pub use sample::{sample, skipped};
pub use seaweedfs::{ACCESS_KEY, BUCKET, INPUT_BUCKET, SECRET_KEY, SeaweedFs};
pub use slow_witness::{SLOW, slow_witness};
pub use snapshot::{Snapshot, snapshot};
