package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.message.WorkStatement;
import tensorlink.ledger.smartnodes.Profile;
import tensorlink.ledger.smartnodes.WorkReceipt;

/** What a validator remembers of rounds, and what it may forget. */
class RoundBookTest {
    private static final int JOBS = 500;

    /** Proposals of so many jobs are more than is worth tidying. */
    private static final int MANY = 60;

    @TempDir private Path folder;
    private final Words words = new Words();

    private RoundBook open() throws Exception {
        return new RoundBook(file(), words.seals, Profile.HEAD);
    }

    private Path file() {
        return folder.resolve("rounds.log");
    }

    private Sealed<WorkStatement> work() throws Exception {
        return words.seals.openWork(words.work());
    }

    private static void execute(RoundBook book, Told proposal) {
        book.executed(proposal.proposal().hash(Profile.HEAD, 1), 1);
    }

    @Test
    void what_no_round_needs_is_forgotten_and_the_rest_is_there_after_a_new_start()
            throws Exception {
        var paid = work();
        var open = work();
        var executed = words.proposal(1, 0, paid.content().job().word());
        var next = words.proposal(2, JOBS);
        var lies = new ArrayList<Told>();
        try (var book = open()) {
            book.add(paid);
            book.add(open);
            book.add(executed);
            book.add(next);
            execute(book, executed);
            long first = book.page(new RoundPage.Wanted(0, 0)).journal();
            for (int i = 0; i < MANY; i++) {
                lies.add(words.proposal(1, JOBS));
                book.add(lies.getLast());
            }

            assertThat(Files.size(file())).isLessThan(RoundBook.TIDY_BYTES);
            assertThat(book.knows(lies.getFirst())).as("of a round that is over").isFalse();
            assertThat(book.knows(executed)).as("workers claim with it").isTrue();
            assertThat(book.knows(next)).as("it may be executed yet").isTrue();
            assertThat(book.page(new RoundPage.Wanted(0, 0)).journal())
                    .as("others read it anew")
                    .isNotEqualTo(first);
        }
        try (var book = open()) {
            execute(book, executed);

            assertThat(book.rounds().values()).containsExactly(java.util.Optional.of(executed));
            assertThat(book.knows(next)).isTrue();
            assertThat(book.unpaid()).isEqualTo(1);
            assertThat(book.owed(Words.END))
                    .extracting(WorkReceipt::job)
                    .containsExactly(open.content().job().word());
            assertThat(book.knows(paid.content().job().word(), paid.signer()))
                    .as("a job that is paid is not heard of again")
                    .isTrue();
        }
    }

    @Test
    void nothing_is_forgotten_while_it_is_not_known_what_a_round_has_paid() throws Exception {
        var executed = words.proposal(9, 1);
        try (var book = open()) {
            execute(book, executed);
            var kept = new ArrayList<Told>();
            for (int i = 1; i <= MANY; i++) {
                kept.add(words.proposal(i, JOBS));
                book.add(kept.getLast());
            }

            assertThat(Files.size(file())).isGreaterThan(RoundBook.TIDY_BYTES);
            assertThat(kept).allMatch(book::knows);
        }
    }

    @Test
    void a_journal_is_read_in_pages_and_from_its_start_when_it_is_another() throws Exception {
        try (var book = open()) {
            for (int i = 1; i <= RoundPage.ITEMS_MAX + 1; i++) {
                book.add(words.proposal(i, 0));
            }

            var first = book.page(new RoundPage.Wanted(0, 77));
            assertThat(first.from()).isZero();
            assertThat(first.items()).hasSize(RoundPage.ITEMS_MAX);
            assertThat(first.more()).isTrue();
            var second = book.page(first.next());
            assertThat(second.items()).hasSize(1);
            assertThat(second.more()).isFalse();
            assertThat(book.page(second.next()).items()).isEmpty();
            assertThat(book.page(new RoundPage.Wanted(first.journal(), -1)).from()).isZero();
        }
    }
}
