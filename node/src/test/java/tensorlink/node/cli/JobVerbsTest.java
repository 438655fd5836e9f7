package tensorlink.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Batch;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Tokens;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.job.JobException;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.Node;
import tensorlink.node.UserNode;
import tensorlink.node.ValidatorNode;
import tensorlink.node.WorkerNode;
import tensorlink.node.http.ApiServer;
import tensorlink.p2p.core.Scheduler;
import tools.jackson.databind.JsonNode;

/** The verbs about jobs, asked of the three nodes that take part in one. */
@Timeout(120)
class JobVerbsTest {
    @TempDir private Path folder;

    private final List<ApiServer> servers = new ArrayList<>();
    private ValidatorNode validator;
    private WorkerNode worker;
    private Network network;

    @BeforeEach
    void start() throws Exception {
        validator =
                ValidatorNode.start(
                        Network.named("lab"), home("validator"), ValidatorNode.Options.free());
        network = Network.named("lab").via(validator.node().info());
        worker = WorkerNode.start(network, home("worker"), WorkerNode.Options.lend(256 << 20));
        serve(validator.node());
        serve(worker.node());
    }

    @AfterEach
    void stop() {
        servers.forEach(ApiServer::close);
        worker.close();
        validator.close();
    }

    private Home home(String name) {
        return Home.at(folder.resolve(name));
    }

    private void serve(Node node) throws IOException {
        servers.add(
                ApiServer.start("127.0.0.1", 0, node.home().apiFile(), new JobRoutes(node).all()));
    }

    @Test
    void a_running_job_is_listed_shown_and_cancelled_and_everybody_knows() throws Exception {
        try (var user = UserNode.join(network, home("user"))) {
            serve(user.node());
            var config = ModelConfig.llama(32, 2, 256, 64);
            var model =
                    user.createDistributedModel(
                            Model.initialize(config, Tokenizer.bytes(), 1),
                            JobOptions.training().batch(2, 16));
            var stepped = new CountDownLatch(1);
            var told = new CompletableFuture<JobException>();
            Thread.ofVirtual().start(() -> train(model, stepped, told));
            stepped.await();
            var id = "0x" + model.job().hex();
            var start = model.job().hex().substring(0, 8);

            var running = done("user", "jobs", "list").path("jobs").get(0);
            var notWorkers = run("worker", "jobs", "cancel", id);
            var cancelled = done("user", "jobs", "cancel", start);
            var again = done("user", "jobs", "cancel", id);
            var shown = done("user", "jobs", "show", id);
            var events = events("user", id);

            assertThat(running.path("job").asString()).isEqualTo(id);
            assertThat(running.path("state").asString()).isEqualTo("running");
            assertThat(running.path("part").asString()).isEqualTo("user");
            assertThat(notWorkers.status()).isNotZero();
            assertThat(message(notWorkers)).contains("this node is a worker of it, not its user");
            assertThat(cancelled.path("outcome").asString()).isEqualTo("cancelled");
            assertThat(cancelled.path("state").asString()).isEqualTo("cancelled");
            assertThat(again.path("outcome").asString()).isEqualTo("unchanged");
            assertThat(told.get(20, TimeUnit.SECONDS).problem().why())
                    .isEqualTo("cancelled by its user");
            assertThat(shown.path("state").asString()).isEqualTo("cancelled");
            assertThat(shown.path("reason").asString()).isEqualTo("cancelled by its user");
            assertThat(shown.path("stages").size()).isEqualTo(1);
            assertThat(events)
                    .containsExactly(
                            "requested",
                            "planned",
                            "recruiting",
                            "agreed",
                            "loading",
                            "running",
                            "cancelled: cancelled by its user");
            var seen = done("validator", "jobs", "list").path("jobs").get(0);
            assertThat(seen.path("state").asString()).isEqualTo("cancelled");
            assertThat(seen.path("payer").asString()).isEqualTo(user.node().account().toString());
            assertThat(seen.path("payees").get(0).asString())
                    .isEqualTo(worker.node().account().toString());
            var done = done("worker", "jobs", "list").path("jobs").get(0);
            assertThat(done.path("job").asString()).isEqualTo(id);
            assertThat(done.path("part").asString()).isEqualTo("worker");
            assertThat(done.path("state").asString()).isEqualTo("cancelled");
            assertThat(events("worker", id)).last().isEqualTo("cancelled: cancelled by its user");
            assertThat(worker.worker().capability().freeBytes()).isEqualTo(256 << 20);
        }
    }

