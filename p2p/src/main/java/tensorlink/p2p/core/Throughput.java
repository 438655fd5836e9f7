package tensorlink.p2p.core;

import java.time.Duration;

/**
 * How long it took to move bytes to a peer and back.
 *
 * @param upload from the first byte sent until the peer, which then has all, begins to answer
 * @param download from then until its last byte
 */
public record Throughput(
        long uploadBytes, Duration upload, long downloadBytes, Duration download) {}
