package tensorlink.testnet.bench.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.testnet.bench.figures.Figures;
import tensorlink.testnet.bench.figures.Sample;

/** The rows of our own hosts alone: what streams and connections do to each other. */
record OwnRows(Amounts amounts, Figures figures, Scheduler scheduler) {
    private static final double MEGABYTE = 1e6;
    private static final int CHUNK = 64 << 10;
    private static final int BULK_STREAMS = 4;
    private static final Duration PING_PAUSE = Duration.ofMillis(2);
    private static final int SLOW_STREAMS = 64;

    /** With what the specification lets every stream of yamux begin. */
    private static final long WINDOW_BYTES = 256 << 10;

    private static final Duration SETTLED = Duration.ofSeconds(1);
    private static final List<Integer> STRIPES = List.of(1, 2, 4);

    /** One stream; then four that share the work, with pings between. */
    void bulk(OurCarrier carrier) throws IOException, InterruptedException {
        long bytes = amounts.bytes() / carrier.lightness();
        try (var link = carrier.open()) {
            link.upload(bytes / 4);
            double alone = megabytesPerSecond(carrier, bytes, () -> link.upload(bytes));
            var pings = new ArrayList<Double>();
            double together =
                    megabytesPerSecond(carrier, bytes, () -> uploadWithPings(link, bytes, pings));
            note(carrier, "bulkOneMegabytesPerSecond", alone);
            note(carrier, "bulkFourMegabytesPerSecond", together);
            var millis = new Sample(pings);
            note(carrier, "bulkPingMillis50", millis.quantile(0.5));
            note(carrier, "bulkPingMillis99", millis.quantile(0.99));
        }
    }

    private void uploadWithPings(OurCarrier.OurLink link, long bytes, List<Double> millis)
            throws IOException, InterruptedException {
        try (var stream = link.connection().open(NetPeer.PING)) {
            stream.purpose(Purpose.CONTROL);
            var uploads = new Together(scheduler);
            for (int i = 0; i < BULK_STREAMS; i++) {
                uploads.start("bulk " + i, () -> link.upload(bytes / BULK_STREAMS));
            }
            do {
                long sent = scheduler.nanoTime();
                OurCarrier.echo(stream);
                millis.add((scheduler.nanoTime() - sent) / 1e6);
                scheduler.sleep(PING_PAUSE);
            } while (uploads.areRunning());
            uploads.await();
        }
    }

    /** A stream alone; then beside many whose readers take almost nothing. */
    void slow(OurCarrier carrier) throws IOException, InterruptedException {
        long bytes = amounts.bytes() / 2 / carrier.lightness();
        try (var link = carrier.open()) {
            link.upload(bytes);
            double alone = megabytesPerSecond(carrier, bytes, () -> link.upload(bytes));
            var hereBefore = Memory.here();
            var thereBefore = there(carrier);
            var writers = new Together(scheduler);
            var streams = new ArrayList<Stream>();
            try {
                for (int i = 0; i < SLOW_STREAMS; i++) {
                    var stream = link.connection().open(NetPeer.SLOW);
                    streams.add(stream);
                    writers.start("slow " + i, () -> fill(stream));
                }
                scheduler.sleep(SETTLED);
                double beside = megabytesPerSecond(carrier, bytes, () -> link.upload(bytes));
                long grown = Memory.here().since(hereBefore) + there(carrier).since(thereBefore);
                note(carrier, "slowAloneMegabytesPerSecond", alone);
                note(carrier, "slowBesideMegabytesPerSecond", beside);
                note(carrier, "slowGrowthBytes", (double) Math.max(0, grown));
                note(
                        carrier,
                        "slowWindowsBytes",
                        (double) SLOW_STREAMS * WINDOW_BYTES
                                + Limits.defaults().muxing().windowBytesMax());
            } finally {
                streams.forEach(Stream::reset);
                writers.abandon();
            }
        }
    }

    private static void fill(Stream stream) throws IOException, InterruptedException {
        var chunk = MemorySegment.ofArray(new byte[CHUNK]);
        while (true) {
            stream.write(chunk);
        }
    }

    private static Memory there(OurCarrier carrier) throws IOException, InterruptedException {
        return Memory.of(carrier.peer().ask("memory"));
    }

    /**
     * Connections that do nothing: as many hosts in this process as in the other, each of them
     * connected to each.
     */
    void idle(OurCarrier carrier) throws IOException, InterruptedException {
        var way = carrier.way();
        var peer = carrier.peer();
        int side = (int) Math.ceil(Math.sqrt(amounts.idle()));
        int count = side * side;
        var hosts = new ArrayList<Host>();
        try {
            var remotes = new ArrayList<PeerInfo>();
            for (var address : peer.ask("idle", way.label(), side).path("addresses")) {
                remotes.add(PeerInfo.parse(address.asString()));
            }
            for (int i = 0; i < side; i++) {
                hosts.add(Libp2p.start(KeyPair.generate(), way.dialling().withEventLoops(1)));
            }
            scheduler.sleep(SETTLED);
            var here = Memory.here();
            var there = there(carrier);
            for (var host : hosts) {
                for (var remote : remotes) {
                    host.connect(remote);
                }
            }
            scheduler.sleep(SETTLED.multipliedBy(2));
            int open = 0;
            for (var host : hosts) {
                open += host.connections().size();
            }
            if (open != count) {
                throw new IOException(open + " of " + count + " idle connections are open");
            }
            var hereAfter = Memory.here();
            var thereAfter = there(carrier);
            note(carrier, "idleConnections", count);
            note(carrier, "idleBytesDialling", (double) hereAfter.since(here) / count);
            note(carrier, "idleBytesListening", (double) thereAfter.since(there) / count);
            note(
                    carrier,
                    "idleResidentBytesListening",
                    (double) (thereAfter.resident() - there.resident()) / count);
        } finally {
            hosts.forEach(Host::close);
            peer.ask("forget");
        }
    }

    /** One tensor over 1, 2 and 4 connections, each of a host with one event loop. */
    void stripes(OurCarrier carrier) throws IOException, InterruptedException {
        long bytes = amounts.bytes() / carrier.lightness();
        for (int stripes : STRIPES) {
            var hosts = new ArrayList<Host>();
            try {
                for (int i = 0; i < stripes; i++) {
                    var config = carrier.way().dialling().withEventLoops(1);
                    var host = Libp2p.start(KeyPair.generate(), config);
                    hosts.add(host);
                    host.connect(carrier.remote());
                }
                upload(hosts, carrier, bytes / 4);
                var time =
                        new Stopwatch(carrier, scheduler).time(() -> upload(hosts, carrier, bytes));
                note(
                        carrier,
                        "stripes" + stripes + "MegabytesPerSecond",
                        bytes / time.seconds() / MEGABYTE);
                note(carrier, "stripes" + stripes + "CoresBusy", time.cores());
            } finally {
                hosts.forEach(Host::close);
            }
        }
    }

    private void upload(List<Host> hosts, OurCarrier carrier, long bytes)
            throws IOException, InterruptedException {
        var parts = new Together(scheduler);
        for (var host : hosts) {
            parts.start(
                    "stripe",
                    () -> Libp2p.perf(host, carrier.remote().id(), bytes / hosts.size(), 0));
        }
        parts.await();
    }

    private double megabytesPerSecond(OurCarrier carrier, long bytes, Together.Work work)
            throws IOException, InterruptedException {
        return bytes / new Stopwatch(carrier, scheduler).time(work).seconds() / MEGABYTE;
    }

    private void note(OurCarrier carrier, String figure, double value) {
        figures.add(carrier.name() + "." + figure, value);
    }
}
