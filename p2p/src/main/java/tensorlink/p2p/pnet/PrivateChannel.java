package tensorlink.p2p.pnet;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.security.SecureRandom;
import org.bouncycastle.crypto.engines.XSalsa20Engine;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithIV;
import tensorlink.p2p.peer.PreSharedKey;

/**
 * Sends a random nonce as soon as the channel is up, and encrypts what follows; takes the other
 * side's nonce first, and decrypts what follows. Handlers behind it see plain bytes. What is
 * written but no bytes is the transport's own, such as the request of a WebSocket.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the promise given with each write is what counts
public final class PrivateChannel extends ChannelDuplexHandler {
    static final int NONCE_BYTES = 24;

    private final PreSharedKey key;
    private final SecureRandom random;
    private final XSalsa20Engine sending = new XSalsa20Engine();
    private final XSalsa20Engine receiving = new XSalsa20Engine();
    private final byte[] remoteNonce = new byte[NONCE_BYTES];
    private int nonceReceived;

    public PrivateChannel(PreSharedKey key, SecureRandom random) {
        this.key = key;
        this.random = random;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        var nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        init(sending, nonce);
        context.writeAndFlush(context.alloc().buffer(NONCE_BYTES).writeBytes(nonce));
        context.fireChannelActive();
    }

    private void init(XSalsa20Engine engine, byte[] nonce) {
        engine.init(
                true, new ParametersWithIV(new KeyParameter(key.secret().toByteArray()), nonce));
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        var input = (ByteBuf) message;
        try {
            if (nonceReceived < NONCE_BYTES) {
                int part = Math.min(input.readableBytes(), NONCE_BYTES - nonceReceived);
                input.readBytes(remoteNonce, nonceReceived, part);
                nonceReceived += part;
                if (nonceReceived == NONCE_BYTES) {
                    init(receiving, remoteNonce);
                }
            }
            if (input.isReadable()) {
                context.fireChannelRead(mix(context, receiving, input));
            }
        } finally {
            input.release();
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (!(message instanceof ByteBuf output)) {
            context.write(message, promise);
            return;
        }
        try {
            context.write(mix(context, sending, output), promise);
        } finally {
            output.release();
        }
    }

    /** The same both ways: the key stream is added to the bytes. */
    private static ByteBuf mix(ChannelHandlerContext context, XSalsa20Engine engine, ByteBuf from) {
        int length = from.readableBytes();
        var mixed = context.alloc().heapBuffer(Math.max(1, length));
        mixed.writeBytes(from, from.readerIndex(), length);
        int start = mixed.arrayOffset();
        engine.processBytes(mixed.array(), start, length, mixed.array(), start);
        return mixed;
    }
}
