package tensorlink.jobs.message;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tensorlink.compute.Digest;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Speed;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.Sgd;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.market.Capability;
import tensorlink.jobs.market.Offer;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.p2p.peer.KeyPair;

/** Sealed messages byte for byte, as {@code make_seals.mjs} makes them without our code. */
class SealVectorsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

    /** Every byte it gives is 1. */
    private static final RandomGenerator ONES = () -> 0x0101_0101_0101_0101L;

    private final Seals user = seals(2);
    private final Seals validator = seals(3);
    private final Seals worker = seals(4);

    private static ByteString filled(int length, int value) {
        var bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return ByteString.copyFrom(bytes);
    }

    private static KeyPair key(int seed) {
        return KeyPair.ofSeed(filled(32, seed));
    }

    private static Seals seals(int seed) {
        return new Seals(key(seed), "lab", () -> NOW, ONES);
    }

    private static String vector(String name) throws IOException {
        try (InputStream file = SealVectorsTest.class.getResourceAsStream("/vectors/seals.json")) {
            var text =
                    new String(Objects.requireNonNull(file).readAllBytes(), StandardCharsets.UTF_8);
            var found = Pattern.compile("\"" + name + "\": \"([0-9a-f]+)\"").matcher(text);
            assertThat(found.find()).as(name).isTrue();
            return found.group(1);
        }
    }

    private static ByteString bytes(String name) throws IOException {
        return ByteString.copyFrom(HexFormat.of().parseHex(vector(name)));
    }

    private static String hex(ByteString bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }

    private Sealed<JobRequest> request() {
        var spec =
                new JobSpec(
                        Purpose.TRAINING,
                        ByteString.copyFromUtf8("{\"model_type\":\"llama\"}"),
                        Digest.ofHash(filled(32, 7).toByteArray()),
                        2,
                        new Workload(2, 16, 4),
                        TrainingOptions.with(new Sgd(0.5, 0, 0, 0, false)),
                        List.of(),
                        Duration.ofHours(1));
        return user.sealJobRequest(spec, new Account(filled(20, 5)), Amount.of(77));
    }

    @Test
    void a_job_request_and_the_id_of_its_job() throws IOException {
        var sealed = request();

        assertThat(hex(sealed.envelope())).isEqualTo(vector("request"));
        assertThat(sealed.content().id()).isEqualTo(JobId.parse(vector("job")));
        assertThat(validator.openJobRequest(bytes("request"))).isEqualTo(sealed);
        assertThat(validator.reopenJobRequest(bytes("request"))).isEqualTo(sealed);
    }

    @Test
    void an_offer() throws IOException {
        var offer = new Offer(request(), 1, 2, new LayerRange(2, 4), 1234);

        assertThat(hex(validator.sealOffer(offer))).isEqualTo(vector("offer"));
        assertThat(worker.openOffer(bytes("offer")).content()).isEqualTo(offer);
    }

    @Test
    void a_capability() throws IOException {
        var capability =
                new Capability(
                        key(4).peerId(),
                        100,
                        60,
                        2,
                        "profile",
                        new Speed(4e9, 3e9, 2e9, 1e10),
                        new Account(filled(20, 6)),
                        Amount.of(3));
        var nonce = filled(16, 9);

        assertThat(hex(worker.sealCapability(capability, nonce))).isEqualTo(vector("capability"));
        assertThat(validator.openCapability(bytes("capability"), nonce).content())
                .isEqualTo(capability);
    }
}
