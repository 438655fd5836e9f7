package tensorlink.jobs.validator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.jobs.message.LedgerQuestion;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Withdrawal;
import tensorlink.ledger.file.FileLedger;
import tensorlink.ledger.file.FileLedgerConfig;

class TillTest {
    private static final AccountKey ISSUER = AccountKey.generate(new Random(1));
    private static final AccountKey USER = AccountKey.generate(new Random(2));

    @TempDir private Path folder;
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private FileLedger ledger;
    private Till till;

    @BeforeEach
    void open() throws Exception {
        ledger = FileLedger.open(folder, FileLedgerConfig.of("lab", ISSUER.account()), () -> now);
        till = new Till(ledger, ISSUER, Amount.of(100), () -> now);
    }

    @AfterEach
    void close() throws Exception {
        ledger.close();
    }

    @Test
    void newcomers_are_given_credit_once_each_and_so_many_in_a_period() throws Exception {
        for (int number = 0; number < Till.NEWCOMERS_MAX; number++) {
            assertThat(grant(account(number))).isEqualTo(new Outcome.Recorded());
            assertThat(grant(account(number))).isEqualTo(new Outcome.NoChange());
        }
        var late = account(Till.NEWCOMERS_MAX);

        assertThatThrownBy(() -> grant(late))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("100 accounts were given some within PT1H");
        now = now.plus(Till.NEWCOMERS_PERIOD);
        assertThat(grant(late)).isEqualTo(new Outcome.Recorded());
    }

    @Test
    void what_a_payer_gave_notice_of_covers_nothing_any_more() throws Exception {
        var domain = ledger.info().domain();
        grant(USER.account());
        ledger.deposit(USER.sign(domain, new Deposit(USER.account(), Amount.of(60))));
        var before = till.statement(USER.account());
        ledger.noticeWithdrawal(USER.sign(domain, new Withdrawal(USER.account(), Amount.of(25))));

        var after = till.statement(USER.account());

        assertThat(before.cover()).isEqualTo(Amount.of(60));
        assertThat(after.balance()).isEqualTo(Amount.of(60));
        assertThat(after.cover()).isEqualTo(Amount.of(35));
    }

    private Outcome grant(Account account) throws Exception {
        var came = (LedgerAnswer.Came) till.answer(new LedgerQuestion.Grant(account));
        return came.outcome();
    }

    private static Account account(int number) {
        return new Account(Bytes32.keccak("account" + number).bytes().substring(12));
    }
}
