package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.StageState;
import tensorlink.compute.optim.StateSlot;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.message.Neighbour;
import tensorlink.jobs.message.Route;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

class ModelSourceTest {

    @Test
    void a_worker_may_read_what_its_layers_need_and_nothing_else() {
        var model = Model.initialize(ModelConfig.llama(32, 3, 256, 64), Tokenizer.bytes(), 1);
        var here = new PeerInfo(KeyPair.generate().peerId(), List.of());
        var worker = new PeerInfo(KeyPair.generate().peerId(), List.of());
        var route =
                new Route(
                        List.of(
                                new Neighbour(here, new LayerRange(0, 1)),
                                new Neighbour(worker, new LayerRange(1, 3))));

        var source = new ModelSource(model.weights(), model.architecture(), route);

        var embedding = model.config().embeddingName();
        var own = "model.layers.1.mlp.up_proj.weight";
        assertThat(source.admits(worker.id(), own)).isTrue();
        assertThat(source.admits(worker.id(), StateSlot.EXP_AVG.tensor(own))).isTrue();
        assertThat(source.admits(worker.id(), StageState.OPTIMIZER_STEPS)).isTrue();
        assertThat(source.admits(worker.id(), "model.layers.0.mlp.up_proj.weight")).isFalse();
        assertThat(source.admits(worker.id(), embedding)).isFalse();
        assertThat(source.admits(here.id(), embedding)).isTrue();
        assertThat(source.admits(KeyPair.generate().peerId(), own)).isFalse();
    }
}
