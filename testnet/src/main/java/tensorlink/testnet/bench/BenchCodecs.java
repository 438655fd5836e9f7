package tensorlink.testnet.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;

/** The JMH benchmarks: what it costs to put things on the wire, against the plain work. */
@Command(
        name = "codecs",
        description = "What the codecs cost, against copying their bytes or the cipher alone.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench codecs -o json")
final class BenchCodecs implements Callable<Integer> {
    private static final List<Row> ROWS =
            List.of(
                    new Row("tensor frame of 16 KiB", "frame", "its bytes copied", "copy"),
                    new Row(
                            "Noise frame of 64 KiB",
                            "noiseFrame",
                            "the JDK's cipher alone",
                            "noiseFrameCipher"),
                    new Row("yamux header", "yamuxHeader", "12 bytes copied", "yamuxHeaderCopied"),
                    new Row("varint", "varint", "3 bytes copied", "varintCopied"),
                    new Row(
                            "multistream, four messages",
                            "negotiation",
                            "their bytes copied",
                            "negotiationCopied"),
                    new Row(
                            "multiaddr from text",
                            "addressText",
                            "the text copied",
                            "addressTextCopied"),
                    new Row(
                            "multiaddr from bytes",
                            "addressBytes",
                            "the bytes copied",
                            "addressBytesCopied"));

    @Mixin private Output output = new Output();

    /**
     * Two benchmarks that belong together.
     *
     * @param codec what is measured, there and back unless it says "from"
     * @param plain the part of it that nobody is spared
     */
    private record Row(String codec, String codecLabel, String plain, String plainLabel) {}

    @Override
    public Integer call() throws RunnerException {
        var options =
                new OptionsBuilder()
                        .include(FrameBench.class.getName())
                        .include(WireBench.class.getName())
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
        var results = new ArrayList<Map<String, Object>>();
        for (var row : ROWS) {
            results.add(
                    report(
                            row,
                            nanos.getOrDefault(row.codecLabel, Double.NaN),
                            nanos.getOrDefault(row.plainLabel, Double.NaN)));
        }
        output.tell(Map.of("codecs", results));
        return ExitCode.DONE.status();
    }

    private Map<String, Object> report(Row row, double codec, double plain) {
        output.say(
                String.format(
                        Locale.ROOT,
                        "%-28s %,10.1f ns; %-24s %,10.1f ns; %6.2f times",
                        row.codec,
                        codec,
                        row.plain,
                        plain,
                        codec / plain));
        var result = new LinkedHashMap<String, Object>();
        result.put("codec", row.codec);
        result.put("nanos", codec);
        result.put("plain", row.plain);
        result.put("plainNanos", plain);
        result.put("ratio", codec / plain);
        return result;
    }
}
