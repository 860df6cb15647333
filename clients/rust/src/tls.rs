//! Mutual TLS: whom the client trusts, and who it is.

use std::io;
use std::path::Path;

use tonic::transport::{Certificate, ClientTlsConfig, Identity};

/// A CA, and a certificate with its key.
#[derive(Clone)]
pub struct Tls(ClientTlsConfig);

impl Tls {
    /// Reads three PEM files: the CA that signed the daemon's certificate, one's own certificate, and its key.
    ///
    /// # Errors
    ///
    /// One of them cannot be read; the text names it.
    pub fn read(ca: &Path, certificate: &Path, key: &Path) -> io::Result<Self> {
        let ca = Certificate::from_pem(pem(ca)?);
        let identity = Identity::from_pem(pem(certificate)?, pem(key)?);
        Ok(Self(
            ClientTlsConfig::new().ca_certificate(ca).identity(identity),
        ))
    }

    pub(crate) fn config(&self) -> ClientTlsConfig {
        self.0.clone()
    }
}

fn pem(file: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(file).map_err(|reason| {
        io::Error::new(
            reason.kind(),
            format!("cannot read {}: {reason}", file.display()),
        )
    })
}
