package tensorlink.ledger.file;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;

/** Opens a ledger in a process of its own, and says how that went. */
final class OtherProcess {
    private OtherProcess() {}

    static String opens(Path directory) throws IOException, InterruptedException {
        var process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                OtherProcess.class.getName(),
                                directory.toString())
                        .redirectErrorStream(true)
                        .start();
        try (var output = process.getInputStream()) {
            var said = new String(output.readAllBytes(), StandardCharsets.UTF_8).strip();
            process.waitFor();
            return said;
        }
    }

    /** The other process: prints {@code opened}, or why not. */
    public static void main(String[] args) throws IOException {
        try (var ledger =
                FileLedger.open(Path.of(args[0]), Fixture.CONFIG, InstantSource.system())) {
            System.out.println(ledger.head().index() < 0 ? "empty" : "opened");
        } catch (IOException e) {
            System.out.println(e.getMessage());
        }
    }
}
