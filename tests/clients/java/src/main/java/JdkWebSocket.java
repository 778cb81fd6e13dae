import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionStage;

/** java.net.http.WebSocket: https://docs.oracle.com/en/java/javase/17/docs/api/java.net.http/ */
class JdkWebSocket {
    private static final HttpClient client = HttpClient.newHttpClient();

    /** Puts parts together: a message comes as it arrives. */
    static class Listener implements WebSocket.Listener {
        final Check.Inbox inbox = new Check.Inbox();
        private final StringBuilder text = new StringBuilder();
        private final java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();

        @Override
        public CompletionStage<?> onText(WebSocket ws, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                inbox.put(text.toString());
                text.setLength(0);
            }
            ws.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket ws, ByteBuffer part, boolean last) {
            while (part.hasRemaining()) bytes.write(part.get());
            if (last) {
                inbox.put(bytes.toByteArray());
                bytes.reset();
            }
            ws.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onPong(WebSocket ws, ByteBuffer payload) {
            inbox.put(new Check.Pong(StandardCharsets.UTF_8.decode(payload).toString()));
            ws.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket ws, int code, String reason) {
            inbox.put(new Check.Closed(code, reason));
            return null;
        }

        @Override
        public void onError(WebSocket ws, Throwable error) {
            inbox.put(error);
        }
    }

    static WebSocket open(String url, Listener listener, String... subprotocols) {
        WebSocket.Builder builder = client.newWebSocketBuilder();
        if (subprotocols.length > 0) builder.subprotocols(subprotocols[0]);
        return builder.buildAsync(URI.create(url), listener).join();
    }

    public static void main(String[] urls) {
        Check.version(System.getProperty("java.version"));

        Listener echo = new Listener();
        WebSocket ws = open(urls[0], echo);
        for (int size : Check.SIZES) {
            Check.check("echo text " + size, () -> {
                ws.sendText(Check.text(size), true).join();
                Check.equal(echo.inbox.next(), Check.text(size));
            });
            Check.check("echo binary " + size, () -> {
                ws.sendBinary(ByteBuffer.wrap(Check.binary(size)), true).join();
                Check.equal(echo.inbox.next(), Check.binary(size));
            });
        }
        Check.check("fragments", () -> {
            ws.sendText("frag", false).join();
            ws.sendText("men", false).join();
            ws.sendText("ts", true).join();
            Check.equal(echo.inbox.next(), "fragments");
        });
        Check.check("ping", () -> {
            ws.sendPing(StandardCharsets.UTF_8.encode("are you there")).join();
            Check.equal(echo.inbox.next(), new Check.Pong("are you there"));
        });
        Check.check("close by the client", () -> {
            ws.sendClose(4001, "bye").join();
            Check.equal(echo.inbox.next(), new Check.Closed(4001, ""));
        });

        Check.check("channel", () -> {
            Listener listener = new Listener();
            WebSocket channel = open(urls[1], listener);
            Check.subscribed();
            Check.equal(listener.inbox.next(), Check.PUBLISHED);
            channel.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
        });

        Check.check("close by the server", () -> {
            Listener listener = new Listener();
            WebSocket channel = open(urls[1], listener, "kodama.v1");
            Check.startsWith(listener.inbox.next(), "{\"open\":");
            channel.sendBinary(StandardCharsets.UTF_8.encode("not JSON"), true).join();
            Check.equal(listener.inbox.next(), new Check.Closed(1003, "JSON is spoken here"));
        });
        // The client's threads would keep the process.
        System.exit(0);
    }
}
