package tensorlink.jobs.validator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.jobs.JobListener;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;

/** Receipts outlive the validator that gathers them. */
class ReceiptsTest {
    private static final Domain DOMAIN = Domain.privateNetwork("lab");
    private static final JobId JOB = new JobId(Bytes32.keccak("job"));
    private static final AccountKey USER = AccountKey.generate(new Random(1));
    private static final AccountKey WORKER = AccountKey.generate(new Random(2));
    private static final AccountKey OTHER = AccountKey.generate(new Random(3));

    @TempDir private Path folder;

    private Path file() {
        return folder.resolve("a.receipts");
    }

    private Receipts open() throws IOException {
        var agreement =
                new Agreement(
                        JOB.word(),
                        USER.account(),
                        WORKER.account(),
                        Amount.of(1),
                        Amount.of(1),
                        Bytes32.keccak("unit"),
                        Instant.EPOCH,
                        Instant.EPOCH.plusSeconds(60),
                        Bytes32.keccak("specification"),
                        Account.ZERO,
                        Bytes32.keccak("salt"));
        var digest = agreement.digest(DOMAIN);
        return Receipts.open(
                file(),
                JOB,
                DOMAIN,
                List.of(new SignedAgreement(agreement, USER.sign(digest), WORKER.sign(digest))));
    }

    private static Signed<UsageReceipt> receipt(AccountKey worker, long units) {
        return worker.sign(DOMAIN, new UsageReceipt(JOB.word(), worker.account(), units, units));
    }

    private List<Signed<UsageReceipt>> kept() throws IOException {
        return Receipts.read(file(), JOB, DOMAIN);
    }

    @Test
    void the_best_of_each_is_there_after_a_stop_and_goes_on_from_there() throws Exception {
        try (var receipts = open()) {
            receipts.add(receipt(WORKER, 10));
            receipts.add(receipt(WORKER, 30));
            receipts.add(receipt(WORKER, 20));
            receipts.add(receipt(OTHER, 40));
        }

        assertThat(kept()).containsExactly(receipt(WORKER, 30));
        try (var again = open()) {
            again.add(receipt(WORKER, 25));
            assertThat(again.all()).containsExactly(receipt(WORKER, 30));
            again.add(receipt(WORKER, 35));
        }
        assertThat(kept()).containsExactly(receipt(WORKER, 35));
    }

    @Test
    void a_validator_that_is_killed_has_what_it_heard() throws Exception {
        var killed = open(); // never closed
        killed.add(receipt(WORKER, 10));

        assertThat(kept()).containsExactly(receipt(WORKER, 10));
        killed.close();
    }

    @Test
    void a_last_line_cut_short_anywhere_is_dropped_and_damage_before_it_refused() throws Exception {
        try (var receipts = open()) {
            receipts.add(receipt(WORKER, 10));
            receipts.add(receipt(WORKER, 20));
        }
        var whole = Files.readAllBytes(file());
        int line = whole.length / 2;

        for (int length = line; length < whole.length; length += 7) {
            Files.write(file(), Arrays.copyOf(whole, length));
            try (var again = open()) {
                assertThat(again.all()).containsExactly(receipt(WORKER, 10));
                again.add(receipt(WORKER, 30));
            }
            assertThat(kept()).containsExactly(receipt(WORKER, 30));
        }
        var damaged = whole.clone();
        damaged[3] = '!';
        Files.write(file(), damaged);
        assertThatThrownBy(this::open)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("line 1 is damaged");
        assertThatThrownBy(this::kept).hasMessageContaining("line 1 is damaged");
    }

    @Test
    void a_receipt_that_was_forged_on_disk_does_not_count() throws Exception {
        try (var receipts = open()) {
            receipts.add(receipt(WORKER, 10));
        }
        var more = new UsageReceipt(JOB.word(), WORKER.account(), 1_000, 1_000);
        var forged = new Signed<>(more, receipt(WORKER, 10).signature());
        var line = forged.encode().toByteArray();
        Files.writeString(
                file(), Base64.getEncoder().encodeToString(line) + "\n", StandardOpenOption.APPEND);

        assertThat(kept()).containsExactly(receipt(WORKER, 10));
        try (var again = open()) {
            assertThat(again.all()).containsExactly(receipt(WORKER, 10));
        }
    }

    @Test
    void the_file_stays_small_however_long_a_job_runs() throws Exception {
        int count = 3 * Receipts.BYTES_MAX / 200;
        try (var receipts = open()) {
            for (int units = 1; units <= count; units++) {
                receipts.add(receipt(WORKER, units));
            }
        }

        assertThat(Files.size(file())).isLessThanOrEqualTo(Receipts.BYTES_MAX);
        assertThat(kept()).containsExactly(receipt(WORKER, count));
    }

    @Test
    void a_validator_started_again_has_the_receipts_of_jobs_before() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            var party = lab.validatorParty();
            var worker = lab.worker();
            var options = JobOptions.training().batch(4, 16).microBatches(2);
            var batch = Lab.batch(1);
            var model = lab.user().create(Lab.model(), options, JobListener.silent());
            model.evaluate(batch.inputs(), batch.labels());
            model.close();

            var again =
                    new Validator(
                            party,
                            (_, _) -> List.of(),
                            null,
                            folder.resolve("validator" + party.id()),
                            lab.limits());

            assertThat(again.receipts(model.job()))
                    .singleElement()
                    .satisfies(it -> {
                        assertThat(it.message().payee())
                                .isEqualTo(worker.party().account().account());
                        assertThat(it.message().units()).isEqualTo(4 * 16 * 3);
                    });
            lab.assertNothingIsLeft();
        }
    }
}
