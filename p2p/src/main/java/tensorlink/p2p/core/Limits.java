package tensorlink.p2p.core;

import java.time.Duration;
import java.util.function.Consumer;

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
        Trimming trimming,
        Resources resources,
        int eventsPendingMax) {

    public static Limits defaults() {
        return new Limits(
                new Dialling(
                        Duration.ofSeconds(5),
                        Duration.ofMillis(250),
                        25,
                        8,
                        100,
                        500,
                        Duration.ofSeconds(5),
                        Duration.ofMinutes(5)),
                new Connections(Duration.ofSeconds(10), 8, 5, 16, 16, 32),
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
                new Identify(
                        Duration.ofSeconds(5),
                        Duration.ofMillis(200),
                        8192,
                        10,
                        32,
                        64,
                        3,
                        Duration.ofMinutes(30)),
                new WebSocket(16 << 20, 8192),
                new Tracing(100_000, 4096),
                new Trimming(160, 192, Duration.ofMinutes(1), Duration.ofSeconds(10)),
                Resources.of(Runtime.getRuntime().maxMemory()),
                1024);
    }

    public Limits withDialling(Dialling changed) {
        return with(it -> it.dialling = changed);
    }

    public Limits withConnections(Connections changed) {
        return with(it -> it.connections = changed);
    }

    public Limits withStreams(Streams changed) {
        return with(it -> it.streams = changed);
    }

    public Limits withMuxing(Muxing changed) {
        return with(it -> it.muxing = changed);
    }

    public Limits withIdentify(Identify changed) {
        return with(it -> it.identify = changed);
    }

    public Limits withWebSocket(WebSocket changed) {
        return with(it -> it.webSocket = changed);
    }

    public Limits withTracing(Tracing changed) {
        return with(it -> it.tracing = changed);
    }

    public Limits withTrimming(Trimming changed) {
        return with(it -> it.trimming = changed);
    }

    public Limits withResources(Resources changed) {
        return with(it -> it.resources = changed);
    }

    public Limits withEventsPendingMax(int changed) {
        return with(it -> it.eventsPendingMax = changed);
    }

    private Limits with(Consumer<Parts> change) {
        var parts = new Parts(this);
        change.accept(parts);
        return parts.limits();
    }

    /**
     * Reaching a peer.
     *
     * @param timeout for one address, until its connection is ready for streams
     * @param stagger how long one address may take before the next is tried beside it
     * @param addressesMax how many addresses of a peer are tried
     * @param perPeerMax how many of them at the same time
     * @param inFlightMax attempts of the whole host at the same time
     * @param waitingMax peers that the host may be dialling or about to dial
     * @param backOffMin how long an address that failed is left alone; doubled each time
     * @param backOffMax how long at most
     */
    public record Dialling(
            Duration timeout,
            Duration stagger,
            int addressesMax,
            int perPeerMax,
            int inFlightMax,
            int waitingMax,
            Duration backOffMin,
            Duration backOffMax) {
        public Dialling withTimeout(Duration changed) {
            return new Dialling(
                    changed,
                    stagger,
                    addressesMax,
                    perPeerMax,
                    inFlightMax,
                    waitingMax,
                    backOffMin,
                    backOffMax);
        }

        public Dialling withBackOff(Duration min, Duration max) {
            return new Dialling(
                    timeout, stagger, addressesMax, perPeerMax, inFlightMax, waitingMax, min, max);
        }

        public Dialling withWaitingMax(int changed) {
            return new Dialling(
                    timeout,
                    stagger,
                    addressesMax,
                    perPeerMax,
                    inFlightMax,
                    changed,
                    backOffMin,
                    backOffMax);
        }
    }

    /**
     * Being reached. How many connections there may be in all is said by {@link Resources}.
     *
     * @param upgradeTimeout from accepting a socket until its connection is ready for streams
     * @param perAddressMax inbound connections from one IPv4 address or IPv6 /56; loopback is
     *     exempt
     * @param acceptsPerSecond new connections from one address in the long run; loopback is exempt
     * @param acceptsAtOnce new connections from one address in a burst
     * @param violationsMax how often a peer may break a protocol before its connection is closed
     * @param unprovenMax handshakes of QUIC that may be under way before those who dial must prove
     *     where they are
     */
    public record Connections(
            Duration upgradeTimeout,
            int perAddressMax,
            int acceptsPerSecond,
            int acceptsAtOnce,
            int violationsMax,
            int unprovenMax) {
        public Connections withUpgradeTimeout(Duration changed) {
            return new Connections(
                    changed,
                    perAddressMax,
                    acceptsPerSecond,
                    acceptsAtOnce,
                    violationsMax,
                    unprovenMax);
        }

        public Connections withUnprovenMax(int changed) {
            return new Connections(
                    upgradeTimeout,
                    perAddressMax,
                    acceptsPerSecond,
                    acceptsAtOnce,
                    violationsMax,
                    changed);
        }
    }

    /**
     * Closing connections that nobody needs. Protected peers are left alone.
     *
     * @param low how many remain when there were too many
     * @param high how many there may be before some are closed
     * @param grace how long a new connection is left alone
     * @param idle how long a connection has carried no stream before it counts as idle
     */
    public record Trimming(int low, int high, Duration grace, Duration idle) {
        public Trimming {
            if (low < 0 || high < low) {
                throw new IllegalArgumentException("trimming from " + high + " to " + low);
            }
        }

        /** Leaves so many connections alone. */
        public Trimming withHigh(int changed) {
            return new Trimming(Math.min(low, changed), changed, grace, idle);
        }
    }

    /**
     * What a host may hold. Each connection, stream and byte counts in several scopes at once, and
     * is refused when one of them is full.
     *
     * @param system all of it
     * @param transients connections whose peer is not proven and streams whose protocol is not
     *     agreed
     * @param protocol the streams of one protocol
     * @param peer all connections with one peer
     * @param connection one connection with its streams
     * @param stream one stream
     */
    public record Resources(
            Scope system,
            Scope transients,
            Scope protocol,
            Scope peer,
            Scope connection,
            Scope stream) {
        private static final long MIB = 1 << 20;

        /**
         * Limits for a machine: half of its memory may be held for peers, half of that for any one
         * of them.
         *
         * @param memoryBytes what the program may use
         */
        public static Resources of(long memoryBytes) {
            long all = Math.max(64 * MIB, memoryBytes / 2);
            int connections = Math.clamp(memoryBytes / MIB, 512, 16_384);
            int streams = Math.clamp(all / (64 << 10), 2048, 65_536);
            return new Resources(
                    new Scope(all, streams, streams, connections, connections),
                    new Scope(all / 4, streams / 4, streams / 4, 128, 128),
                    new Scope(all, streams / 2, streams / 2, 0, 0),
                    new Scope(all / 2, 1024, 1024, 8, 8),
                    new Scope(all / 2, 512, 512, 1, 1),
                    new Scope(all / 4, 1, 1, 0, 0));
        }

        public Resources withSystem(Scope changed) {
            return new Resources(changed, transients, protocol, peer, connection, stream);
        }

        public Resources withTransients(Scope changed) {
            return new Resources(system, changed, protocol, peer, connection, stream);
        }

        public Resources withProtocol(Scope changed) {
            return new Resources(system, transients, changed, peer, connection, stream);
        }

        public Resources withPeer(Scope changed) {
            return new Resources(system, transients, protocol, changed, connection, stream);
        }

        /** Allows so many connections in each direction, with as many peers. */
        public Resources withConnectionsMax(int changed) {
            return withSystem(system.withConnections(changed));
        }
    }

    /**
     * What one scope may hold of each resource.
     *
     * @param memoryBytes windows of streams and what is not yet sent
     */
    public record Scope(
            long memoryBytes,
            int inboundStreams,
            int outboundStreams,
            int inboundConnections,
            int outboundConnections) {

        public long of(Resource resource) {
            return switch (resource) {
                case MEMORY -> memoryBytes;
                case INBOUND_STREAMS -> inboundStreams;
                case OUTBOUND_STREAMS -> outboundStreams;
                case INBOUND_CONNECTIONS -> inboundConnections;
                case OUTBOUND_CONNECTIONS -> outboundConnections;
            };
        }

        /** The same with so many connections in each direction. */
        public Scope withConnections(int changed) {
            return new Scope(memoryBytes, inboundStreams, outboundStreams, changed, changed);
        }

        /** The same with so much memory. */
        public Scope withMemoryBytes(long changed) {
            return new Scope(
                    changed,
                    inboundStreams,
                    outboundStreams,
                    inboundConnections,
                    outboundConnections);
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
     * @param bulkWindowBytesMax the same for a stream of {@link Purpose#BULK}
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
     * @param observersMin in how many networks peers must see us at an address before we announce
     *     it
     * @param observationLifetime how long what a peer saw counts
     */
    public record Identify(
            Duration timeout,
            Duration pushDelay,
            int bytesMax,
            int messagesMax,
            int addressesMax,
            int protocolsMax,
            int observersMin,
            Duration observationLifetime) {}

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

    /** The parts of limits, to be changed before others are made of them. */
    private static final class Parts {
        private Dialling dialling;
        private Connections connections;
        private Streams streams;
        private Muxing muxing;
        private Identify identify;
        private WebSocket webSocket;
        private Tracing tracing;
        private Trimming trimming;
        private Resources resources;
        private int eventsPendingMax;

        Parts(Limits limits) {
            dialling = limits.dialling;
            connections = limits.connections;
            streams = limits.streams;
            muxing = limits.muxing;
            identify = limits.identify;
            webSocket = limits.webSocket;
            tracing = limits.tracing;
            trimming = limits.trimming;
            resources = limits.resources;
            eventsPendingMax = limits.eventsPendingMax;
        }

        Limits limits() {
            return new Limits(
                    dialling,
                    connections,
                    streams,
                    muxing,
                    identify,
                    webSocket,
                    tracing,
                    trimming,
                    resources,
                    eventsPendingMax);
        }
    }
}
