package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Batch;
import tensorlink.compute.Device;
import tensorlink.compute.DeviceException;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.cuda.Driver;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.JobOptions;
import tensorlink.node.metrics.DeviceMetrics;
import tensorlink.p2p.multiaddr.Multiaddr;

/** A machine with several cards is as many workers; the cards are pretended, the rest is real. */
@Timeout(180)
class SeveralDevicesTest {
    @TempDir private Path folder;

    private ValidatorNode validator() throws Exception {
        return ValidatorNode.start(
                Network.named("lab"),
                Home.at(folder.resolve("validator")),
                ValidatorNode.Options.free());
    }

    private WorkerNode worker(ValidatorNode validator, String wish, Devices devices)
            throws Exception {
        return WorkerNode.start(
                Network.named("lab").via(validator.node().info()),
                Home.at(folder.resolve("worker")),
                WorkerNode.Options.lend(256 << 20).device(DeviceWish.parse(wish)),
                devices);
    }

    @Test
    void a_plan_puts_a_stage_on_each_card_and_the_bits_are_those_of_one_process() throws Exception {
        var config = ModelConfig.llama(64, 4, 256, 64);
        var start = Model.initialize(config, Tokenizer.bytes(), 1);
        var batch = Batch.of(Tokens.of(new long[][] {{1, 2, 3, 4}, {5, 6, 7, 8}}));
        var rule = AdamW.lr(1e-2);
        var cards = PretendedCards.usable(2);
        try (var validator = validator();
                var worker = worker(validator, "cuda", cards);
                var user =
                        UserNode.join(
                                Network.named("lab").via(validator.node().info()),
                                Home.at(folder.resolve("user")));
                var engine = TorchEngine.open();
                var alone = LocalRun.open(engine, start, 1, StageOptions.forTraining(1))) {
            assertThat(cards.opened()).containsExactly(Device.cuda(0), Device.cuda(1));
            var options = JobOptions.training().workers(2).batch(2, 4).microBatches(2);

            try (var model = user.createDistributedModel(start, options)) {
                var optimizer = model.optimizer(rule);
                for (int step = 0; step < 2; step++) {
                    optimizer.zeroGrad();
                    var loss = model.forward(batch.inputs(), batch.labels());
                    loss.backward();
                    optimizer.step();
                    alone.zeroGradients();

                    assertThat(loss.value()).isEqualTo(alone.forwardBackward(batch, 2));
                    alone.step(rule);
                }

                assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
                assertThat(new HashSet<>(model.plan().workers()))
                        .containsExactlyInAnyOrder(
                                worker.node().host().id(),
                                worker.node().others().getFirst().host().id());
            }
        }
    }

    @Test
    void each_card_is_told_with_its_own_memory_and_measured() throws Exception {
        var registry = new SimpleMeterRegistry();
        try (var validator = validator();
                var worker = worker(validator, "auto", PretendedCards.usable(2))) {
            var other = worker.node().others().getFirst();
            assertThat(other.device().orElseThrow().name())
                    .isEqualTo("cuda:1 Pretended 1, 8.0 GiB");
            assertThat(other.home().folder().getFileName()).hasToString("cuda-1");
            try (var _ = DeviceMetrics.bind(worker.node(), registry)) {
                for (var device : List.of("cuda:0", "cuda:1")) {
                    assertThat(memory(registry, device, "lent")).isEqualTo(256 << 20);
                    assertThat(memory(registry, device, "free")).isEqualTo(256 << 20);
                    assertThat(memory(registry, device, "total"))
                            .isEqualTo(PretendedCards.MEMORY_BYTES);
                }
                assertThat(fallback(registry, "driver")).isZero();
            }
            assertThat(registry.getMeters()).isEmpty();
        }
    }

    @Test
    void a_processor_in_place_of_a_card_is_counted_with_its_reason() throws Exception {
        var registry = new SimpleMeterRegistry();
        var none = PretendedCards.of(new Driver.Absent("there is no NVIDIA driver"), "cu124");
        try (var validator = validator();
                var worker = worker(validator, "auto", none);
                var _ = DeviceMetrics.bind(worker.node(), registry)) {
            assertThat(worker.node().others()).isEmpty();
            assertThat(none.opened()).containsExactly(Device.CPU);
            assertThat(memory(registry, "cpu", "lent")).isEqualTo(256 << 20);
            assertThat(fallback(registry, "driver")).isEqualTo(1);
            assertThat(fallback(registry, "kernels")).isZero();
        }
    }

    @Test
    void a_card_that_cannot_be_opened_ends_the_start_and_leaves_nothing_running() throws Exception {
        try (var validator = validator()) {
            assertThatThrownBy(() -> worker(validator, "auto", PretendedCards.usable(4)))
                    .isInstanceOf(DeviceException.class)
                    .hasMessage("cannot compute on cuda:3: out of order");

            // The home and what it held are free again.
            worker(validator, "cuda:1", PretendedCards.usable(2)).close();
        }
    }

    @Test
    void nodes_beside_listen_behind_the_ports_of_the_first() {
        assertThat(NodeOptions.behind(Multiaddr.parse("/ip4/0.0.0.0/tcp/4001"), 2))
                .hasToString("/ip4/0.0.0.0/tcp/4003");
        assertThat(NodeOptions.behind(Multiaddr.parse("/ip6/::/udp/4001/quic-v1"), 1))
                .hasToString("/ip6/::/udp/4002/quic-v1");
        assertThat(NodeOptions.behind(Multiaddr.parse("/ip4/127.0.0.1/tcp/0"), 1))
                .hasToString("/ip4/127.0.0.1/tcp/0");
    }

    private static double memory(MeterRegistry registry, String device, String kind) {
        return registry.get("tensorlink.device.memory")
                .tags("device", device, "kind", kind)
                .gauge()
                .value();
    }

    private static double fallback(MeterRegistry registry, String reason) {
        return registry.get("tensorlink.device.fallback").tags("reason", reason).gauge().value();
    }
}
