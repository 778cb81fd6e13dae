//! https://docs.rs/ureq

use clients::publish::{publish_all, Answer, Client};
use clients::{version, Outcome};
use ureq::{Agent, SendBody};

struct Ureq {
    agent: Agent,
    channel: String,
}

impl Client for Ureq {
    fn publish(&self, body: Vec<u8>, content_type: &str) -> Answer {
        let request = self.agent.post(&self.channel).content_type(content_type);
        let mut answer = request.send(&body)?;
        Ok((
            answer.status().as_u16(),
            answer.body_mut().read_to_string()?,
        ))
    }

    fn publish_chunked(&self, body: Vec<u8>) -> Answer {
        let request = self.agent.post(&self.channel).content_type("text/plain");
        let mut answer = request.send(SendBody::from_reader(&mut body.as_slice()))?;
        Ok((
            answer.status().as_u16(),
            answer.body_mut().read_to_string()?,
        ))
    }

    fn newest(&self) -> Outcome<String> {
        let mut answer = self.agent.get(&self.channel).query("limit", "1").call()?;
        Ok(answer.body_mut().read_to_string()?)
    }
}

fn main() -> Outcome {
    version("ureq");
    let channel = std::env::args().nth(1).ok_or("URL")?;
    // By default 413 would be an error.
    let agent = Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    publish_all(&Ureq { agent, channel });
    Ok(())
}
