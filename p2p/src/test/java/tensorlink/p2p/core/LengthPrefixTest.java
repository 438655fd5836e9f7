package tensorlink.p2p.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LengthPrefixTest {

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 127, 128, 16_383, 16_384, 70_000})
    void reads_back_what_it_writes(int size) throws Exception {
        var message = ByteString.copyFrom(new byte[size]);
        var stream = new Bytes("");

        stream.writeMessage(message);
        var echoed = new Bytes(HexFormat.of().formatHex(stream.written.toByteArray()));

        assertThat(stream.writes).isEqualTo(1);
        assertThat(echoed.readMessage(size)).isEqualTo(message);
    }

    @Test
    void accepts_a_message_at_the_limit_and_none_past_it() throws Exception {
        assertThat(new Bytes("03616263").readMessage(3).toStringUtf8()).isEqualTo("abc");
        assertThatThrownBy(() -> new Bytes("03616263").readMessage(2))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("/test/1: message of 3 bytes, limit 2");
    }

    @Test
    void refuses_a_giant_length_before_allocating() {
        assertThatThrownBy(() -> new Bytes("ffffffffffffffff7f").readMessage(1 << 20))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("9223372036854775807");
    }

    @ParameterizedTest
    @CsvSource({"8000", "81808000", "ffffffffffffffffff01"})
    void refuses_a_malformed_length(String hex) {
        assertThatThrownBy(() -> new Bytes(hex).readMessage(100))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("message length");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "80", "03", "0361", "036162"})
    void an_early_end_is_an_end_of_file(String hex) {
        assertThatThrownBy(() -> new Bytes(hex).readMessage(100)).isInstanceOf(EOFException.class);
    }

    /** A stream over given bytes that hands out one byte at a time. */
    private static final class Bytes implements Stream {
        private final ByteArrayInputStream input;
        private final ByteArrayOutputStream written = new ByteArrayOutputStream();
        private int writes;

        Bytes(String hex) {
            input = new ByteArrayInputStream(HexFormat.of().parseHex(hex));
        }

        @Override
        public ProtocolId protocol() {
            return ProtocolId.of("/test/1");
        }

        @Override
        public Connection connection() {
            throw new UnsupportedOperationException();
        }

        @Override
        public int read(MemorySegment target) {
            int next = input.read();
            if (next < 0) {
                return -1;
            }
            target.set(ValueLayout.JAVA_BYTE, 0, (byte) next);
            return 1;
        }

        @Override
        public void write(MemorySegment source) throws IOException {
            written.write(source.toArray(ValueLayout.JAVA_BYTE));
            writes++;
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
        public void purpose(Purpose kind) {}
    }
}
