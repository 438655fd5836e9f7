package tensorlink.ledger.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static tensorlink.ledger.file.Fixture.ALICE;
import static tensorlink.ledger.file.Fixture.BOB;
import static tensorlink.ledger.file.Fixture.CAROL;
import static tensorlink.ledger.file.Fixture.CONFIG;
import static tensorlink.ledger.file.Fixture.ISSUER;
import static tensorlink.ledger.file.Fixture.closing;
import static tensorlink.ledger.file.Fixture.contents;
import static tensorlink.ledger.file.Fixture.deposit;
import static tensorlink.ledger.file.Fixture.issuance;
import static tensorlink.ledger.file.Fixture.opening;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Outcome.NoChange;
import tensorlink.ledger.Outcome.Recorded;
import tensorlink.ledger.Outcome.Rejected;
import tensorlink.ledger.RandomCalls;
import tensorlink.ledger.Rejection;
import tensorlink.ledger.Signed;

@Timeout(60)
class FileLedgerTest {
    private final Fixture fixture = new Fixture();
    @TempDir private Path directory;

    private FileLedger open() throws IOException {
        return FileLedger.open(directory, CONFIG, fixture.clock);
    }

    // Opening.

    @Test
    void says_after_a_restart_what_it_said_before() throws Exception {
        List<Object> before;
        Head head;
        try (var ledger = open()) {
            fixture.writeHistory(ledger);
            new RandomCalls(ledger, ISSUER, fixture.clock, new SplittableRandom(9)).run(60);
            before = contents(ledger);
            head = ledger.head();
        }

        try (var ledger = open()) {
            assertThat(contents(ledger)).isEqualTo(before);
            assertThat(ledger.head()).isEqualTo(head);
            assertThat(ledger.issue(issuance(ALICE, 1_000))).isEqualTo(new NoChange());
        }
    }

    /** If this hash changes, ledgers that exist can no longer be read: it takes a new version. */
    @Test
    void the_same_history_always_has_the_same_head() throws Exception {
        try (var ledger = open()) {
            fixture.writeHistory(ledger);

            var head = ledger.head();

            assertThat(head.index()).isEqualTo(Fixture.HISTORY);
            assertThat(head.hash())
                    .hasToString(
                            "0x56f8cb8084ce18de93317d8c057730b281d2ac1f20197835e66a2ca5d9dda0b8");
            assertThat(head.time()).isEqualTo(Instant.parse("2026-01-01T00:01:00Z"));
        }
    }

    @Test
    void is_refused_to_a_second_opener_in_this_process_until_it_is_closed() throws Exception {
        var ledger = open();

        assertThatThrownBy(this::open)
                .isInstanceOf(LedgerException.class)
                .hasMessageEndingWith("is in use by this process");
        ledger.close();
        ledger.close();

        open().close();
    }

    @Test
    void is_refused_to_another_process_even_after_this_one_was_refused() throws Exception {
        try (var ledger = open()) {
            assertThatThrownBy(this::open).isInstanceOf(LedgerException.class);

            assertThat(OtherProcess.opens(directory)).endsWith("is in use by another process");
            assertThat(ledger.issue(issuance(ALICE, 5))).isEqualTo(new Recorded());
        }
        assertThat(OtherProcess.opens(directory)).isEqualTo("opened");
    }

    @Test
    void is_refused_to_another_network_or_issuer() throws Exception {
        open().close();
        var otherNetwork = FileLedgerConfig.of("other", ISSUER.account());
        var otherIssuer = FileLedgerConfig.of("lab", BOB.account());

        for (var config : List.of(otherNetwork, otherIssuer)) {
            assertThatThrownBy(() -> FileLedger.open(directory, config, fixture.clock))
                    .isInstanceOf(LedgerException.class)
                    .hasMessageContaining("is the ledger of Genesis[networkId=lab, issuer=")
                    .hasMessageContaining("not of");
        }
        open().close();
    }

    @Test
    void a_log_with_good_hashes_and_a_forged_signature_is_refused() throws Exception {
        var forged = new Signed<>(deposit(ALICE, 5).message(), deposit(BOB, 5).signature());
        var storage =
                log(
                        new Entry.Issued(issuance(ALICE, 10), Amount.of(10)),
                        new Entry.Deposited(forged, Amount.of(5)));

        assertThatThrownBy(() -> FileLedger.open(storage, CONFIG, fixture.clock))
                .isInstanceOf(LedgerFormatException.class)
                .hasMessageContaining("entry: a signature is not its signer's");
    }

