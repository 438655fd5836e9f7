package tensorlink.jobs.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tensorlink.compute.Digest;
import tensorlink.compute.Frozen;
import tensorlink.compute.LayerRange;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Precision;
import tensorlink.compute.Speed;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.Adafactor;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.tensor.TensorCodec;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.OwnStage;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.market.Capability;
import tensorlink.jobs.market.Offer;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.p2p.peer.KeyPair;

class SealsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
    private static final KeyPair USER = KeyPair.generate();
    private static final KeyPair VALIDATOR = KeyPair.generate();
    private static final KeyPair WORKER = KeyPair.generate();
    private static final KeyPair OTHER = KeyPair.generate();
    private static final AccountKey ACCOUNT = AccountKey.generate(new Random(1));

    private Instant time = NOW;
    private final Seals user = seals(USER, "lab");
    private final Seals validator = seals(VALIDATOR, "lab");
    private final Seals worker = seals(WORKER, "lab");

    @Test
    void a_job_request_arrives_as_it_was_sealed_under_the_same_id() throws IOException {
        var sealed = user.sealJobRequest(spec(), ACCOUNT.account(), Amount.of(77));

        var opened = validator.openJobRequest(sealed.envelope());

        assertThat(opened).isEqualTo(sealed);
        assertThat(opened.content().spec()).isEqualTo(spec());
        assertThat(opened.signer()).isEqualTo(USER.peerId());
    }

    @Test
    void two_requests_for_the_same_are_two_jobs() {
        var first = user.sealJobRequest(spec(), ACCOUNT.account(), Amount.ZERO);
        var second = user.sealJobRequest(spec(), ACCOUNT.account(), Amount.ZERO);

        assertThat(first.content().id()).isNotEqualTo(second.content().id());
    }

    @Test
    void a_request_counts_once() throws IOException {
        var sealed = user.sealJobRequest(spec(), ACCOUNT.account(), Amount.ZERO);
        validator.openJobRequest(sealed.envelope());

        assertThatThrownBy(() -> validator.openJobRequest(sealed.envelope()))
                .isInstanceOf(SealException.class)
                .hasMessageContaining("repeated");
    }

    @Test
    void a_request_counts_for_a_while_and_not_before_its_time() {
        var sealed = user.sealJobRequest(spec(), ACCOUNT.account(), Amount.ZERO);

        time = NOW.plus(Duration.ofMinutes(5)).plus(Seals.SKEW).plusMillis(1);
        assertThatThrownBy(() -> validator.openJobRequest(sealed.envelope()))
                .hasMessageContaining("expired");

        time = NOW.minus(Seals.SKEW).minusMillis(1);
        assertThatThrownBy(() -> validator.openJobRequest(sealed.envelope()))
                .hasMessageContaining("from the future");

        time = NOW.minus(Seals.SKEW);
        assertThat(sealed).isNotNull();
    }

    @Test
    void clocks_may_differ_by_the_skew() throws IOException {
        var sealed = user.sealJobRequest(spec(), ACCOUNT.account(), Amount.ZERO);
        time = NOW.minus(Seals.SKEW);

        assertThat(validator.openJobRequest(sealed.envelope())).isEqualTo(sealed);
    }

    @Test
    void a_request_of_another_network_does_not_hold_here() {
        var sealed = user.sealJobRequest(spec(), ACCOUNT.account(), Amount.ZERO);
        var elsewhere = seals(VALIDATOR, "other");

        assertThatThrownBy(() -> elsewhere.openJobRequest(sealed.envelope()))
                .isInstanceOf(SealException.class);
    }

    @Test
    void a_request_changed_in_any_byte_does_not_hold() {
        var envelope =
                user.sealJobRequest(spec(), ACCOUNT.account(), Amount.ZERO)
                        .envelope()
                        .toByteArray();
        for (int at = 0; at < envelope.length; at++) {
            var changed = envelope.clone();
            changed[at] ^= 1;

            assertThatThrownBy(() -> validator.openJobRequest(ByteString.copyFrom(changed)))
                    .as("byte " + at)
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void an_offer_carries_the_users_own_request() throws IOException {
        var request =
                validator.openJobRequest(
                        user.sealJobRequest(spec(), ACCOUNT.account(), Amount.of(5)).envelope());
        var offer = new Offer(request, 1, 2, new LayerRange(2, 4), 1234);

        var opened = worker.openOffer(validator.sealOffer(offer));

        assertThat(opened.content()).isEqualTo(offer);
        assertThat(opened.signer()).isEqualTo(VALIDATOR.peerId());
        assertThat(opened.content().request().signer()).isEqualTo(USER.peerId());
    }

    @Test
    void a_request_is_no_offer_and_an_offer_no_request() throws IOException {
        var request = user.sealJobRequest(spec(), ACCOUNT.account(), Amount.ZERO);
        var offer = validator.sealOffer(new Offer(request, 0, 1, new LayerRange(0, 4), 1));

        assertThatThrownBy(() -> worker.openOffer(request.envelope()))
                .isInstanceOf(SealException.class);
        assertThatThrownBy(() -> validator.openJobRequest(offer)).isInstanceOf(SealException.class);
    }

    @Test
    void a_capability_answers_its_own_question_only() throws IOException {
        var nonce = validator.nonce();
        var capability =
                new Capability(
                        WORKER.peerId(),
                        100,
                        60,
                        2,
                        "profile",
                        new Speed(4e9, 3e9, 2e9, 1e10),
                        ACCOUNT.account(),
                        Amount.of(3));
        var envelope = worker.sealCapability(capability, nonce);

        assertThat(validator.openCapability(envelope, nonce).content()).isEqualTo(capability);
        assertThatThrownBy(() -> validator.openCapability(envelope, validator.nonce()))
                .hasMessageContaining("another question");
    }

    private Seals seals(KeyPair key, String network) {
        return new Seals(key, network, () -> time, new Random(key.hashCode()));
    }

    private static JobSpec spec() {
        return new JobSpec(
                Purpose.TRAINING,
                ByteString.copyFrom(ModelConfig.llama(32, 4, 64, 128).json()),
                Digest.of(new byte[] {1}),
                2,
                new Workload(2, 16, 4),
                TrainingOptions.with(Adafactor.lr(0.5))
                        .withRecompute(true)
                        .withSeed(-7)
                        .withPrecision(Precision.BF16)
                        .withFrozen(new Frozen(List.of("model.layers.0.*", "*.bias")))
                        .withSchedule(Schedule.GPIPE),
                List.of(WORKER.peerId(), VALIDATOR.peerId()),
                List.of(VALIDATOR.peerId()),
                List.of(
                        new OwnStage(USER.peerId(), new LayerRange(0, 1)),
                        new OwnStage(OTHER.peerId(), new LayerRange(4, 6))),
                List.of(new LayerRange(1, 3), new LayerRange(3, 4)),
                TensorCodec.BF16,
                Duration.ofHours(1));
    }
}
