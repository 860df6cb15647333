//! One daemon, and a stub for each noun of its API.

use std::time::Duration;

use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint, Error};

use crate::v1::event_service_client::EventServiceClient;
use crate::v1::log_service_client::LogServiceClient;
use crate::v1::pipeline_service_client::PipelineServiceClient;
use crate::v1::quarantine_service_client::QuarantineServiceClient;
use crate::v1::status_service_client::StatusServiceClient;
use crate::v1::tap_service_client::TapServiceClient;
use crate::{Address, Claim, Tls};

const KEEPALIVE: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const MOST_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// What carries the calls.
pub type Connection = InterceptedService<Channel, Claim>;

/// One daemon. A clone shares its connection.
#[derive(Clone)]
pub struct Client {
    connection: Connection,
}

impl Client {
    /// Connects at the first call, and again at the next one behind a loss. Belongs to a Tokio runtime.
    ///
    /// At a Unix socket `tls` counts for nothing; at a `HOST:PORT` without it, something else must carry the calls
    /// safely there, such as a tunnel.
    ///
    /// # Errors
    ///
    /// The address cannot be one, or the certificates cannot be used.
    pub fn connect(address: &Address, tls: Option<&Tls>) -> Result<Self, Error> {
        let channel = endpoint(address, tls)?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE)
            .connect_lazy();
        let connection = InterceptedService::new(channel, Claim::of_this_process());
        Ok(Self { connection })
    }

    /// Pipelines: what is there, and starting and stopping it.
    pub fn pipelines(&self) -> PipelineServiceClient<Connection> {
        PipelineServiceClient::new(self.connection.clone())
            .max_decoding_message_size(MOST_ANSWER_BYTES)
    }

    /// The daemon, the whole status, and what changes.
    pub fn status(&self) -> StatusServiceClient<Connection> {
        StatusServiceClient::new(self.connection.clone())
            .max_decoding_message_size(MOST_ANSWER_BYTES)
    }

    /// Events, with answers, and who handles them.
    pub fn events(&self) -> EventServiceClient<Connection> {
        EventServiceClient::new(self.connection.clone())
            .max_decoding_message_size(MOST_ANSWER_BYTES)
    }

    /// Log records, once or followed.
    pub fn logs(&self) -> LogServiceClient<Connection> {
        LogServiceClient::new(self.connection.clone()).max_decoding_message_size(MOST_ANSWER_BYTES)
    }

    /// Messages that were put aside.
    pub fn quarantine(&self) -> QuarantineServiceClient<Connection> {
        QuarantineServiceClient::new(self.connection.clone())
            .max_decoding_message_size(MOST_ANSWER_BYTES)
    }

    /// Looks at what passes on a link.
    pub fn taps(&self) -> TapServiceClient<Connection> {
        TapServiceClient::new(self.connection.clone()).max_decoding_message_size(MOST_ANSWER_BYTES)
    }
}

fn endpoint(address: &Address, tls: Option<&Tls>) -> Result<Endpoint, Error> {
    match (address, tls) {
        (Address::Unix(_), _) => Endpoint::from_shared(address.to_string()),
        (Address::Tcp(host_and_port), None) => {
            Endpoint::from_shared(format!("http://{host_and_port}"))
        }
        (Address::Tcp(host_and_port), Some(tls)) => {
            Endpoint::from_shared(format!("https://{host_and_port}"))?.tls_config(tls.config())
        }
    }
}
