import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The version of a library, from the name of its jar. */
final class Versions {
    static String of(Class<?> ofTheLibrary, String artifact) {
        String jar = ofTheLibrary.getProtectionDomain().getCodeSource().getLocation().getPath();
        Matcher match = Pattern.compile("/" + Pattern.quote(artifact) + "-(\\d[^/]*)\\.jar$").matcher(jar);
        if (!match.find()) throw new AssertionError(artifact + " is not in " + jar);
        return match.group(1);
    }

    private Versions() {}
}
