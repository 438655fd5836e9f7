package tensorlink.node;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import tensorlink.compute.Digest;
import tensorlink.compute.LayerRange;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.TrainingOptions;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.market.Usage;
import tensorlink.jobs.message.Seals;
import tensorlink.jobs.message.WorkStatement;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Domain;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;
import tensorlink.ledger.smartnodes.Distribution;
import tensorlink.ledger.smartnodes.Share;
import tensorlink.p2p.peer.KeyPair;

/** A validator's words on jobs and rounds, all of them true. */
final class Words {
    static final Instant END = Instant.ofEpochSecond(1_800_000_000);
    private static final Duration LONG = Duration.ofSeconds(100);
    private static final Domain DOMAIN = Domain.privateNetwork("lab");

    private final Random random = new Random(1);
    private final AccountKey payer = AccountKey.generate(random);
    private final AccountKey worker = AccountKey.generate(random);
    private final KeyPair validator = KeyPair.generate();
    final Seals seals = new Seals(validator, "lab", () -> END.minus(LONG), random);

    /** A word on a new job, sealed. */
    ByteString work() {
        var spec =
                new JobSpec(
                        Purpose.TRAINING,
                        ByteString.copyFrom(ModelConfig.llama(32, 3, 256, 64).json()),
                        Digest.of(new byte[] {7}),
                        0,
                        new Workload(2, 16, 2),
                        TrainingOptions.defaults(),
                        List.of(),
                        Duration.ofDays(1));
        var request = seals.sealJobRequest(spec, payer.account(), Amount.ZERO);
        var content = request.content();
        var job = content.id().word();
        var agreement =
                new Agreement(
                        job,
                        payer.account(),
                        worker.account(),
                        Amount.ZERO,
                        Amount.ZERO,
                        Bytes32.keccak(Usage.UNIT),
                        END.minus(LONG),
                        END.plus(Duration.ofDays(1)),
                        content.specHash(),
                        Account.ZERO,
                        content.salt());
        var digest = agreement.digest(DOMAIN);
        var share =
                new WorkStatement.Share(
                        new LayerRange(0, 3),
                        new SignedAgreement(agreement, payer.sign(digest), worker.sign(digest)),
                        worker.sign(DOMAIN, new UsageReceipt(job, worker.account(), 9, 1)));
        var closing =
                payer.sign(
                        DOMAIN,
                        new JobClosing(job, JobEnd.COMPLETED, Bytes32.ZERO, payer.account()));
        return seals.sealWork(
                new WorkStatement(request, closing, END, LONG.toSeconds(), List.of(share)));
    }

    /** A proposal to pay some jobs, and as many others as {@code size} says. */
    Told proposal(long distribution, int size, Bytes32... jobs) {
        var all = new ArrayList<>(List.of(jobs));
        for (int i = 0; i < size; i++) {
            all.add(Bytes32.keccak(distribution + "/" + i));
        }
        return new Told(
                END,
                all,
                new Distribution(
                        BigInteger.valueOf(distribution),
                        List.of(
                                new Share(
                                        worker.account(),
                                        BigInteger.valueOf(random.nextInt(1, 1_000_000))))));
    }
}
