//! `example logs`.

use std::io::{Write, stdout};

use pipertd_client::v1::log_service_client::LogServiceClient;
use pipertd_client::v1::read_logs_response::Content;
use pipertd_client::v1::{LogRecord, ReadLogsRequest, ReadLogsResponse};
use pipertd_client::{Client, Connection, Feed};
use tonic::{Response, Status, Streaming};

use crate::arguments::Wanted;
use crate::clock::clock;
use crate::failure::Failure;
use crate::feed;
use crate::harmless::set_off;

pub async fn read(client: &Client, wanted: Wanted) -> Result<(), Failure> {
    let request = ReadLogsRequest {
        target: wanted.target,
        level: wanted.level as i32,
        limit: wanted.number,
        follow: wanted.follow,
        ..Default::default()
    };
    let mut records = Records {
        stub: client.logs(),
        request,
    };
    if wanted.follow {
        feed::follow(&mut records).await
    } else {
        feed::read(&mut records).await
    }
}

/// Records; the request is always for what is behind the last answer.
struct Records {
    stub: LogServiceClient<Connection>,
    request: ReadLogsRequest,
}

impl Feed for Records {
    type Answer = ReadLogsResponse;
    type Error = Failure;

    async fn ask(&mut self) -> Result<Response<Streaming<ReadLogsResponse>>, Status> {
        self.stub.read_logs(self.request.clone()).await
    }

    fn take(&mut self, answer: ReadLogsResponse) -> Result<(), Failure> {
        match answer.content {
            Some(Content::Record(record)) => {
                writeln!(stdout(), "{}", set_off(&text(&record)))?;
                self.request.cursor = record.cursor;
            }
            Some(Content::Progress(progress)) => self.request.cursor = progress.cursor,
            None => {}
        }
        Ok(())
    }
}

fn text(record: &LogRecord) -> String {
    let (time, level, origin) = (clock(record.time), level(record), origin(record));
    let text = format!("{time} {level:<8} {origin}: {}", record.message);
    match record.exception.trim_end() {
        "" => text,
        traceback => format!("{text}\n{traceback}"),
    }
}

fn level(record: &LogRecord) -> String {
    if record.source != "log" {
        return "-".to_owned();
    }
    match record.level {
        10 => "DEBUG".to_owned(),
        20 => "INFO".to_owned(),
        30 => "WARNING".to_owned(),
        40 => "ERROR".to_owned(),
        50 => "CRITICAL".to_owned(),
        other => format!("Level {other}"),
    }
}

fn origin(record: &LogRecord) -> String {
    let mut parts = vec![record.pipeline.as_str(), &record.flow, &record.routine];
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() {
        "pipertd".to_owned()
    } else {
        parts.join("/")
    }
}
