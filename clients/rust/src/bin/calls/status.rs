//! The daemon, the snapshot of everything, and the notices behind it.

use pipertd_client::v1::watch_notices_response::Content;
use pipertd_client::v1::{GetDaemonRequest, GetStatusRequest, WatchNoticesRequest};
use pipertd_client::{CallError, Client};

pub async fn get_status(client: &Client) -> Result<String, CallError> {
    let target = Some("street".parse()?);
    let request = GetStatusRequest { target };
    let status = client.status().get_status(request).await?.into_inner();
    let street = &status.pipelines[0];
    let (flows, routines) = (street.flows.len(), street.routines.len());
    let links = street.links.len();
    Ok(format!("{flows} flows, {routines} routines, {links} links"))
}

pub async fn get_daemon(client: &Client) -> Result<String, CallError> {
    let answer = client.status().get_daemon(GetDaemonRequest {}).await?;
    let daemon = answer.into_inner().daemon.unwrap_or_default();
    let role = daemon.role().as_str_name().replace("ROLE_", "");
    let (version, role) = (daemon.version, role.to_lowercase());
    Ok(format!("version {version}, your role is {role}"))
}

pub async fn watch_notices(client: &Client) -> Result<String, CallError> {
    let request = WatchNoticesRequest {
        target: Some("poison".parse()?),
        after_revision: 0,
        ..Default::default()
    };
    let mut answers = client.status().watch_notices(request).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        if let Some(Content::Notice(notice)) = answer.content {
            return Ok(format!("{}: {}", notice.kind, notice.message));
        }
    }
    Ok("the watch ended".to_owned())
}
