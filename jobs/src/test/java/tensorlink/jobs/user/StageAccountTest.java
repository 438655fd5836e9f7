package tensorlink.jobs.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.market.Usage;
import tensorlink.jobs.party.Party;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Signed;
import tensorlink.ledger.UsageReceipt;

class StageAccountTest {
    private static final Bytes32 JOB = Bytes32.keccak("job");

    @TempDir private Path folder;
    private Lab lab;
    private Party user;
    private Party worker;
    private Purse purse;
    private StageAccount account;

    @BeforeEach
    void open() throws Exception {
        lab = new Lab(folder, Patience.enough());
        user = lab.party();
        worker = lab.party();
        purse = Purse.open(folder.resolve("purse"));
        account = new StageAccount(user, purse, agreement(100, 2));
    }

    @AfterEach
    void close() throws IOException {
        lab.close();
    }

    private Agreement agreement(long maxPrice, long unitPrice) {
        var start = Instant.ofEpochSecond(1_000_000);
        return new Agreement(
                JOB,
                user.account().account(),
                worker.account().account(),
                Amount.of(maxPrice),
                Amount.of(unitPrice),
                Bytes32.keccak(Usage.UNIT),
                start,
                start.plusSeconds(1000),
                Bytes32.ZERO,
                Account.ZERO,
                Bytes32.ZERO);
    }

    private Signed<UsageReceipt> receipt(AccountKey by, Bytes32 job, long units) {
        return by.sign(user.domain(), new UsageReceipt(job, by.account(), units, 0));
    }

    private Signed<UsageReceipt> receipt(long units) {
        return receipt(worker.account(), JOB, units);
    }

    @Test
    void pays_for_what_was_asked_and_each_unit_once() throws IOException {
        account.ask(10);

        var first = account.pay(receipt(4)).orElseThrow();
        assertThat(account.pay(receipt(4))).isEmpty();
        assertThat(account.pay(receipt(3))).isEmpty();
        var second = account.pay(receipt(10)).orElseThrow();

        assertThat(first.message().cumulative()).isEqualTo(Amount.of(8));
        assertThat(second.message().cumulative()).isEqualTo(Amount.of(20));
        assertThat(second.message().jobsRoot()).isEqualTo(Bytes32.keccak(receipt(10).encode()));
        assertThat(second.isAuthentic(worker.domain())).isTrue();
        assertThat(account.paid()).isEqualTo(Amount.of(20));
        assertThat(account.receipted()).isEqualTo(10);
    }

    @Test
    void never_pays_more_than_agreed() throws IOException {
        account.ask(1000);

        assertThat(account.pay(receipt(60)).orElseThrow().message().cumulative())
                .isEqualTo(Amount.of(100));
        assertThat(account.pay(receipt(61))).isEmpty();
        assertThat(purse.promised(worker.account().account())).isEqualTo(Amount.of(100));
    }

    @Test
    void adds_to_what_earlier_jobs_promised() throws IOException {
        purse.promise(worker.account().account(), Amount.of(1000), Optional.empty());
        account.ask(1);

        assertThat(account.pay(receipt(1)).orElseThrow().message().cumulative())
                .isEqualTo(Amount.of(1002));
    }

    @Test
    void what_is_kept_is_gone_on_with_and_pays_each_unit_once() throws IOException {
        try (var tab = Tab.open(folder.resolve("asked"))) {
            account.ask(3);
            account.keep(tab, 1);
            account.ask(7);
            assertThat(account.pay(receipt(4))).isPresent();
        }

        try (var tab = Tab.open(folder.resolve("asked"))) {
            var after =
                    new StageAccount(user, Purse.open(folder.resolve("purse")), agreement(100, 2));
            after.takeUp(tab, 1);

            assertThat(after.paid()).isEqualTo(Amount.of(8));
            assertThat(after.pay(receipt(4))).isEmpty();
            assertThatThrownBy(() -> after.pay(receipt(11))).hasMessageContaining("asked were 10");
            after.ask(1);
            assertThat(after.pay(receipt(11)).orElseThrow().message().cumulative())
                    .isEqualTo(Amount.of(22));
            assertThat(tab.asked(1)).isEqualTo(11);
            assertThatThrownBy(() -> after.takeUp(tab, 2))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("says nothing of stage 2");
        }
    }

    @Test
    void a_receipt_for_more_than_was_asked_is_refused() throws IOException {
        account.ask(10);

        assertThatThrownBy(() -> account.pay(receipt(11)))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("claims 11 units, asked were 10");
        assertThat(account.paid()).isEqualTo(Amount.ZERO);
    }

    @Test
    void a_receipt_of_another_worker_or_job_is_refused() throws IOException, InterruptedException {
        account.ask(10);
        var stranger = lab.party().account();

        assertThatThrownBy(() -> account.pay(receipt(stranger, JOB, 1)))
                .hasMessageContaining("not this worker's");
        assertThatThrownBy(() -> account.pay(receipt(worker.account(), Bytes32.ZERO, 1)))
                .hasMessageContaining("not this worker's");
        var forged = new Signed<>(receipt(2).message(), receipt(1).signature());
        assertThatThrownBy(() -> account.pay(forged)).hasMessageContaining("not this worker's");
    }
}
