package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.UserNode;
import tensorlink.node.cli.CommandLineProgram;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What somebody at a terminal does with a private network of processes, and what they see. */
@ResourceLock(Resources.SYSTEM_OUT)
class CommandLineTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int USAGE = 2;
    private static final int IN_USE = 11;
    private static final int NO_NETWORK = 4;
    private static final int NOT_RUNNING = 3;
    private static final int CANCELLED = 130;

    @TempDir private static Path folder;

    private static final List<Program> nodes = new ArrayList<>();
    private static String bootstrap;
    private static Path text;

    @BeforeAll
    static void start_a_validator_and_two_workers() throws Exception {
        text = folder.resolve("text.txt");
        Files.writeString(text, "A worker lends its memory; a user borrows it. ".repeat(200));
        var validator = up("validator", "--role", "validator");
        bootstrap = JSON.readTree(validator.awaitLine("ready")).path("addresses").get(0).asString();
        var join = List.of("--role", "worker", "--threads", "1", "--memory", "256 MiB");
        var workers = new ArrayList<Program>();
        for (var name : List.of("worker1", "worker2")) {
            var arguments = new ArrayList<>(join);
            arguments.addAll(List.of("--bootstrap", bootstrap));
            workers.add(up(name, arguments.toArray(new String[0])));
        }
        for (var worker : workers) {
            worker.awaitLine("ready");
        }
    }

    private static Program up(String name, String... more) throws Exception {
        var arguments =
                new ArrayList<>(
                        List.of("up", "--home", home(name), "--network", "walk", "-o", "json"));
        arguments.addAll(List.of(more));
        var node = Program.start(folder, arguments.toArray(new String[0]));
        nodes.add(node);
        return node;
    }

    private static String home(String name) {
        return folder.resolve(name).toString();
    }

    @AfterAll
    static void stop_what_still_runs() throws Exception {
        for (var node : nodes.reversed()) {
            node.close();
        }
    }

    @Test
    void a_model_is_trained_saved_and_continued() throws Exception {
        var out = folder.resolve("out");

        var train =
                onTheNetwork(
                        "train",
                        "--fresh",
                        "32x2",
                        "--data",
                        text.toString(),
                        "--length",
                        "32",
                        "--steps",
                        "3",
                        "--workers",
                        "2",
                        "--save",
                        out.toString(),
                        "-o",
                        "json");

        assertThat(train.err()).isEmpty();
        assertThat(train.status()).isZero();
        assertThat(train.values()).allMatch(JsonNode::isObject);
        var result = train.values().getLast();
        assertThat(result.path("steps").asInt()).isEqualTo(3);
        assertThat(result.path("lastLoss").asDouble())
                .isPositive()
                .isLessThan(result.path("firstLoss").asDouble());
        assertThat(result.path("weights").asString()).matches("[0-9a-f]{64}");

        var run = onTheNetwork("run", out.toString(), "A worker", "--max-tokens", "8");
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(String.join("\n", run.lines())).startsWith("A worker").hasSizeGreaterThan(8);

        var json =
                onTheNetwork(
                        "run",
                        out.toString(),
                        "A worker",
                        "--max-tokens",
                        "8",
                        "--workers",
                        "2",
                        "-o",
                        "json",
                        "--no-progress");
        assertThat(json.lines()).hasSize(1);
        assertThat(json.values().getLast().path("tokens").asInt()).isEqualTo(8);
        assertThat(json.values().getLast().path("workers").asInt()).isEqualTo(2);

        var tooLong = refusal(USAGE, "run", out.toString(), "A worker", "--max-tokens", "9999");
        assertThat(tooLong.path("message").asString())
                .contains(
                        "the prompt has 8 tokens and 9999 are to follow; the model has room for"
                                + " 512");
    }

    @Test
    void a_training_that_is_kept_goes_on_as_if_it_had_not_been_stopped() throws Exception {
        var kept = folder.resolve("kept").toString();
        var whole = trained("--steps", "6");

        var begun = trained("--steps", "4", "--checkpoints", kept, "--checkpoint-every", "3");
        var resumed = trained("--steps", "6", "--resume", kept);

        assertThat(begun).isNotEqualTo(whole);
        assertThat(resumed).isEqualTo(whole);
        var again = refusal(USAGE, training("--steps", "6", "--checkpoints", kept));
        assertThat(again.path("message").asString()).contains("go on with it by --resume");
        var over = refusal(USAGE, training("--steps", "6", "--resume", kept));
        assertThat(over.path("message").asString()).contains("has done 6");
        var nothing = refusal(USAGE, training("--resume", folder.resolve("none").toString()));
        assertThat(nothing.path("message").asString()).contains("no training is kept there");
    }

    @Test
    void a_training_whose_process_is_killed_goes_on_as_the_same_job_with_every_bit()
            throws Exception {
        var kept = folder.resolve("killed").toString();
        var all = List.of("--steps", "200", "--home", home("killed"), "-o", "json");
        var first = new ArrayList<>(all);
        first.addAll(List.of("--checkpoints", kept, "--checkpoint-every", "1000"));
        var second = new ArrayList<>(all);
        second.addAll(List.of("--resume", kept));

        String job;
        try (var killed = Program.start(folder, network(training(first.toArray(new String[0]))))) {
            job = job(killed.awaitLine("\"requested\""));
            killed.awaitLine("\"event\":\"step\"");
            killed.kill();
        }
        var resumed = onTheNetwork(training(second.toArray(new String[0])));

        assertThat(resumed.status()).as(resumed.lines() + resumed.err()).isZero();
        var result = resumed.values().getLast();
        assertThat(result.path("job").asString()).startsWith(job);
        assertThat(result.path("weights").asString()).isEqualTo(trained("--steps", "200"));
    }

    /** The beginning of the number of a job that was requested. */
    private static String job(String requested) {
        var detail = JSON.readTree(requested).path("detail").asString();
        return detail.substring("job ".length());
    }

    /** The digest of the weights that a training of two workers comes to. */
    private static String trained(String... more) throws Exception {
        var arguments = new ArrayList<>(List.of(training(more)));
        arguments.addAll(List.of("-o", "json"));
        var train = onTheNetwork(arguments.toArray(new String[0]));
        assertThat(train.status()).as(train.lines() + train.err()).isZero();
        return train.values().getLast().path("weights").asString();
    }

    private static String[] training(String... more) {
        var arguments =
                new ArrayList<>(List.of("train", "--fresh", "32x2", "--data", text.toString()));
        arguments.addAll(List.of("--length", "32", "--workers", "2"));
        arguments.addAll(List.of(more));
        return arguments.toArray(new String[0]);
    }

    @Test
    void a_training_run_that_is_interrupted_ends_its_job_and_frees_the_workers() throws Exception {
        try (var train =
                Program.start(
                        folder,
                        network(
                                "train",
                                "--fresh",
                                "32x2",
                                "--data",
                                text.toString(),
                                "--length",
                                "32",
                                "--steps",
                                "1000000",
                                "--workers",
                                "2",
                                "-o",
                                "json"))) {
            train.awaitLine("\"event\":\"step\"");
            assertThat(status("worker1").path("jobs").size()).isEqualTo(1);

            train.interrupt();

            assertThat(train.awaitEnd()).isEqualTo(CANCELLED);
            assertThat(train.values().getLast().path("error").path("code").asString())
                    .isEqualTo("TL-INT-001");
            assertThat(train.err()).isEqualTo("Stopping ...\n");
            for (var worker : List.of("worker1", "worker2")) {
                var memory = status(worker).path("memory");
                assertThat(memory.path("free").asLong()).isEqualTo(memory.path("lent").asLong());
                assertThat(status(worker).path("jobs").size()).isZero();
            }
        }
    }

    @Test
    void a_running_node_tells_its_status_in_both_forms() throws Exception {
        var status = status("validator");
        assertThat(status.path("state").asString()).isEqualTo("ready");
        assertThat(status.path("role").asString()).isEqualTo("validator");
        assertThat(status.path("network").asString()).isEqualTo("walk");
        assertThat(status.path("addresses").get(0).asString()).isEqualTo(bootstrap);
        assertThat(status.path("connections").asInt()).isGreaterThanOrEqualTo(2);

        var text = inProcess("status", "--home", home("worker1"));

        assertThat(text).contains("worker 12D3KooW", ", ready", "network  walk, ");
        assertThat(text).contains("memory   free 256.0 MiB", "memory   lent 256.0 MiB");
    }

    @Test
    void a_second_node_on_a_home_is_refused_with_who_has_it() throws Exception {
        var second = refusal(IN_USE, "up", "--home", home("worker1"), "--role", "user");

        assertThat(second.path("code").asString()).isEqualTo("TL-NOD-002");
        assertThat(second.path("message").asString())
                .startsWith("the home " + home("worker1") + " is in use by process ")
                .contains("\n  try: stop that one first");
        assertThat(status("worker1").path("state").asString()).isEqualTo("ready");
    }

    @Test
    void a_node_that_is_stopped_ends_well_and_one_that_is_killed_locks_nobody_out()
            throws Exception {
        var peer = "";
        try (var node =
                Program.start(
                        folder,
                        "up",
                        "--role",
                        "user",
                        "--home",
                        home("user"),
                        "--network",
                        "walk",
                        "--bootstrap",
                        bootstrap)) {
            peer = node.awaitLine(" ok  identity").split(" +", -1)[3];
            node.awaitLine("Ready in");
            node.terminate();

            assertThat(node.awaitEnd()).isZero();
            assertThat(node.lines()).contains(" ok  listening  nowhere: a user only dials");
            assertThat(node.lines().getLast()).isEqualTo("Stopped.");
            assertThat(node.err()).isEqualTo("Stopping ...\n");
        }
        try (var node = up("user", "--role", "user", "--bootstrap", bootstrap)) {
            assertThat(node.awaitLine("ready")).contains(peer);
            node.kill();
        }

        var dead = refusal(NOT_RUNNING, "status", "--home", home("user"));

        assertThat(dead.path("code").asString()).isEqualTo("TL-NOD-001");
        assertThat(dead.path("message").asString()).contains("nothing answers at 127.0.0.1:");
        UserNode.join(Network.named("walk"), Home.at(folder.resolve("user"))).close();
    }

    @Test
    void a_network_of_another_name_is_refused_and_a_node_that_waits_for_it_says_so()
            throws Exception {
        var train =
                refusal(
                        NO_NETWORK,
                        "train",
                        "--fresh",
                        "32x2",
                        "--data",
                        text.toString(),
                        "--length",
                        "32",
                        "--network",
                        "another",
                        "--bootstrap",
                        bootstrap);
        assertThat(train.path("code").asString()).isEqualTo("TL-NET-011");
        assertThat(train.path("message").asString())
                .contains("network \"another\" cannot be joined")
                .contains("it is no part of network \"another\"")
                .contains("  try: name the network that it is part of");

        try (var node =
                Program.start(
                        folder,
                        "up",
                        "--role",
                        "user",
                        "--home",
                        home("lost"),
                        "--network",
                        "another",
                        "--bootstrap",
                        bootstrap,
                        "-o",
                        "json")) {
            var warning = node.awaitLine("warning");
            node.awaitLine("ready");
            assertThat(warning).contains("it is no part of network", "asking again");
            assertThat(status("lost").path("state").asString()).isEqualTo("offline");
            node.interrupt();

            assertThat(node.awaitEnd()).isZero();
            assertThat(node.values().getLast().path("event").asString()).isEqualTo("stopped");
        }
    }

    @Test
    void the_verbs_of_this_module_have_help_with_an_example() {
        for (var verb :
                List.of(
                        List.of("demo"),
                        List.of("demo", "digits"),
                        List.of("demo", "spam"),
                        List.of("parity"),
                        List.of("bench"),
                        List.of("bench", "train"),
                        List.of("bench", "jobs"),
                        List.of("bench", "torch"),
                        List.of("bench", "isolation"),
                        List.of("bench", "net"),
                        List.of("bench", "idle"),
                        List.of("bench", "discovery"),
                        List.of("prove"),
                        List.of("prove", "train"),
                        List.of("sim", "dht"),
                        List.of("sim", "gossip"),
                        List.of("sim", "eclipse"),
                        List.of("sim", "censor"))) {
            var arguments = new ArrayList<>(verb);
            arguments.add("--help");

            var help = inProcess(arguments.toArray(new String[0]));

            assertThat(help).startsWith("Usage: tensorlink " + String.join(" ", verb));
            assertThat(help).containsPattern("Examples?:\n  tensorlink " + String.join(" ", verb));
        }
    }

    private static Program onTheNetwork(String... arguments) throws Exception {
        return Program.run(folder, network(arguments));
    }

    private static String[] network(String... arguments) {
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--network", "walk", "--bootstrap", bootstrap));
        return all.toArray(new String[0]);
    }

    private static JsonNode status(String name) {
        return JSON.readTree(inProcess("status", "--home", home(name), "-o", "json"));
    }

    /** What the program says when it ends with {@code status}, run in this process. */
    private static JsonNode refusal(int status, String... arguments) {
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("-o", "json", "--no-progress"));
        return JSON.readTree(inProcess(status, all.toArray(new String[0]))).path("error");
    }

    private static String inProcess(String... arguments) {
        return inProcess(0, arguments);
    }

    private static String inProcess(int status, String... arguments) {
        var out = new ByteArrayOutputStream();
        var real = System.out;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            assertThat(CommandLineProgram.run(arguments)).isEqualTo(status);
        } finally {
            System.setOut(real);
        }
        return out.toString(StandardCharsets.UTF_8);
    }
}
