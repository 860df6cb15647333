//! `example event`.

use std::io::{self, Write};
use std::process::ExitCode;

use pipertd_client::Client;
use pipertd_client::v1::event_answer::Outcome;
use pipertd_client::v1::{EventAnswer, NotifyEventRequest};
use prost_types::Struct;

use crate::arguments::Given;
use crate::deadline::with_deadline;
use crate::failure::Failure;
use crate::harmless::set_off;
use crate::json;

pub async fn notify(client: &Client, given: Given) -> Result<ExitCode, Failure> {
    let request = with_deadline(NotifyEventRequest {
        event: given.name,
        target: Some(given.target),
        params: Some(Struct {
            fields: given.parameters.into_iter().collect(),
        }),
        timeout: None,
    });
    let told = client.events().notify_event(request).await?.into_inner();
    for answer in &told.answers {
        writeln!(io::stdout(), "{}", set_off(&line(answer)))?;
    }
    let failed = told
        .answers
        .iter()
        .any(|answer| matches!(answer.outcome, Some(Outcome::Error(_))));
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn line(answer: &EventAnswer) -> String {
    let outcome = match &answer.outcome {
        Some(Outcome::Value(value)) => json::write(value),
        Some(Outcome::Error(error)) => format!("error: {error}"),
        None => "null".to_owned(),
    };
    format!("{}/{}: {outcome}", answer.flow, answer.routine)
}
