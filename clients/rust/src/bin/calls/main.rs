//! Every call of the API once, each in a function of its own, which docs/api.md shows.
//!
//! It is made for the pipelines that tests/clients run: the street of the demo, with a flow `archive` beside it, and
//! `poison`, which has put messages into quarantine.

#[path = "../daemon/mod.rs"]
mod daemon;

mod definitions;
mod events;
mod logs;
mod pipelines;
mod quarantine;
mod status;
mod taps;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use pipertd_client::{CallError, Client};

/// Makes every call of a daemon's API once.
#[derive(Parser)]
#[command(name = "calls")]
struct Arguments {
    #[command(flatten)]
    daemon: daemon::Daemon,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let client = Arguments::parse().daemon.client(Arguments::command());
    match make_all(&client).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("calls: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn make_all(client: &Client) -> Result<(), Box<dyn Error>> {
    say("GetStatus", status::get_status(client)).await?;
    say("GetDaemon", status::get_daemon(client)).await?;
    say("WatchNotices", status::watch_notices(client)).await?;
    say("TapLink", taps::tap_link(client)).await?;
    say("NotifyEvent", events::notify_event(client)).await?;
    say("ListHandlers", events::list_handlers(client)).await?;
    say("ReadLogs", logs::read_logs(client)).await?;
    say("ListMessages", quarantine::list_messages(client)).await?;
    say("GetMessage", quarantine::get_message(client)).await?;
    say("ReadPayload", quarantine::read_payload(client)).await?;
    say("DropMessage", quarantine::drop_message(client)).await?;
    say("ListPipelines", pipelines::list_pipelines(client)).await?;
    say("GetPipeline", pipelines::get_pipeline(client)).await?;
    say("CheckDefinitions", definitions::check_definitions(client)).await?;
    say("PlanReload", definitions::plan_reload(client)).await?;
    say("Reload", definitions::reload(client)).await?;
    say("PausePipeline", pipelines::pause_pipeline(client)).await?;
    say("ResumePipeline", pipelines::resume_pipeline(client)).await?;
    say("KillPipeline", pipelines::kill_pipeline(client)).await?;
    say("StopPipeline", pipelines::stop_pipeline(client)).await?;
    say("StartPipeline", pipelines::start_pipeline(client)).await?;
    say("RestartPipeline", pipelines::restart_pipeline(client)).await?;
    say("Link", definitions::link(client)).await?;
    say("Unlink", definitions::unlink(client)).await?;
    Ok(())
}

async fn say(
    rpc: &str,
    call: impl Future<Output = Result<String, CallError>>,
) -> Result<(), Box<dyn Error>> {
    writeln!(io::stdout(), "{rpc}: {}", call.await?)?;
    Ok(())
}
