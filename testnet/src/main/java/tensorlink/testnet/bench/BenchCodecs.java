package tensorlink.testnet.bench;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;

/** The JMH benchmarks: what it costs to put things on the wire, against copying their bytes. */
@Command(
        name = "codecs",
        description = "What framing a tensor costs, against copying its bytes.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench codecs -o json")
final class BenchCodecs implements Callable<Integer> {
    @Mixin private Output output = new Output();

    @Override
    public Integer call() throws RunnerException {
        var options =
                new OptionsBuilder()
                        .include(FrameBench.class.getName())
                        .verbosity(VerboseMode.SILENT)
                        .jvmArgsAppend(
                                "--enable-native-access=ALL-UNNAMED",
                                "--sun-misc-unsafe-memory-access=allow")
                        .build();
        var nanos = new LinkedHashMap<String, Double>();
        for (var run : new Runner(options).run()) {
            var result = run.getPrimaryResult();
            nanos.put(result.getLabel(), result.getScore());
        }
        double frame = nanos.getOrDefault("frame", Double.NaN);
        double copy = nanos.getOrDefault("copy", Double.NaN);
        output.say(
                String.format(
                        Locale.ROOT,
                        "a frame of 16 KiB, there and back: %,.0f ns; its bytes alone: %,.0f ns;"
                                + " %.2f times",
                        frame,
                        copy,
                        frame / copy));
        var result = new LinkedHashMap<String, Object>();
        result.put("frameNanos", frame);
        result.put("copyNanos", copy);
        result.put("ratio", frame / copy);
        output.tell(result);
        return ExitCode.DONE.status();
    }
}
