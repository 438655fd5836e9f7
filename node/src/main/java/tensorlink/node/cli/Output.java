package tensorlink.node.cli;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** How a command prints: for people, or one JSON value a line. */
public final class Output {
    private static final JsonMapper JSON = new JsonMapper();

    /** The two forms. */
    public enum Form {
        text,
        json
    }

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description = "text, or json: one value a line, the result last",
            defaultValue = "text")
    private Form form = Form.text;

    @Option(names = "--no-progress", description = "show the result only")
    private boolean noProgress;

    public boolean json() {
        return form == Form.json;
    }

    public boolean progress() {
        return !noProgress;
    }

    /** Says, apart from the result, what is being done; nothing when only that is wanted. */
    public void progress(String line) {
        if (progress()) {
            System.err.println(line);
        }
    }

    /** Whether lines may be written over: text for a person at a terminal. */
    @SuppressWarnings("SystemConsoleNull") // null without a terminal, whatever the provider
    public boolean interactive() {
        var console = System.console();
        return !json() && !noProgress && console != null && console.isTerminal();
    }

    /** Prints a line for people; nothing when the form is JSON. */
    public void say(String line) {
        if (!json()) {
            out().println(line);
        }
    }

    /** Tells a person something that must not be overlooked, apart from the result. */
    public void warn(String warning) {
        if (json() && progress()) {
            var event = new LinkedHashMap<String, Object>();
            event.put("event", "warning");
            event.put("warning", warning);
            tell(event);
        } else {
            System.err.println(" !!  " + warning);
        }
    }

    /** Prints a value when the form is JSON, nothing else. */
    public void tell(Map<String, ?> value) {
        if (json()) {
            out().println(JSON.writeValueAsString(value));
            out().flush();
        }
    }

    /** Prints the answer of a running node when the form is JSON, nothing else. */
    public void tell(JsonNode answer) {
        if (json()) {
            out().println(JSON.writeValueAsString(answer));
        }
    }

    /** Standard output, for what fits neither form. */
    public PrintStream out() {
        return System.out;
    }
}
