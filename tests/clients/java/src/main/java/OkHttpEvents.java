import okhttp3.OkHttp;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.sse.EventSource;
import okhttp3.sse.EventSourceListener;
import okhttp3.sse.EventSources;

/** https://github.com/square/okhttp/tree/master/okhttp-sse */
class OkHttpEvents {
    private static final EventSource.Factory events = EventSources.createFactory(new OkHttpClient());

    record Event(String id, String data) {}

    static class Listener extends EventSourceListener {
        final Check.Inbox inbox = new Check.Inbox();

        @Override
        public void onEvent(EventSource source, String id, String type, String data) {
            inbox.put(new Event(id, data));
        }

        @Override
        public void onFailure(EventSource source, Throwable error, Response response) {
            inbox.put(error != null ? error : new AssertionError(response));
        }

        /** The next event, whose data must hold what is expected. */
        Event next(String expected) throws Exception {
            Event event = (Event) inbox.next();
            if (!event.data.contains(expected)) throw new AssertionError(event);
            return event;
        }
    }

    public static void main(String[] urls) {
        Check.version(OkHttp.VERSION);
        String[] cursor = new String[1];
        Listener listener = new Listener();
        EventSource source = events.newEventSource(new Request.Builder().url(urls[0]).build(), listener);
        Check.check("open", () -> cursor[0] = listener.next("\"gap\":false").id);
        Check.subscribed();
        Check.check("live", () -> listener.next(Check.PUBLISHED));
        source.cancel();

        Check.check("resume", () -> {
            Listener resumed = new Listener();
            Request request = new Request.Builder().url(urls[0]).header("Last-Event-ID", cursor[0]).build();
            events.newEventSource(request, resumed);
            resumed.next("\"gap\":false");
            resumed.next(Check.PUBLISHED);
        });
        System.exit(0);
    }
}
