package tensorlink.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tensorlink.node.Version;

/** What the program says and ends with, for every verb that needs no network. */
class CommandLineProgramTest {
    private static final String PEER = "12D3KooWEmA5G1aroNbxSst4sMEqAfjz88RfaCS4pisL3zdu2zqF";

    @TempDir private Path folder;

    // Help.

    @TestFactory
    List<DynamicTest> the_help_of_every_command_explains_every_word_and_has_an_example() {
        var tests = new ArrayList<DynamicTest>();
        addHelpTests(CommandLineProgram.line(), tests);
        assertThat(tests).hasSizeGreaterThanOrEqualTo(7);
        return tests;
    }

    private static void addHelpTests(CommandLine command, List<DynamicTest> tests) {
        var spec = command.getCommandSpec();
        tests.add(
                DynamicTest.dynamicTest(
                        spec.qualifiedName(),
                        () -> {
                            var help = command.getUsageMessage(CommandLine.Help.Ansi.OFF);

                            assertThat(help).startsWith("Usage: " + spec.qualifiedName());
                            assertThat(help).contains("Example");
                            assertThat(help).contains("  tensorlink");
                            assertThat(spec.usageMessage().description()).isNotEmpty();
                            for (var option : spec.options()) {
                                assertThat(option.description())
                                        .as(option.longestName())
                                        .isNotEmpty();
                            }
                            for (var positional : spec.positionalParameters()) {
                                assertThat(positional.description())
                                        .as(positional.paramLabel())
                                        .isNotEmpty();
                            }
                            assertThat(help.lines()).allMatch(line -> line.length() <= 100);
                        }));
        command.getSubcommands().values().forEach(inner -> addHelpTests(inner, tests));
    }

    @Test
    void help_goes_to_standard_output_and_is_no_failure() {
        for (var arguments : new String[][] {{}, {"--help"}, {"-h"}, {"train", "--help"}}) {
            var ran = Ran.of(arguments);

            assertThat(ran.status()).isZero();
            assertThat(ran.out()).startsWith("Usage: tensorlink");
            assertThat(ran.err()).isEmpty();
        }
    }

    @Test
    void the_help_of_the_program_lists_every_exit_status() {
        var help = Ran.of("--help").out().replaceAll("\\s+", " ");

        for (var code : ExitCode.values()) {
            assertThat(help).contains(" " + code.status() + " " + code.meaning());
        }
    }

    // Arguments that make no sense.

    @Test
    void an_unknown_command_or_option_suggests_the_nearest() {
        refused(
                "unknown command 'trian'; did you mean 'train'?\n  try: tensorlink --help",
                "trian");
        refused("unknown command 'xyzzy'\n  try: tensorlink --help", "xyzzy");
        refused(
                "unknown option '--rloe'; did you mean '--role'?\n  try: tensorlink up --help",
                "up",
                "--rloe",
                "worker");
        refused("unknown option '--colour'\n  try: tensorlink up --help", "up", "--colour=never");
        refused("unknown argument 'extra'\n  try: tensorlink id --help", "id", "extra");
    }

    @Test
    void what_is_missing_or_of_the_wrong_type_is_named() throws Exception {
        var data = Files.writeString(folder.resolve("text"), "text").toString();

        refused(
                "Missing required option: '--data=FILE'\n  try: tensorlink train --help",
                "train",
                "--fresh",
                "32x2");
        refused(
                "Invalid value for option '--steps': 'many' is not an int\n  try: tensorlink train"
                        + " --help",
                "train",
                "--data",
                data,
                "--steps",
                "many");
        refused(
                "Invalid value for option '--max-price': '-1' is not a whole number of credits, 0"
                        + " or more\n"
                        + "  try: tensorlink train --help",
                "train",
                "--data",
                data,
                "--max-price",
                "-1");
        refused("Missing required parameter: 'MODEL'\n  try: tensorlink run --help", "run");
        refused("name either a MODEL folder or --fresh HIDDENxLAYERS", "train", "--data", data);
        refused(
                "name either a MODEL folder or --fresh HIDDENxLAYERS",
                "train",
                "out",
                "--fresh",
                "32x2",
                "--data",
                data);
    }

