package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import tensorlink.p2p.AnyInput;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * A message, taken for a question and for the answer to each kind of question. It comes whole: that
 * it is put together again after its length is the business of the stream.
 */
class KadCodecInputTest extends AnyInput {
    private static final int SEED_BYTES_MAX = 4096;

    private final KadCodec codec =
            new KadCodec(DhtConfig.defaults(ProtocolId.of("/test/kad/1.0.0")));
    private final List<KadRequest> questions =
            List.of(
                    new KadRequest.FindNode(Key.named("something")),
                    new KadRequest.GetValue(Key.named("something")),
                    new KadRequest.GetProviders(Key.named("something")));

    @Override
    protected Stream<byte[]> inputs() throws IOException {
        var inputs = new ArrayList<byte[]>();
        try (var files = Files.list(Path.of("src/test/resources/bad/kad"))) {
            for (var file : files.filter(it -> it.toString().endsWith(".bin")).sorted().toList()) {
                inputs.add(Files.readAllBytes(file));
            }
        }
        return inputs.stream().filter(input -> input.length <= SEED_BYTES_MAX);
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var message = joined(pieces);
        var outcome = new StringBuilder(asked(message));
        for (var question : questions) {
            outcome.append("; ").append(answered(question, message));
        }
        return outcome.toString();
    }

    private String asked(ByteString message) {
        try {
            return text(codec.decodeRequest(message));
        } catch (ProtocolViolation violation) {
            return String.valueOf(violation.getMessage());
        }
    }

    private String answered(KadRequest question, ByteString message) {
        try {
            return text(codec.decodeResponse(question, message));
        } catch (ProtocolViolation violation) {
            return String.valueOf(violation.getMessage());
        }
    }

    /** Equal for equal ones, which their own text is not: it names buffers. */
    private static String text(Object message) {
        return "%s %08x".formatted(message.getClass().getSimpleName(), message.hashCode());
    }
}
