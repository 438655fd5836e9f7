package tensorlink.testnet.bench.net;

import java.io.IOException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.bench.figures.Figures;
import tensorlink.testnet.bench.figures.Sample;

/** The rows in which carriers are compared. */
record SharedRows(Amounts amounts, Figures figures, Scheduler scheduler) {
    private static final double MEGABYTE = 1e6;

    /** Shares of a turn that go before it, untimed, on the same connection. */
    private static final int WARM_UP = 4;

    void throughput(Carrier carrier) throws IOException, InterruptedException {
        long bytes = amounts.bytes() / carrier.lightness();
        try (var link = carrier.open()) {
            link.upload(bytes / WARM_UP);
            var time = watch(carrier).time(() -> link.upload(bytes));
            note(carrier, "megabytesPerSecond", bytes / time.seconds() / MEGABYTE);
            note(carrier, "megabytesPerCpuSecond", bytes / time.cpuSeconds() / MEGABYTE);
        }
    }

    void ping(Carrier carrier) throws IOException, InterruptedException {
        try (var link = carrier.open()) {
            link.pings(amounts.pings());
            var micros = new Sample(link.pings(amounts.pings()));
            note(carrier, "pingMicros50", micros.quantile(0.5));
            note(carrier, "pingMicros99", micros.quantile(0.99));
        }
    }

    void connections(Carrier.OfStreams carrier) throws IOException, InterruptedException {
        int count = Math.max(1, amounts.connections() / carrier.lightness());
        try (var link = carrier.open()) {
            link.connections(Math.max(1, count / WARM_UP));
            var time = watch(carrier).time(() -> link.connections(count));
            note(carrier, "connectionsPerSecond", count / time.seconds());
            note(carrier, "cpuMillisPerConnection", 1e3 * time.cpuSeconds() / count);
        }
    }

    void streams(Carrier.OfStreams carrier) throws IOException, InterruptedException {
        int count = amounts.streams();
        try (var link = carrier.open()) {
            link.streams(Math.max(1, count / WARM_UP));
            var time = watch(carrier).time(() -> link.streams(count));
            note(carrier, "streamsPerSecond", count / time.seconds());
        }
    }

    /** Ours do not wait for the peer's word on a protocol that it has named; here they do. */
    void eagerStreams(OurCarrier carrier) throws IOException, InterruptedException {
        int count = amounts.streams();
        try (var link = carrier.open()) {
            link.eagerStreams(Math.max(1, count / WARM_UP));
            var time = watch(carrier).time(() -> link.eagerStreams(count));
            note(carrier, "eagerStreamsPerSecond", count / time.seconds());
        }
    }

    private Stopwatch watch(Carrier carrier) {
        return new Stopwatch(carrier, scheduler);
    }

    private void note(Carrier carrier, String figure, double value) {
        figures.add(carrier.name() + "." + figure, value);
    }
}
