//! How long a call may take.

use std::time::Duration;

use tonic::Request;

const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// A request that is to be answered in a minute; those of streams have no deadline.
pub fn with_deadline<Message>(message: Message) -> Request<Message> {
    let mut request = Request::new(message);
    request.set_timeout(CALL_TIMEOUT);
    request
}
