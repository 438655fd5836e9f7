package tensorlink.p2p.mux;

import io.netty.buffer.ByteBuf;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * The header of a yamux frame: version 0, type, flags, stream, length; twelve bytes, big-endian.
 * The payload of a data frame follows it and is not part of this.
 */
public sealed interface YamuxFrame {
    int HEADER_BYTES = 12;

    /** Bytes of a stream; {@code length} of them follow. */
    record Data(Flags flags, int stream, long length) implements YamuxFrame {}

    /** Leave to send {@code value} more bytes; in a frame with RST an error code. */
    record WindowUpdate(Flags flags, int stream, long value) implements YamuxFrame {}

    /** A sign of life asked for, or given with the {@code value} of the question. */
    record Ping(boolean isAnswer, int value) implements YamuxFrame {}

    /** No further stream will be accepted. */
    record GoAway(int code) implements YamuxFrame {
        static final int NORMAL = 0;
        static final int PROTOCOL_ERROR = 1;
    }

    /** What else a frame says about its stream; any combination can occur. */
    record Flags(boolean syn, boolean ack, boolean fin, boolean rst) {
        static final Flags NONE = new Flags(false, false, false, false);
        static final Flags SYN = new Flags(true, false, false, false);
        static final Flags ACK = new Flags(false, true, false, false);
        static final Flags RST = new Flags(false, false, false, true);

        static Flags of(int bits) {
            return new Flags((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0);
        }

        int bits() {
            return (syn ? 1 : 0) | (ack ? 2 : 0) | (fin ? 4 : 0) | (rst ? 8 : 0);
        }

        Flags withFin() {
            return new Flags(syn, ack, true, rst);
        }
    }

    /**
     * Takes a header off {@code input}, which holds at least {@link #HEADER_BYTES}.
     *
     * @throws ProtocolViolation when version, type, flags or stream make no sense
     */
    static YamuxFrame read(ByteBuf input) throws ProtocolViolation {
        int version = input.readUnsignedByte();
        int type = input.readUnsignedByte();
        var flags = Flags.of(input.readUnsignedShort());
        int stream = input.readInt();
        int length = input.readInt();
        if (version != 0) {
            throw new ProtocolViolation("yamux version " + version + ", expected 0");
        }
        return switch (type) {
            case 0 -> new Data(flags, ofStream(stream), Integer.toUnsignedLong(length));
            case 1 -> new WindowUpdate(flags, ofStream(stream), Integer.toUnsignedLong(length));
            case 2 -> {
                ofSession("ping", stream);
                if (flags.syn() == flags.ack()) {
                    throw new ProtocolViolation("yamux ping is neither question nor answer");
                }
                yield new Ping(flags.ack(), length);
            }
            case 3 -> {
                ofSession("go away", stream);
                yield new GoAway(length);
            }
            default -> throw new ProtocolViolation("yamux type " + type + ", expected 0 to 3");
        };
    }

    private static int ofStream(int stream) throws ProtocolViolation {
        if (stream == 0) {
            throw new ProtocolViolation("yamux frame of a stream with id 0");
        }
        return stream;
    }

    private static void ofSession(String name, int stream) throws ProtocolViolation {
        if (stream != 0) {
            throw new ProtocolViolation(
                    "yamux "
                            + name
                            + " with stream id "
                            + Integer.toUnsignedString(stream)
                            + ", expected 0");
        }
    }

    /** Appends this header to {@code output}. */
    default void write(ByteBuf output) {
        switch (this) {
            case Data(var flags, int stream, long length) ->
                    put(output, 0, flags.bits(), stream, (int) length);
            case WindowUpdate(var flags, int stream, long value) ->
                    put(output, 1, flags.bits(), stream, (int) value);
            case Ping(boolean isAnswer, int value) ->
                    put(output, 2, (isAnswer ? Flags.ACK : Flags.SYN).bits(), 0, value);
            case GoAway(int code) -> put(output, 3, 0, 0, code);
        }
    }

    private static void put(ByteBuf output, int type, int flags, int stream, int length) {
        output.writeByte(0).writeByte(type).writeShort(flags).writeInt(stream).writeInt(length);
    }
}
