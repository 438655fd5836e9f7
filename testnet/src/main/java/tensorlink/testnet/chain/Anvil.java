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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tensorlink.ledger.Account;
import tensorlink.p2p.core.Scheduler;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A chain on this machine, of whose blocks all but the last two are final. Its process ends when
 * its input does, so with this one at the latest.
 */
public final class Anvil implements AutoCloseable {
    public static final long CHAIN_ID = 31_337;

    /** Where npm puts it, from the root of the repository. */
    public static final String PROGRAM =
            "ledger/contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";

    private static final JsonMapper JSON = new JsonMapper();
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

    /** Starts a chain that makes a block each second. */
    public static Anvil start(Path program) throws IOException {
        return start(program, List.of("--block-time", "1"));
    }

    /** Starts a chain that makes a block of each transaction at once. */
    public static Anvil startAtOnce(Path program) throws IOException {
        return start(program, List.of());
    }

    private static Anvil start(Path program, List<String> options) throws IOException {
        if (!Files.isExecutable(program)) {
            throw new IOException(
                    program
                            + " is missing: the chain comes from npm\n"
                            + "  try: npm ci --ignore-scripts in ledger/contracts");
        }
        var command = new ArrayList<>(List.of("sh", "-c", UNTIL_INPUT_ENDS, program.toString()));
        command.addAll(List.of("--port", "0", "--slots-in-an-epoch", "1"));
        command.addAll(options);
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
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

    public URI uri() {
        return uri;
    }

    /** Gives an account ether for gas. */
    public void enrich(Account account) throws IOException, InterruptedException {
        call("anvil_setBalance", "\"" + account + "\",\"0xffffffffffffffffff\"");
    }

    /** Lets so much time pass, and makes a block. */
    public void pass(Duration time) throws IOException, InterruptedException {
        call("evm_increaseTime", Long.toString(time.toSeconds()));
        call("evm_mine", "");
    }

    /** The number of the newest block. */
    public long blocks() throws IOException, InterruptedException {
        return number(call("eth_blockNumber", ""));
    }

    /** What the transactions of a block have cost. */
    public long gasUsed(long block) throws IOException, InterruptedException {
        var found = call("eth_getBlockByNumber", "\"0x" + Long.toHexString(block) + "\",false");
        return number(found.path("gasUsed"));
    }

    private static long number(JsonNode quantity) {
        return Long.parseLong(quantity.asString().substring(2), 16);
    }

    private JsonNode call(String method, String params) throws IOException, InterruptedException {
        var body =
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\""
                        + method
                        + "\",\"params\":["
                        + params
                        + "]}";
        var request =
                HttpRequest.newBuilder(uri)
                        .version(HttpClient.Version.HTTP_1_1)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build();
        try (var client = HttpClient.newHttpClient()) {
            var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            var json = JSON.readTree(answer.body());
            if (!json.has("result")) {
                throw new IOException(method + ": " + answer.body());
            }
            return json.path("result");
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
