//! Shows what a daemon does: its status, its notices and its logs; and hands events to routines.

#[path = "../daemon/mod.rs"]
mod daemon;

mod arguments;
mod clock;
mod deadline;
mod event;
mod failure;
mod feed;
mod harmless;
mod json;
mod logs;
mod status;
mod table;
mod watch;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use pipertd_client::Client;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let client = arguments.daemon.client(Arguments::command());
    match run(&client, arguments.command).await {
        Ok(code) => code,
        Err(failure) => failure.tell(),
    }
}

async fn run(client: &Client, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Status { target } => status::show(client, target).await,
        Command::Watch { target, from } => watch::follow(client, target, from).await,
        Command::Logs(wanted) => logs::read(client, wanted).await,
        Command::Event(given) => return event::notify(client, given).await,
    }?;
    Ok(ExitCode::SUCCESS)
}
