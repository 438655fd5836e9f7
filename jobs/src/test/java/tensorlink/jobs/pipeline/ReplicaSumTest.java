package tensorlink.jobs.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tensorlink.compute.Stage;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.message.FrameStream;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.p2p.core.ProtocolViolation;

@Timeout(60)
class ReplicaSumTest {
    private static final Problem OVER = new Problem(ProblemCode.ENDED, "over", "", "");

    @TempDir private Path folder;
    private Lab lab;
    private final List<FrameStream> streams = new ArrayList<>();

    @BeforeEach
    void open() {
        lab = new Lab(folder, Patience.enough());
    }

    @AfterEach
    void close() throws IOException {
        streams.forEach(FrameStream::reset);
        lab.assertNothingIsLeft();
        lab.close();
    }

    /** A stage that has nothing but gradients. */
    private static Stage stage(float[] gradients) {
        return (Stage)
                Proxy.newProxyInstance(
                        Stage.class.getClassLoader(),
                        new Class<?>[] {Stage.class},
                        (_, method, arguments) ->
                                switch (method.getName()) {
                                    case "beginSum" -> (long) gradients.length;
                                    case "readSum" -> {
                                        int first = Math.toIntExact((long) arguments[0]);
                                        var part = new float[(int) arguments[1]];
                                        System.arraycopy(gradients, first, part, 0, part.length);
                                        yield Tensor.ofFloats(Shape.of(part.length), part);
                                    }
                                    case "writeSum" -> {
                                        int first = Math.toIntExact((long) arguments[0]);
                                        try (var sum = (Tensor) arguments[1]) {
                                            for (int i = 0; i < sum.elements(); i++) {
                                                gradients[first + i] = sum.floatAt(i);
                                            }
                                        }
                                        yield null;
                                    }
                                    default -> throw new UnsupportedOperationException();
                                });
    }

    /** The sums of replicas that are connected, and their outboxes. */
    private record Row(List<ReplicaSum> sums, List<Map<Integer, Outbox>> outboxes) {
        void end() {
            sums.forEach(sum -> sum.fail(OVER));
            outboxes.forEach(row -> row.values().forEach(outbox -> outbox.fail(OVER)));
        }
    }

    private Row row(int replicas) throws Exception {
        var outboxes = new ArrayList<Map<Integer, Outbox>>();
        for (int i = 0; i < replicas; i++) {
            outboxes.add(new HashMap<>());
        }
        var ends = new HashMap<List<Integer>, FrameStream>();
        for (int a = 0; a < replicas; a++) {
            for (int b = a + 1; b < replicas; b++) {
                var pair = lab.stream();
                connect(outboxes, ends, List.of(a, b), new FrameStream(pair.opened(), 1 << 20));
                connect(outboxes, ends, List.of(b, a), new FrameStream(pair.came(), 1 << 20));
            }
        }
        var sums = new ArrayList<ReplicaSum>();
        for (int i = 0; i < replicas; i++) {
            sums.add(new ReplicaSum(i, outboxes.get(i)));
        }
        ends.forEach((ab, stream) ->
                lab.scheduler()
                        .fork(
                                "reader" + ab,
                                () -> read(sums.get(ab.getFirst()), ab.getLast(), stream)));
        return new Row(sums, outboxes);
    }

    private void connect(
            List<Map<Integer, Outbox>> outboxes,
            Map<List<Integer>, FrameStream> ends,
            List<Integer> ab,
            FrameStream stream) {
        streams.add(stream);
        ends.put(ab, stream);
        outboxes.get(ab.getFirst())
                .put(ab.getLast(), Outbox.start(lab.scheduler(), "to" + ab, stream, 1, _ -> {}));
    }

    private static void read(ReplicaSum sum, int from, FrameStream stream) {
        try {
            while (true) {
                switch (stream.receive()) {
                    case TensorFrame.GradientPart part -> sum.received(from, part);
                    case TensorFrame.GradientSum of -> sum.received(from, of);
                    case TensorFrame other -> throw new IllegalStateException(other.toString());
                }
            }
        } catch (IOException ended) {
            // as streams end
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 5",
        "2, 0",
        "2, 1",
        "2, 524288",
        "2, 524289",
        "2, 1700000",
        "3, 2",
        "3, 400000",
        "4, 1000003",
        "5, 7"
    })
    void every_replica_has_the_sum_in_the_order_of_replicas_for_the_least_of_bytes(
            int replicas, int numbers) throws Exception {
        var random = new SplittableRandom(numbers);
        var gradients = new ArrayList<float[]>();
        var expected = new float[numbers];
        for (int replica = 0; replica < replicas; replica++) {
            var own = new float[numbers];
            for (int i = 0; i < numbers; i++) {
                own[i] = (float) random.nextGaussian();
                expected[i] = replica == 0 ? own[i] : expected[i] + own[i];
            }
            gradients.add(own);
        }
        var row = row(replicas);
        var failures = new ArrayList<Exception>();

        var adding = new ArrayList<Thread>();
        for (int replica = 0; replica < replicas; replica++) {
            var sum = row.sums().get(replica);
            var stage = stage(gradients.get(replica));
            adding.add(
                    lab.scheduler()
                            .fork(
                                    "sum" + replica,
                                    () -> {
                                        try {
                                            sum.sum(7, stage);
                                        } catch (Exception failed) {
                                            failures.add(failed);
                                        }
                                    }));
        }
        for (var thread : adding) {
            thread.join();
        }
        row.end();

        assertThat(failures).isEmpty();
        long sent = 0;
        for (int replica = 0; replica < replicas; replica++) {
            assertThat(gradients.get(replica)).isEqualTo(expected);
            for (var outbox : row.outboxes().get(replica).values()) {
                sent += outbox.bytesSent();
            }
        }
        assertThat(sent).isEqualTo(2L * (replicas - 1) * numbers * Float.BYTES);
    }

    @Test
    void what_another_replica_may_not_send_is_refused_by_name() throws Exception {
        refused(new TensorFrame.GradientPart(8, 0, numbers(4)), "GradientPart");
        refused(new TensorFrame.GradientPart(7, 1, numbers(4)), "for round 1 of step 7");
        refused(new TensorFrame.GradientPart(7, 0, numbers(5)), "F32 [5]");
        refused(
                new TensorFrame.GradientPart(7, 0, Tensor.ofLongs(Shape.of(4), 1, 2, 3, 4)),
                "I64 [4]");
        refused(
                new TensorFrame.GradientPart(
                        7, 0, Tensor.allocate(numbers(1).dtype(), Shape.of(2, 2))),
                "[2, 2]");
    }

    private static Tensor numbers(int count) {
        return Tensor.ofFloats(Shape.of(count), new float[count]);
    }

    private void refused(TensorFrame.GradientPart frame, String why) throws Exception {
        var row = row(2);
        row.sums().getFirst().received(1, frame);

        assertThatThrownBy(() -> row.sums().getFirst().sum(7, stage(new float[8])))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining(why)
                .hasMessageEndingWith("expected F32 [4] for round 0 of step 7");
        row.end();
    }

    @Test
    void whoever_waits_for_a_replica_that_is_gone_is_told() throws Exception {
        var row = row(2);
        lab.scheduler().fork("end", row::end);

        assertThatThrownBy(() -> row.sums().getFirst().sum(1, stage(new float[8])))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("over");
    }
}
