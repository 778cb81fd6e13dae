import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.java_websocket.WebSocket;
import org.java_websocket.client.WebSocketClient;
import org.java_websocket.drafts.Draft_6455;
import org.java_websocket.enums.Opcode;
import org.java_websocket.extensions.permessage_deflate.PerMessageDeflateExtension;
import org.java_websocket.framing.Framedata;
import org.java_websocket.framing.PingFrame;
import org.java_websocket.handshake.ServerHandshake;
import org.java_websocket.protocols.IProtocol;
import org.java_websocket.protocols.Protocol;

/** https://github.com/TooTallNate/Java-WebSocket */
class JavaWebSocket {
    static class Client extends WebSocketClient {
        final Check.Inbox inbox = new Check.Inbox();

        Client(String url, IProtocol subprotocol) throws InterruptedException {
            super(URI.create(url), new Draft_6455(List.of(new PerMessageDeflateExtension()), List.of(subprotocol)));
            if (!connectBlocking()) throw new AssertionError("not connected: " + url);
        }

        @Override
        public void onOpen(ServerHandshake handshake) {}

        @Override
        public void onMessage(String text) {
            inbox.put(text);
        }

        @Override
        public void onMessage(ByteBuffer bytes) {
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            inbox.put(copy);
        }

        @Override
        public void onWebsocketPong(WebSocket conn, Framedata frame) {
            inbox.put(new Check.Pong(StandardCharsets.UTF_8.decode(frame.getPayloadData()).toString()));
        }

        @Override
        public void onClose(int code, String reason, boolean remote) {
            inbox.put(new Check.Closed(code, reason));
        }

        @Override
        public void onError(Exception error) {
            inbox.put(error);
        }
    }

    private static final IProtocol NONE = new Protocol("");

    public static void main(String[] urls) throws Exception {
        Check.version(Versions.of(WebSocketClient.class, "Java-WebSocket"));

        Client ws = new Client(urls[0], NONE);
        for (int size : Check.SIZES) {
            Check.check("echo text " + size, () -> {
                ws.send(Check.text(size));
                Check.equal(ws.inbox.next(), Check.text(size));
            });
            Check.check("echo binary " + size, () -> {
                ws.send(Check.binary(size));
                Check.equal(ws.inbox.next(), Check.binary(size));
            });
        }
        Check.check("fragments", () -> {
            ws.sendFragmentedFrame(Opcode.TEXT, StandardCharsets.UTF_8.encode("frag"), false);
            ws.sendFragmentedFrame(Opcode.TEXT, StandardCharsets.UTF_8.encode("men"), false);
            ws.sendFragmentedFrame(Opcode.TEXT, StandardCharsets.UTF_8.encode("ts"), true);
            Check.equal(ws.inbox.next(), "fragments");
        });
        Check.check("ping", () -> {
            PingFrame ping = new PingFrame();
            ping.setPayload(StandardCharsets.UTF_8.encode("are you there"));
            ws.sendFrame(ping);
            Check.equal(ws.inbox.next(), new Check.Pong("are you there"));
        });
        Check.check("close by the client", () -> {
            ws.close(4001, "bye");
            // The reason is its own or, since none came back, empty: whichever it sees first.
            Check.equal(((Check.Closed) ws.inbox.next()).code(), 4001);
        });

        Check.check("channel", () -> {
            Client channel = new Client(urls[1], NONE);
            Check.subscribed();
            Check.equal(channel.inbox.next(), Check.PUBLISHED);
            channel.closeBlocking();
        });

        Check.check("close by the server", () -> {
            Client channel = new Client(urls[1], new Protocol("kodama.v1"));
            Check.startsWith(channel.inbox.next(), "{\"open\":");
            channel.send("not JSON".getBytes(StandardCharsets.UTF_8));
            Check.equal(channel.inbox.next(), new Check.Closed(1003, "JSON is spoken here"));
        });
        System.exit(0);
    }
}
