package tensorlink.p2p.swarm;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.security.SecureRandom;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.GateException;
import tensorlink.p2p.core.Link;
import tensorlink.p2p.core.PrivateNetworkException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.WrongPeerException;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.mux.FrameTap;
import tensorlink.p2p.negotiate.NegotiationHandler;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.pnet.PrivateChannel;
import tensorlink.p2p.resource.ConnectionClaim;
import tensorlink.p2p.security.Secured;
import tensorlink.p2p.trace.ConnectionTrace;
import tensorlink.p2p.transport.Transport;

/**
 * Turns one raw channel into a connection: the private network's key, multistream, security, the
 * peer's identity checked, then the muxer, agreed inside the security handshake or by multistream
 * once more. All of it under one deadline; whatever fails closes the channel. Everything but {@link
 * #fail} runs on the channel's event loop.
 */
final class Upgrade extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(Upgrade.class);

    private final Upgrader shared;
    private final Transport transport;
    private final Optional<Transport.Own> own;
    private final Channel channel;
    private final ConnectionClaim claim;
    private final Direction direction;
    private final Multiaddr remoteAddress;
    private final Optional<PeerId> expected;
    private final Done done;
    private final ConnectionTrace trace;
    private final Scheduler.Task deadline;
    private String securityName;
    private boolean isConnected;
    private boolean isUnderstood;
    private boolean isDone;

    private Upgrade(
            Upgrader shared,
            Transport transport,
            Channel channel,
            ConnectionClaim claim,
            Direction direction,
            Multiaddr remoteAddress,
            Optional<PeerId> expected,
            Done done) {
        this.shared = shared;
        this.transport = transport;
        this.own = transport.own();
        this.channel = channel;
        this.claim = claim;
        this.direction = direction;
        this.remoteAddress = remoteAddress;
        this.expected = expected;
        this.done = done;
        this.trace = shared.tracer().begin();
        expected.ifPresent(trace::peer);
        this.securityName = own.map(it -> it.security().protocol()).orElse("");
        if (trace.isOn()) {
            trace.event(
                    "connectivity:connection_started",
                    Map.of("direction", direction, "address", remoteAddress));
        }
        var timeout = shared.timeout(direction);
        this.deadline =
                shared.scheduler()
                        .after(
                                timeout,
                                () ->
                                        fail(
                                                new SocketTimeoutException(
                                                        "no connection within " + timeout)));
    }

    /** Starts the upgrade of an accepted channel whose pipeline is still empty. */
    static void inbound(
            Upgrader shared,
            Transport transport,
            Channel channel,
            ConnectionClaim claim,
            Done done) {
        var from = transport.remoteAddress(channel);
        new Upgrade(
                        shared,
                        transport,
                        channel,
                        claim,
                        Direction.INBOUND,
                        from,
                        Optional.empty(),
                        done)
                .start();
    }

    /**
     * Starts the upgrade of a dialled channel, connected or not, whose pipeline is still empty.
     *
     * @param role the one who dials is the client, unless both do
     */
    static Upgrade outbound(
            Upgrader shared,
            Transport transport,
            Channel channel,
            ConnectionClaim claim,
            Direction role,
            Multiaddr to,
            PeerId expected,
            Done done) {
        var upgrade =
                new Upgrade(
                        shared, transport, channel, claim, role, to, Optional.of(expected), done);
        upgrade.start();
        return upgrade;
    }

    private void start() {
        if (own.isPresent()) {
            var handshake = own.get().security().handshake(direction, this::secured);
            channel.pipeline().addLast(handshake).addLast(this);
            return;
        }
        // What a relay carries is counted on the connection with the relay.
        if (!remoteAddress.has(AddressProtocol.P2P_CIRCUIT)) {
            channel.pipeline().addLast(shared.wire());
        }
        var names = shared.securityNames();
        shared.network()
                .ifPresent(key ->
                        channel.pipeline().addLast(new PrivateChannel(key, new SecureRandom())));
        channel.pipeline()
                .addLast(
                        switch (direction) {
                            case OUTBOUND -> NegotiationHandler.propose(names, this::secure);
                            case INBOUND -> NegotiationHandler.answer(names, this::secure);
                        })
                .addLast(this);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        isConnected = true;
        trace.event("connectivity:connected");
        context.fireChannelActive();
    }

    private void secure(ChannelHandlerContext context, String security) {
        isUnderstood = true;
        securityName = security;
        if (trace.isOn()) {
            trace.event("security:agreed", Map.of("protocol", security));
        }
        var handshake = shared.security(security).handshake(direction, this::secured);
        context.pipeline().addAfter(context.name(), "handshake", handshake);
    }

    private void secured(ChannelHandlerContext encrypted, Secured secured) throws IOException {
        var remote = secured.remoteKey().peerId();
        if (expected.isPresent() && !expected.get().equals(remote)) {
            throw new WrongPeerException(expected.get(), remote);
        }
        if (remote.equals(shared.self())) {
            throw new IOException("the other side is ourselves");
        }
        var refusal = shared.gater().refusal(remote);
        if (refusal.isPresent()) {
            throw new GateException(refusal.get());
        }
        trace.peer(remote);
        claim.proven(remote);
        if (trace.isOn()) {
            trace.event(
                    "security:peer_proven",
                    Map.of("peer", remote, "muxer", secured.muxer().orElse("")));
        }
        if (secured.muxer().isPresent()) {
            complete(encrypted, remote, secured.muxer().get());
            return;
        }
        var names = shared.muxerNames();
        NegotiationHandler.Next next = (_, muxer) -> complete(encrypted, remote, muxer);
        encrypted
                .pipeline()
                .addAfter(
                        encrypted.name(),
                        "muxer",
                        switch (direction) {
                            case OUTBOUND -> NegotiationHandler.propose(names, next);
                            case INBOUND -> NegotiationHandler.answer(names, next);
                        });
    }

    private void complete(ChannelHandlerContext encrypted, PeerId remote, String muxer) {
        if (isDone) {
            return;
        }
        isDone = true;
        deadline.cancel();
        var carrier = own.map(Transport.Own::muxer).orElseGet(() -> shared.muxer(muxer));
        var link =
                new Link(
                        Transport.name(remoteAddress),
                        securityName,
                        carrier.protocol(),
                        transport.isLimited(channel),
                        shared.scheduler().now());
        var connection =
                new SwarmConnection(
                        remote, remoteAddress, direction, link, claim, trace, shared.owner());
        connection.carriedBy(carrier.attach(encrypted, direction, connection));
        if (trace.isOn()) {
            trace.event("connectivity:connection_ready", Map.of("muxer", carrier.protocol()));
            tap(encrypted);
        }
        channel.pipeline().remove(this);
        done.up(connection);
    }

    /** Only here are there frames to see; QUIC has its own. */
    private void tap(ChannelHandlerContext encrypted) {
        if (own.isEmpty()) {
            encrypted
                    .pipeline()
                    .addAfter(
                            encrypted.name(),
                            "trace",
                            new FrameTap(trace, shared.scheduler()::nanoTime));
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        var reason = cause instanceof DecoderException wrapped ? wrapped.getCause() : cause;
        if (reason instanceof IOException failure) {
            finish(failure);
        } else {
            log.error("bringing up a connection with {} failed", remoteAddress, cause);
            finish(new IOException("connection could not be brought up", cause));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        finish(new IOException("the other side closed the connection before it was ready"));
    }

    /** Ends the upgrade from any thread; without effect once it is done. */
    void fail(IOException reason) {
        try {
            channel.eventLoop().execute(() -> finish(reason));
        } catch (RejectedExecutionException loopHasEnded) {
            done.failed(reason);
        }
    }

    private void finish(IOException reason) {
        if (isDone) {
            return;
        }
        isDone = true;
        deadline.cancel();
        var _ = channel.close();
        var explained = explain(reason);
        if (trace.isOn()) {
            trace.event(
                    "connectivity:connection_failed",
                    Map.of("reason", String.valueOf(explained.getMessage())));
        }
        done.failed(explained);
    }

    /** With different keys the two sides are noise to each other, until one gives up. */
    private IOException explain(IOException reason) {
        if (shared.network().isEmpty() || !isConnected || isUnderstood) {
            return reason;
        }
        return new PrivateNetworkException(
                "the other side is not in the private network "
                        + shared.network().get().fingerprint()
                        + ": "
                        + reason.getMessage(),
                reason);
    }

    /** What became of an upgrade; called once, must not block. */
    interface Done {
        void up(SwarmConnection connection);

        void failed(IOException reason);
    }
}
