package tensorlink.node.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the program printed and ended with, run in this process with nothing on its input. */
record Ran(int status, String out, String err) {
    private static final JsonMapper JSON = new JsonMapper();

    static Ran of(String... arguments) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        var realOut = System.out;
        var realErr = System.err;
        var realIn = System.in;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        System.setIn(new ByteArrayInputStream(new byte[0]));
        try {
            int status = CommandLineProgram.run(arguments);
            return new Ran(
                    status,
                    out.toString(StandardCharsets.UTF_8),
                    err.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(realOut);
            System.setErr(realErr);
            System.setIn(realIn);
        }
    }

    /** Every line of standard output, each of which must be a JSON object. */
    List<JsonNode> values() {
        return out.lines().map(JSON::readTree).toList();
    }

    /** The last of them: the result. */
    JsonNode result() {
        return values().getLast();
    }
}
