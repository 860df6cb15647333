//! Pipelines: what is there, and starting and stopping it.

use pipertd_client::v1::{
    GetPipelineRequest, KillPipelineRequest, ListPipelinesRequest, PausePipelineRequest,
    RestartPipelineRequest, ResumePipelineRequest, StartPipelineRequest, StopPipelineRequest,
};
use pipertd_client::{CallError, Client};

pub async fn list_pipelines(client: &Client) -> Result<String, CallError> {
    let request = ListPipelinesRequest {};
    let answer = client.pipelines().list_pipelines(request).await?;
    let pipelines = answer.into_inner().pipelines.into_iter();
    let names: Vec<_> = pipelines.map(|pipeline| pipeline.name).collect();
    Ok(names.join(", "))
}

pub async fn get_pipeline(client: &Client) -> Result<String, CallError> {
    let name = "street".to_owned();
    let request = GetPipelineRequest { name };
    let answer = client.pipelines().get_pipeline(request).await?;
    let street = answer.into_inner().pipeline.unwrap_or_default();
    let state = street.state().as_str_name().replace("STATE_", "");
    let flows: Vec<_> = street.flows.into_iter().map(|flow| flow.name).collect();
    let (name, flows) = (street.name, flows.join(", "));
    Ok(format!("{name} is {state}, its flows are {flows}"))
}

pub async fn start_pipeline(client: &Client) -> Result<String, CallError> {
    let target = Some("street/archive".parse()?);
    let request = StartPipelineRequest { target };
    let answer = client.pipelines().start_pipeline(request).await?;
    let started = answer.into_inner().target.unwrap_or_default();
    Ok(format!("{}/{} is up", started.pipeline, started.flow))
}

pub async fn stop_pipeline(client: &Client) -> Result<String, CallError> {
    let target = Some("street/archive".parse()?);
    let request = StopPipelineRequest { target, now: false };
    let answer = client.pipelines().stop_pipeline(request).await?;
    let street = answer.into_inner().pipeline.unwrap_or_default();
    let archive = street.flows.iter().find(|flow| flow.name == "archive");
    let state = archive.map_or("gone", |flow| flow.state().as_str_name());
    Ok(format!("archive is {}", state.replace("STATE_", "")))
}

pub async fn restart_pipeline(client: &Client) -> Result<String, CallError> {
    let target = Some("street/archive".parse()?);
    let request = RestartPipelineRequest { target };
    let answer = client.pipelines().restart_pipeline(request).await?;
    let restarted = answer.into_inner().target.unwrap_or_default();
    let (pipeline, flow) = (restarted.pipeline, restarted.flow);
    Ok(format!("{pipeline}/{flow} was restarted"))
}

pub async fn pause_pipeline(client: &Client) -> Result<String, CallError> {
    let target = Some("street/archive".parse()?);
    let request = PausePipelineRequest { target };
    let answer = client.pipelines().pause_pipeline(request).await?;
    let mut flows = answer.into_inner().pipeline.unwrap_or_default().flows;
    flows.retain(|flow| flow.paused);
    let paused: Vec<_> = flows.into_iter().map(|flow| flow.name).collect();
    Ok(format!("paused: {}", paused.join(", ")))
}

pub async fn resume_pipeline(client: &Client) -> Result<String, CallError> {
    let target = Some("street/archive".parse()?);
    let request = ResumePipelineRequest { target };
    let answer = client.pipelines().resume_pipeline(request).await?;
    let flows = answer.into_inner().pipeline.unwrap_or_default().flows;
    let paused = flows.into_iter().find(|flow| flow.paused);
    let paused = paused.map_or("none".to_owned(), |flow| flow.name);
    Ok(format!("paused: {paused}"))
}

pub async fn kill_pipeline(client: &Client) -> Result<String, CallError> {
    let target = Some("street/archive".parse()?);
    let request = KillPipelineRequest { target };
    let answer = client.pipelines().kill_pipeline(request).await?;
    let street = answer.into_inner().pipeline.unwrap_or_default();
    let archive = street.flows.iter().find(|flow| flow.name == "archive");
    let reason = archive.map_or("is gone", |flow| &flow.reason);
    Ok(format!("archive {reason}"))
}