    @Test
    void numbers_out_of_range_are_refused_before_anything_starts() throws Exception {
        var data = Files.writeString(folder.resolve("text"), "text".repeat(500)).toString();

        refusedTraining("--steps 0: must be at least 1", data, "--steps", "0");
        refusedTraining("--rows -1: must be at least 1", data, "--rows", "-1");
        refusedTraining("--length 1: must be 2 to 512", data, "--length", "1");
        refusedTraining("--micro-batches 9: must be 1 to 8", data, "--micro-batches", "9");
        refusedTraining("--workers 3: must be 0 to 2", data, "--workers", "3");
        refusedTraining("--lr 0.0: must be above 0, at most 100.0", data, "--lr", "0");
        refusedTraining("--lr NaN: must be above 0, at most 100.0", data, "--lr", "NaN");
        refusedTraining("--save " + data + ": is not a folder", data, "--save", data);
        refusedTraining(
                "--data: 4 sequences of 500 tokens; to learn from and to judge by (--held-out 0.1)"
                        + " it takes at least one each",
                data,
                "--length",
                "500");
        refusedTraining("--held-out 1.0: must be 0 to less than 1", data, "--held-out", "1");
        refusedTraining("--epochs 0: must be at least 1", data, "--epochs", "0");
        refusedTraining("--log-every 0: must be at least 1", data, "--log-every", "0");
        refusedTraining("--eval-every -1: must be at least 0", data, "--eval-every", "-1");
        refusedTraining("--eval-batches -1: must be at least 0", data, "--eval-batches", "-1");
        refusedTraining("--early-stop -1: must be at least 0", data, "--early-stop", "-1");
        refusedTraining("--keep 0: must be at least 1", data, "--keep", "0");
        refusedTraining("--threads 0: must be at least 1", data, "--threads", "0");
    }

    @Test
    void flags_of_training_that_contradict_each_other_are_refused() throws Exception {
        var data = Files.writeString(folder.resolve("text"), "text".repeat(500)).toString();
        var lines = Files.writeString(folder.resolve("lines.jsonl"), "{}").toString();
        var run = Files.createDirectory(folder.resolve("run"));
        Files.writeString(run.resolve("metrics.jsonl"), "");

        refusedTraining("name either --steps or --epochs", data, "--steps", "1", "--epochs", "1");
        refusedTraining("--save-every needs a folder: --run FOLDER", data, "--save-every", "1");
        refusedTraining(
                "--run " + run + ": holds another run\n  try: another folder, or remove this one",
                data,
                "--run",
                run.toString());
        refusedTraining(
                "--early-stop judges by what is held out: --held-out SHARE",
                data,
                "--early-stop",
                "1",
                "--held-out",
                "0");
        refusedTraining("--data: a .jsonl file stands alone", data, "--data", lines);
    }

    @Test
    void a_size_of_a_fresh_model_is_hidden_by_layers() throws Exception {
        var data = Files.writeString(folder.resolve("text"), "text").toString();

        for (var bad :
                new String[] {
                    "256", "x", "256x", "16x2", "-32x2", "32x0", "32x2x2", "axb", "32x99999999999"
                }) {
            var ran = Ran.of("train", "--fresh", bad, "--data", data);

            assertThat(ran.status()).as(bad).isEqualTo(ExitCode.USAGE.status());
            assertThat(ran.err()).as(bad).startsWith("error TL-CFG-001: --fresh " + bad + ": ");
        }
    }

    @Test
    void text_that_is_no_text_is_refused_by_name() throws Exception {
        var absent = folder.resolve("absent").toString();
        var binary = folder.resolve("binary");
        var lines = folder.resolve("lines.jsonl");
        Files.write(binary, new byte[] {(byte) 0xFF, 0, 1});

        refusedTraining("--data " + absent + ": no such file", absent);
        refusedTraining("--data " + folder + ": no such file", folder.toString());
        refusedData(binary + ":1: not UTF-8: byte 0xFF at 0", binary);
        refusedData(
                lines + ":1: label is missing", Files.writeString(lines, "{\"text\":\"hello\"}\n"));
    }

    private static void refusedData(String message, Path data) {
        var ran = Ran.of("train", "--fresh", "32x2", "--data", data.toString());

        assertThat(ran.err()).isEqualTo("error TL-DAT-001: " + message + "\n");
        assertThat(ran.status()).isEqualTo(ExitCode.DATA.status());
    }

    @Test
    void a_flag_that_means_nothing_to_the_role_is_refused() {
        refused(
                "--memory means nothing to a validator, only to a worker",
                "up",
                "--role",
                "validator",
                "--memory",
                "1 GiB");
        refused(
                "--ledger means nothing to a worker, only to a validator",
                "up",
                "--ledger",
                "file");
        refused(
                "--listen means nothing to a user, only to a worker or a validator",
                "up",
                "--role",
                "user",
                "--listen",
                "/ip4/127.0.0.1/tcp/0");
    }

