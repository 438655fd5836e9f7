package tensorlink.jobs.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import tensorlink.jobs.job.JobId;
import tensorlink.ledger.Bytes32;

class MemoryBudgetTest {

    @Test
    void never_promises_more_than_there_is_whatever_the_order() {
        for (long seed = 0; seed < 500; seed++) {
            var random = new Random(seed);
            var budget = new MemoryBudget(100);
            var promised = new HashMap<JobId, Long>();
            for (int step = 0; step < 50; step++) {
                var job = job(random.nextInt(8));
                long bytes = random.nextInt(60);
                if (random.nextBoolean()) {
                    if (budget.reserve(job, bytes)) {
                        promised.put(job, bytes);
                    }
                } else {
                    assertThat(budget.release(job)).isEqualTo(promised.getOrDefault(job, 0L));
                    promised.remove(job);
                }
                long sum = promised.values().stream().mapToLong(Long::longValue).sum();

                assertThat(sum).as("seed " + seed).isLessThanOrEqualTo(100);
                assertThat(budget.free()).as("seed " + seed).isEqualTo(100 - sum);
            }
        }
    }

    @Test
    void many_threads_get_no_more_than_one_could() throws InterruptedException {
        var budget = new MemoryBudget(1_000);
        var granted = new AtomicLong();
        var threads = new java.util.ArrayList<Thread>();
        for (int t = 0; t < 64; t++) {
            int of = t;
            threads.add(
                    Thread.ofVirtual()
                            .start(() -> {
                                if (budget.reserve(job(of), 100)) {
                                    granted.addAndGet(100);
                                }
                            }));
        }
        for (var thread : threads) {
            thread.join();
        }

        assertThat(granted.get()).isEqualTo(1_000);
        assertThat(budget.free()).isZero();
    }

    private static JobId job(int number) {
        return new JobId(Bytes32.keccak("job " + number));
    }
}
