//! Log records.

use pipertd_client::v1::ReadLogsRequest;
use pipertd_client::v1::read_logs_response::Content;
use pipertd_client::{CallError, Client};

pub async fn read_logs(client: &Client) -> Result<String, CallError> {
    let request = ReadLogsRequest {
        target: Some("poison/b".parse()?),
        level: 30,
        limit: 1,
        ..Default::default()
    };
    let mut answers = client.logs().read_logs(request).await?.into_inner();
    let mut lines = Vec::new();
    while let Some(answer) = answers.message().await? {
        if let Some(Content::Record(record)) = answer.content {
            let (flow, routine) = (record.flow, record.routine);
            lines.push(format!("{flow}/{routine}: {}", record.message));
        }
    }
    Ok(lines.join("; "))
}
