package tensorlink.jobs;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import tensorlink.compute.format.Weights;
import tensorlink.jobs.message.Route;
import tensorlink.jobs.message.WeightsQuestion;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.p2p.peer.PeerId;

/** Serves a model's weights to the workers of one job. */
final class ModelSource implements WeightsServer.Source {
    private final Weights weights;
    private final Route route;

    ModelSource(Weights weights, Route route) {
        this.weights = weights;
        this.route = route;
    }

    @Override
    public boolean admits(PeerId peer) {
        return route.stages().stream().anyMatch(stage -> stage.worker().id().equals(peer));
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
