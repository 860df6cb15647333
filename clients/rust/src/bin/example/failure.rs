//! How the program ends where something fails: with one line, and never with a panic.

use std::io;
use std::process::ExitCode;

use pipertd_client::CallError;
use tonic::Status;

use crate::harmless::in_a_line;

/// As of any program that `head` has had enough of: 128 and SIGPIPE.
const NOBODY_READS: u8 = 128 + 13;

/// Why the program cannot go on.
pub enum Failure {
    /// A call failed.
    Call(CallError),
    /// Nothing can be printed, or no signal be heard.
    System(io::Error),
}

impl Failure {
    /// Says it on standard error, unless nobody reads any more; how the program ends.
    pub fn tell(self) -> ExitCode {
        match self {
            Self::Call(error) => eprintln!("example: {}", in_a_line(&error.to_string())),
            Self::System(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return ExitCode::from(NOBODY_READS);
            }
            Self::System(error) => eprintln!("example: SYSTEM: {error}"),
        }
        ExitCode::FAILURE
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Call(status.into())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}
