//! What all the programs here share: one line for each check, and the payloads.

use std::error::Error;

pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Sizes of the messages that are echoed, in bytes.
pub const SIZES: [usize; 6] = [0, 125, 126, 65535, 65536, 1_000_000];
/// What comes on the channel.
pub const PUBLISHED: &str = r#"{"echo":"木霊"}"#;

/// A text of so many bytes.
pub fn text(size: usize) -> String {
    "kodama ".repeat(size / 7 + 1)[..size].to_string()
}

/// So many bytes.
pub fn binary(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i % 251) as u8).collect()
}

/// Prints what came of one check.
pub fn check(name: &str, outcome: Outcome) {
    match outcome {
        Ok(()) => println!("ok {name}"),
        Err(error) => println!("not ok {name}: {}", error.to_string().replace('\n', " ")),
    }
}

/// Says what a client has no way to do.
pub fn skip(name: &str, why: &str) {
    println!("skip {name}: {why}");
}

/// An error with this text, unless it is so.
pub fn ensure(is_so: bool, otherwise: impl ToString) -> Outcome {
    if is_so {
        Ok(())
    } else {
        Err(otherwise
            .to_string()
            .chars()
            .take(200)
            .collect::<String>()
            .into())
    }
}

/// The version of a crate, as Cargo.toml pins it.
pub fn version(name: &str) {
    let pinned = include_str!("../Cargo.toml")
        .lines()
        .find(|line| line.starts_with(&format!("{name} =")))
        .and_then(|line| line.split('"').find_map(|part| part.strip_prefix('=')))
        .expect("Cargo.toml pins it");
    println!("version {pinned}");
}

/// The checks of those that publish over HTTP.
pub mod publish {
    use super::{binary, check, ensure, skip, text, Outcome};

    /// Status and body.
    pub type Answer = Outcome<(u16, String)>;

    pub trait Client {
        fn publish(&self, body: Vec<u8>, content_type: &str) -> Answer;
        fn publish_chunked(&self, body: Vec<u8>) -> Answer;
        fn newest(&self) -> Outcome<String>;
    }

    pub fn publish_all(client: &impl Client) {
        for size in [0, 125, 65536, 1_000_000] {
            let answer = client.publish(text(size).into(), "text/plain");
            let expected = format!(r#""data":"{}""#, text(size));
            check(&format!("publish {size}"), taken(client, answer, &expected));
        }
        // The base64 of three zeros and what follows, up to 65,536 bytes.
        let answer = client.publish(binary(65536), "application/octet-stream");
        check(
            "publish binary",
            taken(client, answer, r#""base64":"AAECAwQFBgcICQoLDA0ODx"#),
        );
        let answer = client.publish_chunked(text(100_000).into());
        let expected = format!(r#""data":"{}""#, text(100_000));
        check("publish chunked", taken(client, answer, &expected));
        skip("expect", "does not ask before it sends");
        let answer = client.publish(text(1_048_577).into(), "text/plain");
        check(
            "too large",
            answer.and_then(|(status, _)| ensure(status == 413, status)),
        );
    }

    fn taken(client: &impl Client, answer: Answer, remembered: &str) -> Outcome {
        let (status, receipt) = answer?;
        ensure(status == 200 && receipt.contains(r#""id""#), receipt)?;
        let newest = client.newest()?;
        ensure(
            newest.contains(remembered),
            format!("the channel remembers {newest}"),
        )
    }
}
