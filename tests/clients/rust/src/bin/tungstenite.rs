//! https://docs.rs/tungstenite

use clients::{binary, check, ensure, text, version, Outcome, PUBLISHED, SIZES};
use std::net::TcpStream;
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{connect, Message, WebSocket};

type Socket = WebSocket<MaybeTlsStream<TcpStream>>;

fn main() -> Outcome {
    version("tungstenite");
    let urls: Vec<String> = std::env::args().skip(1).collect();

    let (mut socket, _) = connect(&urls[0])?;
    for size in SIZES {
        check(
            &format!("echo text {size}"),
            echoed(&mut socket, Message::text(text(size))),
        );
        check(
            &format!("echo binary {size}"),
            echoed(&mut socket, Message::binary(binary(size))),
        );
    }
    check("fragments", fragments(&mut socket));
    check("ping", ping(&mut socket));
    check("close by the client", close(&mut socket));
    check("channel", channel(&urls[1]));
    check("close by the server", closed_by_the_server(&urls[1]));
    Ok(())
}

fn echoed(socket: &mut Socket, message: Message) -> Outcome {
    socket.send(message.clone())?;
    let got = socket.read()?;
    ensure(got == message, got)
}

fn fragments(socket: &mut Socket) -> Outcome {
    let parts = [
        ("frag", Data::Text, false),
        ("men", Data::Continue, false),
        ("ts", Data::Continue, true),
    ];
    for (part, opcode, last) in parts {
        socket.send(Message::Frame(Frame::message(
            part,
            OpCode::Data(opcode),
            last,
        )))?;
    }
    let got = socket.read()?;
    ensure(got == Message::text("fragments"), got)
}

fn ping(socket: &mut Socket) -> Outcome {
    socket.send(Message::Ping("are you there".into()))?;
    let got = socket.read()?;
    ensure(got == Message::Pong("are you there".into()), got)
}

fn close(socket: &mut Socket) -> Outcome {
    socket.close(Some(CloseFrame {
        code: CloseCode::from(4001),
        reason: "bye".into(),
    }))?;
    let got = socket.read()?;
    let Message::Close(Some(frame)) = got else {
        return ensure(false, got);
    };
    ensure(frame.code == CloseCode::from(4001), frame)
}

fn channel(url: &str) -> Outcome {
    let (mut socket, _) = connect(url)?;
    println!("subscribed");
    let got = socket.read()?;
    ensure(got == Message::text(PUBLISHED), got)
}

fn closed_by_the_server(url: &str) -> Outcome {
    let mut request = url.into_client_request()?;
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", "kodama.v1".parse()?);
    let (mut socket, _) = connect(request)?;
    let opening = socket.read()?.into_text()?;
    ensure(opening.starts_with(r#"{"open":"#), opening)?;
    socket.send(Message::binary("not JSON"))?;
    let got = socket.read()?;
    let Message::Close(Some(frame)) = got else {
        return ensure(false, got);
    };
    let expected = CloseFrame {
        code: CloseCode::Unsupported,
        reason: "JSON is spoken here".into(),
    };
    ensure(frame == expected, frame)
}
