package tensorlink.jobs.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Architecture;
import tensorlink.compute.LayerRange;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Publication;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.message.Manifest;
import tensorlink.ledger.Bytes32;

/** Of what is published only that counts whose bytes are those of the manifest. */
@Timeout(60)
class CheckedWeightsTest {
    private static final Publication PUBLICATION = new Publication("lab", "small", "0a".repeat(20));
    private static final Architecture ARCHITECTURE = Lab.model().architecture();
    private static final LayerRange LAYERS = new LayerRange(1, 3);
    private static final String CHANGED = "model.layers.2.mlp.up_proj.weight";

    @TempDir private Path folder;
    private final List<Long> watched = new ArrayList<>();

    @Test
    void tensors_that_hash_to_what_was_agreed_are_had_as_they_are_published() throws Exception {
        var model = Lab.model();

        try (var checked = fetch(model.weights(), manifest(model.weights()))) {
            assertThat(names(checked)).isEqualTo(wanted());
            assertSame(checked, model.weights());
        }
        long bytes = ARCHITECTURE.tensors(LAYERS).stream().mapToLong(TensorSpec::byteSize).sum();
        assertThat(watched).isSorted().endsWith(2 * bytes); // come, then checked
    }

    @Test
    void what_was_agreed_in_f32_may_be_published_in_bf16() throws Exception {
        var published = new Bf16(Lab.model().weights());
        var imported = published.widened();

        try (var checked = fetch(published, manifest(imported))) {
            assertThat(names(checked)).isEqualTo(wanted());
            assertSame(checked, imported);
        }
    }

    @Test
    void a_tensor_that_differs_in_a_bit_is_left_out() throws Exception {
        var model = Lab.model();

        try (var checked = fetch(new Changed(model.weights()), manifest(model.weights()))) {
            assertThat(names(checked)).doesNotContain(CHANGED).hasSize(wanted().size() - 1);
            assertThatThrownBy(() -> checked.read(CHANGED, 0, MemorySegment.ofArray(new byte[4])))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void another_model_gives_nothing_that_it_does_not_share() throws Exception {
        var norms = wanted().stream().filter(it -> it.contains("norm")).toList(); // all ones

        try (var checked = fetch(Lab.model(6).weights(), manifest(Lab.model().weights()))) {
            assertThat(names(checked)).isEqualTo(norms);
        }
    }

    @Test
    void whoever_ends_the_watch_ends_the_fetch_and_what_came_is_closed() {
        var closed = new AtomicBoolean();
        var over = new JobException(ProblemCode.ENDED, "over", "", "");

        assertThatThrownBy(() ->
                        CheckedWeights.fetch(
                                (_, _, _) -> new Closing(Lab.model().weights(), closed),
                                PUBLICATION,
                                ARCHITECTURE,
                                LAYERS,
                                manifest(Lab.model().weights()),
                                _ -> {
                                    throw over;
                                }))
                .isSameAs(over);
        assertThat(closed).isTrue();
    }

    @Test
    void what_is_here_is_not_asked_for_and_the_rest_is() throws Exception {
        var model = Lab.model();
        var manifest = manifest(model.weights());
        var job = new JobId(Bytes32.keccak("job"));
        var told = new AtomicLong();
        try (var lab = new Lab(folder, Patience.enough());
                var here = fetch(new Changed(model.weights()), manifest)) {
            var user = lab.party();
            var worker = lab.party();
            user.host().handle(user.protocols().weights(), new WeightsServer()); // has nothing
            worker.host().peers().add(user.host().info());
            try (var weights =
                    new RemoteWeights(
                            WeightsClient.open(
                                    worker.host(),
                                    worker.protocols(),
                                    user.id(),
                                    job,
                                    Duration.ofSeconds(20)),
                            manifest,
                            here,
                            told::set)) {
                assertSame(new Only(weights, here.tensors()), model.weights());
                assertThat(told)
                        .hasValue(here.tensors().stream().mapToLong(TensorSpec::byteSize).sum());
                assertThatThrownBy(
                                () -> weights.read(CHANGED, 0, MemorySegment.ofArray(new byte[4])))
                        .isInstanceOf(JobException.class)
                        .hasMessageContaining("no weights for job");
            }
        }
    }

    private Weights fetch(Weights published, Manifest manifest) throws Exception {
        return CheckedWeights.fetch(
                (_, shapes, watch) -> {
                    var of =
                            new Only(
                                    published,
                                    published.tensors().stream()
                                            .filter(it -> shapes.containsKey(it.name()))
                                            .toList());
                    watch.came(of.tensors().stream().mapToLong(TensorSpec::byteSize).sum());
                    return of;
                },
                PUBLICATION,
                ARCHITECTURE,
                LAYERS,
                manifest,
                watched::add);
    }

    private static Manifest manifest(Weights weights) throws Exception {
        return Manifest.of(weights, _ -> true);
    }

    private static List<String> wanted() {
        return ARCHITECTURE.tensors(LAYERS).stream().map(TensorSpec::name).toList();
    }

    private static List<String> names(Weights weights) {
        return weights.tensors().stream().map(TensorSpec::name).toList();
    }

    private static void assertSame(Weights found, Weights expected) throws Exception {
        for (var tensor : found.tensors()) {
            var one = new byte[(int) tensor.byteSize()];
            var other = new byte[(int) tensor.byteSize()];
            found.read(tensor.name(), 0, MemorySegment.ofArray(one));
            expected.read(tensor.name(), 0, MemorySegment.ofArray(other));
            assertThat(one).as(tensor.name()).isEqualTo(other);
        }
    }

    private record Only(Weights all, List<TensorSpec> tensors) implements Weights {
        @Override
        public void read(String name, long offset, MemorySegment target)
                throws IOException, InterruptedException {
            all.read(name, offset, target);
        }
    }

    private record Closing(Weights all, AtomicBoolean closed) implements Weights {
        @Override
        public List<TensorSpec> tensors() {
            return all.tensors();
        }

        @Override
        public void read(String name, long offset, MemorySegment target)
                throws IOException, InterruptedException {
            all.read(name, offset, target);
        }

        @Override
        public void close() {
            closed.set(true);
        }
    }

    /** One bit of one tensor is another. */
    private record Changed(Weights all) implements Weights {
        @Override
        public List<TensorSpec> tensors() {
            return all.tensors();
        }

        @Override
        public void read(String name, long offset, MemorySegment target)
                throws IOException, InterruptedException {
            all.read(name, offset, target);
            if (name.equals(CHANGED) && offset == 0) {
                byte first = target.get(ValueLayout.JAVA_BYTE, 0);
                target.set(ValueLayout.JAVA_BYTE, 0, (byte) (first ^ 1));
            }
        }
    }

    /** F32 values without the lower half of their bits. */
    private record Bf16(Weights wide) implements Weights {
        @Override
        public List<TensorSpec> tensors() {
            return wide.tensors().stream()
                    .map(it -> new TensorSpec(it.name(), DType.BF16, it.shape()))
                    .toList();
        }

        @Override
        public void read(String name, long offset, MemorySegment target)
                throws IOException, InterruptedException {
            var values = new byte[Math.toIntExact(2 * target.byteSize())];
            wide.read(name, 2 * offset, MemorySegment.ofArray(values));
            for (int at = 0; at < values.length; at += 4) {
                target.set(ValueLayout.JAVA_BYTE, at / 2, values[at + 2]);
                target.set(ValueLayout.JAVA_BYTE, at / 2 + 1, values[at + 3]);
            }
        }
    }
}
