//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use pipertd_client::v1::Target;
use prost_types::Value;

use crate::daemon::Daemon;
use crate::json;

/// Shows what a daemon of pipertd does, and hands events to routines.
#[derive(Parser)]
#[command(name = "example", arg_required_else_help = false)]
pub struct Arguments {
    #[command(flatten)]
    pub daemon: Daemon,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// The flows and links as they are now
    Status {
        /// PIPELINE[/FLOW[/ROUTINE]]; everything if left out
        target: Option<Target>,
    },
    /// Notices as they happen, until interrupted
    Watch {
        /// PIPELINE[/FLOW[/ROUTINE]]; everything if left out
        target: Option<Target>,
        /// Begin with this one; only what is new if left out
        #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i64).range(1..))]
        from: Option<i64>,
    },
    /// What flows and the daemon logged, and what code printed
    Logs(Wanted),
    /// Hand an event to routines, and print their answers
    Event(Given),
}

#[derive(Args)]
pub struct Wanted {
    /// PIPELINE[/FLOW[/ROUTINE]]; everything if left out
    pub target: Option<Target>,
    /// Go on as new records come, until interrupted
    #[arg(long)]
    pub follow: bool,
    /// The lowest that is shown
    #[arg(long, value_enum, ignore_case = true, default_value_t = Level::Debug)]
    pub level: Level,
    /// How many of the newest to begin with
    #[arg(short = 'n', value_name = "N", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(i32).range(0..))]
    pub number: i32,
}

/// How weighty a record is, in the numbers of Python's logging.
#[derive(Clone, Copy, ValueEnum)]
pub enum Level {
    Debug = 0, // whatever there is
    Info = 20,
    Warning = 30,
    Error = 40,
    Critical = 50,
}

#[derive(Args)]
pub struct Given {
    /// The event's name
    pub name: String,
    /// PIPELINE[/FLOW[/ROUTINE]]
    pub target: Target,
    /// Parameters; a value is JSON, or else text
    #[arg(value_name = "KEY=VALUE", value_parser = parameter)]
    pub parameters: Vec<(String, Value)>,
}

fn parameter(text: &str) -> Result<(String, Value), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), json::read(value))),
        _ => Err("a parameter is written KEY=VALUE"),
    }
}
