//! Why a call failed.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;

use tonic::{Code, Status, TimeoutExpired};
use tonic_types::StatusExt;

use crate::NoTarget;

/// Why a call failed: the daemon's reason and words, or gRPC's where the daemon had none.
///
/// Decide by code and reason; the message is for people.
#[derive(Clone, Debug)]
pub struct CallError {
    /// gRPC's code; `Unavailable` too where tonic says `Unknown`, `Cancelled` or `Internal` of a connection that is lost.
    pub code: Code,
    /// The daemon's reason, such as `UNKNOWN_TARGET`, or else the name of the code.
    pub reason: String,
    /// In words.
    pub message: String,
    /// What it is about, by name.
    pub metadata: HashMap<String, String>,
}

impl From<Status> for CallError {
    fn from(status: Status) -> Self {
        if let Some(info) = status.get_details_error_info() {
            return Self {
                code: status.code(),
                reason: info.reason,
                message: status.message().to_owned(),
                metadata: info.metadata,
            };
        }
        match cause(&status) {
            None => Self::by_code(status.code(), status.message().to_owned()),
            Some(cause) if cause.is::<TimeoutExpired>() => Self::by_code(
                Code::DeadlineExceeded,
                "the daemon has not answered in time".to_owned(),
            ),
            Some(cause) => Self::by_code(
                Code::Unavailable,
                format!("cannot reach the daemon: {cause}"),
            ),
        }
    }
}

impl From<NoTarget> for CallError {
    fn from(error: NoTarget) -> Self {
        Self::by_code(Code::InvalidArgument, error.to_string())
    }
}

impl CallError {
    fn by_code(code: Code, message: String) -> Self {
        Self {
            code,
            reason: name(code).to_owned(),
            message,
            metadata: HashMap::new(),
        }
    }
}

/// What lies at the root of a failure on this side of the wire; what the daemon sends has no source.
fn cause(status: &Status) -> Option<&(dyn Error + 'static)> {
    let mut cause = status.source()?;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Some(cause)
}

/// As the other languages of gRPC write it; tonic has it in camel case only.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.reason, self.message)
    }
}

impl Error for CallError {}
