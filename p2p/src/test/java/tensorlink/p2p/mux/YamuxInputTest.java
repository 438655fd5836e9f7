package tensorlink.p2p.mux;

import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.Wire;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ManualScheduler;

/**
 * The frames of a yamux connection, at the side that was dialled and has opened stream 2. The
 * outcome is how the connection and each stream stand, and which streams were reset.
 */
class YamuxInputTest extends BadInput {
    YamuxInputTest() {
        super("yamux");
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        var events = new Opened();
        try (var wire = new Wire(new ChannelInboundHandlerAdapter())) {
            var session =
                    new Yamux(Limits.defaults(), new ManualScheduler())
                            .attach(
                                    wire.channel().pipeline().firstContext(),
                                    Direction.INBOUND,
                                    events);
            try {
                var ours = session.open();
                ours.write(MemorySegment.ofArray(new byte[1]));
                events.streams.addFirst((YamuxStream) ours);
                var _ = wire.sent();
                wire.receive(pieces);
                return describe(wire, events);
            } catch (InterruptedException impossible) {
                throw new IOException(impossible);
            } finally {
                events.streams.forEach(YamuxStream::close);
                session.close();
                wire.channel().runPendingTasks();
                var _ = wire.sent();
            }
        }
    }

    private static String describe(Wire wire, Opened events)
            throws IOException, InterruptedException {
        var sent = wire.sent();
        var state = new StringBuilder(events.end == null ? "open" : refusal(events.end));
        state.append(", %d streams".formatted(events.streams.size()));
        for (var stream : events.streams) {
            var got = read(stream);
            if (!got.isEmpty()) {
                state.append("; ").append(Integer.toUnsignedString(stream.id())).append(got);
            }
        }
        if (events.end == null) {
            var resets = resets(sent);
            state.append(resets.size() > 9 ? "; %d resets".formatted(resets.size()) : "");
            resets.stream().limit(9).forEach(it -> state.append("; reset ").append(it));
        }
        return state.toString();
    }

    /** What the stream has ready, by its checksum. */
    private static String read(YamuxStream stream) throws InterruptedException {
        var checksum = new CRC32();
        int count = 0;
        try {
            while (stream.available() > 0) {
                var part = new byte[stream.available()];
                int length = stream.read(MemorySegment.ofArray(part));
                checksum.update(part, 0, length);
                count += length;
            }
            return count == 0 ? "" : " got %d bytes %08x".formatted(count, checksum.getValue());
        } catch (IOException gone) {
            return " was " + gone.getMessage();
        }
    }

    private static Set<String> resets(String sent) {
        var resets = new TreeSet<String>();
        for (int at = 0; at + 24 <= sent.length(); at += 24) {
            var frame = sent.substring(at, at + 24);
            if (frame.startsWith("00010008") || frame.startsWith("0001000a")) {
                resets.add(frame.substring(8));
            }
        }
        return resets;
    }

    private static final class Opened implements MuxedConnection.Events {
        private final List<YamuxStream> streams = new ArrayList<>();
        private @Nullable IOException end;

        @Override
        public void opened(MuxedStream stream) {
            streams.add((YamuxStream) stream);
        }

        @Override
        public void closed(IOException reason) {
            end = reason;
        }
    }
}
