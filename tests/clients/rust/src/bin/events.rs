//! https://docs.rs/eventsource-stream, over reqwest

use clients::{check, ensure, version, Outcome, PUBLISHED};
use eventsource_stream::{Event, Eventsource};
use futures_util::{Stream, StreamExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    version("eventsource-stream");
    let channel = std::env::args().nth(1).ok_or("URL")?;

    let mut events = Box::pin(open(&channel, None).await?);
    let opening = next(&mut events, r#""gap":false"#).await;
    let cursor = opening.as_ref().ok().map(|event| event.id.clone());
    check("open", opening.map(|_| ()));
    println!("subscribed");
    check("live", next(&mut events, PUBLISHED).await.map(|_| ()));
    drop(events);

    check("resume", resume(&channel, cursor).await);
    Ok(())
}

async fn resume(channel: &str, cursor: Option<String>) -> Outcome {
    let mut events = Box::pin(open(channel, cursor).await?);
    next(&mut events, r#""gap":false"#).await?;
    next(&mut events, PUBLISHED).await.map(|_| ())
}

async fn open(
    channel: &str,
    last_event_id: Option<String>,
) -> Outcome<impl Stream<Item = Outcome<Event>>> {
    let mut request = reqwest::Client::new()
        .get(channel)
        .header("Accept", "text/event-stream");
    if let Some(id) = last_event_id {
        request = request.header("Last-Event-ID", id);
    }
    let events = request.send().await?.bytes_stream().eventsource();
    Ok(events.map(|event| event.map_err(Into::into)))
}

/// The next event, whose data must hold what is expected.
async fn next(
    events: &mut (impl Stream<Item = Outcome<Event>> + Unpin),
    expected: &str,
) -> Outcome<Event> {
    let event = events.next().await.ok_or("the stream ended")??;
    ensure(event.data.contains(expected), &event.data)?;
    Ok(event)
}
