//! Makes the stubs from the protos. Protox reads them, so that no protoc is needed.

use std::error::Error;
use std::path::Path;

const PROTOS: &str = "../../protos";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PROTOS}");
    let files = std::fs::read_dir(Path::new(PROTOS).join("pipertd/v1"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    let descriptors = protox::compile(files, [PROTOS])?;
    tonic_prost_build::configure()
        .build_server(false)
        .compile_fds(descriptors)?;
    Ok(())
}
