package tensorlink.testnet.bench.net;

import static tensorlink.testnet.bench.figures.Target.atLeast;
import static tensorlink.testnet.bench.figures.Target.atMost;

import java.util.ArrayList;
import java.util.List;
import tensorlink.testnet.bench.figures.Target;

/** What is asked of the figures. */
final class Goals {
    private static final double KIBIBYTE = 1024;

    private Goals() {}

    static List<Target> all() {
        var all = new ArrayList<Target>();
        throughput(all);
        for (var way : List.of("noise", "tls", "quic")) {
            sharing(way, all);
        }
        for (var way : List.of("noise", "tls")) {
            small(way, all);
        }
        for (var way : List.of("noise", "tls", "quic")) {
            idle(way, all);
        }
        return all;
    }

    private static void throughput(List<Target> all) {
        var speed = ".megabytesPerSecond";
        all.add(
                atLeast("noise+yamux of raw TCP", "noise" + speed, 0.18)
                        .of("tcp" + speed)
                        .stretch(0.23));
        all.add(atLeast("noise+yamux of js", "noise" + speed, 3.5).of("js-noise" + speed));
        all.add(atLeast("noise+yamux, MB per CPU-s", "noise.megabytesPerCpuSecond", 500));
        all.add(
                atLeast("tls+yamux of raw TCP", "tls" + speed, 0.32)
                        .of("tcp" + speed)
                        .stretch(0.40));
        all.add(atLeast("quic of bare Netty QUIC", "quic" + speed, 0.85).of("netty-quic" + speed));
        all.add(atLeast("quic of js", "quic" + speed, 3).of("js-quic" + speed));
    }

    private static void sharing(String way, List<Target> all) {
        all.add(
                atLeast(way + ": 4 streams of one", way + ".bulkFourMegabytesPerSecond", 0.95)
                        .of(way + ".bulkOneMegabytesPerSecond"));
        all.add(
                atMost(way + ": ping p99 beside 4 streams, ms", way + ".bulkPingMillis99", 10)
                        .stretch(3));
        all.add(
                atLeast(
                                way + ": fast beside 64 slow of alone",
                                way + ".slowBesideMegabytesPerSecond",
                                0.80)
                        .of(way + ".slowAloneMegabytesPerSecond"));
        all.add(
                atMost(way + ": memory of 64 slow of windows", way + ".slowGrowthBytes", 1)
                        .of(way + ".slowWindowsBytes"));
    }

    private static void small(String way, List<Target> all) {
        all.add(atMost(way + ": ping p50, us", way + ".pingMicros50", 60).stretch(40));
        all.add(
                atMost(way + ": ping p50 of js", way + ".pingMicros50", 0.5)
                        .of("js-" + way + ".pingMicros50"));
        all.add(
                atLeast(way + ": connections per s", way + ".connectionsPerSecond", 500)
                        .stretch(1_000));
        all.add(
                atMost(
                        way + ": CPU ms per connection, both ends",
                        way + ".cpuMillisPerConnection",
                        2.5));
        all.add(
                atLeast(way + ": streams per s, lazy", way + ".streamsPerSecond", 4_000)
                        .stretch(8_000));
        all.add(atLeast(way + ": streams per s, eager", way + ".eagerStreamsPerSecond", 2_500));
    }

    private static void idle(String way, List<Target> all) {
        for (var side : List.of("Dialling", "Listening")) {
            all.add(
                    atMost(
                            way
                                    + ": idle connection, bytes "
                                    + side.toLowerCase(java.util.Locale.ROOT),
                            way + ".idleBytes" + side,
                            40 * KIBIBYTE));
        }
    }
}
