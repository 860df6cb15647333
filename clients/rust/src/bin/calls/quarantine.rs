//! Messages that were put aside.

use pipertd_client::v1::{
    DropMessageRequest, GetMessageRequest, ListMessagesRequest, ReadPayloadRequest,
};
use pipertd_client::{CallError, Client};

pub async fn list_messages(client: &Client) -> Result<String, CallError> {
    let target = Some("poison".parse()?);
    let request = ListMessagesRequest { target };
    let answer = client.quarantine().list_messages(request).await?;
    let oldest = &answer.into_inner().messages[0];
    Ok(format!("the oldest came by {}", oldest.link))
}

pub async fn get_message(client: &Client) -> Result<String, CallError> {
    let target = Some("poison".parse()?);
    let all = ListMessagesRequest { target };
    let answer = client.quarantine().list_messages(all).await?;
    let id = answer.into_inner().messages[0].id.clone();
    let request = GetMessageRequest { id };
    let answer = client.quarantine().get_message(request).await?;
    let oldest = answer.into_inner().message.unwrap_or_default();
    let (class, attempts, deaths) = (oldest.class_path, oldest.attempts, oldest.deaths);
    Ok(format!("{class}, attempts: {attempts}, deaths: {deaths}"))
}

pub async fn read_payload(client: &Client) -> Result<String, CallError> {
    let target = Some("poison".parse()?);
    let all = ListMessagesRequest { target };
    let answer = client.quarantine().list_messages(all).await?;
    let id = answer.into_inner().messages[0].id.clone();
    let request = ReadPayloadRequest { id };
    let answer = client.quarantine().read_payload(request).await?;
    let (mut pieces, mut payload) = (answer.into_inner(), Vec::new());
    while let Some(piece) = pieces.message().await? {
        payload.extend(piece.data);
    }
    Ok(format!("{} bytes", payload.len()))
}

pub async fn drop_message(client: &Client) -> Result<String, CallError> {
    let target = Some("poison".parse()?);
    let all = ListMessagesRequest { target };
    let answer = client.quarantine().list_messages(all).await?;
    let id = answer.into_inner().messages[0].id.clone();
    let request = DropMessageRequest { id };
    client.quarantine().drop_message(request.clone()).await?;
    let Err(status) = client.quarantine().drop_message(request).await else {
        return Ok("dropped twice".to_owned());
    };
    let refusal = CallError::from(status);
    Ok(format!("dropped; dropped again: {}", refusal.reason))
}
