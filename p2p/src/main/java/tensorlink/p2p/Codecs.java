package tensorlink.p2p;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.List;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiformats.Varint;
import tensorlink.p2p.mux.YamuxFrame;
import tensorlink.p2p.negotiate.Negotiation;
import tensorlink.p2p.negotiate.Negotiation.Progress;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.security.FrameRoom;
import tensorlink.p2p.security.Noise;

/**
 * What the library does to the bytes of the wire, one piece of work a call, for whoever wants to
 * know what it costs on a machine; {@code openssl speed} is its model. The codecs are the ones that
 * connections use, and stay hidden. One thread at a time.
 */
public final class Codecs implements AutoCloseable {
    private static final String PROTOCOL = "/ipfs/ping/1.0.0";
    private static final int HANDSHAKE_MESSAGES = 3;
    private static final YamuxFrame.Flags NO_FLAGS =
            new YamuxFrame.Flags(false, false, false, false);

    private final ByteBuf header = Unpooled.buffer(64);
    private final byte[] varint = new byte[Varint.BYTES_MAX];
    private final Varint.Decoder decoder = new Varint.Decoder();
    private final EmbeddedChannel dialler = new EmbeddedChannel();
    private final EmbeddedChannel listener = new EmbeddedChannel();

    /** Prepares what the work needs; in particular two ends of a Noise channel shake hands. */
    public Codecs() {
        var noise = new Noise(KeyPair.generate(), List.of());
        listener.pipeline().addLast(noise.handshake(Direction.INBOUND, (_, _) -> {}));
        dialler.pipeline().addLast(noise.handshake(Direction.OUTBOUND, (_, _) -> {}));
        for (int message = 0; message < HANDSHAKE_MESSAGES; message++) {
            carry(dialler, listener);
            carry(listener, dialler);
        }
    }

    /** A yamux data header, written and read; gives back the length that it announces. */
    public long yamuxHeader(int stream, int length) throws ProtocolViolation {
        header.clear();
        new YamuxFrame.Data(NO_FLAGS, stream, length).write(header);
        return switch (YamuxFrame.read(header)) {
            case YamuxFrame.Data(_, _, long announced) -> announced;
            case YamuxFrame.WindowUpdate(_, _, long credit) -> credit;
            case YamuxFrame.Ping(_, int value) -> value;
            case YamuxFrame.GoAway(int code) -> code;
        };
    }

    /** A varint, written and read; gives back {@code value}. */
    public long varint(long value) {
        int end = Varint.write(value, varint, 0);
        decoder.reset();
        for (int i = 0; i < end; i++) {
            decoder.accept(varint[i]);
        }
        return decoder.value();
    }

    /**
     * Both sides of a multistream-select negotiation in which the first proposal is taken: four
     * messages written and read. Gives back how many bytes they have.
     */
    public int negotiation() throws ProtocolViolation {
        var proposing = Negotiation.propose(List.of(PROTOCOL));
        var answering = Negotiation.answer(PROTOCOL::equals);
        var answer = tell(proposing.opening(), answering);
        tell(answer, proposing);
        return proposing.opening().size() + answer.size();
    }

    private static ByteString tell(ByteString bytes, Negotiation side) throws ProtocolViolation {
        var answer = ByteString.EMPTY;
        for (int i = 0; i < bytes.size(); i++) {
            switch (side.accept(bytes.byteAt(i))) {
                case Progress.Pending() -> {}
                case Progress.Send(var reply) -> answer = answer.concat(reply);
                case Progress.Agreed(_, var reply) -> answer = answer.concat(reply);
                case Progress.Refused() -> throw new IllegalStateException("refused " + PROTOCOL);
            }
        }
        return answer;
    }

    /** How many bytes {@link #noiseFrame} takes there. */
    public static int noiseFrameBytes() {
        return FrameRoom.NOISE.contentBytesMax();
    }

    /** The longest Noise frame, sealed and opened; gives back how many bytes came out. */
    public int noiseFrame() {
        int length = noiseFrameBytes();
        var plain = FrameRoom.NOISE.allocate(dialler.alloc(), length);
        dialler.writeOutbound(plain.writerIndex(plain.readerIndex() + length));
        carry(dialler, listener);
        ByteBuf opened = listener.readInbound();
        try {
            return opened.readableBytes();
        } finally {
            opened.release();
        }
    }

    /** Hands over what one side has sent, if anything. */
    private static void carry(EmbeddedChannel from, EmbeddedChannel to) {
        ByteBuf sent = from.readOutbound();
        if (sent != null) {
            to.writeInbound(sent);
        }
    }

    /** Gives the buffers back. */
    @Override
    public void close() {
        dialler.finishAndReleaseAll();
        listener.finishAndReleaseAll();
        header.release();
    }
}
