import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

/** java.net.http.HttpClient, which asks for HTTP/2 with `Upgrade: h2c` as long as nobody says otherwise */
class JdkPublish extends PublishChecks {
    private final HttpClient client = HttpClient.newHttpClient();
    private final String channel;

    JdkPublish(String channel) {
        this.channel = channel;
    }

    private Answer post(BodyPublisher body, String contentType, boolean expect) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(channel))
            .header("Content-Type", contentType).expectContinue(expect).POST(body).build();
        HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
        return new Answer(response.statusCode(), response.body());
    }

    @Override
    Answer publish(byte[] body, String contentType) throws Exception {
        return post(BodyPublishers.ofByteArray(body), contentType, false);
    }

    @Override
    Answer publishChunked(byte[] body) throws Exception {
        return post(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)), "text/plain", false);
    }

    @Override
    Answer publishExpecting(byte[] body) throws Exception {
        return post(BodyPublishers.ofByteArray(body), "text/plain", true);
    }

    @Override
    String newest() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(channel + "?limit=1")).build();
        return client.send(request, BodyHandlers.ofString()).body();
    }

    public static void main(String[] urls) {
        Check.version(System.getProperty("java.version"));
        new JdkPublish(urls[0]).run();
        System.exit(0);
    }
}
