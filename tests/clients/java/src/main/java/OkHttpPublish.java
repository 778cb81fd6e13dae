import java.io.IOException;
import okhttp3.MediaType;
import okhttp3.OkHttp;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;

/** https://square.github.io/okhttp */
class OkHttpPublish extends PublishChecks {
    private final OkHttpClient client = new OkHttpClient();
    private final String channel;

    OkHttpPublish(String channel) {
        this.channel = channel;
    }

    private Answer send(Request.Builder request) throws IOException {
        try (Response response = client.newCall(request.build()).execute()) {
            return new Answer(response.code(), response.body().string());
        }
    }

    private Request.Builder to(String url) {
        return new Request.Builder().url(url);
    }

    @Override
    Answer publish(byte[] body, String contentType) throws IOException {
        return send(to(channel).post(RequestBody.create(body, MediaType.get(contentType))));
    }

    @Override
    Answer publishChunked(byte[] body) throws IOException {
        return send(to(channel).post(new RequestBody() {
            @Override
            public MediaType contentType() {
                return MediaType.get("text/plain");
            }

            @Override
            public void writeTo(BufferedSink sink) throws IOException {
                sink.write(body);
            }
        }));
    }

    @Override
    Answer publishExpecting(byte[] body) throws IOException {
        RequestBody text = RequestBody.create(body, MediaType.get("text/plain"));
        return send(to(channel).header("Expect", "100-continue").post(text));
    }

    @Override
    String newest() throws IOException {
        return send(to(channel + "?limit=1")).body();
    }

    public static void main(String[] urls) {
        Check.version(OkHttp.VERSION);
        new OkHttpPublish(urls[0]).run();
        System.exit(0);
    }
}
