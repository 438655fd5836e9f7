package tensorlink.testnet.bench.net;

/**
 * How much of everything a round does.
 *
 * @param bytes for the fastest carriers; others are given less
 * @param pings round trips timed
 * @param streams opened and closed
 * @param connections made and dropped
 * @param idle connections that do nothing
 */
record Amounts(long bytes, int pings, int streams, int connections, int idle) {
    static Amounts of(long bytes, int streams, int idle) {
        return new Amounts(bytes, 3 * streams, streams, streams, idle);
    }

    /**
     * For a round that only warms up; it takes thousands of handshakes to compile what they use.
     */
    Amounts warmUp() {
        return new Amounts(bytes / 4, pings, streams, 10 * connections, idle);
    }
}