    @Test
    void a_log_with_good_hashes_and_entries_against_the_rules_is_refused() throws Exception {
        var issued = new Entry.Issued(issuance(ALICE, 10), Amount.of(10));

        for (var bad :
                List.of(
                        issued,
                        new Entry.Deposited(deposit(ALICE, 11), Amount.of(11)),
                        new Entry.JobClosed(closing(0, JobEnd.FAILED)))) {
            var storage = log(issued, bad);
            assertThatThrownBy(() -> FileLedger.open(storage, CONFIG, fixture.clock))
                    .isInstanceOf(LedgerFormatException.class)
                    .hasMessageContaining("entry: against the rules");
        }
        var wrongAmount = log(new Entry.Issued(issuance(ALICE, 10), Amount.of(9)));
        assertThatThrownBy(() -> FileLedger.open(wrongAmount, CONFIG, fixture.clock))
                .isInstanceOf(LedgerFormatException.class)
                .hasMessageContaining("entry: not what the rules make of it");
    }

    /** What the limits and the clock of the day let in stays in when they change. */
    @Test
    void limits_and_expiry_are_not_asked_again_on_opening() throws Exception {
        try (var ledger = open()) {
            fixture.writeHistory(ledger);
            ledger.openJob(opening(1));
            ledger.openJob(opening(2));
        }
        fixture.clock.advance(Duration.ofDays(1_000));
        var strict = CONFIG.withLimits(1, 1, 1).withExpiryTolerance(Duration.ZERO);

        try (var ledger = FileLedger.open(directory, strict, fixture.clock)) {
            assertThat(ledger.head().index()).isEqualTo(Fixture.HISTORY + 2);
        }
    }

    private MemoryStorage log(Entry... entries) throws IOException {
        var storage = new MemoryStorage();
        try (var log = HashLog.open(storage, (_, _, _) -> {})) {
            var now = fixture.clock.instant();
            var genesis = new Records.Genesis("lab", ISSUER.account());
            log.append(Records.encode(now, genesis));
            for (var entry : entries) {
                log.append(Records.encode(now, entry));
            }
        }
        return storage;
    }

    // The disk.

    @Test
    void appenders_that_wait_for_the_disk_share_the_next_force() throws Exception {
        var storage = new FaultyStorage();
        try (var ledger = FileLedger.open(storage, CONFIG, fixture.clock);
                var waiting = new Waiting(storage)) {
            int before = storage.forces.get();
            waiting.start(() -> ledger.issue(issuance(ALICE, 1)));
            for (int i = 0; i < 40; i++) {
                var issuance = issuance(key(i), 1);
                waiting.start(() -> ledger.issue(issuance));
            }

            var answers = waiting.letThrough();

            assertThat(answers).hasSize(41).containsOnly(new Recorded());
            assertThat(storage.forces.get() - before).isEqualTo(2);
        }
    }

    private static AccountKey key(int i) {
        return AccountKey.of(Bytes32.keccak("appender " + i));
    }

    @Test
    void nothing_is_said_that_a_crash_could_take_back() throws Exception {
        var storage = new FaultyStorage();
        try (var ledger = FileLedger.open(storage, CONFIG, fixture.clock);
                var waiting = new Waiting(storage)) {
            var told = new AtomicInteger();
            waiting.start(() -> ledger.issue(issuance(ALICE, 1)));
            waiting.start(() -> ledger.issue(issuance(ALICE, 1)));
            waiting.start(() -> ledger.issued(ALICE.account()));
            waiting.start(() -> code(ledger.deposit(deposit(ALICE, 100))));
            waiting.start(() -> ledger.head().index());
            waiting.start(() -> ledger.events(Cursor.START, _ -> told.incrementAndGet()));

            assertThat(waiting.answers()).isEmpty();
            assertThat(told).hasValue(0);
            var answers = waiting.letThrough();

            assertThat(answers)
                    .containsExactlyInAnyOrder(
                            new Recorded(),
                            new NoChange(),
                            Amount.of(1),
                            Rejection.INSUFFICIENT_CREDITS,
                            1L,
                            new Cursor(2, 0));
            assertThat(told).hasValue(1);
        }
    }

    /** Calls that wait, each on a thread of its own, for a disk that does not answer. */
    private static final class Waiting implements AutoCloseable {
        private final FaultyStorage storage;
        private final List<Thread> threads = new ArrayList<>();
        private final Queue<Object> answers = new ConcurrentLinkedQueue<>();

