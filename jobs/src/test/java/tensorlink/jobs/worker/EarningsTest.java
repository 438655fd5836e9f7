package tensorlink.jobs.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.jobs.job.JobException;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Voucher;

class EarningsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final Domain DOMAIN = Domain.privateNetwork("lab");
    private static final AccountKey WORKER = AccountKey.generate(new Random(1));
    private static final AccountKey PAYER = AccountKey.generate(new Random(2));
    private static final AccountKey OTHER = AccountKey.generate(new Random(3));

    @TempDir private Path folder;
    private Earnings earnings;

    @BeforeEach
    void open() throws IOException {
        earnings = reopened();
    }

    private Earnings reopened() throws IOException {
        return Earnings.open(folder, WORKER.account(), DOMAIN, () -> NOW);
    }

    private static Signed<Voucher> voucher(AccountKey payer, long amount) {
        return voucher(payer, WORKER, amount, Duration.ofDays(30));
    }

    private static Signed<Voucher> voucher(
            AccountKey payer, AccountKey payee, long amount, Duration lifetime) {
        return payer.sign(
                DOMAIN,
                new Voucher(
                        payer.account(),
                        payee.account(),
                        Amount.of(amount),
                        NOW.plus(lifetime),
                        Bytes32.ZERO));
    }

    @Test
    void the_best_voucher_of_each_payer_survives_a_restart() throws IOException {
        earnings.accept(voucher(PAYER, 5));
        earnings.accept(voucher(PAYER, 9));
        earnings.accept(voucher(PAYER, 7));
        earnings.accept(voucher(OTHER, 1));

        assertThat(reopened().outstanding())
                .containsExactlyInAnyOrder(voucher(PAYER, 9), voucher(OTHER, 1));
    }

    @Test
    void what_is_redeemed_is_not_outstanding_until_more_is_promised() throws IOException {
        earnings.accept(voucher(PAYER, 5));
        earnings.redeemed(voucher(PAYER, 5));
        assertThat(earnings.outstanding(PAYER.account())).isEmpty();

        earnings.accept(voucher(PAYER, 6));

        assertThat(earnings.outstanding(PAYER.account())).contains(voucher(PAYER, 6));
    }

    @Test
    void refuses_what_is_not_for_it_not_signed_or_soon_over() throws IOException {
        earnings.accept(voucher(PAYER, 5));

        assertThatThrownBy(() -> earnings.accept(voucher(PAYER, OTHER, 9, Duration.ofDays(30))))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("TL-PAY-001")
                .hasMessageContaining(OTHER.account().toString());
        var forged = new Signed<>(voucher(PAYER, 9).message(), voucher(OTHER, 9).signature());
        assertThatThrownBy(() -> earnings.accept(forged)).hasMessageContaining("not signed");
        var limit = Earnings.LIFETIME_MIN;
        assertThatThrownBy(() -> earnings.accept(voucher(PAYER, WORKER, 9, limit.minusSeconds(1))))
                .hasMessageContaining("must hold for PT24H");
        assertThat(earnings.outstanding()).containsExactly(voucher(PAYER, 5));

        earnings.accept(voucher(PAYER, WORKER, 9, limit));
        assertThat(earnings.outstanding()).hasSize(1).doesNotContain(voucher(PAYER, 5));
    }

    @Test
    void a_damaged_voucher_is_named_when_the_folder_is_opened() throws IOException {
        earnings.accept(voucher(PAYER, 5));
        var file = folder.resolve(PAYER.account() + ".voucher");
        var bytes = Files.readAllBytes(file);
        Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 1));

        assertThatThrownBy(this::reopened)
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file + " is damaged");
    }

    @Test
    void a_draft_that_a_crash_left_is_not_a_voucher() throws IOException {
        earnings.accept(voucher(PAYER, 5));
        Files.writeString(folder.resolve(OTHER.account() + ".voucher.new"), "half");

        assertThat(reopened().outstanding()).containsExactly(voucher(PAYER, 5));
    }
}
