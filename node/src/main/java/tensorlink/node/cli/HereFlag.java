package tensorlink.node.cli;

import java.util.List;
import picocli.CommandLine.Option;
import tensorlink.compute.Architecture;
import tensorlink.jobs.JobOptions;

/** The flag that keeps the ends of a model on this machine. */
final class HereFlag {
    private static final int ENDS = 2;

    @Option(
            names = "--here",
            paramLabel = "N",
            split = ",",
            defaultValue = "0,0",
            description =
                    "layers that stay on this machine: how many of the first, how many of the last;"
                            + " no worker sees what only they see")
    private List<Integer> layers = List.of(0, 0);

    boolean isGiven() {
        return layers.stream().anyMatch(count -> count != 0);
    }

    JobOptions applied(JobOptions options, Architecture model) {
        if (layers.size() != ENDS) {
            throw new UsageException("--here: " + layers.size() + " numbers, expected FIRST,LAST");
        }
        for (int count : layers) {
            UsageException.requireRange("--here", count, 0, model.layers() - 1);
        }
        return options.here(layers.getFirst(), layers.getLast());
    }
}
