//! Streams that outlive their daemon: each is asked for again behind what was read of it, until somebody answers.

use std::time::Duration;

use tonic::{Code, Response, Status, Streaming};

use crate::CallError;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A stream that knows how far it has come.
pub trait Feed {
    /// What comes by the stream.
    type Answer;
    /// What `take` fails with, and so does who follows.
    type Error: From<CallError>;

    /// Asks for what is behind the last answer.
    fn ask(
        &mut self,
    ) -> impl Future<Output = Result<Response<Streaming<Self::Answer>>, Status>> + Send;

    /// Does what is to be done with an answer, and remembers how far it came.
    ///
    /// # Errors
    ///
    /// Whatever is to end the stream.
    fn take(&mut self, answer: Self::Answer) -> Result<(), Self::Error>;
}

/// Reads a stream to its end, over every outage; `on_lost` is told once of each. To stop before, drop the future.
///
/// # Errors
///
/// The first connection fails, the daemon refuses, or the feed does not take an answer.
pub async fn follow<F: Feed>(
    feed: &mut F,
    mut on_lost: impl FnMut(&CallError),
) -> Result<(), F::Error> {
    let mut outage = Outage::default();
    loop {
        match read(feed, &mut outage).await {
            Ok(taken) => return taken,
            Err(lost) if outage.may_pass(&lost) => {
                if outage.begins() {
                    on_lost(&lost);
                }
                outage.wait().await;
            }
            Err(refusal) => return Err(refusal.into()),
        }
    }
}

/// What the feed made of the stream, if that was not lost before its end.
async fn read<F: Feed>(
    feed: &mut F,
    outage: &mut Outage,
) -> Result<Result<(), F::Error>, CallError> {
    let mut answers = feed.ask().await?.into_inner();
    while let Some(answer) = answers.message().await? {
        outage.is_over();
        if let Err(error) = feed.take(answer) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// From the loss of a connection until a daemon answers again.
#[derive(Default)]
struct Outage {
    was_connected: bool,
    tries: u32,
}

impl Outage {
    fn is_over(&mut self) {
        *self = Self {
            was_connected: true,
            tries: 0,
        };
    }

    fn begins(&self) -> bool {
        self.tries == 0
    }

    /// Whether to wait for its end. A daemon that has no room may not have missed yet what was lost.
    fn may_pass(&self, lost: &CallError) -> bool {
        self.was_connected && matches!(lost.code, Code::Unavailable | Code::ResourceExhausted)
    }

    /// Waits before the next try: ever longer, and at random, lest all clients come at once.
    async fn wait(&mut self) {
        let pause = LONGEST_PAUSE.min(FIRST_PAUSE * 2u32.saturating_pow(self.tries));
        self.tries += 1;
        tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
    }
}
