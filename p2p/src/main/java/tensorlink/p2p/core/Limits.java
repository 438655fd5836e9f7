package tensorlink.p2p.core;

import java.time.Duration;

/**
 * Every bound of the network layer, each with its unit. What a stranger can grow stops here.
 *
 * <p>Names end in what they count; {@code Max} values are inclusive.
 *
 * @param eventsPendingMax how far a listener may fall behind before it is ended
 */
public record Limits(
        Dialling dialling,
        Connections connections,
        Streams streams,
        Muxing muxing,
        Identify identify,
        WebSocket webSocket,
        Tracing tracing,
        int eventsPendingMax) {

    public static Limits defaults() {
        return new Limits(
                new Dialling(Duration.ofSeconds(5), Duration.ofMillis(250), 25, 8, 100),
                new Connections(Duration.ofSeconds(10), 1024, 8, 8, 128, 5, 16, 16),
                new Streams(Duration.ofSeconds(10), 512, 256, 128, Duration.ofSeconds(30)),
                new Muxing(
                        16 << 20,
                        128 << 20,
                        128 << 20,
                        16 << 20,
                        4 << 20,
                        32,
                        Duration.ofSeconds(4),
                        Duration.ofSeconds(6),
                        Duration.ofSeconds(10)),
                new Identify(Duration.ofSeconds(5), Duration.ofMillis(200), 8192, 10, 32, 64),
                new WebSocket(16 << 20, 8192),
                new Tracing(100_000, 4096),
                1024);
    }

    public Limits withDialling(Dialling changed) {
        return new Limits(
                changed,
                connections,
                streams,
                muxing,
                identify,
                webSocket,
                tracing,
                eventsPendingMax);
    }

    public Limits withConnections(Connections changed) {
        return new Limits(
                dialling, changed, streams, muxing, identify, webSocket, tracing, eventsPendingMax);
    }

    public Limits withStreams(Streams changed) {
        return new Limits(
                dialling,
                connections,
                changed,
                muxing,
                identify,
                webSocket,
                tracing,
                eventsPendingMax);
    }

    public Limits withMuxing(Muxing changed) {
        return new Limits(
                dialling,
                connections,
                streams,
                changed,
                identify,
                webSocket,
                tracing,
                eventsPendingMax);
    }

    public Limits withIdentify(Identify changed) {
        return new Limits(
                dialling,
                connections,
                streams,
                muxing,
                changed,
                webSocket,
                tracing,
                eventsPendingMax);
    }

    public Limits withWebSocket(WebSocket changed) {
        return new Limits(
                dialling,
                connections,
                streams,
                muxing,
                identify,
                changed,
                tracing,
                eventsPendingMax);
    }

    public Limits withTracing(Tracing changed) {
        return new Limits(
                dialling,
                connections,
                streams,
                muxing,
                identify,
                webSocket,
                changed,
                eventsPendingMax);
    }

    public Limits withEventsPendingMax(int changed) {
        return new Limits(
                dialling, connections, streams, muxing, identify, webSocket, tracing, changed);
    }

    /**
     * Reaching a peer.
     *
     * @param timeout for one address, until its connection is ready for streams
     * @param stagger how long one address may take before the next is tried beside it
     * @param addressesMax how many addresses of a peer are tried
     * @param perPeerMax how many of them at the same time
     * @param inFlightMax attempts of the whole host at the same time
     */
    public record Dialling(
            Duration timeout, Duration stagger, int addressesMax, int perPeerMax, int inFlightMax) {
        public Dialling withTimeout(Duration changed) {
            return new Dialling(changed, stagger, addressesMax, perPeerMax, inFlightMax);
        }
    }

    /**
     * Being reached.
     *
     * @param upgradeTimeout from accepting a socket until its connection is ready for streams
     * @param inboundMax inbound connections of the whole host
     * @param perPeerMax connections with one peer, in both directions
     * @param perAddressMax inbound connections from one IPv4 address or IPv6 /56; loopback is
     *     exempt
     * @param upgradingMax inbound connections whose peer is not yet proven
     * @param acceptsPerSecond new connections from one address in the long run; loopback is exempt
     * @param acceptsAtOnce new connections from one address in a burst
     * @param violationsMax how often a peer may break a protocol before its connection is closed
     */
    public record Connections(
            Duration upgradeTimeout,
            int inboundMax,
            int perPeerMax,
            int perAddressMax,
            int upgradingMax,
            int acceptsPerSecond,
            int acceptsAtOnce,
            int violationsMax) {
        public Connections withUpgradeTimeout(Duration changed) {
            return new Connections(
                    changed,
                    inboundMax,
                    perPeerMax,
                    perAddressMax,
                    upgradingMax,
                    acceptsPerSecond,
                    acceptsAtOnce,
                    violationsMax);
        }
    }

    /**
     * Streams of one connection.
     *
     * @param negotiateTimeout until both sides agree what a stream carries
     * @param openMax streams in each direction
     * @param unacknowledgedMax streams that we opened and the remote has not yet taken note of
     * @param negotiatingMax inbound streams of which the protocol is not yet known
     * @param lingerTimeout how long a stream that we closed waits for the remote to close it too
     */
    public record Streams(
            Duration negotiateTimeout,
            int openMax,
            int unacknowledgedMax,
            int negotiatingMax,
            Duration lingerTimeout) {
        public Streams withNegotiateTimeout(Duration changed) {
            return new Streams(changed, openMax, unacknowledgedMax, negotiatingMax, lingerTimeout);
        }
    }

    /**
     * Many streams over one connection.
     *
     * @param windowBytesMax how much one stream may hold of what its reader has not taken
     * @param bulkWindowBytesMax the same for a stream of {@link TrafficClass#BULK}
     * @param windowGrowthBytesMax by how much all windows of a connection may grow beyond the 256
     *     KiB with which each starts
     * @param frameBytesMax the longest frame accepted; js fills whole windows with one. Payload is
     *     passed on as it arrives, so a long frame costs nothing by itself.
     * @param unsentBytesMax what a connection holds of written bytes that the socket has not taken;
     *     each stream may always have one frame
     * @param controlFramesPendingMax answers that the remote provokes and does not read
     * @param keepAliveInterval silence after which the remote is asked for a sign of life
     * @param keepAliveTimeout how long that sign may take
     * @param writeTimeout how long the remote may take no byte at all
     */
    public record Muxing(
            int windowBytesMax,
            int bulkWindowBytesMax,
            int windowGrowthBytesMax,
            int frameBytesMax,
            int unsentBytesMax,
            int controlFramesPendingMax,
            Duration keepAliveInterval,
            Duration keepAliveTimeout,
            Duration writeTimeout) {
        public Muxing withWindowGrowthBytesMax(int changed) {
            return new Muxing(
                    windowBytesMax,
                    bulkWindowBytesMax,
                    changed,
                    frameBytesMax,
                    unsentBytesMax,
                    controlFramesPendingMax,
                    keepAliveInterval,
                    keepAliveTimeout,
                    writeTimeout);
        }

        public Muxing withKeepAlive(Duration interval, Duration timeout) {
            return new Muxing(
                    windowBytesMax,
                    bulkWindowBytesMax,
                    windowGrowthBytesMax,
                    frameBytesMax,
                    unsentBytesMax,
                    controlFramesPendingMax,
                    interval,
                    timeout,
                    writeTimeout);
        }
    }

    /**
     * What peers tell each other about themselves.
     *
     * @param timeout for one exchange
     * @param pushDelay how long changes are collected before peers are told
     * @param bytesMax all messages of one exchange together
     * @param messagesMax into how many messages an exchange may be split
     * @param addressesMax how many addresses are kept
     * @param protocolsMax how many protocols a peer may have
     */
    public record Identify(
            Duration timeout,
            Duration pushDelay,
            int bytesMax,
            int messagesMax,
            int addressesMax,
            int protocolsMax) {}

    /**
     * Carrying a connection in WebSocket messages.
     *
     * @param frameBytesMax the longest frame accepted; js fills whole windows with one. Payload is
     *     passed on as it arrives, so a long frame costs nothing by itself.
     * @param headBytesMax all headers of the HTTP request or answer that precedes
     */
    public record WebSocket(int frameBytesMax, int headBytesMax) {}

    /**
     * Writing down what happens on a connection.
     *
     * @param linesMax how long a trace may become
     * @param pendingMax how many lines may wait to be written
     */
    public record Tracing(int linesMax, int pendingMax) {}
}
