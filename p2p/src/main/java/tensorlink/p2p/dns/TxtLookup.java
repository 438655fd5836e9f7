package tensorlink.p2p.dns;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import javax.naming.Context;
import javax.naming.NameNotFoundException;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.InitialDirContext;
import org.jspecify.annotations.Nullable;

/** Asks for the TXT records of a name; blocks. */
@FunctionalInterface
public interface TxtLookup {

    /**
     * The texts, in no order; empty when the name has none.
     *
     * @throws IOException when nobody answers
     */
    List<String> texts(String name) throws IOException;

    /**
     * Asks the name servers of this machine.
     *
     * @param timeout for one try of one server, of which there are a few
     */
    static TxtLookup system(Duration timeout) {
        return of("dns:", timeout);
    }

    /**
     * Asks the name servers of {@code url}, such as {@code dns://192.0.2.1}.
     *
     * @param timeout for one try of one server, of which there are a few
     */
    static TxtLookup of(String url, Duration timeout) {
        return name -> texts(settings(url, timeout), name);
    }

    @SuppressWarnings("JdkObsolete") // What the JDK's interface asks for.
    private static Hashtable<String, String> settings(String url, Duration timeout) {
        var settings = new Hashtable<String, String>();
        settings.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
        settings.put(Context.PROVIDER_URL, url);
        settings.put("com.sun.jndi.dns.timeout.initial", Long.toString(timeout.toMillis()));
        settings.put("com.sun.jndi.dns.timeout.retries", "2");
        return settings;
    }

    /**
     * The danger of JNDI is in directories that hold objects; this one is DNS, which holds text.
     */
    @SuppressWarnings("BanJNDI")
    private static List<String> texts(Hashtable<String, String> settings, String name)
            throws IOException {
        try {
            var context = new InitialDirContext(settings);
            try {
                return texts(context.getAttributes(name, new String[] {"TXT"}).get("TXT"));
            } finally {
                context.close();
            }
        } catch (NameNotFoundException none) {
            return List.of();
        } catch (NamingException failure) {
            throw new IOException("cannot look up " + name + ": " + failure, failure);
        }
    }

    private static List<String> texts(@Nullable Attribute found) throws NamingException {
        var texts = new ArrayList<String>();
        if (found != null) {
            for (int i = 0; i < found.size(); i++) {
                texts.add(unquoted(String.valueOf(found.get(i))));
            }
        }
        return texts;
    }

    /** The JDK puts texts with blanks into quotes, and leaves pieces of a long one apart. */
    private static String unquoted(String text) {
        return text.startsWith("\"") && text.endsWith("\"") && text.length() > 1
                ? text.substring(1, text.length() - 1)
                : text;
    }
}
