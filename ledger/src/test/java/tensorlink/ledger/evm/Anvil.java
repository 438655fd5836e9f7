package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tools.jackson.databind.JsonNode;

/**
 * A chain of its own for a test: anvil, in a process that ends when its input does, so with this
 * one at the latest. Its blocks have the time that they are told, and else that of the one before.
 */
public final class Anvil implements Rpc, AutoCloseable {
    public static final long CHAIN_ID = 31_337;
    public static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private static final String LISTENING = "Listening on ";

    /** Runs a program until the input ends; the shell waits for the end, the program does not. */
    private static final String UNTIL_INPUT_ENDS = "\"$0\" \"$@\" & read -r _; kill $!; wait";

    private final Process process;
    private final HttpRpc rpc;
    private final URI uri;

    private Anvil(Process process, URI uri) {
        this.process = process;
        this.uri = uri;
        this.rpc = new HttpRpc(uri, RpcLimits.defaults());
    }

    /** Starts a chain that makes a block of each transaction. */
    public static Anvil start(String... options) throws IOException, InterruptedException {
        var program = ContractTools.require("@foundry-rs/anvil-linux-amd64/bin/anvil");
        var command = new ArrayList<>(List.of("sh", "-c", UNTIL_INPUT_ENDS, program.toString()));
        command.addAll(List.of("--port", "0", "--accounts", "1"));
        command.addAll(List.of("--timestamp", Long.toString(START.getEpochSecond())));
        command.addAll(List.of("--slots-in-an-epoch", "1"));
        command.addAll(List.of(options));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var lines =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        var seen = new StringBuilder();
        for (String line; (line = lines.readLine()) != null; seen.append(line).append('\n')) {
            if (line.startsWith(LISTENING)) {
                Thread.ofVirtual().start(() -> drain(lines));
                var uri = URI.create("http://" + line.substring(LISTENING.length()));
                var anvil = new Anvil(process, uri);
                anvil.call("anvil_setBlockTimestampInterval", 0);
                return anvil;
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

    @Override
    public JsonNode call(String method, Object... params) throws IOException, InterruptedException {
        return rpc.call(method, params);
    }

    URI uri() {
        return uri;
    }

    public EvmChain chain(Finality finality) {
        return EvmChain.of(CHAIN_ID, List.of(uri)).withFinality(finality);
    }

    /** Gives an account ether for gas. */
    public void enrich(Account account) throws IOException, InterruptedException {
        call("anvil_setBalance", account.toString(), "0xffffffffffffffffffff");
    }

    void mine(int blocks) throws IOException, InterruptedException {
        for (int i = 0; i < blocks; i++) {
            call("evm_mine");
        }
    }

    /** A pause in which a block is made, as time makes them elsewhere. */
    public void mineOne(java.time.Duration duration) throws InterruptedException {
        try {
            mine(1);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** The time of the next block, and of what is tried on top of the newest. */
    public void nextTime(Instant time) throws IOException, InterruptedException {
        call("evm_setNextBlockTimestamp", time.getEpochSecond());
    }

    String snapshot() throws IOException, InterruptedException {
        return call("evm_snapshot").asString();
    }

    void revert(String snapshot) throws IOException, InterruptedException {
        assertThat(call("evm_revert", snapshot).asBoolean()).isTrue();
        call("anvil_setBlockTimestampInterval", 0);
    }

    @Override
    public void close() throws IOException {
        rpc.close();
        process.getOutputStream().close();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    // What most tests want on it.

    static final AccountKey PAYER_OF_GAS = AccountKey.of(Bytes32.keccak("payer of gas"));

    public static final SenderSettings QUICK =
            new SenderSettings(
                    SenderSettings.defaults().feeCeiling(),
                    java.time.Duration.ofMillis(1),
                    3,
                    java.time.Duration.ofMillis(500));

    /** Terms with short delays, where one validator is enough. */
    static EvmTerms terms(Account issuer, Account guardian) {
        return new EvmTerms(
                issuer,
                guardian,
                Amount.of(100),
                1,
                java.time.Duration.ofHours(24),
                java.time.Duration.ofDays(7),
                java.time.Duration.ofHours(6),
                java.time.Duration.ofDays(3));
    }

    /** Deploys our contract, paid for by {@link #PAYER_OF_GAS}. */
    EvmConfig deploy(String network, EvmTerms terms, Path journal)
            throws IOException, InterruptedException {
        enrich(PAYER_OF_GAS.account());
        var chain = chain(new Finality.Depth(0));
        var account = new EvmAccount(PAYER_OF_GAS, journal, QUICK);
        return new EvmConfig(
                network, chain, EvmLedger.deploy(chain, terms, account, this::mineOne));
    }
}