    private static void refusedTraining(String message, String data, String... more) {
        var arguments = new ArrayList<>(List.of("train", "--fresh", "32x2", "--data", data));
        arguments.addAll(List.of(more));
        refused(message, arguments.toArray(new String[0]));
    }

    private static void refused(String message, String... arguments) {
        var ran = Ran.of(arguments);

        assertThat(ran.err()).isEqualTo("error TL-CFG-001: " + message + "\n");
        assertThat(ran.out()).isEmpty();
        assertThat(ran.status()).isEqualTo(ExitCode.USAGE.status());
    }

    // Configuration.

    @Test
    void a_bad_configuration_is_told_with_its_place_and_without_a_stack_trace() throws Exception {
        var file = Files.writeString(folder.resolve("bad.toml"), "[network]\nnmae = \"lab\"\n");

        for (var verb : new String[] {"up", "train --fresh 32x2 --data " + file, "run " + folder}) {
            var ran = Ran.of((verb + " --config " + file).split(" "));

            assertThat(ran.status()).isEqualTo(ExitCode.USAGE.status());
            assertThat(ran.out()).isEmpty();
            assertThat(ran.err())
                    .isEqualTo(
                            "error TL-CFG-002: "
                                    + file
                                    + ":2:1: unknown key \"network.nmae\"; did you"
                                    + " mean \"network.name\"?\n");
        }
    }

    @Test
    void a_configuration_that_was_named_must_exist() {
        var ran = Ran.of("up", "--config", folder.resolve("absent.toml").toString());

        assertThat(ran.status()).isEqualTo(ExitCode.USAGE.status());
        assertThat(ran.err())
                .isEqualTo(
                        "error TL-CFG-002: " + folder.resolve("absent.toml") + ": no such file\n");
    }

    @Test
    void a_flag_beats_the_file_in_the_home_folder() throws Exception {
        Files.writeString(folder.resolve("config.toml"), "[node]\nrole = \"nobody\"\n");

        var ran = Ran.of("up", "--home", folder.toString(), "--role", "nothing");

        assertThat(ran.err())
                .isEqualTo(
                        "error TL-CFG-002: command line: node.role = \"nothing\": must be worker,"
                                + " validator or user\n");
    }

    // JSON.

    @Test
    void with_json_standard_output_holds_one_object_and_nothing_else() {
        var home = folder.resolve("home").toString();
        for (var arguments :
                List.of(
                        List.of("version", "-o", "json"),
                        List.of("id", "--home", home, "--output=json"),
                        List.of("id", "--home", home, "-ojson"))) {
            var ran = Ran.of(arguments.toArray(new String[0]));

            assertThat(ran.status()).isZero();
            assertThat(ran.values()).hasSize(1);
            assertThat(ran.err()).isEmpty();
        }
    }

    @Test
    void with_json_a_failure_is_the_result_too() {
        for (var arguments :
                List.of(
                        List.of("status", "--home", folder.toString(), "-o", "json"),
                        List.of("status", "--colour", "-o", "JSON"),
                        List.of("up", "--role", "boss", "--output", "json"),
                        List.of("run", "-o=json"))) {
            var ran = Ran.of(arguments.toArray(new String[0]));

            assertThat(ran.status()).isNotZero();
            assertThat(ran.values()).hasSize(1);
            assertThat(ran.result().path("error").path("code").asString()).startsWith("TL-");
            assertThat(ran.result().path("error").path("message").asString()).isNotEmpty();
        }
    }

    // Verbs.

    @Test
    void the_version_is_told_in_both_forms() {
        var text = Ran.of("version");
        var json = Ran.of("version", "-o", "json").result();

        assertThat(text.out()).startsWith("tensorlink " + Version.TEXT + ", Java 25");
        assertThat(json.path("version").asString()).isEqualTo(Version.TEXT);
        assertThat(json.path("java").asString()).startsWith("25");
        assertThat(json.path("os").asString()).isNotEmpty();
        assertThat(Ran.of("--version").out().strip()).isEqualTo("tensorlink " + Version.TEXT);
    }

    @Test
    void an_identity_is_made_once_and_shown_ever_after() {
        var home = folder.resolve("home");

        var first = Ran.of("id", "--home", home.toString(), "-o", "json").result();
        var second = Ran.of("id", "--home", home.toString());

        assertThat(first.path("home").asString()).isEqualTo(home.toString());
        assertThat(second.out())
                .isEqualTo(
                        "peer     "
                                + first.path("peer").asString()
                                + "\naccount  "
                                + first.path("account").asString()
                                + "\nkept in  "
                                + home
                                + "\n");
        assertThat(second.err()).isEmpty();
    }

