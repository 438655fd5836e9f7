package tensorlink.testnet.bench.net;

/** What can be measured, in the order of the report; the names are those of {@code --only}. */
enum Row {
    /** One stream, one way. */
    throughput,
    /** Four streams and a ping over one connection. */
    bulk,
    /** One stream beside many whose readers hardly read. */
    slow,
    /** Round trips on an open stream. */
    ping,
    /** Connections, one after another. */
    connections,
    /** Streams, one after another. */
    streams,
    /** Memory of connections that do nothing. */
    idle,
    /** One tensor over several connections. */
    stripes;

    /** Whether {@code carrier} can take part. */
    boolean suits(Carrier carrier) {
        return switch (this) {
            case throughput, ping -> true;
            case connections, streams -> carrier instanceof Carrier.OfStreams;
            case bulk, slow, idle, stripes -> carrier instanceof OurCarrier;
        };
    }
}
