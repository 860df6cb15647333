//! Who calls, for the daemon's audit: gRPC shows it no user of a Unix socket.

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::{Request, Status};

/// Adds the caller's user id to each call.
#[derive(Clone)]
pub struct Claim {
    uid: MetadataValue<Ascii>,
}

impl Claim {
    pub(crate) fn of_this_process() -> Self {
        let uid = rustix::process::getuid().as_raw();
        Self { uid: uid.into() }
    }
}

impl Interceptor for Claim {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("pipertd-uid", self.uid.clone());
        Ok(request)
    }
}
