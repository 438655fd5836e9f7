package tensorlink.p2p.core;

import java.time.Instant;

/**
 * What a connection runs over.
 *
 * @param transport such as {@code tcp}, {@code ws}, {@code wss}, {@code quic-v1}, {@code memory} or
 *     {@code p2p-circuit}
 * @param security such as {@code /noise} or {@code /tls/1.0.0}
 * @param muxer such as {@code /yamux/1.0.0} or {@code quic}
 * @param isLimited whether it runs through a relay that ends it after so much time or so many bytes
 * @param since when it was ready for streams
 */
public record Link(
        String transport, String security, String muxer, boolean isLimited, Instant since) {}
