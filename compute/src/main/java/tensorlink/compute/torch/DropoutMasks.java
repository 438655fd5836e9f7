package tensorlink.compute.torch;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.Architecture;
import tensorlink.compute.CounterRandom;
import tensorlink.compute.GraphModel;
import tensorlink.compute.LayerRange;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.graph.Operator;

/**
 * What a stage drops in training: for each place a mask of ones and zeros, in the order in which
 * the operators take them.
 *
 * <p>A mask depends on the unit of the model (embedding 0, layers from 1, head; of a graph the
 * node), on the place within the unit and on the numbers it is drawn from, and not on where the
 * stage begins or ends. libtorch's own generator would depend on all that ran before.
 */
final class DropoutMasks {
    private final List<Site> sites;

    private DropoutMasks(List<Site> sites) {
        this.sites = List.copyOf(sites);
    }

    private record Site(long unit, long place, double rate, Extent extent) {}

    /** The shape of what is dropped, of so many rows and positions. */
    private interface Extent {
        Shape of(long rows, long time);
    }

    static DropoutMasks of(Architecture architecture, LayerRange layers) {
        return new DropoutMasks(
                switch (architecture) {
                    case ModelConfig config -> sites(config, layers);
                    case GraphModel graph -> sites(graph, layers);
                });
    }

    private static List<Site> sites(ModelConfig config, LayerRange layers) {
        var rates = config.dropoutSites();
        Extent stream = (rows, time) -> new Shape(rows, time, config.hidden());
        Extent shares = (rows, time) -> new Shape(rows, config.attention().heads(), time, time);
        Extent summary = (rows, _) -> new Shape(rows, config.hidden());
        var sites = new ArrayList<Site>();
        if (config.holdsEmbedding(layers)) {
            sites.add(new Site(0, 0, rates.embedding(), stream));
        }
        for (int unit = layers.first() + 1; unit <= layers.end(); unit++) {
            sites.add(new Site(unit, 0, rates.attention(), shares));
            sites.add(new Site(unit, 1, rates.attentionEnd(), stream));
            sites.add(new Site(unit, 2, rates.feedForwardEnd(), stream));
        }
        if (config.holdsHead(layers) && config.task().ofRows()) {
            sites.add(new Site(config.layers() + 1, 0, rates.headInput(), summary));
            sites.add(new Site(config.layers() + 1, 1, rates.head(), summary));
        }
        sites.removeIf(site -> site.rate() == 0);
        return sites;
    }

    private static List<Site> sites(GraphModel model, LayerRange nodes) {
        var graph = model.graph();
        var sites = new ArrayList<Site>();
        for (int node = nodes.first(); node < nodes.end(); node++) {
            if (graph.nodes().get(node).operator() instanceof Operator.Dropout(double rate)
                    && rate > 0) {
                var row = NativeArrays.shape(graph.value(graph.inputs().size() + node).shape());
                sites.add(new Site(node, 0, rate, (rows, _) -> new Shape(rows).addAll(row)));
            }
        }
        return sites;
    }

    /**
     * @param input the shape of what the stage is given
     */
    PtNDArray[] draw(NativeArrays arrays, PtNDManager scope, CounterRandom random, Shape input) {
        var masks = new PtNDArray[sites.size()];
        for (int i = 0; i < masks.length; i++) {
            var site = sites.get(i);
            var shape = site.extent().of(input.get(0), input.get(1));
            if (shape.size() > Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        "dropout of "
                                + shape.size()
                                + " values at once, limit "
                                + Integer.MAX_VALUE
                                + ": take fewer rows");
            }
            var own = random.at(site.unit()).at(site.place());
            masks[i] =
                    arrays.filled(
                            scope,
                            shape,
                            DataType.BOOLEAN,
                            memory -> fill(memory, own, site.rate()));
        }
        return masks;
    }

    private static void fill(MemorySegment mask, CounterRandom random, double rate) {
        for (long i = 0; i < mask.byteSize(); i++) {
            mask.set(ValueLayout.JAVA_BYTE, i, random.uniform(i) < rate ? (byte) 0 : (byte) 1);
        }
    }
}
