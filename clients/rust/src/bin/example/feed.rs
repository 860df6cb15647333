//! Reads what there is of a feed, or follows it until interrupted.

use pipertd_client::{CallError, Feed};
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;
use crate::harmless::in_a_line;

/// Reads to the end of the stream.
pub async fn read(feed: &mut impl Feed<Error = Failure>) -> Result<(), Failure> {
    let mut answers = feed.ask().await?.into_inner();
    while let Some(answer) = answers.message().await? {
        feed.take(answer)?;
    }
    Ok(())
}

/// Reads until interrupted, over every outage. The first connection must succeed.
pub async fn follow(feed: &mut impl Feed<Error = Failure>) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = pipertd_client::follow(feed, tell) => ended,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

fn tell(lost: &CallError) {
    eprintln!(
        "example: waiting for the daemon: {}",
        in_a_line(&lost.message)
    );
}
