package tensorlink.jobs.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static tensorlink.jobs.worker.CreditBook.ACCOUNT_UNITS_MAX;
import static tensorlink.jobs.worker.CreditBook.STRANGERS_UNITS_MAX;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tensorlink.jobs.job.JobId;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;

class CreditBookTest {
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final CreditBook book = new CreditBook(() -> now);

    private static JobId job(int number) {
        return new JobId(Bytes32.keccak("job" + number));
    }

    private static Account account(int number) {
        return new Account(Bytes32.keccak("account" + number).bytes().substring(12));
    }

    @Test
    void an_account_is_worked_for_until_it_owes_its_limit_in_all_its_jobs() {
        book.owes(job(1), account(1), ACCOUNT_UNITS_MAX - 1);
        boolean below = book.admits(account(1));
        book.owes(job(2), account(1), 1);

        assertThat(below).isTrue();
        assertThat(book.admits(account(1))).isFalse();
        assertThat(book.admits(account(2))).isTrue();
    }

    @Test
    void who_pays_is_worked_for_again() {
        book.owes(job(1), account(1), ACCOUNT_UNITS_MAX);
        book.owes(job(1), account(1), 5);

        assertThat(book.admits(account(1))).isTrue();
    }

    @Test
    void any_number_of_strangers_gets_no_more_together_than_their_common_limit() {
        for (int seed = 0; seed < 50; seed++) {
            var random = new SplittableRandom(seed);
            var strangers = new CreditBook(() -> now);
            long lost = 0;
            for (int number = 0; number < 1_000; number++) {
                if (strangers.admits(account(number))) {
                    long units = random.nextLong(1, ACCOUNT_UNITS_MAX / 10);
                    strangers.owes(job(number), account(number), units);
                    lost += units;
                }
            }

            assertThat(lost)
                    .as("seed %d", seed)
                    .isBetween(STRANGERS_UNITS_MAX, STRANGERS_UNITS_MAX + ACCOUNT_UNITS_MAX / 10);
        }
    }

    @Test
    void who_has_paid_before_is_not_kept_out_by_strangers() {
        book.paid(account(1));
        for (int number = 2; book.admits(account(number)); number++) {
            book.owes(job(number), account(number), ACCOUNT_UNITS_MAX / 2);
        }

        assertThat(book.admits(account(1))).isTrue();
        assertThat(book.admits(account(1_000))).isFalse();
    }

    @Test
    void an_old_debt_is_written_off() {
        book.owes(job(1), account(1), ACCOUNT_UNITS_MAX);
        now = now.plus(CreditBook.WRITTEN_OFF_AFTER);
        boolean before = book.admits(account(1));
        now = now.plus(Duration.ofMillis(1));

        assertThat(before).isFalse();
        assertThat(book.admits(account(1))).isTrue();
    }

    @Test
    void as_many_as_the_limit_are_remembered_to_have_paid() {
        var all = new HashSet<Account>();
        for (int number = 0; number <= CreditBook.KNOWN_MAX; number++) {
            all.add(account(number));
            book.paid(account(number));
        }
        for (int number = 0; number < 10; number++) {
            book.owes(job(number), account(100_000 + number), ACCOUNT_UNITS_MAX / 2);
        }

        assertThat(all.stream().filter(it -> !book.admits(it))).containsExactly(account(0));
    }

    @Test
    void amounts_that_no_sum_can_hold_are_just_too_much() {
        book.owes(job(1), account(1), Long.MAX_VALUE);
        book.owes(job(2), account(1), Long.MAX_VALUE);

        assertThat(book.admits(account(1))).isFalse();
    }
}
