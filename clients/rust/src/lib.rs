//! A client of pipertd: the stubs of its API, how to connect, and why a call failed.
//!
//! ```no_run
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! use pipertd_client::{CallError, Client, v1::ListPipelinesRequest};
//!
//! let client = Client::connect(&"/run/pipertd/control.sock".parse()?, None)?;
//! let listed = client.pipelines().list_pipelines(ListPipelinesRequest {}).await.map_err(CallError::from)?;
//! for pipeline in listed.into_inner().pipelines {
//!     println!("{}", pipeline.name);
//! }
//! # Ok(())
//! # }
//! ```

mod address;
mod claim;
mod client;
mod error;
mod follow;
mod target;
mod tls;

pub use address::{Address, NoAddress};
pub use claim::Claim;
pub use client::{Client, Connection};
pub use error::CallError;
pub use follow::{Feed, follow};
pub use target::NoTarget;
pub use tls::Tls;

/// The messages and stubs of the API, as its protos describe them.
#[allow(clippy::all, clippy::pedantic)]
pub mod v1 {
    tonic::include_proto!("pipertd.v1");
}
