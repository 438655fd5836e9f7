package tensorlink.p2p.flood;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A main class of this package in a virtual machine of its own; talks in lines. */
final class Child implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;
    private final Writer input;

    Child(Class<?> main, List<String> options, String... arguments) throws IOException {
        var classes = System.getProperty("surefire.test.class.path");
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-cp");
        command.add(classes == null ? System.getProperty("java.class.path") : classes);
        command.add(main.getName());
        command.addAll(List.of(arguments));
        process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        output =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        input = process.outputWriter(StandardCharsets.UTF_8);
    }

    /** The next line that the process says; an error when it has ended. */
    String line() throws IOException {
        var line = output.readLine();
        if (line == null) {
            throw new IOException("the process has ended");
        }
        return line;
    }

    /** Says a line and waits for the answer. */
    String ask(String question) throws IOException {
        input.write(question + "\n");
        input.flush();
        return line();
    }

    /** Ends its input, which ends it. */
    @Override
    public void close() throws IOException {
        input.close();
        process.destroy();
    }
}
