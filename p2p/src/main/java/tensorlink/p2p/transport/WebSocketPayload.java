package tensorlink.p2p.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import java.util.List;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * Reads the frames of RFC 6455 and passes on payload as it arrives, where Netty's decoder would
 * hold a frame until it is complete: js sends frames of many megabytes, and a stranger must not be
 * able to make us hold one. Control frames go on as Netty knows them, for its handler to answer.
 */
final class WebSocketPayload extends ByteToMessageDecoder {
    private static final int CONTROL_BYTES_MAX = 125;
    private static final int LENGTH_IN_2_BYTES = 126;
    private static final int LENGTH_IN_8_BYTES = 127;
    private static final int MASK_BYTES = 4;
    private static final int PART_BYTES_MAX = 64 << 10;

    private static final int FIN = 0x80;
    private static final int RESERVED = 0x70;
    private static final int CONTINUATION = 0;
    private static final int BINARY = 2;
    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int PONG = 10;

    private final boolean expectsMask;
    private final long frameBytesMax;
    private final byte[] mask = new byte[MASK_BYTES];

    /** What is still to come of the current frame's payload. */
    private long left;

    private int maskAt;

    /**
     * @param expectsMask whether the other side is a client; clients mask and servers do not
     */
    WebSocketPayload(boolean expectsMask, long frameBytesMax) {
        this.expectsMask = expectsMask;
        this.frameBytesMax = frameBytesMax;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf input, List<Object> output)
            throws ProtocolViolation {
        if (left > 0) {
            int part = (int) Math.min(Math.min(left, input.readableBytes()), PART_BYTES_MAX);
            left -= part;
            output.add(take(context, input, part));
            return;
        }
        if (input.readableBytes() < 2) {
            return;
        }
        int start = input.readerIndex();
        int first = input.getUnsignedByte(start);
        int second = input.getUnsignedByte(start + 1);
        int kind = first & 0x0f;
        checkStart(first, second, kind);
        int lengthBytes =
                switch (second & 0x7f) {
                    case LENGTH_IN_2_BYTES -> 2;
                    case LENGTH_IN_8_BYTES -> 8;
                    default -> 0;
                };
        int headBytes = 2 + lengthBytes + (expectsMask ? MASK_BYTES : 0);
        long length =
                input.readableBytes() < headBytes
                        ? 0
                        : switch (lengthBytes) {
                            case 2 -> input.getUnsignedShort(start + 2);
                            case 8 -> input.getLong(start + 2);
                            default -> second & 0x7f;
                        };
        if (length < 0 || length > frameBytesMax) {
            throw new ProtocolViolation(
                    "WebSocket frame of "
                            + Long.toUnsignedString(length)
                            + " bytes, limit "
                            + frameBytesMax);
        }
        boolean isControl = kind >= CLOSE;
        if (input.readableBytes() < headBytes + (isControl ? length : 0)) {
            return;
        }
        if (expectsMask) {
            input.getBytes(start + headBytes - MASK_BYTES, mask);
        }
        maskAt = 0;
        input.skipBytes(headBytes);
        if (isControl) {
            var taken = take(context, input, (int) length);
            if (kind == PING && !context.channel().isWritable()) {
                // Who does not read the answers to its pings gets no more of them.
                taken.release();
            } else {
                output.add(control(kind, taken));
            }
        } else {
            left = length;
        }
    }

    private void checkStart(int first, int second, int kind) throws ProtocolViolation {
        if ((first & RESERVED) != 0) {
            throw new ProtocolViolation("WebSocket frame of an extension that was not agreed");
        }
        boolean isMasked = (second & 0x80) != 0;
        if (isMasked != expectsMask) {
            throw new ProtocolViolation(
                    "WebSocket frame that is "
                            + (isMasked ? "masked, from a server" : "not masked, from a client"));
        }
        switch (kind) {
            case CONTINUATION, BINARY -> {}
            case CLOSE, PING, PONG -> {
                if ((first & FIN) == 0 || (second & 0x7f) > CONTROL_BYTES_MAX) {
                    throw new ProtocolViolation(
                            "WebSocket control frame in parts or over "
                                    + CONTROL_BYTES_MAX
                                    + " bytes");
                }
            }
            default ->
                    throw new ProtocolViolation("WebSocket frame of kind " + kind + ", not binary");
        }
    }

    private ByteBuf take(ChannelHandlerContext context, ByteBuf input, int length) {
        if (!expectsMask) {
            return input.readRetainedSlice(length);
        }
        var bytes = context.alloc().heapBuffer(Math.max(1, length));
        bytes.writeBytes(input, length);
        var array = bytes.array();
        int start = bytes.arrayOffset();
        for (int at = start; at < start + length; at++) {
            array[at] ^= mask[maskAt++ & (MASK_BYTES - 1)];
        }
        return bytes;
    }

    private static Object control(int kind, ByteBuf payload) {
        return switch (kind) {
            case PING -> new PingWebSocketFrame(payload);
            case PONG -> new PongWebSocketFrame(payload);
            default -> new CloseWebSocketFrame(true, 0, payload);
        };
    }
}
