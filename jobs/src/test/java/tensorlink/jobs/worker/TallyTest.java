package tensorlink.jobs.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.jobs.JobClient;
import tensorlink.jobs.JobListener;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Ledger;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Voucher;

/** What workers earn, from the receipts to the ledger. */
@Timeout(60)
class TallyTest {
    private static final Amount PRICE = Amount.of(3);
    private static final JobOptions OPTIONS =
            JobOptions.training().batch(4, 16).microBatches(2).maxPrice(Amount.of(10_000));

    @TempDir private Path folder;
    private Lab lab;
    private Ledger ledger;
    private JobClient user;

    @BeforeEach
    void open() throws Exception {
        lab = new Lab(folder, Patience.enough());
        ledger = lab.ledger();
        user = lab.user();
    }

    @AfterEach
    void close() throws IOException {
        lab.close();
    }

    private Worker.Cashier cashier() {
        return (vouchers, _) -> {
            if (ledger.redeem(vouchers) instanceof Outcome.Rejected(var code, var message)) {
                throw new JobException(ProblemCode.PAYMENT, "no", code + ": " + message, "");
            }
        };
    }

    private void evaluate(JobOptions options) throws IOException, InterruptedException {
        var batch = Lab.batch(1);
        try (var model = user.create(Lab.model(), options, JobListener.silent())) {
            model.evaluate(batch.inputs(), batch.labels());
        }
    }

    @Test
    void work_is_paid_and_redeemed_when_the_job_is_closed() throws Exception {
        var worker = lab.worker(Lab.MEMORY_BYTES, PRICE, cashier());

        evaluate(OPTIONS);

        var account = worker.party().account().account();
        assertThat(ledger.credits(account)).isEqualTo(Amount.of(4 * 16 * 3 * 3));
        lab.assertNothingIsLeft();
    }

    @Test
    void a_job_in_which_nothing_was_done_ends_without_waiting_for_payment() throws Exception {
        lab.worker(Lab.MEMORY_BYTES, PRICE, cashier());

        long start = System.nanoTime();
        user.create(Lab.model(), OPTIONS, JobListener.silent()).close();

        assertThat(System.nanoTime() - start).isLessThan(lab.limits().closeTimeout().toNanos());
    }

    @Test
    void work_beyond_the_agreed_price_is_not_waited_for() throws Exception {
        var worker = lab.worker(Lab.MEMORY_BYTES, PRICE, cashier());
        var model = user.create(Lab.model(), OPTIONS.maxPrice(Amount.of(7)), JobListener.silent());
        var batch = Lab.batch(1);
        model.evaluate(batch.inputs(), batch.labels());
        long start = System.nanoTime();

        model.close();

        assertThat(System.nanoTime() - start).isLessThan(lab.limits().closeTimeout().toNanos());
        assertThat(ledger.credits(worker.party().account().account())).isEqualTo(Amount.of(7));
    }

    @Test
    void a_job_whose_price_is_used_up_ends_and_is_paid() throws Exception {
        var worker = lab.worker(Lab.MEMORY_BYTES, PRICE, cashier());
        var model = user.create(Lab.model(), OPTIONS.maxPrice(Amount.of(7)), JobListener.silent());
        var batch = Lab.batch(1);

        assertThatThrownBy(
                        () -> {
                            while (true) {
                                model.evaluate(batch.inputs(), batch.labels());
                            }
                        })
                .isInstanceOf(JobException.class)
                .hasMessageContaining("TL-PAY-001")
                .hasMessageContaining("the 7 that it may cost on this worker are used up")
                .hasMessageContaining("JobOptions.maxPrice");
        model.close();

        lab.assertNothingIsLeft();
        assertThat(ledger.credits(worker.party().account().account())).isEqualTo(Amount.of(7));
    }

    @Test
    void two_workers_together_earn_no_more_than_the_job_may_cost() throws Exception {
        var one = lab.worker(Lab.MEMORY_BYTES, PRICE, cashier());
        var other = lab.worker(Lab.MEMORY_BYTES, PRICE, cashier());

        evaluate(OPTIONS.workers(2).maxPrice(Amount.of(9)));

        assertThat(
                        List.of(
                                ledger.credits(one.party().account().account()),
                                ledger.credits(other.party().account().account())))
                .containsExactlyInAnyOrder(Amount.of(3), Amount.of(6));
    }

    @Test
    void a_price_without_a_budget_is_refused_before_anybody_signs() throws Exception {
        lab.worker(Lab.MEMORY_BYTES, PRICE, cashier());

        assertThatThrownBy(() -> evaluate(OPTIONS.maxPrice(Amount.ZERO)))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("TL-PAY-001")
                .hasMessageContaining("they ask 3 per token and layer")
                .hasMessageContaining("JobOptions.maxPrice");
        lab.assertNothingIsLeft();
    }

    @Test
    void a_budget_above_all_credit_is_refused() throws Exception {
        lab.worker(Lab.MEMORY_BYTES, PRICE, cashier());

        assertThatThrownBy(() -> evaluate(OPTIONS.maxPrice(Lab.CREDIT.plus(Amount.of(1)))))
                .hasMessageContaining("not enough credits");
    }

    @Test
    void one_payers_bad_voucher_does_not_keep_the_others_from_being_paid() throws Exception {
        var brought = new ArrayList<List<Signed<Voucher>>>();
        var failing = new boolean[] {true};
        lab.worker(
                Lab.MEMORY_BYTES,
                PRICE,
                (vouchers, _) -> {
                    brought.add(vouchers);
                    if (failing[0]) {
                        failing[0] = false;
                        throw new JobException(ProblemCode.PAYMENT, "no", "out of money", "");
                    }
                });
        evaluate(OPTIONS);
        lab.assertNothingIsLeft();
        assertThat(brought).as("refused, then tried again").hasSize(2);

        user = lab.user();
        evaluate(OPTIONS);
        lab.assertNothingIsLeft();

        assertThat(brought).allMatch(vouchers -> vouchers.size() == 1).hasSize(3);
        assertThat(brought.getLast().getFirst().message().payer())
                .isNotEqualTo(brought.getFirst().getFirst().message().payer());
    }
}
