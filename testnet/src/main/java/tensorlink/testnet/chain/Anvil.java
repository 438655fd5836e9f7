package tensorlink.testnet.chain;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import tensorlink.ledger.Account;
import tensorlink.p2p.core.Scheduler;

/**
 * A chain on this machine that makes a block each second, of which all but the last two are final.
 * Its process ends when its input does, so with this one at the latest.
 */
final class Anvil implements AutoCloseable {
    static final long CHAIN_ID = 31_337;

    private static final String LISTENING = "Listening on ";
    private static final int STOP_SECONDS = 10;

    /** Runs a program until the input ends; the shell waits for the end, the program does not. */
    private static final String UNTIL_INPUT_ENDS = "\"$0\" \"$@\" & read -r _; kill $!; wait";

    private final Process process;
    private final URI uri;

    private Anvil(Process process, URI uri) {
        this.process = process;
        this.uri = uri;
    }

    static Anvil start(Path program) throws IOException {
        if (!Files.isExecutable(program)) {
            throw new IOException(
                    program
                            + " is missing: the chain comes from npm\n"
                            + "  try: npm ci --ignore-scripts in ledger/contracts");
        }
        var process =
                new ProcessBuilder(
                                "sh",
                                "-c",
                                UNTIL_INPUT_ENDS,
                                program.toString(),
                                "--port",
                                "0",
                                "--block-time",
                                "1",
                                "--slots-in-an-epoch",
                                "1")
                        .redirectErrorStream(true)
                        .start();
        var lines =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        var seen = new StringBuilder();
        for (String line; (line = lines.readLine()) != null; seen.append(line).append('\n')) {
            if (line.startsWith(LISTENING)) {
                Scheduler.system().fork("anvil-output", () -> drain(lines));
                return new Anvil(
                        process, URI.create("http://" + line.substring(LISTENING.length())));
            }
        }
        throw new IOException("anvil did not start: " + seen);
    }

    private static void drain(BufferedReader lines) {
        try (lines) {
            while (lines.readLine() != null) {
                // What it prints of each call would fill its pipe otherwise.
            }
        } catch (IOException ended) {
            // With the process.
        }
    }

    URI uri() {
        return uri;
    }

    /** Gives an account ether for gas. */
    void enrich(Account account) throws IOException, InterruptedException {
        var body =
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"anvil_setBalance\",\"params\":[\""
                        + account
                        + "\",\"0xffffffffffffffffff\"]}";
        var request =
                HttpRequest.newBuilder(uri)
                        .version(HttpClient.Version.HTTP_1_1)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build();
        try (var client = HttpClient.newHttpClient()) {
            var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (!answer.body().contains("\"result\"")) {
                throw new IOException("anvil gives no ether: " + answer.body());
            }
        }
    }

    /** Ends the process and waits until it has. */
    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
