package tensorlink.p2p.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProtocolIdTest {

    @Test
    void is_its_name() {
        assertThat(ProtocolId.of("/ipfs/ping/1.0.0")).hasToString("/ipfs/ping/1.0.0");
        assertThat(ProtocolId.of("/" + "a".repeat(139)).name()).hasSize(140);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "ping", "na", "/a\n", "/a\tb", "/ä", "/a\u007f"})
    void refuses_names_that_cannot_be_negotiated(String name) {
        assertThatThrownBy(() -> ProtocolId.of(name)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refuses_names_of_more_than_140_characters() {
        assertThatThrownBy(() -> ProtocolId.of("/" + "a".repeat(140)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
