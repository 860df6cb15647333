//! Definitions: what is wrong with them, reloading them, and links that are drawn by hand.

use pipertd_client::v1::{
    CheckDefinitionsRequest, DefinitionFile, LinkRequest, PlanReloadRequest, ReloadRequest,
    UnlinkRequest,
};
use pipertd_client::{CallError, Client};

pub async fn check_definitions(client: &Client) -> Result<String, CallError> {
    let yard = DefinitionFile {
        name: "yard.yaml".to_owned(),
        text: "pipeline: yard\nflows: {}\n".to_owned(),
    };
    let request = CheckDefinitionsRequest {
        files: vec![yard],
        classes: false,
    };
    let check = client.pipelines().check_definitions(request).await?;
    let problems = check.into_inner().problems.into_iter().map(|problem| {
        let (file, line, column) = (problem.file, problem.line, problem.column);
        format!("{file}:{line}:{column}: {}", problem.text)
    });
    Ok(problems.collect::<Vec<_>>().join("; "))
}

pub async fn plan_reload(client: &Client) -> Result<String, CallError> {
    let request = PlanReloadRequest {};
    let answer = client.pipelines().plan_reload(request).await?;
    let would_be_done = answer.into_inner().plans;
    let plans = would_be_done.iter().map(|plan| {
        let action = plan.action().as_str_name().replace("PLAN_ACTION_", "");
        format!("{}: {}", plan.pipeline, action.to_lowercase())
    });
    Ok(plans.collect::<Vec<_>>().join(", "))
}

pub async fn reload(client: &Client) -> Result<String, CallError> {
    let answer = client.pipelines().reload(ReloadRequest {}).await?;
    let done = answer.into_inner();
    if !done.problems.is_empty() {
        let number = done.problems.len();
        return Ok(format!("nothing was changed, for {number} problems"));
    }
    let plans = done.plans.iter().map(|plan| {
        let action = plan.action().as_str_name().replace("PLAN_ACTION_", "");
        format!("{}: {}", plan.pipeline, action.to_lowercase())
    });
    Ok(plans.collect::<Vec<_>>().join(", "))
}

pub async fn link(client: &Client) -> Result<String, CallError> {
    let request = LinkRequest {
        pipeline: "street".to_owned(),
        source: "motion".to_owned(),
        destination: "frames".to_owned(),
        policy: "drop_oldest".to_owned(),
        depth: 1,
    };
    let answer = client.pipelines().link(request).await?;
    let done = answer.into_inner().plan.unwrap_or_default();
    let flows = done.flows.iter().map(|flow| {
        let action = flow.action().as_str_name().replace("PLAN_ACTION_", "");
        format!("{}: {}", flow.flow, action.to_lowercase())
    });
    Ok(flows.collect::<Vec<_>>().join(", "))
}

pub async fn unlink(client: &Client) -> Result<String, CallError> {
    let request = UnlinkRequest {
        pipeline: "street".to_owned(),
        source: "motion".to_owned(),
        destination: "frames".to_owned(),
    };
    let answer = client.pipelines().unlink(request).await?;
    let done = answer.into_inner().plan.unwrap_or_default();
    let flows = done.flows.iter().map(|flow| {
        let action = flow.action().as_str_name().replace("PLAN_ACTION_", "");
        format!("{}: {}", flow.flow, action.to_lowercase())
    });
    Ok(flows.collect::<Vec<_>>().join(", "))
}
