package tensorlink.testnet.bench.net;

import java.io.IOException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.bench.figures.Figures;

/** A carrier's turn at a row: done once and noted. For one thread. */
final class Turns {
    private final SharedRows shared;
    private final OwnRows own;

    Turns(Amounts amounts, Figures figures, Scheduler scheduler) {
        shared = new SharedRows(amounts, figures, scheduler);
        own = new OwnRows(amounts, figures, scheduler);
    }

    /**
     * Does what {@code row} asks of {@code carrier}.
     *
     * @throws IllegalArgumentException when it does not {@linkplain Row#suits suit} it
     */
    void take(Row row, Carrier carrier) throws IOException, InterruptedException {
        if (!row.suits(carrier)) {
            throw new IllegalArgumentException(carrier.name() + " has no part in " + row);
        }
        switch (carrier) {
            case BareCarrier bare -> {
                if (row == Row.ping) {
                    shared.ping(bare);
                } else {
                    shared.throughput(bare);
                }
            }
            case JsCarrier js -> shared(row, js);
            case OurCarrier ours -> {
                switch (row) {
                    case throughput, ping, connections -> shared(row, ours);
                    case streams -> {
                        shared.streams(ours);
                        shared.eagerStreams(ours);
                    }
                    case bulk -> own.bulk(ours);
                    case slow -> own.slow(ours);
                    case idle -> own.idle(ours);
                    case stripes -> own.stripes(ours);
                }
            }
        }
    }

    private void shared(Row row, Carrier.OfStreams carrier)
            throws IOException, InterruptedException {
        switch (row) {
            case throughput -> shared.throughput(carrier);
            case ping -> shared.ping(carrier);
            case connections -> shared.connections(carrier);
            case streams -> shared.streams(carrier);
            case bulk, slow, idle, stripes -> throw new IllegalArgumentException(row + " is ours");
        }
    }
}