        Waiting(FaultyStorage storage) {
            this.storage = storage;
            storage.begun.drainPermits();
            storage.allowed.drainPermits();
        }

        /** Returns when the call waits: the first for the disk, the others for the first. */
        void start(Callable<Object> call) throws InterruptedException {
            var thread =
                    new Thread(() -> {
                        try {
                            answers.add(call.call());
                        } catch (Exception e) {
                            answers.add(e);
                        }
                    });
            thread.start();
            threads.add(thread);
            if (threads.size() == 1) {
                storage.begun.acquire();
            }
            while (thread.getState() != Thread.State.WAITING) {
                assertThat(thread.getState()).isNotEqualTo(Thread.State.TERMINATED);
                Thread.onSpinWait();
            }
        }

        Queue<Object> answers() {
            return answers;
        }

        Queue<Object> letThrough() throws InterruptedException {
            close();
            for (var thread : threads) {
                thread.join();
            }
            return answers;
        }

        @Override
        public void close() {
            storage.allowed.release(1_000);
        }
    }

    @Test
    void a_disk_that_is_full_at_any_byte_stops_the_ledger_and_keeps_what_was_answered()
            throws Exception {
        var config = CONFIG.withSignaturesCheckedOnOpen(false);
        var first = issuance(ALICE, 1);
        var second = issuance(ALICE, 2);
        int record = 40 + 10 + 16 + 58 + 65;
        for (int room = 0; room < record; room++) {
            var storage = new FaultyStorage();
            var ledger = FileLedger.open(storage, config, fixture.clock);
            ledger.issue(first);
            storage.room.set(room);

            assertThatThrownBy(() -> ledger.issue(second))
                    .isInstanceOf(LedgerException.class)
                    .hasMessageContaining("No space left on device");
            assertThatThrownBy(() -> ledger.issued(ALICE.account()))
                    .hasMessageContaining("the ledger has stopped");
            assertThatThrownBy(() -> ledger.issue(first))
                    .hasMessageContaining("the ledger has stopped");
            ledger.close();

            try (var again = FileLedger.open(storage.bytes, config, fixture.clock)) {
                assertThat(again.issued(ALICE.account())).isEqualTo(Amount.of(1));
            }
        }
    }

    @Test
    void a_force_that_fails_is_not_tried_again() throws Exception {
        var storage = new FaultyStorage();
        var ledger = FileLedger.open(storage, CONFIG, fixture.clock);
        storage.forceFails = true;

        assertThatThrownBy(() -> ledger.issue(issuance(ALICE, 1)))
                .isInstanceOf(LedgerException.class)
                .hasMessageContaining("Input/output error");
        storage.forceFails = false;
        int forces = storage.forces.get();

        assertThatThrownBy(() -> ledger.issue(issuance(ALICE, 1)))
                .isInstanceOf(LedgerException.class);
        ledger.close();
        assertThat(storage.forces).hasValue(forces);
    }

    @Test
    void an_interrupted_caller_is_served_and_harms_nobody() throws Exception {
        try (var ledger = open()) {
            Thread.currentThread().interrupt();

            assertThat(ledger.issue(issuance(ALICE, 1))).isEqualTo(new Recorded());
            var events = new ArrayList<Object>();
            ledger.events(Cursor.START, events::add);

            assertThat(events).hasSize(1);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(ledger.issue(issuance(ALICE, 2))).isEqualTo(new Recorded());
        }
    }

    @Test
    void a_closed_ledger_refuses_everything() throws Exception {
        var ledger = open();
        ledger.close();

        assertThatThrownBy(() -> ledger.issue(issuance(ALICE, 1)))
                .isInstanceOf(LedgerException.class)
                .hasMessageContaining("it is closed");
        assertThatThrownBy(() -> ledger.balance(ALICE.account()))
                .isInstanceOf(LedgerException.class);
        assertThatThrownBy(() -> ledger.events(Cursor.START, _ -> {}))
                .isInstanceOf(LedgerException.class);
        assertThatThrownBy(ledger::head).isInstanceOf(LedgerException.class);
    }

    // What may enter.

