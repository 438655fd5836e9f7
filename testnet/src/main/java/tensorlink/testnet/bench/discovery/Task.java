package tensorlink.testnet.bench.discovery;

import java.io.IOException;
import java.util.function.Consumer;
import tensorlink.testnet.bench.figures.Figures;

/** One part of {@link BenchDiscovery}. */
@FunctionalInterface
interface Task {
    /** Adds what it measures to {@code figures}, telling {@code progress} what it is at. */
    void measure(Figures figures, Consumer<String> progress)
            throws IOException, InterruptedException;
}
