package tensorlink.testnet.bench.ledger;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Voucher;
import tensorlink.ledger.file.FileLedger;
import tensorlink.ledger.file.FileLedgerConfig;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.bench.figures.Figures;

/**
 * One round: requests to a {@link FileLedger}, one after the other and from many at once, against
 * writing and forcing as many bytes without a ledger; and checks of vouchers. A request is the
 * whole of it: rules, signature, log and disk.
 */
final class LedgerTask {
    static final String SINGLE = "append.single";
    static final String GROUPED = "append.grouped";
    static final String RAW_SINGLE = "fsync.single";
    static final String RAW_ONCE = "fsync.once";
    static final String CHECKS = "voucher.checks";

    private static final AccountKey ISSUER = AccountKey.of(Bytes32.keccak("bench issuer"));
    private static final int CALLERS = 64;

    private final Scheduler scheduler;
    private final Amounts amounts;

    /**
     * How much is done in a round.
     *
     * @param single requests one after the other, each durable before the next
     * @param grouped requests from {@value #CALLERS} callers at once
     * @param checks of vouchers, by one thread
     */
    record Amounts(int single, int grouped, int checks) {}

    LedgerTask(Scheduler scheduler, Amounts amounts) {
        this.scheduler = scheduler;
        this.amounts = amounts;
    }

    /** Adds a round to {@code figures}: so many a second of each. */
    void run(Path folder, Figures figures) throws IOException, InterruptedException {
        var config = FileLedgerConfig.of("bench", ISSUER.account()).withSnapshotEvery(0);
        try (var ledger = FileLedger.open(folder.resolve("ledger"), config, scheduler::now)) {
            var log = folder.resolve("ledger").resolve("ledger.log");
            var single = requests(ledger, amounts.single, "single");
            long before = Files.size(log);
            figures.add(SINGLE, rate(single.size(), () -> oneByOne(ledger, single)));
            int bytes = (int) ((Files.size(log) - before) / single.size());
            figures.add(RAW_SINGLE, rate(amounts.single, () -> raw(folder, bytes, 1)));
            var grouped = requests(ledger, amounts.grouped, "grouped");
            figures.add(GROUPED, rate(grouped.size(), () -> allAtOnce(ledger, grouped)));
            figures.add(RAW_ONCE, rate(amounts.grouped, () -> raw(folder, bytes, amounts.grouped)));
            figures.add(CHECKS, checks(ledger));
        }
    }

    /** Grants to as many accounts, signed beforehand. */
    private static List<Signed<Issuance>> requests(FileLedger ledger, int count, String kind) {
        var requests = new ArrayList<Signed<Issuance>>();
        for (int i = 0; i < count; i++) {
            var account = AccountKey.of(Bytes32.keccak(kind + i)).account();
            var issuance = new Issuance(ISSUER.account(), account, Amount.of(1));
            requests.add(ISSUER.sign(ledger.info().domain(), issuance));
        }
        return requests;
    }

    private static void oneByOne(FileLedger ledger, List<Signed<Issuance>> requests)
            throws IOException {
        for (var request : requests) {
            require(ledger.issue(request));
        }
    }

    private static void allAtOnce(FileLedger ledger, List<Signed<Issuance>> requests)
            throws IOException, InterruptedException {
        try (var callers = Executors.newFixedThreadPool(CALLERS)) {
            var calls = new ArrayList<Callable<Outcome>>();
            requests.forEach(request -> calls.add(() -> ledger.issue(request)));
            for (var answer : callers.invokeAll(calls)) {
                require(answer.get());
            }
        } catch (ExecutionException failed) {
            throw new IOException(failed.getCause());
        }
    }

    private static void require(Outcome outcome) {
        if (!(outcome instanceof Outcome.Recorded)) {
            throw new IllegalStateException("not recorded: " + outcome);
        }
    }

    /** As many bytes as so many records, forced after each of them or after {@code group}. */
    private void raw(Path folder, int bytes, int group) throws IOException {
        int records = group == 1 ? amounts.single : amounts.grouped;
        var file = folder.resolve("raw");
        try (var out = new RandomAccessFile(file.toFile(), "rw")) {
            for (int i = 0; i < records; i += group) {
                out.write(new byte[Math.multiplyExact(bytes, group)]);
                out.getFD().sync();
            }
        } finally {
            Files.delete(file);
        }
    }

    private double checks(FileLedger ledger) throws IOException, InterruptedException {
        var domain = ledger.info().domain();
        var expiry =
                Instant.ofEpochSecond(scheduler.now().plus(Duration.ofDays(1)).getEpochSecond());
        var vouchers = new ArrayList<Signed<Voucher>>();
        for (int i = 0; i < amounts.checks; i++) {
            var payee = AccountKey.of(Bytes32.keccak("payee " + i)).account();
            var voucher = new Voucher(ISSUER.account(), payee, Amount.of(i), expiry, Bytes32.ZERO);
            vouchers.add(ISSUER.sign(domain, voucher));
        }
        return rate(
                vouchers.size(),
                () -> {
                    for (var voucher : vouchers) {
                        if (!voucher.isAuthentic(domain)) {
                            throw new IllegalStateException("not authentic: " + voucher);
                        }
                    }
                });
    }

    private interface Work {
        void run() throws IOException, InterruptedException;
    }

    private double rate(int count, Work work) throws IOException, InterruptedException {
        long begun = scheduler.nanoTime();
        work.run();
        return count * 1e9 / (scheduler.nanoTime() - begun);
    }
}
