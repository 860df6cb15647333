//! `example status`.

use std::io::{self, Write};

use pipertd_client::Client;
use pipertd_client::v1::{Flow, GetStatusRequest, Link, Pipeline, Target};

use crate::deadline::with_deadline;
use crate::failure::Failure;
use crate::table;

pub async fn show(client: &Client, target: Option<Target>) -> Result<(), Failure> {
    let request = with_deadline(GetStatusRequest { target });
    let status = client.status().get_status(request).await?.into_inner();
    show_flows(&status.pipelines)?;
    writeln!(io::stdout())?;
    show_links(&status.pipelines)?;
    Ok(())
}

fn show_flows(pipelines: &[Pipeline]) -> io::Result<()> {
    let mut rows = vec![["FLOW", "STATE", "PID", "GENERATION", "RESTARTS"].map(str::to_owned)];
    for pipeline in pipelines {
        rows.extend(
            pipeline
                .flows
                .iter()
                .map(|flow| of_flow(&pipeline.name, flow)),
        );
    }
    table::print(&rows)
}

fn of_flow(pipeline: &str, flow: &Flow) -> [String; 5] {
    let state = flow.state().as_str_name();
    [
        format!("{pipeline}/{}", flow.name),
        state.strip_prefix("STATE_").unwrap_or(state).to_owned(),
        if flow.pid == 0 {
            "-".to_owned()
        } else {
            flow.pid.to_string()
        },
        flow.generation.to_string(),
        flow.restarts.to_string(),
    ]
}

fn show_links(pipelines: &[Pipeline]) -> io::Result<()> {
    let header = [
        "LINK",
        "PRODUCED",
        "DELIVERED",
        "FAILED",
        "DROPPED",
        "QUARANTINED",
        "IN FLIGHT",
    ];
    let mut rows = vec![header.map(str::to_owned)];
    for pipeline in pipelines {
        rows.extend(
            pipeline
                .links
                .iter()
                .map(|link| of_link(&pipeline.name, link)),
        );
    }
    table::print(&rows)
}

fn of_link(pipeline: &str, link: &Link) -> [String; 7] {
    [
        format!("{pipeline}: {} -> {}", link.source, link.destination),
        link.produced.to_string(),
        link.delivered.to_string(),
        link.failed.to_string(),
        link.dropped.values().sum::<i64>().to_string(),
        link.quarantined.to_string(),
        (link.waiting + link.in_hand).to_string(),
    ]
}
