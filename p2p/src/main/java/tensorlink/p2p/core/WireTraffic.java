package tensorlink.p2p.core;

/**
 * What a host has moved over its sockets since it started: payload and what handshakes, ciphers,
 * frames and signs of life add to it, but not what TCP and IP do. Of QUIC nothing is counted.
 *
 * @param received bytes read
 * @param sent bytes written
 */
public record WireTraffic(long received, long sent) {}
