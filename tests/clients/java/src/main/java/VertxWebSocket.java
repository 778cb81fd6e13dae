import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.http.WebSocketFrame;

/** https://vertx.io/docs/vertx-core/java/#_websockets_on_the_client */
class VertxWebSocket {
    private static final Vertx vertx = Vertx.vertx();
    private static final WebSocketClient client = vertx.createWebSocketClient(new WebSocketClientOptions()
        .setTryUsePerMessageCompression(true)
        .setMaxFrameSize(1 << 20)
        .setMaxMessageSize(1 << 20));

    static WebSocket open(String url, Check.Inbox inbox, String... subprotocols) throws Exception {
        WebSocketConnectOptions options = new WebSocketConnectOptions().setAbsoluteURI(url);
        for (String subprotocol : subprotocols) options.addSubProtocol(subprotocol);
        // Handlers are in place before anything is read.
        return client.connect(options).onSuccess(ws -> {
            ws.textMessageHandler(inbox::put);
            ws.binaryMessageHandler(buffer -> inbox.put(buffer.getBytes()));
            ws.pongHandler(buffer -> inbox.put(new Check.Pong(buffer.toString())));
            ws.closeHandler(done -> inbox.put(new Check.Closed(ws.closeStatusCode(), ws.closeReason())));
            ws.exceptionHandler(inbox::put);
        }).toCompletionStage().toCompletableFuture().get();
    }

    public static void main(String[] urls) throws Exception {
        Check.version(Versions.of(Vertx.class, "vertx-core"));

        Check.Inbox inbox = new Check.Inbox();
        WebSocket ws = open(urls[0], inbox);
        for (int size : Check.SIZES) {
            Check.check("echo text " + size, () -> {
                ws.writeTextMessage(Check.text(size));
                Check.equal(inbox.next(), Check.text(size));
            });
            Check.check("echo binary " + size, () -> {
                ws.writeBinaryMessage(Buffer.buffer(Check.binary(size)));
                Check.equal(inbox.next(), Check.binary(size));
            });
        }
        Check.check("fragments", () -> {
            ws.writeFrame(WebSocketFrame.textFrame("frag", false));
            ws.writeFrame(WebSocketFrame.continuationFrame(Buffer.buffer("men"), false));
            ws.writeFrame(WebSocketFrame.continuationFrame(Buffer.buffer("ts"), true));
            Check.equal(inbox.next(), "fragments");
        });
        Check.check("ping", () -> {
            ws.writePing(Buffer.buffer("are you there"));
            Check.equal(inbox.next(), new Check.Pong("are you there"));
        });
        Check.check("close by the client", () -> {
            ws.close((short) 4001, "bye");
            Check.equal(((Check.Closed) inbox.next()).code(), 4001);
        });

        Check.check("channel", () -> {
            Check.Inbox messages = new Check.Inbox();
            WebSocket channel = open(urls[1], messages);
            Check.subscribed();
            Check.equal(messages.next(), Check.PUBLISHED);
            channel.close();
        });

        Check.check("close by the server", () -> {
            Check.Inbox messages = new Check.Inbox();
            WebSocket channel = open(urls[1], messages, "kodama.v1");
            Check.startsWith(messages.next(), "{\"open\":");
            channel.writeBinaryMessage(Buffer.buffer("not JSON"));
            Check.equal(messages.next(), new Check.Closed(1003, "JSON is spoken here"));
        });
        System.exit(0);
    }
}
