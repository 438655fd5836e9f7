package tensorlink.p2p.security;

import static io.netty.channel.ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.io.IOException;
import java.util.function.Function;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.negotiate.HandshakeStep;

/** Runs a {@link NoiseHandshake} on a channel and leaves a {@link NoiseChannel} in its place. */
final class NoiseHandshakeHandler extends HandshakeStep {
    /** The parts of the longest message besides its payload. */
    private static final int KEYS_BYTES_MAX = 2 * DhKeyPair.KEY_BYTES + 2 * CipherState.TAG_BYTES;

    private static final int PAYLOAD_BYTES_MAX = 4096;

    private final Direction direction;
    private final NoiseHandshake handshake;
    private final byte[] payload;
    private final Function<NoisePayload, Secured> verdict;
    private final Security.Next next;
    private boolean firstIsThrough;

    NoiseHandshakeHandler(
            Direction direction,
            NoiseHandshake handshake,
            byte[] payload,
            Function<NoisePayload, Secured> verdict,
            Security.Next next) {
        this.direction = direction;
        this.handshake = handshake;
        this.payload = payload;
        this.verdict = verdict;
        this.next = next;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) throws ProtocolViolation {
        if (direction == Direction.OUTBOUND) {
            send(context, handshake.writeFirst());
        }
    }

    @Override
    protected void take(ChannelHandlerContext context, ByteBuf input) throws IOException {
        if (input.readableBytes() < NoiseChannel.LENGTH_BYTES) {
            return;
        }
        int length = input.getUnsignedShort(input.readerIndex());
        if (length > KEYS_BYTES_MAX + PAYLOAD_BYTES_MAX) {
            throw new ProtocolViolation(
                    "Noise handshake message of "
                            + length
                            + " bytes, limit "
                            + (KEYS_BYTES_MAX + PAYLOAD_BYTES_MAX));
        }
        if (input.readableBytes() >= NoiseChannel.LENGTH_BYTES + length) {
            input.skipBytes(NoiseChannel.LENGTH_BYTES);
            var message = new byte[length];
            input.readBytes(message);
            answer(context, message);
        }
    }

    private void answer(ChannelHandlerContext context, byte[] message) throws IOException {
        switch (direction) {
            case OUTBOUND -> {
                var remote = handshake.readSecond(message);
                var proven = NoisePayload.open(remote, handshake.remoteStatic());
                send(context, handshake.writeThird(payload));
                var ciphers = handshake.split();
                finish(context, new NoiseChannel(ciphers.initiator(), ciphers.responder()), proven);
            }
            case INBOUND -> {
                if (!firstIsThrough) {
                    handshake.readFirst(message);
                    send(context, handshake.writeSecond(payload));
                    firstIsThrough = true;
                    return;
                }
                var remote = handshake.readThird(message);
                var proven = NoisePayload.open(remote, handshake.remoteStatic());
                var ciphers = handshake.split();
                finish(context, new NoiseChannel(ciphers.responder(), ciphers.initiator()), proven);
            }
        }
    }

    private void finish(ChannelHandlerContext context, NoiseChannel channel, NoisePayload remote)
            throws IOException {
        context.pipeline().addAfter(context.name(), NoiseChannel.NAME, channel);
        next.secured(context.pipeline().context(channel), verdict.apply(remote));
        context.pipeline().remove(this);
    }

    private static void send(ChannelHandlerContext context, byte[] message) {
        var frame = context.alloc().buffer(NoiseChannel.LENGTH_BYTES + message.length);
        frame.writeShort(message.length);
        frame.writeBytes(message);
        context.writeAndFlush(frame).addListener(FIRE_EXCEPTION_ON_FAILURE);
    }
}