    @Test
    void a_damaged_identity_is_refused_with_what_to_do_and_never_overwritten() throws Exception {
        var home = folder.resolve("home");
        Ran.of("id", "--home", home.toString());
        var key = home.resolve("identity").resolve("peer.key");
        Files.writeString(key, "garbage");

        var ran = Ran.of("id", "--home", home.toString());

        assertThat(ran.status()).isEqualTo(ExitCode.DATA.status());
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err())
                .isEqualTo(
                        "error TL-SEC-001: identity file "
                                + key
                                + " does not start and end with the identity's marks\n"
                                + "  try: restore it from a backup; to start over as somebody new,"
                                + " move the folder \"identity\" of the home away\n");
        assertThat(key).hasContent("garbage");
    }

    @Test
    void a_home_that_is_a_file_is_refused() throws Exception {
        var file = Files.createFile(folder.resolve("file"));

        var ran = Ran.of("id", "--home", file.toString());

        assertThat(ran.status()).isEqualTo(ExitCode.DATA.status());
        assertThat(ran.err()).isEqualTo("error TL-IO-002: " + file + ": is not a folder\n");
    }

    @Test
    void the_status_of_no_node_says_how_to_start_one() {
        var ran = Ran.of("status", "--home", folder.toString());

        assertThat(ran.status()).isEqualTo(ExitCode.NOT_RUNNING.status());
        assertThat(ran.err())
                .isEqualTo(
                        "error TL-NOD-001: no node runs from "
                                + folder
                                + "\n  try: tensorlink up\n");
    }

    @Test
    void the_status_of_a_node_that_died_or_of_a_damaged_file_is_that_of_no_node() throws Exception {
        var file = folder.resolve("api.json");
        for (var content :
                new String[] {
                    "{\"host\":\"127.0.0.1\",\"port\":1,\"token\":\"x\"}",
                    "{\"host\":\"127.0.0.1\",\"port\":99999,\"token\":\"x\"}",
                    "{\"host\":\"a b\",\"port\":1,\"token\":\"x\"}",
                    "{\"port\":",
                    "[]",
                    ""
                }) {
            Files.writeString(file, content);

            var ran = Ran.of("status", "--home", folder.toString());

            assertThat(ran.status()).as(content).isEqualTo(ExitCode.NOT_RUNNING.status());
            assertThat(ran.err()).as(content).startsWith("error TL-NOD-001: ");
        }
    }

    @Test
    void a_model_that_cannot_be_read_is_named() throws Exception {
        var absent = Ran.of("run", folder.resolve("absent").toString(), "text");
        Files.writeString(folder.resolve("config.json"), "{");
        var damaged = Ran.of("run", folder.toString(), "text");

        assertThat(absent.status()).isEqualTo(ExitCode.DATA.status());
        assertThat(absent.err()).contains(folder.resolve("absent").toString());
        assertThat(damaged.status()).isEqualTo(ExitCode.DATA.status());
        assertThat(damaged.err()).startsWith("error TL-MOD-001: ").contains("config.json");
    }

    @Test
    void sampling_out_of_range_is_refused() {
        refused("temperature -1.0, 0 to 100", "run", "out", "text", "--temperature", "-1");
        refused("topP 2.0, above 0 to 1", "run", "out", "text", "--top-p", "2");
        refused("topK -3, at least 0", "run", "out", "text", "--top-k", "-3");
    }

    @Test
    void a_network_that_cannot_be_joined_is_told_with_what_why_and_what_now() throws Exception {
        var data = Files.writeString(folder.resolve("text"), "some text ".repeat(500)).toString();

        var ran =
                Ran.of(
                        "train",
                        "--fresh",
                        "32x2",
                        "--data",
                        data,
                        "--length",
                        "16",
                        "--network",
                        "lab",
                        "--bootstrap",
                        "/ip4/127.0.0.1/tcp/1/p2p/" + PEER);

        assertThat(ran.status()).isEqualTo(ExitCode.NO_NETWORK.status());
        assertThat(ran.err())
                .isEqualTo(
                        "error TL-NET-011: network \"lab\" cannot be joined\n  bootstrap peer"
                                + " /ip4/127.0.0.1/tcp/1/p2p/"
                                + PEER
                                + " is of no use: nothing listens there\n"
                                + "  try: start that node, or correct the address; ports that are"
                                + " not fixed change with every start\n");
    }
}
