import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What all the programs here share: one line for each check, and the payloads. */
final class Check {
    /** Sizes of the messages that are echoed, in bytes. */
    static final int[] SIZES = {0, 125, 126, 65535, 65536, 1_000_000};
    /** What comes on the channel. */
    static final String PUBLISHED = "{\"echo\":\"木霊\"}";

    interface Action {
        void run() throws Exception;
    }

    static String text(int size) {
        return "kodama ".repeat(size / 7 + 1).substring(0, size);
    }

    static byte[] binary(int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) bytes[i] = (byte) (i % 251);
        return bytes;
    }

    static void check(String name, Action action) {
        try {
            action.run();
            say("ok " + name);
        } catch (Exception | AssertionError error) {
            say("not ok " + name + ": " + error.toString().replace('\n', ' '));
        }
    }

    static void skip(String name, String why) {
        say("skip " + name + ": " + why);
    }

    static void version(String version) {
        // Threads of the client would keep a program that failed.
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> {
            error.printStackTrace();
            System.exit(1);
        });
        say("version " + version);
    }

    static void subscribed() {
        say("subscribed");
    }

    static void equal(Object got, Object expected) {
        boolean same = got instanceof byte[] a && expected instanceof byte[] b ? Arrays.equals(a, b) : expected.equals(got);
        if (!same) throw new AssertionError("got " + shortened(got) + ", not " + shortened(expected));
    }

    static void startsWith(Object got, String expected) {
        if (!(got instanceof String text && text.startsWith(expected))) throw new AssertionError("got " + shortened(got));
    }

    private static String shortened(Object value) {
        String text = value instanceof byte[] bytes ? bytes.length + " bytes" : String.valueOf(value);
        return text.length() > 100 ? text.substring(0, 100) + "…" : text;
    }

    /** Where a client's callbacks put what they are told: String, byte[], Pong, Closed or Throwable. */
    static final class Inbox {
        private final BlockingQueue<Object> queue = new LinkedBlockingQueue<>();

        void put(Object event) {
            queue.add(event);
        }

        /** The next event, an exception where there was a fault, or none for 20 s. */
        Object next() throws Exception {
            Object event = queue.poll(20, TimeUnit.SECONDS);
            if (event == null) throw new AssertionError("nothing came for 20 s");
            if (event instanceof Throwable fault) throw new Exception(fault);
            return event;
        }
    }

    record Pong(String payload) {}

    record Closed(int code, String reason) {}

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private Check() {}
}