    /** Between the first look and the entry, others may make true what was refused. */
    @Test
    void a_forged_request_that_was_refused_at_first_is_not_let_in_when_it_becomes_possible()
            throws Exception {
        var ledgers = new ArrayList<FileLedger>();
        var calls = new AtomicInteger();
        InstantSource clock =
                () -> {
                    if (!ledgers.isEmpty() && calls.incrementAndGet() == 2) {
                        issueTo(ledgers.getFirst());
                    }
                    return fixture.clock.instant();
                };
        try (var ledger = FileLedger.inMemory(CONFIG, clock)) {
            var forged = new Signed<>(deposit(ALICE, 5).message(), deposit(BOB, 5).signature());
            ledgers.add(ledger);

            var outcome = ledger.deposit(forged);

            assertThat(outcome).isInstanceOf(Rejected.class);
            assertThat(ledger.deposited(ALICE.account())).isEqualTo(Amount.ZERO);
        }
    }

    private static void issueTo(FileLedger ledger) {
        try {
            ledger.issue(issuance(ALICE, 100));
        } catch (LedgerException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void a_payer_has_at_most_so_many_open_jobs() throws Exception {
        var config = CONFIG.withLimits(10, 10, 2);
        try (var ledger = FileLedger.inMemory(config, fixture.clock)) {
            ledger.openJob(opening(0));
            ledger.openJob(opening(1));

            assertThat(code(ledger.openJob(opening(2)))).isEqualTo(Rejection.TOO_MANY_OPEN_JOBS);
            assertThat(ledger.openJob(opening(1))).isEqualTo(new NoChange());
            ledger.closeJob(closing(1, JobEnd.CANCELLED));
            assertThat(ledger.openJob(opening(2))).isEqualTo(new Recorded());
            assertThat(code(ledger.openJob(opening(3)))).isEqualTo(Rejection.TOO_MANY_OPEN_JOBS);
        }
    }

    @Test
    void a_job_has_at_most_so_many_agreements() throws Exception {
        var config = CONFIG.withLimits(10, 2, 10);
        try (var ledger = FileLedger.inMemory(config, fixture.clock)) {
            ledger.openJob(opening(0));
            ledger.recordAgreement(fixture.agreement(0, 1));
            ledger.recordAgreement(fixture.agreement(0, 2));

            assertThat(code(ledger.recordAgreement(fixture.agreement(0, 3))))
                    .isEqualTo(Rejection.TOO_MANY_AGREEMENTS);
            assertThat(ledger.recordAgreement(fixture.agreement(0, 2))).isEqualTo(new NoChange());
        }
    }

    @Test
    void the_largest_batch_fits_a_record() {
        var payment = new Entry.Payment(fixture.voucher(ALICE, CAROL, 1), Amount.MAX);
        var most = FileLedgerConfig.of("lab", ISSUER.account()).withLimits(4_096, 1, 1);

        var record =
                Records.encode(
                        fixture.clock.instant(),
                        new Entry.Settled(Collections.nCopies(most.vouchersMax(), payment)));

        assertThat(record.size()).isLessThanOrEqualTo(Frames.RECORD_BYTES_MAX);
        assertThatThrownBy(() -> CONFIG.withLimits(4_097, 1, 1))
                .hasMessage("vouchersMax is 1 to 4096, not 4097");
    }

    @Test
    void a_configuration_has_sensible_values() {
        var issuer = ISSUER.account();

        assertThatThrownBy(() -> FileLedgerConfig.of("", issuer))
                .hasMessage("a network id has 1 to 255 bytes, not 0");
        assertThatThrownBy(() -> FileLedgerConfig.of("ü".repeat(128), issuer))
                .hasMessage("a network id has 1 to 255 bytes, not 256");
        assertThatThrownBy(() -> CONFIG.withExpiryTolerance(Duration.ofSeconds(-1)))
                .hasMessageContaining("expiryTolerance is negative");
        assertThatThrownBy(() -> CONFIG.withLimits(0, 1, 1))
                .hasMessage("vouchersMax is 1 to 4096, not 0");
        assertThatThrownBy(() -> CONFIG.withLimits(1, 0, 1))
                .hasMessageStartingWith("agreementsPerJobMax is 1 to");
        assertThatThrownBy(() -> CONFIG.withLimits(1, 1, 0))
                .hasMessageStartingWith("openJobsPerPayerMax is 1 to");
        assertThatThrownBy(() -> FileLedgerConfig.of("lab", Account.ZERO))
                .hasMessageContaining("issuer");
    }

    private static Rejection code(Outcome outcome) {
        assertThat(outcome).isInstanceOf(Rejected.class);
        return ((Rejected) outcome).code();
    }
}
