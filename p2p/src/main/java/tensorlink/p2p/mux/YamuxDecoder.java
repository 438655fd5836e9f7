package tensorlink.p2p.mux;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * Cuts a connection's bytes into yamux frames. Payload is passed on as it arrives, in as many
 * pieces as the network made of it; only a header is ever collected.
 */
final class YamuxDecoder {
    private final ByteBuf header =
            Unpooled.buffer(YamuxFrame.HEADER_BYTES, YamuxFrame.HEADER_BYTES);
    private long payloadLeft;

    /** Takes all of {@code input}, without releasing it. */
    void decode(ByteBuf input, Sink sink) throws ProtocolViolation {
        while (input.isReadable()) {
            if (payloadLeft > 0) {
                int part = (int) Math.min(payloadLeft, input.readableBytes());
                payloadLeft -= part;
                int end = input.readerIndex() + part;
                sink.payload(input, part, payloadLeft == 0);
                input.readerIndex(end);
            } else {
                input.readBytes(header, Math.min(header.writableBytes(), input.readableBytes()));
                if (!header.isWritable()) {
                    var frame = YamuxFrame.read(header);
                    header.clear();
                    payloadLeft = frame instanceof YamuxFrame.Data data ? data.length() : 0;
                    sink.frame(frame);
                }
            }
        }
    }

    /** Receives frames. */
    interface Sink {
        /** A header is complete. When it announces payload, {@link #payload} follows. */
        void frame(YamuxFrame frame) throws ProtocolViolation;

        /** The next {@code length} bytes of {@code input} are payload of the last frame. */
        void payload(ByteBuf input, int length, boolean isLast);
    }
}
