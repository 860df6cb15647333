//! The daemon that both programs speak to, as their command lines name it.

use std::error::Error;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Command};
use pipertd_client::{Address, Client, Tls};

#[derive(Args)]
pub struct Daemon {
    /// /PATH, unix:///PATH or HOST:PORT
    #[arg(long, global = true, env = "PIPERTD_ADDRESS")]
    #[arg(default_value = "unix:///run/pipertd/control.sock")]
    address: Address,
    /// At HOST:PORT, the CA of the daemon's certificate
    #[arg(long, global = true, env = "PIPERTD_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// At HOST:PORT, your certificate
    #[arg(long, global = true, env = "PIPERTD_CERT", value_name = "FILE")]
    cert: Option<PathBuf>,
    /// At HOST:PORT, its key
    #[arg(long, global = true, env = "PIPERTD_KEY", value_name = "FILE")]
    key: Option<PathBuf>,
}

impl Daemon {
    /// A client of it; arguments that are of no use, or files, end the program with the usage of `command`.
    pub fn client(&self, mut command: Command) -> Client {
        self.try_client().unwrap_or_else(|problem| {
            let words = words(&*problem);
            command.error(ErrorKind::ValueValidation, words).exit()
        })
    }

    fn try_client(&self) -> Result<Client, Box<dyn Error>> {
        let tls = match (&self.address, &self.ca, &self.cert, &self.key) {
            (Address::Unix(_), ..) | (_, None, None, None) => None,
            (_, Some(ca), Some(cert), Some(key)) => Some(Tls::read(ca, cert, key)?),
            _ => return Err("--ca, --cert and --key are given together, or none of them".into()),
        };
        Ok(Client::connect(&self.address, tls.as_ref())?)
    }
}

/// An error and what caused it.
fn words(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", words(cause)),
        None => error.to_string(),
    }
}
