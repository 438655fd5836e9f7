package tensorlink.p2p.core;

import com.google.protobuf.ByteString;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import tensorlink.p2p.multiformats.Varint;

/**
 * The framing of libp2p's request-response protocols: an unsigned varint length, then that many
 * bytes. Varints follow the multiformats rule: minimal form, at most nine bytes.
 */
final class LengthPrefix {
    private static final long END = -1;

    private LengthPrefix() {}

    static ByteString read(Stream stream, int bytesMax) throws IOException, InterruptedException {
        return next(stream, bytesMax)
                .orElseThrow(() -> new EOFException("stream ended where a message was expected"));
    }

    static Optional<ByteString> next(Stream stream, int bytesMax)
            throws IOException, InterruptedException {
        long length = readVarint(stream);
        if (length == END) {
            return Optional.empty();
        }
        if (length > bytesMax) {
            throw new ProtocolViolation(
                    stream.protocol() + ": message of " + length + " bytes, limit " + bytesMax);
        }
        var message = new byte[(int) length];
        stream.readFully(MemorySegment.ofArray(message));
        return Optional.of(ByteString.copyFrom(message));
    }

    static void write(Stream stream, ByteString message) throws IOException, InterruptedException {
        var framed = new byte[Varint.size(message.size()) + message.size()];
        message.copyTo(framed, Varint.write(message.size(), framed, 0));
        stream.write(MemorySegment.ofArray(framed));
    }

    private static long readVarint(Stream stream) throws IOException, InterruptedException {
        var one = new byte[1];
        var segment = MemorySegment.ofArray(one);
        var length = new Varint.Decoder();
        if (stream.read(segment) < 0) {
            return END;
        }
        try {
            while (!length.accept(one[0])) {
                if (stream.read(segment) < 0) {
                    throw new EOFException("stream ended within a message length");
                }
            }
        } catch (IllegalArgumentException malformed) {
            throw new ProtocolViolation(
                    stream.protocol() + ": message length: " + malformed.getMessage(), malformed);
        }
        return length.value();
    }
}
