package tensorlink.jobs.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Digest;
import tensorlink.compute.LayerRange;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.tensor.TensorCodec;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.market.StageMemory;
import tensorlink.jobs.wire.BatchMessage;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

/** What messages say of replicas, within and beyond their limits. */
class ReplicaMessagesTest {
    private static final List<PeerId> FOUR =
            List.of(
                    KeyPair.generate().peerId(),
                    KeyPair.generate().peerId(),
                    KeyPair.generate().peerId(),
                    KeyPair.generate().peerId());

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 64})
    void their_number_travels(int replicas) throws Exception {
        var how = TrainingOptions.defaults().withReplicas(replicas);

        assertThat(Training.decode(Training.encode(how))).isEqualTo(how);
    }

    @Test
    void a_number_beyond_the_limit_is_refused() {
        var message = Training.encode(TrainingOptions.defaults()).toBuilder();

        assertThatThrownBy(() -> Training.decode(message.setFurtherReplicas(64).build()))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessage("further replicas: 64, limit 63");
        assertThatThrownBy(() -> Training.decode(message.setFurtherReplicas(-1).build()))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessage("further replicas: 4294967295");
    }

    @Test
    void a_share_of_a_batch_travels_and_lies_within_the_largest() throws Exception {
        var work = new BatchWork(BatchWork.Mode.TRAIN, 6, true, 15, 3, 1, null).share(4, 2);
        var beyond = BatchMessage.newBuilder().setMicroBatches(1).setFirst(1_025).build();
        var negative = BatchMessage.newBuilder().setMicroBatches(1).setFirst(-1).build();

        assertThat(BatchWork.decode(work.encode())).isEqualTo(work);
        assertThat(work.has(3)).isFalse();
        assertThat(work.has(5)).isTrue();
        assertThat(work.has(6)).isFalse();
        assertThatThrownBy(() -> BatchWork.decode(beyond))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessage("batch: first micro-batch 1025, 0 to 1024");
        assertThatThrownBy(() -> BatchWork.decode(negative))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessage("batch: first micro-batch -1, 0 to 1024");
    }

    @Test
    void a_specification_fits_its_replicas() {
        var split = List.of(new LayerRange(0, 3), new LayerRange(3, 4));

        assertThat(spec(Purpose.TRAINING, 2, 4, FOUR, split).training().replicas()).isEqualTo(2);
        assertThatThrownBy(() -> spec(Purpose.TRAINING, 2, 3, FOUR, split))
                .hasMessage("micro-batches 3, expected a multiple of the 2 replicas");
        assertThatThrownBy(() -> spec(Purpose.TRAINING, 4, 4, FOUR, List.of()))
                .hasMessage("4 pinned workers for 4 stages x 2 replicas");
        assertThatThrownBy(() -> spec(Purpose.TRAINING, 2, 4, FOUR, List.of(new LayerRange(0, 4))))
                .hasMessage("a split into 1 for 4 pinned workers");
        assertThatThrownBy(() -> spec(Purpose.TRAINING, 129, 4, List.of(), List.of()))
                .hasMessage("workers 129 x 2 replicas, 0 to 256");
        assertThatThrownBy(() -> spec(Purpose.INFERENCE, 2, 4, FOUR, split))
                .hasMessage("replicas 2 without a training, 1");
    }

    @Test
    void a_replica_needs_the_activations_of_its_share_alone() {
        var config = ModelConfig.llama(32, 4, 64, 128);
        var two = spec(Purpose.TRAINING, 2, 8, FOUR, List.of());
        var half = two.workload();
        var one =
                new JobSpec(
                        Purpose.TRAINING,
                        two.config(),
                        two.weights(),
                        2,
                        new Workload(half.rows(), half.length(), half.microBatches() / 2),
                        two.training().withReplicas(1),
                        List.of(),
                        Duration.ofHours(1));
        var layers = new LayerRange(0, 2);

        assertThat(StageMemory.bytes(config, layers, two))
                .isEqualTo(StageMemory.bytes(config, layers, one));
    }

    private static JobSpec spec(
            Purpose purpose,
            int stages,
            int microBatches,
            List<PeerId> pinned,
            List<LayerRange> split) {
        return new JobSpec(
                purpose,
                ByteString.copyFrom(ModelConfig.llama(32, 4, 64, 128).json()),
                Digest.of(new byte[] {1}),
                stages,
                new Workload(2, 16, microBatches),
                TrainingOptions.defaults().withReplicas(2),
                pinned,
                List.of(),
                List.of(),
                split,
                TensorCodec.EXACT,
                Duration.ofHours(1));
    }
}
