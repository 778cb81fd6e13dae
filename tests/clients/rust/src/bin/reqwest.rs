//! https://docs.rs/reqwest

use clients::publish::{publish_all, Answer, Client};
use clients::{version, Outcome};
use futures_util::stream;
use tokio::runtime::{Builder, Runtime};

struct Reqwest {
    runtime: Runtime,
    client: reqwest::Client,
    channel: String,
}

impl Reqwest {
    fn post(&self, body: reqwest::Body, content_type: &str, length: Option<usize>) -> Answer {
        self.runtime.block_on(async {
            let mut request = self
                .client
                .post(&self.channel)
                .header("Content-Type", content_type);
            if let Some(length) = length {
                // By itself it says nothing of the length of an empty body: 411.
                request = request.header("Content-Length", length);
            }
            let answer = request.body(body).send().await?;
            Ok((answer.status().as_u16(), answer.text().await?))
        })
    }
}

impl Client for Reqwest {
    fn publish(&self, body: Vec<u8>, content_type: &str) -> Answer {
        let length = body.len();
        self.post(body.into(), content_type, Some(length))
    }

    fn publish_chunked(&self, body: Vec<u8>) -> Answer {
        let pieces: Vec<_> = body
            .chunks(10_000)
            .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
            .collect();
        self.post(
            reqwest::Body::wrap_stream(stream::iter(pieces)),
            "text/plain",
            None,
        )
    }

    fn newest(&self) -> Outcome<String> {
        self.runtime.block_on(async {
            let newest = format!("{}?limit=1", self.channel);
            Ok(self.client.get(newest).send().await?.text().await?)
        })
    }
}

fn main() -> Outcome {
    version("reqwest");
    let channel = std::env::args().nth(1).ok_or("URL")?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    publish_all(&Reqwest {
        runtime,
        client: reqwest::Client::new(),
        channel,
    });
    Ok(())
}
