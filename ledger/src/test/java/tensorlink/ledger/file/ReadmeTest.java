package tensorlink.ledger.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;
import tensorlink.ledger.Voucher;

/** The walk of the module's README, which must compile, run and be what the README shows. */
class ReadmeTest {
    private final AccountKey issuer = AccountKey.of(Bytes32.keccak("issuer"));
    private final AccountKey user = AccountKey.of(Bytes32.keccak("user"));
    private final AccountKey worker = AccountKey.of(Bytes32.keccak("worker"));
    private final AccountKey validator = AccountKey.of(Bytes32.keccak("validator"));
    private final Bytes32 specHash = Bytes32.keccak("spec");
    private final Bytes32 salt = Bytes32.keccak("salt");
    private final Bytes32 resultHash = Bytes32.keccak("weights");
    private final Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final Instant expiry = now.plus(30, ChronoUnit.DAYS);
    private final InstantSource clock = InstantSource.fixed(now);
    private final List<Outcome> outcomes = new ArrayList<>();

    private final Agreement agreement =
            new Agreement(
                    JobOpening.jobId(specHash, user.account(), salt),
                    user.account(),
                    worker.account(),
                    Amount.of(500),
                    Amount.of(2),
                    Bytes32.keccak("token"),
                    now,
                    now.plus(1, ChronoUnit.HOURS),
                    specHash,
                    Account.ZERO,
                    salt);

    @Test
    void the_walk_pays_the_worker(@TempDir Path directory) throws IOException {
        // walk
        var config = FileLedgerConfig.of("lab", issuer.account());
        try (var ledger = FileLedger.open(directory, config, clock)) {
            var domain = ledger.info().domain();

            // The issuer grants 1,000 credits, the payer deposits 600: sums since the beginning.
            var grant = new Issuance(issuer.account(), user.account(), Amount.of(1_000));
            ledger.issue(issuer.sign(domain, grant));
            ledger.deposit(user.sign(domain, new Deposit(user.account(), Amount.of(600))));

            // A job, and the terms with one worker, signed by both.
            var opening = new JobOpening(specHash, user.account(), salt, validator.account());
            ledger.openJob(user.sign(domain, opening));
            var digest = agreement.digest(domain);
            ledger.recordAgreement(
                    new SignedAgreement(agreement, user.sign(digest), worker.sign(digest)));

            // The worker counts, the user promises, and anyone hands the promise in.
            var usage = new UsageReceipt(opening.jobId(), worker.account(), 200, 0);
            var receipt = worker.sign(domain, usage);
            var owed = agreement.priceOf(receipt.message().units());
            var voucher = new Voucher(user.account(), worker.account(), owed, expiry, Bytes32.ZERO);
            outcomes.add(ledger.redeem(List.of(user.sign(domain, voucher))));

            // The job is over.
            var closing =
                    new JobClosing(
                            opening.jobId(), JobEnd.COMPLETED, resultHash, validator.account());
            ledger.closeJob(validator.sign(domain, closing));
            // end of walk
            assertThat(ledger.job(opening.jobId()).orElseThrow().isOpen()).isFalse();
        }

        assertThat(outcomes).containsExactly(new Outcome.Paid(Amount.of(400)));
        assertThat(shown()).isEqualTo(walked());
    }

    /** The lines of the README's one Java block, without their indentation. */
    private static List<String> shown() throws IOException {
        return lines(Path.of("README.md"), "```java", "}");
    }

    private static List<String> walked() throws IOException {
        return lines(
                Path.of("src/test/java/tensorlink/ledger/file/ReadmeTest.java"),
                "// walk",
                "// end of walk");
    }

    private static List<String> lines(Path file, String start, String end) throws IOException {
        var stripped = Files.readString(file).lines().map(String::strip).toList();
        int from = stripped.indexOf(start) + 1;
        var rest = stripped.subList(from, stripped.size());
        return rest.subList(0, rest.indexOf(end));
    }
}
