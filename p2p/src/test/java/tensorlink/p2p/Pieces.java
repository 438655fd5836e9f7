package tensorlink.p2p;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamResetException;

/** A stream from which these pieces can be read, each by itself, before it ends. */
public final class Pieces implements Stream {
    private final ProtocolId protocol;
    private final ArrayDeque<MemorySegment> left = new ArrayDeque<>();

    public Pieces(ProtocolId protocol, List<byte[]> pieces) {
        this.protocol = protocol;
        for (var piece : pieces) {
            if (piece.length > 0) {
                left.add(MemorySegment.ofArray(piece));
            }
        }
    }

    @Override
    public int read(MemorySegment target) {
        var piece = left.peek();
        if (piece == null) {
            return -1;
        }
        long count = Math.min(piece.byteSize(), target.byteSize());
        MemorySegment.copy(
                piece, ValueLayout.JAVA_BYTE, 0, target, ValueLayout.JAVA_BYTE, 0, count);
        left.removeFirst();
        if (count < piece.byteSize()) {
            left.addFirst(piece.asSlice(count));
        }
        return (int) count;
    }

    @Override
    public ProtocolId protocol() {
        return protocol;
    }

    @Override
    public Connection connection() {
        throw new UnsupportedOperationException("these bytes come from nowhere");
    }

    @Override
    public void write(MemorySegment source) throws IOException {
        throw new StreamResetException("nobody listens");
    }

    @Override
    public void closeWrite() {}

    @Override
    public void reset() {}

    @Override
    public void close() {}

    @Override
    public void timeout(Duration limit) {}

    @Override
    public void purpose(Purpose purpose) {}
}
