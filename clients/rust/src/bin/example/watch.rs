//! `example watch`.

use std::io::{Write, stdout};

use pipertd_client::v1::status_service_client::StatusServiceClient;
use pipertd_client::v1::watch_notices_response::Content;
use pipertd_client::v1::{Notice, Target, WatchNoticesRequest, WatchNoticesResponse};
use pipertd_client::{Client, Connection, Feed};
use tonic::{Response, Status, Streaming};

use crate::clock::clock;
use crate::failure::Failure;
use crate::feed;
use crate::harmless::set_off;

const ONLY_NEW: i64 = -1;

pub async fn follow(
    client: &Client,
    target: Option<Target>,
    from: Option<i64>,
) -> Result<(), Failure> {
    let request = WatchNoticesRequest {
        after_revision: from.map_or(ONLY_NEW, |revision| revision - 1),
        epoch: String::new(),
        target,
    };
    feed::follow(&mut Watch {
        stub: client.status(),
        request,
    })
    .await
}

/// Notices; the request is always for what is behind the last answer.
struct Watch {
    stub: StatusServiceClient<Connection>,
    request: WatchNoticesRequest,
}

impl Feed for Watch {
    type Answer = WatchNoticesResponse;
    type Error = Failure;

    async fn ask(&mut self) -> Result<Response<Streaming<WatchNoticesResponse>>, Status> {
        self.stub.watch_notices(self.request.clone()).await
    }

    fn take(&mut self, answer: WatchNoticesResponse) -> Result<(), Failure> {
        match answer.content {
            Some(Content::Notice(notice)) => {
                writeln!(stdout(), "{}", line(&notice))?;
                self.has_come_to(notice.epoch, notice.revision);
            }
            Some(Content::Progress(progress)) => {
                self.has_come_to(progress.epoch, progress.revision);
            }
            None => {}
        }
        Ok(())
    }
}

impl Watch {
    fn has_come_to(&mut self, epoch: String, revision: i64) {
        self.request.epoch = epoch;
        self.request.after_revision = revision;
    }
}

fn line(notice: &Notice) -> String {
    let told = set_off(&format!("{}: {}", notice.kind, notice.message));
    format!("{:>6} {} {told}", notice.revision, clock(notice.time))
}
