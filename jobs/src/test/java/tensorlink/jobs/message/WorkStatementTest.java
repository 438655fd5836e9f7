package tensorlink.jobs.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tensorlink.compute.Digest;
import tensorlink.compute.LayerRange;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.TrainingOptions;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.market.Usage;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Domain;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;
import tensorlink.p2p.peer.KeyPair;

/** A validator's word on a job is believed as far as users and workers have signed. */
class WorkStatementTest {
    static final Domain DOMAIN = Domain.privateNetwork("lab");
    private static final AccountKey PAYER = AccountKey.generate(new Random(1));
    private static final AccountKey WORKER = AccountKey.generate(new Random(2));
    private static final AccountKey STRANGER = AccountKey.generate(new Random(3));
    private static final Instant START = Instant.ofEpochSecond(1_800_000_000);
    private static final Instant END = START.plusSeconds(100);
    static final Instant NOW = END.plusSeconds(1);

    private final KeyPair user = KeyPair.generate();
    private final KeyPair validator = KeyPair.generate();
    private final Sealed<JobRequest> request =
            seals(user).sealJobRequest(spec(), PAYER.account(), Amount.ZERO);

    private static Seals seals(KeyPair key) {
        return new Seals(key, "lab", () -> START, new Random(4));
    }

    private static JobSpec spec() {
        return new JobSpec(
                Purpose.TRAINING,
                ByteString.copyFrom(ModelConfig.llama(32, 3, 256, 64).json()),
                Digest.of(new byte[] {7}),
                0,
                new Workload(2, 16, 2),
                TrainingOptions.defaults(),
                List.of(),
                Duration.ofDays(1));
    }

    private Bytes32 job() {
        return request.content().id().word();
    }

    private Signed<JobClosing> closing(AccountKey by, JobEnd end) {
        return by.sign(DOMAIN, new JobClosing(job(), end, Bytes32.ZERO, by.account()));
    }

    private SignedAgreement agreement(AccountKey payee, AccountKey signer) {
        var content = request.content();
        var agreement =
                new Agreement(
                        job(),
                        PAYER.account(),
                        payee.account(),
                        Amount.ZERO,
                        Amount.ZERO,
                        Bytes32.keccak(Usage.UNIT),
                        START,
                        START.plus(Duration.ofDays(1)),
                        content.specHash(),
                        Account.ZERO,
                        content.salt());
        var digest = agreement.digest(DOMAIN);
        return new SignedAgreement(agreement, PAYER.sign(digest), signer.sign(digest));
    }

    private Signed<UsageReceipt> receipt(AccountKey by, long units) {
        return by.sign(DOMAIN, new UsageReceipt(job(), by.account(), units, 1));
    }

    private WorkStatement.Share share() {
        return new WorkStatement.Share(
                new LayerRange(0, 3), agreement(WORKER, WORKER), receipt(WORKER, 9));
    }

    private WorkStatement work(long seconds, WorkStatement.Share... shares) {
        return new WorkStatement(
                request, closing(PAYER, JobEnd.COMPLETED), END, seconds, List.of(shares));
    }

    Sealed<JobRequest> request() {
        return request;
    }

    /** One that holds, and one that does not. */
    Stream<WorkStatement> works() {
        return Stream.of(work(100, share()), work(100, share(), share()));
    }

    @Test
    void what_is_sealed_is_what_arrives_and_holds() throws Exception {
        var work = work(100, share());

        var opened = seals(KeyPair.generate()).openWork(seals(validator).sealWork(work));

        assertThat(opened.signer()).isEqualTo(validator.peerId());
        assertThat(opened.content()).isEqualTo(work);
        assertThatCode(() -> opened.content().check(DOMAIN, NOW)).doesNotThrowAnyException();
        assertThat(opened.content().memoryBytes(share())).isPositive();
    }

    @Test
    void another_network_does_not_open_it_nor_is_a_changed_byte_believed() {
        var sealed = seals(validator).sealWork(work(100, share()));

        assertThatThrownBy(
                        () -> new Seals(user, "other", () -> START, new Random(4)).openWork(sealed))
                .isInstanceOf(SealException.class);
        var changed = sealed.toByteArray();
        changed[changed.length / 2] ^= 1;
        assertThatThrownBy(() -> seals(user).openWork(ByteString.copyFrom(changed)))
                .isInstanceOfAny(SealException.class, java.io.IOException.class);
    }

    private void refuses(String why, WorkStatement work) {
        assertThatThrownBy(() -> work.check(DOMAIN, NOW))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why);
    }

    @Test
    void what_its_payer_did_not_close_as_complete_is_refused() {
        refuses(
                "closing: it is not signed by the payer",
                new WorkStatement(
                        request, closing(STRANGER, JobEnd.COMPLETED), END, 1, List.of(share())));
        refuses(
                "closing: the job is FAILED",
                new WorkStatement(
                        request, closing(PAYER, JobEnd.FAILED), END, 1, List.of(share())));
    }

    @Test
    void more_time_than_there_was_is_refused() {
        refuses("seconds: 102 for a job", work(102, share()));
        refuses(
                "is yet to come",
                new WorkStatement(
                        request,
                        closing(PAYER, JobEnd.COMPLETED),
                        NOW.plus(WorkStatement.CLOCK_TOLERANCE).plusSeconds(1),
                        1,
                        List.of(share())));
    }

    @Test
    void workers_that_did_not_sign_or_did_nothing_are_refused() {
        var layers = new LayerRange(0, 3);
        refuses(
                "agreement: it is not signed by user and worker",
                work(
                        1,
                        new WorkStatement.Share(
                                layers, agreement(WORKER, STRANGER), receipt(WORKER, 9))));
        refuses(
                "receipt: it is not the worker's",
                work(
                        1,
                        new WorkStatement.Share(
                                layers, agreement(WORKER, WORKER), receipt(STRANGER, 9))));
        refuses(
                "receipt: it is not the worker's",
                work(
                        1,
                        new WorkStatement.Share(
                                layers, agreement(WORKER, WORKER), receipt(WORKER, 0))));
        refuses("is there twice", work(1, share(), share()));
        assertThatThrownBy(() ->
                        work(
                                        1,
                                        new WorkStatement.Share(
                                                new LayerRange(0, 4),
                                                agreement(WORKER, WORKER),
                                                receipt(WORKER, 9)))
                                .check(DOMAIN, NOW))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
