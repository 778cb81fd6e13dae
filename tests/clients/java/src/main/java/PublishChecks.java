import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** The checks of those that publish over HTTP. */
abstract class PublishChecks {
    record Answer(int status, String body) {}

    abstract Answer publish(byte[] body, String contentType) throws Exception;

    abstract Answer publishChunked(byte[] body) throws Exception;

    /** Asks before it sends; an UnsupportedOperationException says why it cannot. */
    abstract Answer publishExpecting(byte[] body) throws Exception;

    abstract String newest() throws Exception;

    void run() {
        for (int size : new int[] {0, 125, 65536, 1_000_000}) {
            Check.check("publish " + size, () -> taken(publish(text(size), "text/plain"), data(size)));
        }
        Check.check("publish binary", () -> {
            String base64 = Base64.getEncoder().encodeToString(Check.binary(65536));
            taken(publish(Check.binary(65536), "application/octet-stream"), "\"base64\":\"" + base64 + "\"");
        });
        Check.check("publish chunked", () -> taken(publishChunked(text(100_000)), data(100_000)));
        try {
            Answer answer = publishExpecting(text(2048));
            Check.check("expect", () -> taken(answer, data(2048)));
        } catch (UnsupportedOperationException why) {
            Check.skip("expect", why.getMessage());
        } catch (Exception error) {
            Check.check("expect", () -> { throw error; });
        }
        Check.check("too large", () -> Check.equal(publish(text(1_048_577), "text/plain").status(), 413));
    }

    private static byte[] text(int size) {
        return Check.text(size).getBytes(StandardCharsets.UTF_8);
    }

    private static String data(int size) {
        return "\"data\":\"" + Check.text(size) + "\"";
    }

    private void taken(Answer answer, String remembered) throws Exception {
        if (answer.status() != 200 || !answer.body().contains("\"id\"")) throw new AssertionError(answer);
        String newest = newest();
        if (!newest.contains(remembered)) throw new AssertionError("the channel remembers " + newest);
    }
}
