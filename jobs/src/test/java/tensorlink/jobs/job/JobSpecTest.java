package tensorlink.jobs.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.compute.Digest;
import tensorlink.compute.LayerRange;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.tensor.TensorCodec;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

class JobSpecTest {
    private static final PeerId WORKER = KeyPair.generate().peerId();
    private static final PeerId FIRST = KeyPair.generate().peerId();
    private static final PeerId LAST = KeyPair.generate().peerId();

    @Test
    void what_is_the_users_own_is_counted_beside_the_workers() {
        var first = new OwnStage(FIRST, new LayerRange(0, 2));
        var last = new OwnStage(LAST, new LayerRange(4, 5));

        assertThat(spec(List.of(first, last), new LayerRange(2, 4)).stages()).isEqualTo(3);
        assertThat(spec(List.of(last), new LayerRange(0, 4)).stages()).isEqualTo(2);
        assertThat(spec(List.of(), new LayerRange(0, 5)).stages()).isEqualTo(1);
    }

    @Test
    void the_users_own_are_ends_of_their_own_with_others_layers_between() {
        var first = new OwnStage(FIRST, new LayerRange(0, 2));
        var whole = new LayerRange(2, 3);

        assertThatThrownBy(() -> spec(List.of(first, own(LAST, 2, 5)), whole))
                .hasMessage("its user's own layers 0-1 and layers 2-4 are no two ends");
        assertThatThrownBy(() -> spec(List.of(own(FIRST, 1, 2), own(LAST, 4, 5)), whole))
                .hasMessage("its user's own layer 1 and layer 4 are no two ends");
        assertThatThrownBy(() -> spec(List.of(first, first, first), whole))
                .hasMessage("a worker is pinned twice");
        assertThatThrownBy(() -> spec(List.of(first, own(FIRST, 4, 5)), whole))
                .hasMessage("a worker is pinned twice");
        assertThatThrownBy(() -> spec(List.of(own(WORKER, 0, 2)), whole))
                .hasMessage("a worker is pinned twice");
        assertThatThrownBy(() -> spec(List.of(first), new LayerRange(1, 3)))
                .hasMessage("split: a gap or an overlap at layer 2: layers 1-2");
    }

    private static OwnStage own(PeerId node, int begin, int end) {
        return new OwnStage(node, new LayerRange(begin, end));
    }

    private static JobSpec spec(List<OwnStage> own, LayerRange split) {
        return new JobSpec(
                Purpose.TRAINING,
                ByteString.copyFromUtf8("{}"),
                Digest.of(new byte[0]),
                1,
                new Workload(1, 16, 1),
                TrainingOptions.defaults(),
                List.of(WORKER),
                List.of(),
                own,
                List.of(split),
                TensorCodec.EXACT,
                Duration.ofHours(1));
    }
}
