package tensorlink.jobs;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tensorlink.compute.Architecture;
import tensorlink.compute.StageState;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.StateSlot;
import tensorlink.jobs.message.Route;
import tensorlink.jobs.message.WeightsQuestion;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.p2p.peer.PeerId;

/**
 * Serves a model's weights to the workers of one job, to each those of its layers: what stays with
 * the user is not for others to read.
 */
final class ModelSource implements WeightsServer.Source {
    private final Weights weights;
    private final Map<PeerId, Set<String>> readers = new HashMap<>();

    ModelSource(Weights weights, Architecture architecture, Route route) {
        this.weights = weights;
        for (var stage : route.stages()) {
            var names = new HashSet<String>();
            names.add(StageState.OPTIMIZER_STEPS);
            for (var tensor : architecture.tensors(stage.layers())) {
                names.add(tensor.name());
                for (var slot : StateSlot.values()) {
                    names.add(slot.tensor(tensor.name()));
                }
            }
            readers.put(stage.worker().id(), names);
        }
    }

    @Override
    public boolean admits(PeerId peer, String tensor) {
        return readers.getOrDefault(peer, Set.of()).contains(tensor);
    }

    @Override
    public Optional<WeightsServer.Content> open(WeightsQuestion.What what, String tensor) {
        if (what != WeightsQuestion.What.PARAMETER) {
            return Optional.empty();
        }
        for (var spec : weights.tensors()) {
            if (spec.name().equals(tensor)) {
                long size = spec.byteSize();
                return Optional.of(
                        new WeightsServer.Content() {
                            @Override
                            public long byteSize() {
                                return size;
                            }

                            @Override
                            public void read(long offset, MemorySegment target)
                                    throws IOException, InterruptedException {
                                weights.read(tensor, offset, target);
                            }
                        });
            }
        }
        return Optional.empty();
    }
}
