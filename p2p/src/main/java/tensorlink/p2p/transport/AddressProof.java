package tensorlink.p2p.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.codec.quic.QuicTokenHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import tensorlink.p2p.core.Scheduler;

/**
 * Has those who dial over QUIC prove that they are where they say, by Retry (RFC 9000 §8.1.2), once
 * many handshakes are under way: whoever forges addresses then costs one short answer each, no
 * memory and no signature, and others one more round trip.
 *
 * <p>A token is {@code MAC ‖ time ‖ connection id}; the MAC is over the rest and the place it was
 * sent to, under a key that lives as long as this does. Nothing is remembered. Safe for use by any
 * thread.
 */
final class AddressProof implements QuicTokenHandler {
    /** How long an answer to Retry may take. */
    static final Duration LIFETIME = Duration.ofSeconds(10);

    private static final String MAC = "HmacSHA256";
    private static final int MAC_BYTES = 16;
    private static final int HEAD_BYTES = MAC_BYTES + Long.BYTES;

    private final int unprovenMax;
    private final Scheduler scheduler;
    private final SecretKeySpec key;
    private final AtomicInteger underWay = new AtomicInteger();

    /**
     * @param unprovenMax handshakes under way with places that have not been proven
     */
    AddressProof(int unprovenMax, Scheduler scheduler) {
        this.unprovenMax = unprovenMax;
        this.scheduler = scheduler;
        var secret = new byte[32];
        new SecureRandom().nextBytes(secret);
        this.key = new SecretKeySpec(secret, MAC);
    }

    /** Counts a handshake that begins, until it or its connection has ended. */
    Handshake begins() {
        return new Handshake();
    }

    /** How many handshakes are under way. */
    int underWay() {
        return underWay.get();
    }

    @Override
    public boolean writeToken(ByteBuf token, ByteBuf connectionId, InetSocketAddress dialler) {
        if (underWay.get() < unprovenMax) {
            return false;
        }
        var id = bytes(connectionId);
        long now = scheduler.nanoTime();
        token.writeBytes(mac(now, id, dialler)).writeLong(now).writeBytes(id);
        return true;
    }

    /** Returns where in {@code token} the connection id begins, or -1. */
    @Override
    public int validateToken(ByteBuf token, InetSocketAddress dialler) {
        if (token.readableBytes() < HEAD_BYTES || token.readableBytes() > maxTokenLength()) {
            return -1;
        }
        var all = bytes(token);
        long sent = ByteBuffer.wrap(all).getLong(MAC_BYTES);
        var expected = mac(sent, Arrays.copyOfRange(all, HEAD_BYTES, all.length), dialler);
        boolean isOurs = MessageDigest.isEqual(expected, Arrays.copyOf(all, MAC_BYTES));
        boolean isFresh = scheduler.nanoTime() - sent <= LIFETIME.toNanos();
        return isOurs && isFresh ? HEAD_BYTES : -1;
    }

    @Override
    public int maxTokenLength() {
        return HEAD_BYTES + Quic.MAX_CONN_ID_LEN;
    }

    private static byte[] bytes(ByteBuf buffer) {
        var bytes = new byte[buffer.readableBytes()];
        buffer.getBytes(buffer.readerIndex(), bytes);
        return bytes;
    }

    private byte[] mac(long time, byte[] connectionId, InetSocketAddress dialler) {
        try {
            var mac = Mac.getInstance(MAC);
            mac.init(key);
            var address = dialler.getAddress().getAddress();
            mac.update((byte) address.length);
            mac.update(address);
            mac.update(
                    ByteBuffer.allocate(Integer.BYTES + Long.BYTES)
                            .putInt(dialler.getPort())
                            .putLong(time)
                            .flip());
            mac.update(connectionId);
            return Arrays.copyOf(mac.doFinal(), MAC_BYTES);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("every JDK has " + MAC, impossible);
        }
    }

    /** One that is under way; on its event loop. */
    final class Handshake extends ChannelInboundHandlerAdapter {
        private boolean isOver;

        private Handshake() {
            underWay.incrementAndGet();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            context.fireUserEventTriggered(event);
            if (event instanceof SslHandshakeCompletionEvent && !isOver) {
                context.pipeline().remove(this);
            }
        }

        /** Also when the channel is closed. */
        @Override
        public void handlerRemoved(ChannelHandlerContext context) {
            if (!isOver) {
                isOver = true;
                underWay.decrementAndGet();
            }
        }
    }
}
