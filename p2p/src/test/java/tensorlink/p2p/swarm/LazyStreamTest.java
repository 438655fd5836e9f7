package tensorlink.p2p.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.ManualScheduler;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.core.StreamTimeoutException;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.mux.MuxedStream;
import tensorlink.p2p.mux.StreamError;

class LazyStreamTest {
    private static final ProtocolId PROTOCOL = ProtocolId.of("/a/1");
    private static final String HEADER = "\u0013/multistream/1.0.0\n";
    private static final String ECHO = "\u0005/a/1\n";

    private final StreamNegotiation negotiation =
            new StreamNegotiation(new ManualScheduler(), Duration.ofSeconds(10));
    private final List<String> refused = new ArrayList<>();
    private final Carrier carrier = new Carrier();

    @Test
    void the_proposal_leaves_at_once_and_bytes_follow_without_an_answer() throws Exception {
        var stream = negotiation.lazy(carrier, PROTOCOL, () -> refused.add("refused"));

        stream.write(bytes("hello"));

        assertThat(carrier.written.toString(StandardCharsets.UTF_8))
                .isEqualTo(HEADER + ECHO + "hello");
    }

    @Test
    void the_answer_is_taken_off_before_the_first_bytes_read() throws Exception {
        var stream = negotiation.lazy(carrier, PROTOCOL, () -> refused.add("refused"));
        carrier.arrives(HEADER + ECHO + "hello");
        var target = MemorySegment.ofArray(new byte[100]);

        int count = stream.read(target);

        assertThat(target.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE))
                .isEqualTo("hello".getBytes(StandardCharsets.UTF_8));
        assertThat(refused).isEmpty();
    }

    @Test
    void a_remote_that_changed_its_mind_fails_the_read_and_resets_the_stream() throws Exception {
        var stream = negotiation.lazy(carrier, PROTOCOL, () -> refused.add("refused"));
        carrier.arrives(HEADER + "\u0003na\n");

        assertThatThrownBy(() -> stream.read(MemorySegment.ofArray(new byte[1])))
                .isInstanceOf(UnsupportedProtocolException.class);
        assertThat(refused).containsExactly("refused");
        assertThat(carrier.reset).isEqualTo(StreamError.NEGOTIATION_FAILED);
    }

    @Test
    void a_read_that_timed_out_within_the_answer_goes_on_where_it_was() throws Exception {
        var stream = negotiation.lazy(carrier, PROTOCOL, () -> refused.add("refused"));
        carrier.arrives(HEADER.substring(0, 7));
        var target = MemorySegment.ofArray(new byte[1]);
        assertThatThrownBy(() -> stream.read(target)).isInstanceOf(StreamTimeoutException.class);

        carrier.arrives(HEADER.substring(7) + ECHO + "x");

        assertThat(stream.read(target)).isEqualTo(1);
        assertThat(target.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 'x');
    }

    @Test
    void the_end_is_not_sent_before_the_answer_is_here() throws Exception {
        var stream = negotiation.lazy(carrier, PROTOCOL, () -> refused.add("refused"));
        stream.write(bytes("hello"));
        assertThatThrownBy(stream::closeWrite).isInstanceOf(StreamTimeoutException.class);
        assertThat(carrier.isEnded).isFalse();

        carrier.arrives(HEADER + ECHO);
        stream.closeWrite();

        assertThat(carrier.isEnded).isTrue();
    }

    @Test
    void who_did_not_wait_is_told_that_the_protocol_is_not_served() {
        carrier.arrives(HEADER + ECHO + "\u0000hello");

        assertThatThrownBy(() -> negotiation.answer(carrier, name -> false))
                .isInstanceOf(EOFException.class);
        assertThat(carrier.written.toString(StandardCharsets.UTF_8))
                .isEqualTo(HEADER + "\u0003na\n");
        assertThat(carrier.reset).isNull();
    }

    private static MemorySegment bytes(String text) {
        return MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Remembers what is written and gives out what has arrived; then it times out. */
    private static final class Carrier implements MuxedStream {
        private final ByteArrayOutputStream written = new ByteArrayOutputStream();
        private String arrived = "";
        private @Nullable StreamError reset;
        private boolean isEnded;

        void arrives(String text) {
            arrived += text;
        }

        @Override
        public int read(MemorySegment target) throws IOException {
            if (arrived.isEmpty()) {
                throw new StreamTimeoutException("nothing came");
            }
            int count = (int) Math.min(target.byteSize(), arrived.length());
            MemorySegment.copy(bytes(arrived), 0, target, 0, count);
            arrived = arrived.substring(count);
            return count;
        }

        @Override
        public void write(MemorySegment source) {
            written.writeBytes(source.toArray(ValueLayout.JAVA_BYTE));
        }

        @Override
        public void echo(IntConsumer echoed) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void closeWrite() {
            isEnded = true;
        }

        @Override
        public void close() {}

        @Override
        public void reset(StreamError reason) {
            reset = reason;
        }

        @Override
        public void timeout(Duration limit) {}

        @Override
        public void purpose(Purpose kind) {}

        @Override
        public void whenOver(Runnable action) {}

        @Override
        public int available() {
            return arrived.length();
        }
    }
}
