//! Looks at what passes on a link.

use pipertd_client::v1::tap_link_request::Content;
use pipertd_client::v1::tapped_message::Payload;
use pipertd_client::v1::{TapFormat, TapLinkRequest, TapStart};
use pipertd_client::{CallError, Client};
use tokio_stream::StreamExt;

pub async fn tap_link(client: &Client) -> Result<String, CallError> {
    let start = TapStart {
        pipeline: "street".to_owned(),
        source: "decode".to_owned(),
        destination: "motion".to_owned(),
        format: TapFormat::Png.into(),
        credit: 2,
        picture_width: 64,
        bgr: true,
        ..Default::default()
    };
    let content = Some(Content::Start(start));
    let requests = tokio_stream::once(TapLinkRequest { content });
    let requests = requests.chain(tokio_stream::pending()); // whose end would end the look
    let mut passing = client.taps().tap_link(requests).await?.into_inner();
    let mut sizes = Vec::new();
    while let Some(answer) = passing.message().await? {
        if let Some(Payload::Picture(picture)) = answer.message.and_then(|message| message.payload)
        {
            sizes.push(format!("{} x {}", picture.width, picture.height));
        }
        if sizes.len() == 2 {
            break;
        }
    }
    Ok(sizes.join(", "))
}
