//! What a call is aimed at, as people write it.

use std::fmt;
use std::str::FromStr;

use crate::v1::Target;

/// A text that is no target.
#[derive(Debug)]
pub struct NoTarget;

impl FromStr for Target {
    type Err = NoTarget;

    fn from_str(text: &str) -> Result<Self, NoTarget> {
        let parts: Vec<_> = text.split('/').collect();
        if parts.len() > 3 || parts.contains(&"") {
            return Err(NoTarget);
        }
        let mut parts = parts.into_iter().map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        Ok(Self {
            pipeline: next(),
            flow: next(),
            routine: next(),
        })
    }
}

impl fmt::Display for NoTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a target is written PIPELINE[/FLOW[/ROUTINE]]")
    }
}

impl std::error::Error for NoTarget {}
