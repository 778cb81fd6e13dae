import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Iterator;
import java.util.stream.Stream;

/** Server-Sent Events line by line, as java.net.http.HttpClient gives them */
class JdkEvents {
    private static final HttpClient client = HttpClient.newHttpClient();

    record Event(String id, String data) {}

    static Stream<String> open(String channel, String lastEventId) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(channel)).header("Accept", "text/event-stream");
        if (lastEventId != null) request.header("Last-Event-ID", lastEventId);
        return client.send(request.build(), BodyHandlers.ofLines()).body();
    }

    static Event next(Iterator<String> lines) {
        String id = null, data = null;
        for (String line; !(line = lines.next()).isEmpty() || data == null; ) {
            if (line.startsWith("id: ")) id = line.substring(4);
            if (line.startsWith("data: ")) data = line.substring(6);
        }
        return new Event(id, data);
    }

    static void holds(Event event, String expected) {
        if (!event.data.contains(expected)) throw new AssertionError(event);
    }

    public static void main(String[] urls) throws Exception {
        Check.version(System.getProperty("java.version"));
        Iterator<String> lines = open(urls[0], null).iterator();
        Event opening = next(lines);
        Check.check("open", () -> holds(opening, "\"gap\":false"));
        Check.subscribed();
        Check.check("live", () -> holds(next(lines), Check.PUBLISHED));
        Check.check("resume", () -> {
            Iterator<String> resumed = open(urls[0], opening.id).iterator();
            holds(next(resumed), "\"gap\":false");
            holds(next(resumed), Check.PUBLISHED);
        });
        System.exit(0);
    }
}
