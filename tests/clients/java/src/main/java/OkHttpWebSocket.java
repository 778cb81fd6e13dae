import okhttp3.OkHttp;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.ByteString;

/** https://square.github.io/okhttp */
class OkHttpWebSocket {
    /** It offers permessage-deflate by itself, and compresses messages of 1 KiB or more. */
    private static final OkHttpClient client = new OkHttpClient();

    static class Listener extends WebSocketListener {
        final Check.Inbox inbox = new Check.Inbox();

        @Override
        public void onMessage(WebSocket ws, String text) {
            inbox.put(text);
        }

        @Override
        public void onMessage(WebSocket ws, ByteString bytes) {
            inbox.put(bytes.toByteArray());
        }

        @Override
        public void onClosing(WebSocket ws, int code, String reason) {
            inbox.put(new Check.Closed(code, reason));
            ws.close(code, null);
        }

        @Override
        public void onFailure(WebSocket ws, Throwable error, Response response) {
            inbox.put(error);
        }
    }

    public static void main(String[] urls) {
        Check.version(OkHttp.VERSION);

        Listener echo = new Listener();
        WebSocket ws = client.newWebSocket(new Request.Builder().url(urls[0]).build(), echo);
        for (int size : Check.SIZES) {
            Check.check("echo text " + size, () -> {
                ws.send(Check.text(size));
                Check.equal(echo.inbox.next(), Check.text(size));
            });
            Check.check("echo binary " + size, () -> {
                ws.send(ByteString.of(Check.binary(size)));
                Check.equal(echo.inbox.next(), Check.binary(size));
            });
        }
        Check.skip("fragments", "sends whole messages only");
        Check.skip("ping", "pings by itself, at intervals");
        Check.check("close by the client", () -> {
            ws.close(4001, "bye");
            Check.equal(echo.inbox.next(), new Check.Closed(4001, ""));
        });

        Check.check("channel", () -> {
            Listener listener = new Listener() {
                @Override
                public void onOpen(WebSocket ws, Response response) {
                    Check.subscribed();
                }
            };
            WebSocket channel = client.newWebSocket(new Request.Builder().url(urls[1]).build(), listener);
            Check.equal(listener.inbox.next(), Check.PUBLISHED);
            channel.close(1000, null);
        });

        Check.check("close by the server", () -> {
            Listener listener = new Listener();
            Request request = new Request.Builder().url(urls[1]).header("Sec-WebSocket-Protocol", "kodama.v1").build();
            WebSocket channel = client.newWebSocket(request, listener);
            Check.startsWith(listener.inbox.next(), "{\"open\":");
            channel.send(ByteString.encodeUtf8("not JSON"));
            Check.equal(listener.inbox.next(), new Check.Closed(1003, "JSON is spoken here"));
        });
        System.exit(0);
    }
}
