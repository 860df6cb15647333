//! Events, with answers, and who handles them.

use pipertd_client::v1::event_answer::Outcome;
use pipertd_client::v1::{ListHandlersRequest, NotifyEventRequest};
use pipertd_client::{CallError, Client};
use prost_types::{Duration, Struct};

pub async fn notify_event(client: &Client) -> Result<String, CallError> {
    let fields = [("pixels".to_owned(), 800.0.into())].into();
    let request = NotifyEventRequest {
        event: "SET_MIN_AREA".to_owned(),
        target: Some("street".parse()?),
        params: Some(Struct { fields }),
        timeout: Duration::try_from(std::time::Duration::from_secs(30)).ok(),
    };
    let told = client.events().notify_event(request).await?.into_inner();
    let answers = told.answers.into_iter().map(|answer| {
        let outcome = match answer.outcome {
            Some(Outcome::Error(error)) => error,
            _ => "set".to_owned(),
        };
        format!("{}/{}: {outcome}", answer.flow, answer.routine)
    });
    Ok(answers.collect::<Vec<_>>().join(", "))
}

pub async fn list_handlers(client: &Client) -> Result<String, CallError> {
    let target = Some("street/analyse".parse()?);
    let request = ListHandlersRequest { target };
    let told = client.events().list_handlers(request).await?.into_inner();
    let handlers = told.handlers.into_iter().map(|handler| {
        let names: Vec<_> = handler.parameters.into_iter().map(|one| one.name).collect();
        format!("{}({})", handler.event, names.join(", "))
    });
    Ok(handlers.collect::<Vec<_>>().join(", "))
}
