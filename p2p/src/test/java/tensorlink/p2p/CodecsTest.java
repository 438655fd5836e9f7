package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.core.ProtocolViolation;

class CodecsTest {
    private final Codecs codecs = new Codecs();

    @AfterEach
    void release() {
        codecs.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 127, 128, 65_535, Long.MAX_VALUE})
    void a_varint_comes_back(long value) {
        assertThat(codecs.varint(value)).isEqualTo(value);
    }

    @Test
    void a_header_comes_back() throws ProtocolViolation {
        assertThat(codecs.yamuxHeader(7, 65_536)).isEqualTo(65_536);
    }

    @Test
    void four_messages_agree_on_a_protocol() throws ProtocolViolation {
        assertThat(codecs.negotiation()).isEqualTo(2 * (20 + 18));
    }

    @Test
    void one_frame_after_the_other_comes_out_of_the_cipher_whole() {
        for (int i = 0; i < 3; i++) {
            assertThat(codecs.noiseFrame()).isEqualTo(Codecs.noiseFrameBytes());
        }
    }
}
