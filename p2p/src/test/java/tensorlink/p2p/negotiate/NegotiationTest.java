package tensorlink.p2p.negotiate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiformats.Varint;
import tensorlink.p2p.negotiate.Negotiation.Progress;

class NegotiationTest {
    private static final String HEADER = "132f6d756c746973747265616d2f312e302e300a";

    @Test
    void the_proposer_opens_with_header_and_first_protocol_at_once() {
        var negotiation = Negotiation.propose(List.of("/noise", "/tls/1.0.0"));

        assertThat(negotiation.opening()).isEqualTo(messages("/multistream/1.0.0", "/noise"));
    }

    @Test
    void the_proposer_agrees_on_what_is_echoed() throws ProtocolViolation {
        var negotiation = Negotiation.propose(List.of("/noise", "/tls/1.0.0"));

        var progress = feed(negotiation, messages("/multistream/1.0.0", "/noise"));

        assertThat(progress).isEqualTo(new Progress.Agreed("/noise", ByteString.EMPTY));
    }

    @Test
    void the_proposer_goes_on_to_the_next_protocol_and_ends_after_the_last() throws Exception {
        var negotiation = Negotiation.propose(List.of("/noise", "/tls/1.0.0"));

        var first = feed(negotiation, messages("/multistream/1.0.0", "na"));
        var second = feed(negotiation, messages("na"));

        assertThat(first).isEqualTo(new Progress.Send(messages("/tls/1.0.0")));
        assertThat(second).isEqualTo(new Progress.Refused());
    }

    @Test
    void the_answerer_sends_its_header_and_echoes_what_it_serves() throws Exception {
        var negotiation = Negotiation.answer("/b/1"::equals);

        var header = feed(negotiation, messages("/multistream/1.0.0"));
        var unknown = feed(negotiation, messages("/a/1"));
        var known = feed(negotiation, messages("/b/1"));

        assertThat(negotiation.opening()).isEmpty();
        assertThat(header).isEqualTo(new Progress.Send(messages("/multistream/1.0.0")));
        assertThat(unknown).isEqualTo(new Progress.Send(messages("na")));
        assertThat(known).isEqualTo(new Progress.Agreed("/b/1", messages("/b/1")));
    }

    @Test
    void the_obsolete_listing_is_not_available() throws Exception {
        var negotiation = Negotiation.answer("/b/1"::equals);
        feed(negotiation, messages("/multistream/1.0.0"));

        assertThat(feed(negotiation, messages("ls"))).isEqualTo(new Progress.Send(messages("na")));
    }

    @Test
    void thirty_two_unknown_protocols_are_answered_and_not_one_more() throws Exception {
        var negotiation = Negotiation.answer("/b/1"::equals);
        feed(negotiation, messages("/multistream/1.0.0"));
        for (int i = 0; i < 32; i++) {
            assertThat(feed(negotiation, messages("/a/" + i)))
                    .isEqualTo(new Progress.Send(messages("na")));
        }

        assertThatThrownBy(() -> feed(negotiation, messages("/a/32")))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("more than 32");
    }

    @Test
    void the_header_repeated_without_end_is_a_violation() throws Exception {
        var negotiation = Negotiation.answer("/b/1"::equals);
        var flood = messages("/multistream/1.0.0");

        assertThatThrownBy(
                        () -> {
                            for (int i = 0; i < 1000; i++) {
                                feed(negotiation, flood);
                            }
                        })
                .isInstanceOf(ProtocolViolation.class);
    }

    @Test
    void a_name_of_1023_bytes_fits_and_one_more_does_not() throws Exception {
        var longest = "/" + "a".repeat(1022);
        var negotiation = Negotiation.answer(longest::equals);
        feed(negotiation, messages("/multistream/1.0.0"));

        assertThat(feed(negotiation, messages(longest))).isInstanceOf(Progress.Agreed.class);
        assertThatThrownBy(() -> feed(Negotiation.answer(longest::equals), messages(longest + "a")))
                .hasMessageContaining("limit 1024");
    }

    @ParameterizedTest
    @CsvSource({
        "00, 0 bytes",
        "8108, limit 1024",
        "ffff7f, limit 1024",
        "8100, shortest form",
        "80808080808080808080, more than 9 bytes",
        "0161, without line feed",
        "026e61, without line feed",
        "036e6162, without line feed",
        "03ff610a, not UTF-8",
        "0361000a, control character 0",
        "030a610a, control character 10",
        "036e610a, 'expected /multistream/1.0.0, got na'",
        "010a, 'expected /multistream/1.0.0, got '",
        "062f70696e670a, 'expected /multistream/1.0.0, got /ping'"
    })
    void both_sides_refuse_what_is_no_header(String hex, String reason) {
        var bytes = bytes(hex);

        assertThatThrownBy(() -> feed(Negotiation.answer("/a"::equals), bytes))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining(reason);
        assertThatThrownBy(() -> feed(Negotiation.propose(List.of("/a")), bytes))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining(reason);
    }

    @ParameterizedTest
    @CsvSource({
        HEADER + ", 'got /multistream/1.0.0'",
        "036c730a, 'proposed /a, got ls'",
        "032f620a, 'proposed /a, got /b'",
        "00, 0 bytes",
        "032f62ff, without line feed"
    })
    void the_proposer_refuses_answers_that_are_neither_echo_nor_na(String hex, String reason) {
        var negotiation = Negotiation.propose(List.of("/a"));

        assertThatThrownBy(() -> feed(negotiation, bytes(HEADER + hex)))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining(reason);
    }

    @Test
    void there_must_be_something_to_propose() {
        assertThatThrownBy(() -> Negotiation.propose(List.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** The progress after the last byte. */
    private static Progress feed(Negotiation negotiation, ByteString bytes)
            throws ProtocolViolation {
        Progress last = new Progress.Pending();
        for (byte next : bytes) {
            last = negotiation.accept(next);
        }
        return last;
    }

    static ByteString messages(String... texts) {
        var all = ByteString.EMPTY;
        for (var text : texts) {
            var line = ByteString.copyFromUtf8(text + "\n");
            all = all.concat(Varint.encode(line.size())).concat(line);
        }
        return all;
    }

    private static ByteString bytes(String hex) {
        return ByteString.copyFrom(HexFormat.of().parseHex(hex));
    }
}
