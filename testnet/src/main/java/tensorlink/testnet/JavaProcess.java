package tensorlink.testnet;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** This program, to be started again in a process of its own. */
public final class JavaProcess {
    private JavaProcess() {}

    /**
     * Prepares a process that runs this program's classes on this JVM.
     *
     * @param options of the JVM, besides those it needs
     * @param arguments of the program: a verb and its options
     */
    public static ProcessBuilder builder(List<String> options, List<String> arguments) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-XX:+UseSerialGC",
                        "-XX:-HeapDumpOnOutOfMemoryError",
                        "-XX:+ExitOnOutOfMemoryError"));
        command.addAll(options);
        command.addAll(
                List.of(
                        "-cp",
                        ManagementFactory.getRuntimeMXBean().getClassPath(),
                        "tensorlink.node.cli.Main"));
        command.addAll(arguments);
        return new ProcessBuilder(command);
    }
}