    @Test
    void jobs_of_earlier_runs_are_listed_by_all_who_took_part_without_a_ledger() throws Exception {
        String id;
        try (var user = UserNode.join(network, home("user"))) {
            var config = ModelConfig.llama(32, 2, 256, 64);
            var model =
                    user.createDistributedModel(
                            Model.initialize(config, Tokenizer.bytes(), 1),
                            JobOptions.training().batch(2, 16));
            id = "0x" + model.job().hex();
            model.close();
        }
        servers.forEach(ApiServer::close);
        servers.clear();
        worker.close();
        validator.close();
        start();

        try (var user = UserNode.join(network, home("user"))) {
            serve(user.node());
            for (var part : List.of("user", "worker", "validator")) {
                var jobs = done(part, "jobs", "list").path("jobs");
                assertThat(jobs.size()).as(part).isEqualTo(1);
                assertThat(jobs.get(0).path("job").asString()).isEqualTo(id);
                assertThat(jobs.get(0).path("part").asString()).isEqualTo(part);
                assertThat(jobs.get(0).path("state").asString()).isEqualTo("completed");
                assertThat(done(part, "jobs", "show", id).path("state").asString())
                        .isEqualTo("completed");
                assertThat(events(part, id)).startsWith("requested", "planned", "recruiting");
            }
        }
    }

    @Test
    void a_training_that_runs_as_a_command_is_cancelled_by_another_command() throws Exception {
        var text = Files.writeString(folder.resolve("text.txt"), "A worker lends. ".repeat(99));
        var cancelled = new CompletableFuture<JsonNode>();
        Thread.ofVirtual().start(() -> cancelFirst(cancelled));

        var trained =
                run(
                        "trainer",
                        "train",
                        "--fresh",
                        "32x2",
                        "--data",
                        text.toString(),
                        "--length",
                        "16",
                        "--rows",
                        "4",
                        "--steps",
                        "1000000",
                        "--network",
                        "lab",
                        "--bootstrap",
                        validator.node().addresses().getFirst().toString());

        assertThat(cancelled.get(20, TimeUnit.SECONDS).path("outcome").asString())
                .isEqualTo("cancelled");
        assertThat(trained.status()).isEqualTo(ExitCode.JOB_FAILED.status());
        assertThat(message(trained)).contains("is over").contains("cancelled by its user");
        assertThat(worker.worker().stints()).isEmpty();
    }

    /** As {@code jobs cancel} does; but that one's output is that of the command above. */
    private void cancelFirst(CompletableFuture<JsonNode> cancelled) {
        var client = new NodeClient(home("trainer"));
        try {
            var jobs = new ArrayList<String>();
            while (!isRunning(client, jobs)) {
                Scheduler.system().sleep(Duration.ofMillis(50));
            }
            cancelled.complete(client.post(JobRoutes.CANCEL, Map.of("job", jobs.getFirst())));
        } catch (IOException | InterruptedException | RuntimeException wrong) {
            cancelled.completeExceptionally(wrong);
        }
    }

    private static boolean isRunning(NodeClient client, List<String> jobs)
            throws IOException, InterruptedException {
        try {
            for (var job : client.get(JobRoutes.LIST).path("jobs")) {
                if (job.path("state").asString().equals("running")) {
                    jobs.add(job.path("job").asString());
                }
            }
        } catch (NotRunningException early) {
            return false;
        }
        return !jobs.isEmpty();
    }

    @Test
    void a_job_that_nobody_knows_is_told_so() throws Exception {
        var unknown = run("worker", "jobs", "cancel", "ab".repeat(32));
        var beginning = run("worker", "jobs", "cancel", "abababab");
        var senseless = run("worker", "jobs", "show", "7");

        assertThat(unknown.status()).isEqualTo(ExitCode.USAGE.status());
        assertThat(message(unknown)).contains("is none of this node's");
        assertThat(message(beginning))
                .isEqualTo("no job known here with an id that begins with abababab");
        assertThat(message(senseless)).contains("64 hexadecimal digits");
    }

    private static void train(
            DistributedModel model, CountDownLatch stepped, CompletableFuture<JobException> told) {
        try (model) {
            var optimizer = model.optimizer(AdamW.lr(1e-2));
            var batch = Batch.of(Tokens.of(new long[2][16]));
            while (true) {
                optimizer.zeroGrad();
                model.forward(batch.inputs(), batch.labels()).backward();
                optimizer.step();
                stepped.countDown();
            }
        } catch (JobException ended) {
            told.complete(ended);
        } catch (IOException | InterruptedException | RuntimeException wrong) {
            told.completeExceptionally(wrong);
        }
    }

    private List<String> events(String home, String id) {
        var events = new ArrayList<String>();
        for (var event : done(home, "jobs", "events", id).path("events")) {
            events.add(event.path("event").asString());
        }
        return events;
    }

    private static String message(Ran ran) {
        return ran.result().path("error").path("message").asString();
    }

    private JsonNode done(String home, String... arguments) {
        var ran = run(home, arguments);
        assertThat(ran.status()).as("%s", ran).isZero();
        return ran.result();
    }

    private Ran run(String home, String... arguments) {
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--home", folder.resolve(home).toString(), "-o", "json"));
        return Ran.of(all.toArray(new String[0]));
    }
}
