import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.nio.charset.StandardCharsets;
import reactor.core.publisher.Sinks;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.WebsocketClientSpec;

/** https://projectreactor.io/docs/netty/release/reference/http-client.html#websocket */
class ReactorNettyWebSocket {
    /** One connection: frames to send go into the sink. */
    static class Client {
        final Check.Inbox inbox = new Check.Inbox();
        private final Sinks.Many<WebSocketFrame> frames = Sinks.many().unicast().onBackpressureBuffer();

        Client(String url, String subprotocol) throws Exception {
            WebsocketClientSpec.Builder spec = WebsocketClientSpec.builder()
                .compress(true).handlePing(false).maxFramePayloadLength(1 << 20);
            if (subprotocol != null) spec.protocols(subprotocol);
            HttpClient.create().websocket(spec.build()).uri(url).handle((in, out) -> {
                inbox.put("open");
                in.receiveCloseStatus().subscribe(s -> inbox.put(new Check.Closed(s.code(), s.reasonText())));
                in.aggregateFrames(1 << 20).receiveFrames().subscribe(this::received, inbox::put);
                return out.sendObject(frames.asFlux());
            }).subscribe(nothing -> {}, inbox::put);
            Check.equal(inbox.next(), "open");
        }

        private void received(WebSocketFrame frame) {
            byte[] bytes = new byte[frame.content().readableBytes()];
            frame.content().getBytes(frame.content().readerIndex(), bytes);
            String text = new String(bytes, StandardCharsets.UTF_8);
            if (frame instanceof TextWebSocketFrame) inbox.put(text);
            else if (frame instanceof BinaryWebSocketFrame) inbox.put(bytes);
            else if (frame instanceof PongWebSocketFrame) inbox.put(new Check.Pong(text));
        }

        void send(WebSocketFrame frame) {
            frames.tryEmitNext(frame).orThrow();
        }
    }

    public static void main(String[] urls) throws Exception {
        Check.version(Versions.of(HttpClient.class, "reactor-netty-http"));

        Client ws = new Client(urls[0], null);
        for (int size : Check.SIZES) {
            Check.check("echo text " + size, () -> {
                ws.send(new TextWebSocketFrame(Check.text(size)));
                Check.equal(ws.inbox.next(), Check.text(size));
            });
            Check.check("echo binary " + size, () -> {
                ws.send(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(Check.binary(size))));
                Check.equal(ws.inbox.next(), Check.binary(size));
            });
        }
        Check.check("fragments", () -> {
            ws.send(new TextWebSocketFrame(false, 0, "frag"));
            ws.send(new ContinuationWebSocketFrame(false, 0, "men"));
            ws.send(new ContinuationWebSocketFrame(true, 0, "ts"));
            Check.equal(ws.inbox.next(), "fragments");
        });
        Check.check("ping", () -> {
            ws.send(new PingWebSocketFrame(Unpooled.copiedBuffer("are you there", StandardCharsets.UTF_8)));
            Check.equal(ws.inbox.next(), new Check.Pong("are you there"));
        });
        Check.check("close by the client", () -> {
            ws.send(new CloseWebSocketFrame(4001, "bye"));
            Check.equal(((Check.Closed) ws.inbox.next()).code(), 4001);
        });

        Check.check("channel", () -> {
            Client channel = new Client(urls[1], null);
            Check.subscribed();
            Check.equal(channel.inbox.next(), Check.PUBLISHED);
        });

        Check.check("close by the server", () -> {
            Client channel = new Client(urls[1], "kodama.v1");
            Check.startsWith(channel.inbox.next(), "{\"open\":");
            channel.send(new BinaryWebSocketFrame(Unpooled.copiedBuffer("not JSON", StandardCharsets.UTF_8)));
            Check.equal(channel.inbox.next(), new Check.Closed(1003, "JSON is spoken here"));
        });
        System.exit(0);
    }
}
