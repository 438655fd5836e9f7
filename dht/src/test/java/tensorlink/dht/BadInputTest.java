package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamResetException;

/**
 * Every message in {@code bad/kad} has the outcome that {@code expected.tsv} says, however it comes
 * in pieces.
 */
class BadInputTest {
    private static final ProtocolId KAD = ProtocolId.of("/test/kad/1.0.0");

    /** Long messages are cut at their beginning and then here and there. */
    private static final int CUTS_ALL = 160;

    private static final int CUTS_STRIDE = 997;

    private final SimulatedScheduler scheduler = new SimulatedScheduler();
    private final FakeNetwork network = new FakeNetwork(scheduler, Duration.ofMillis(10));
    private final DhtConfig config =
            DhtConfig.defaults(KAD)
                    .withScheduler(scheduler)
                    .withValidator(SignedNotes.NAMESPACE, new SignedNotes());
    private final KadCodec codec = new KadCodec(config);

    /** One line of {@code expected.tsv}. */
    record Case(String name, String kind, String outcome, String text) {
        ByteString message() throws IOException {
            return read(name + ".bin");
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static List<Case> asked() throws IOException {
        return cases(true);
    }

    static List<Case> answered() throws IOException {
        return cases(false);
    }

    @ParameterizedTest
    @MethodSource("asked")
    void a_question_has_the_same_outcome_however_it_is_cut(Case bad)
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var host = network.host();
            var node = Dht.start(host, config);
            var stranger = network.host();
            var framed = framed(bad.message());

            for (int cut : cuts(framed.size())) {
                host.failures().clear();

                var outcome = outcome(host, stranger, framed, cut);

                assertThat(outcome)
                        .as("cut at %d", cut)
                        .startsWith(bad.outcome())
                        .contains(bad.text());
                assertThat(host.bugs()).isEmpty();
                assertThat(node.holdings().size()).isZero();
            }
            var connection = (FakeConnection) stranger.connect(host.info());
            assertThat(connection.isOpen()).isTrue();
        });
    }

    @ParameterizedTest
    @MethodSource("answered")
    void an_answer_has_the_outcome_it_should(Case bad) throws IOException {
        var request = request(bad);

        if (bad.outcome().equals("violation")) {
            assertThatThrownBy(() -> codec.decodeResponse(request, bad.message()))
                    .isInstanceOf(ProtocolViolation.class)
                    .hasMessageContaining(bad.text());
        } else {
            var answer = codec.decodeResponse(request, bad.message());
            assertThat("peers " + answer.closer().size()).isEqualTo(bad.outcome());
            for (var peer : answer.closer()) {
                assertThat(peer.addresses()).hasSizeLessThanOrEqualTo(KadCodec.ADDRESSES_MAX);
            }
        }
    }

    @Test
    void every_beginning_of_every_message_is_read_or_is_a_violation() throws IOException {
        var cases = new ArrayList<>(cases(true));
        cases.addAll(cases(false));
        int tried = 0;
        for (var bad : cases) {
            var message = bad.message();
            for (int cut : cuts(message.size())) {
                var part = message.substring(0, cut);
                tried += isReadOrViolation(() -> codec.decodeRequest(part)) ? 1 : 0;
                tried += isReadOrViolation(() -> codec.decodeResponse(request(bad), part)) ? 1 : 0;
            }
        }
        assertThat(cases).hasSizeGreaterThanOrEqualTo(60);
        assertThat(tried).isGreaterThan(5_000);
    }

    private String outcome(FakeHost host, FakeHost stranger, ByteString framed, int cut)
            throws IOException, InterruptedException {
        try (var stream = stranger.connect(host.info()).open(KAD)) {
            write(stream, framed.substring(0, cut));
            scheduler.sleep(Duration.ofMillis(50));
            write(stream, framed.substring(cut));
            stream.closeWrite();
            var answer = stream.nextMessage(KadCodec.MESSAGE_BYTES_MAX);
            return answer.isPresent() ? "answered" : "silent";
        } catch (StreamResetException reset) {
            assertThat(host.failures()).hasSize(1);
            var failure = host.failures().getFirst();
            var kind = failure instanceof ProtocolViolation ? "violation " : "refused ";
            return kind + failure.getMessage();
        }
    }

    private static void write(Stream stream, ByteString bytes)
            throws IOException, InterruptedException {
        if (!bytes.isEmpty()) {
            stream.write(MemorySegment.ofArray(bytes.toByteArray()));
        }
    }

    private static boolean isReadOrViolation(Decoding decoding) {
        try {
            decoding.run();
            return true;
        } catch (ProtocolViolation expected) {
            return true;
        }
    }

    private static KadRequest request(Case bad) {
        return bad.kind().equals("get-value")
                ? new KadRequest.GetValue(Key.of(noteOfSeven()))
                : new KadRequest.GetProviders(Key.named("something"));
    }

    /** The note of the peer whose digest is the number 7. */
    private static ByteString noteOfSeven() {
        var id = new byte[34];
        id[0] = 0x12;
        id[1] = 0x20;
        id[33] = 7;
        return ByteString.copyFromUtf8("/note/").concat(ByteString.copyFrom(id));
    }

    private static ByteString framed(ByteString message) {
        var length = ByteString.newOutput();
        int rest = message.size();
        while (rest > 0x7f) {
            length.write((rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        length.write(rest);
        return length.toByteString().concat(message);
    }

    private static List<Integer> cuts(int size) {
        var cuts = new ArrayList<Integer>();
        for (int cut = 0; cut <= size; cut += cut < CUTS_ALL ? 1 : CUTS_STRIDE) {
            cuts.add(cut);
        }
        return cuts;
    }

    private static List<Case> cases(boolean asked) throws IOException {
        var cases = new ArrayList<Case>();
        for (var line : read("expected.tsv").toString(StandardCharsets.UTF_8).split("\n", 0)) {
            var fields = line.split("\t", -1);
            var bad = new Case(fields[0], fields[1], fields[2], fields[3]);
            if (bad.kind().equals("request") == asked) {
                cases.add(bad);
            }
        }
        return cases;
    }

    private static ByteString read(String name) throws IOException {
        try (var in = BadInputTest.class.getResourceAsStream("/bad/kad/" + name)) {
            if (in == null) {
                throw new IOException("no file " + name);
            }
            return ByteString.readFrom(in);
        }
    }

    /** Reads something. */
    private interface Decoding {
        void run() throws ProtocolViolation;
    }
}
