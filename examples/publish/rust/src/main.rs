//! Publishes a message: cargo run -- [URL]

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1);
    let url = url.as_deref().unwrap_or("http://127.0.0.1:9999/btc");
    let receipt = ureq::post(url)
        .header("Content-Type", "application/json")
        .send(r#"{"price":42}"#)?
        .body_mut()
        .read_to_string()?;
    println!("{}", receipt.trim_end());
    Ok(())
}
