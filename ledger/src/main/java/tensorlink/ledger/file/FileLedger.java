package tensorlink.ledger.file;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import tensorlink.ledger.Account;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Dispute;
import tensorlink.ledger.DisputeRecord;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Endorsement;
import tensorlink.ledger.Equivocation;
import tensorlink.ledger.FullLedger;
import tensorlink.ledger.Funding;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.JobRecord;
import tensorlink.ledger.LedgerEvent;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.LedgerTerms;
import tensorlink.ledger.Lock;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Outcome.Rejected;
import tensorlink.ledger.PairRecord;
import tensorlink.ledger.PeerRecord;
import tensorlink.ledger.Purse;
import tensorlink.ledger.Registration;
import tensorlink.ledger.Rejection;
import tensorlink.ledger.RewardRoot;
import tensorlink.ledger.RewardStatus;
import tensorlink.ledger.RootCancel;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.Stake;
import tensorlink.ledger.Unstake;
import tensorlink.ledger.Verdict;
import tensorlink.ledger.Voucher;
import tensorlink.ledger.Withdrawal;

/**
 * The ledger of a private network in one validator's directory: a {@link LedgerState} and the log
 * that led to it.
 *
 * <p>A request is first decided without its signatures, which are the costly part. They are checked
 * outside the lock. What passed is decided again under the lock, since others may have been faster,
 * applied, and queued for the disk; and it is answered when the disk has it. Refusals and queries
 * wait for the disk too: what they are based on must not vanish in a crash.
 *
 * <p>If the disk fails, the ledger stops: every later call is a {@link LedgerException}, and
 * opening it again shows what was kept.
 */
public final class FileLedger implements FullLedger {
    private final LedgerTerms terms;
    private final Policy policy;
    private final InstantSource clock;
    private final HashLog log;
    private final SnapshotPace snapshots;

    /** Guards {@code state} and keeps the order of the log that of its changes. */
    private final ReentrantLock lock = new ReentrantLock();

    private final LedgerState state;

    private FileLedger(
            FileLedgerConfig config,
            InstantSource clock,
            LedgerState state,
            HashLog log,
            SnapshotPace snapshots) {
        this.terms =
                new LedgerTerms(
                        "file",
                        config.networkId(),
                        Domain.privateNetwork(config.networkId()),
                        config.issuer(),
                        config.expiryTolerance(),
                        config.vouchersMax(),
                        config.periods(),
                        new LedgerTerms.Seats(Collaterals.STAKE_MIN, Policy.VALIDATORS_MIN));
        this.policy = new Policy(config);
        this.clock = clock;
        this.state = state;
        this.log = log;
        this.snapshots = snapshots;
    }

    /**
     * Opens the ledger in {@code directory}, or creates it; reads and checks all of it first.
     *
     * @throws LedgerFormatException when its file is damaged anywhere but at a torn end
     * @throws LedgerException when it is in use, or another network's or issuer's
     */
    public static FileLedger open(Path directory, FileLedgerConfig config, InstantSource clock)
            throws IOException {
        return open(DiskStorage.open(directory), config, clock);
    }

    /** The same ledger without a file, gone when it is closed: for tests and simulations. */
    public static FileLedger inMemory(FileLedgerConfig config, InstantSource clock) {
        try {
            return open(new MemoryStorage(), config, clock);
        } catch (IOException memoryDoesNotFail) {
            throw new UncheckedIOException(memoryDoesNotFail);
        }
    }

    static FileLedger open(Storage storage, FileLedgerConfig config, InstantSource clock)
            throws IOException {
        try {
            var domain = Domain.privateNetwork(config.networkId());
            var state = new LedgerState(domain, config.issuer());
            var genesis = new Records.Genesis(config.networkId(), config.issuer());
            var known =
                    config.snapshotEvery() > 0
                            ? Snapshot.read(storage.snapshot(), genesis, state)
                            : Optional.<HashLog.Place>empty();
            var replay = new Replay(storage, config, domain, state);
            var log = HashLog.open(storage, known, replay);
            if (log.size() == 0) {
                log.sync(log.append(Records.encode(clock.instant(), genesis)));
            }
            int start = known.map(HashLog.Place::size).orElse(0);
            var snapshots = new SnapshotPace(storage, genesis, config.snapshotEvery(), start);
            var opened = new FileLedger(config, clock, state, log, snapshots);
            opened.takeSnapshotIfDue();
            return opened;
        } catch (IOException | RuntimeException e) {
            try (storage) {
                throw e;
            }
        }
    }

    @Override
    public LedgerTerms info() {
        return terms;
    }

    @Override
    public Outcome issue(Signed<Issuance> issuance) throws LedgerException {
        return submit(new Entry.Issued(issuance, Amount.ZERO));
    }

    @Override
    public Outcome deposit(Signed<Deposit> deposit) throws LedgerException {
        return submit(new Entry.Deposited(deposit, Amount.ZERO));
    }

    @Override
    public Outcome openJob(Signed<JobOpening> opening) throws LedgerException {
        return submit(new Entry.JobOpened(opening));
    }

    @Override
    public Outcome recordAgreement(SignedAgreement agreement) throws LedgerException {
        return submit(new Entry.AgreementRecorded(agreement));
    }

    @Override
    public Outcome closeJob(Signed<JobClosing> closing) throws LedgerException {
        return submit(new Entry.JobClosed(closing));
    }

    @Override
    public Outcome redeem(List<Signed<Voucher>> vouchers) throws LedgerException {
        if (vouchers.size() > terms.vouchersMax()) {
            return new Rejected(
                    Rejection.TOO_MANY_VOUCHERS,
                    vouchers.size() + " vouchers, at most " + terms.vouchersMax());
        }
        var asked = new ArrayList<Entry.Payment>();
        for (var voucher : vouchers) {
            asked.add(new Entry.Payment(voucher, Amount.ZERO));
        }
        return submit(new Entry.Settled(asked));
    }

    private Outcome submit(Entry asked) throws LedgerException {
        return switch (preview(asked)) {
            case Decision.Answer(var outcome) -> durably(() -> outcome);
            case Decision.Accept(var entry, var _) ->
                    entry.isAuthentic(terms.domain())
                            ? entered(entry)
                            : new Rejected(
                                    Rejection.BAD_SIGNATURE,
                                    "not signed by its signer for " + terms.networkId());
        };
    }

    private Outcome entered(Entry authentic) throws LedgerException {
        var outcome = durably(() -> enter(authentic));
        takeSnapshotIfDue();
        return outcome;
    }

    /** Whoever finds it due writes it; the state stands still only while it is copied. */
    private void takeSnapshotIfDue() throws LedgerException {
        if (!snapshots.isDue(log.size())) {
            return;
        }
        try {
            record Copy(int size, ByteString bytes) {}
            var copy =
                    durably(() -> {
                        var place = log.place();
                        return new Copy(place.size(), snapshots.copy(place, state));
                    });
            snapshots.keep(copy.size, copy.bytes);
        } finally {
            snapshots.done();
        }
    }

    private Decision preview(Entry asked) throws LedgerException {
        log.requireRunning();
        lock.lock();
        try {
            return decide(asked, now());
        } finally {
            lock.unlock();
        }
    }

    /** Decides again what is known to be signed: only that may ever get here. */
    private Outcome enter(Entry authentic) {
        var now = now();
        return switch (decide(authentic, now)) {
            case Decision.Answer(var answer) -> answer;
            case Decision.Accept(var entry, var answer) -> {
                log.append(Records.encode(now, entry));
                state.apply(entry, now);
                yield answer;
            }
        };
    }

    private Decision decide(Entry asked, Instant now) {
        var decision = state.decide(asked, now);
        return switch (decision) {
            case Decision.Answer answer -> answer;
            case Decision.Accept(var entry, var _) ->
                    policy.refusal(entry, state, now)
                            .<Decision>map(Decision.Answer::new)
                            .orElse(decision);
        };
    }

    /** The clock's time as the log can keep it. */
    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    @Override
    public Outcome noticeWithdrawal(Signed<Withdrawal> withdrawal) throws LedgerException {
        var ends = Policy.after(terms.periods().withdrawal(), now());
        return submit(new Entry.WithdrawalNoticed(withdrawal, Amount.ZERO, ends));
    }

    @Override
    public Outcome withdraw(Account payer) throws LedgerException {
        return submit(new Entry.Withdrawn(payer, Amount.ZERO));
    }

    @Override
    public Outcome lock(Signed<Lock> lock) throws LedgerException {
        return submit(new Entry.Locked(lock));
    }

    @Override
    public Outcome unlock(Account payer, Account payee) throws LedgerException {
        return submit(new Entry.Unlocked(payer, payee, Amount.ZERO));
    }

    @Override
    public Outcome dispute(Agreement agreement, Signed<Dispute> dispute) throws LedgerException {
        var ends = Policy.after(terms.periods().dispute(), now());
        return submit(new Entry.Disputed(agreement, dispute, Amount.ZERO, ends));
    }

    @Override
    public Outcome judge(Agreement agreement, Signed<Verdict> verdict) throws LedgerException {
        return submit(new Entry.Judged(agreement, verdict, Amount.ZERO));
    }

    @Override
    public Outcome stake(Signed<Stake> stake) throws LedgerException {
        return submit(new Entry.Staked(stake, Amount.ZERO, Entry.Seat.SAME));
    }

    @Override
    public Outcome noticeUnstake(Signed<Unstake> unstake) throws LedgerException {
        var ends = Policy.after(terms.periods().unstaking(), now());
        return submit(new Entry.UnstakeNoticed(unstake, Amount.ZERO, ends, Entry.Seat.SAME));
    }

    @Override
    public Outcome unstake(Account validator) throws LedgerException {
        return submit(new Entry.Unstaked(validator, Amount.ZERO));
    }

    @Override
    public Outcome announce(Signed<PeerRecord> record) throws LedgerException {
        return submit(new Entry.Announced(record));
    }

    @Override
    public Outcome slash(Equivocation.Roots proof, Account reporter) throws LedgerException {
        return submit(
                new Entry.Slashed(proof, reporter, Amount.ZERO, Amount.ZERO, Entry.Seat.SAME));
    }

    @Override
    public Outcome fund(Signed<Funding> funding) throws LedgerException {
        return submit(new Entry.Funded(funding, Amount.ZERO));
    }

    @Override
    public Outcome postRoot(RewardRoot root, List<Endorsement> quorum) throws LedgerException {
        var activeFrom = Policy.after(terms.periods().activation(), now());
        return submit(new Entry.RootPosted(root, quorum, activeFrom));
    }

    @Override
    public Outcome cancelRoot(RootCancel cancel, List<Endorsement> veto) throws LedgerException {
        return submit(new Entry.RootCancelled(cancel, veto));
    }

    @Override
    public Outcome claim(Account account, Amount total, List<Bytes32> proof)
            throws LedgerException {
        return submit(new Entry.Claimed(account, total, proof, Amount.ZERO));
    }

    @Override
    public Amount credits(Account account) throws LedgerException {
        return durably(() -> state.credits.of(account));
    }

    @Override
    public Amount balance(Account payer) throws LedgerException {
        return purse(payer).balance();
    }

    @Override
    public Amount issued(Account account) throws LedgerException {
        return durably(() -> state.credits.issued(account));
    }

    @Override
    public Amount deposited(Account payer) throws LedgerException {
        return purse(payer).deposited();
    }

    @Override
    public Amount redeemed(Account payer, Account payee) throws LedgerException {
        return pair(payer, payee).redeemed();
    }

    @Override
    public Purse purse(Account payer) throws LedgerException {
        return durably(() -> state.deposits.purse(payer));
    }

    @Override
    public PairRecord pair(Account payer, Account payee) throws LedgerException {
        return durably(() -> state.deposits.pair(payer, payee));
    }

    @Override
    public Optional<JobRecord> job(Bytes32 id) throws LedgerException {
        return durably(() -> state.jobs.job(id));
    }

    @Override
    public Optional<DisputeRecord> disputed(Bytes32 agreement) throws LedgerException {
        return durably(() -> state.disputes.over(agreement));
    }

    @Override
    public Registration registration(Account account) throws LedgerException {
        return durably(() -> state.collaterals.of(account));
    }

    @Override
    public List<Account> validators() throws LedgerException {
        return durably(() -> state.collaterals.validators());
    }

    @Override
    public RewardStatus rewards() throws LedgerException {
        return durably(() -> state.rewards.status(now()));
    }

    @Override
    public Amount claimed(Account account) throws LedgerException {
        return durably(() -> state.rewards.claimed(account));
    }

    @Override
    public Amount funded(Account funder) throws LedgerException {
        return durably(() -> state.rewards.funded(funder));
    }

    /** The end of the log: what a validator signs to vouch for all before it. */
    public Head head() throws LedgerException {
        record End(int index, Bytes32 hash) {}
        var end = durably(() -> new End(log.size() - 1, log.hash()));
        try {
            return new Head(end.index, end.hash, Records.time(log.read(end.index)));
        } catch (IOException e) {
            throw new LedgerException("cannot read the ledger: " + e.getMessage(), e);
        }
    }

    /** What {@code work} finds or does under the lock, once all that it has seen is durable. */
    private <T> T durably(Supplier<T> work) throws LedgerException {
        log.requireRunning();
        T answer;
        int last;
        lock.lock();
        try {
            answer = work.get();
            last = log.size() - 1;
        } finally {
            lock.unlock();
        }
        log.sync(last);
        return answer;
    }

    @Override
    public Cursor events(Cursor from, Consumer<LedgerEvent> sink) throws LedgerException {
        var end = new Cursor(durably(() -> log.size()), 0);
        if (from.compareTo(end) > 0) {
            throw new IllegalArgumentException(from + " is beyond the end, " + end);
        }
        // The first record tells whose ledger it is and is no event.
        for (int index = Math.max(1, (int) from.position()); index < end.position(); index++) {
            int skip = index == from.position() ? from.offset() : 0;
            for (var event : eventsAt(index, skip)) {
                sink.accept(event);
            }
        }
        return end;
    }

    private List<LedgerEvent> eventsAt(int index, int skip) throws LedgerException {
        Records.Stamped stamped;
        try {
            stamped = Records.decode(log.read(index));
        } catch (IOException e) {
            throw new LedgerException("cannot read the ledger: " + e.getMessage(), e);
        }
        var changes = stamped.entry().changes(terms.domain());
        var events = new ArrayList<LedgerEvent>();
        for (int offset = skip; offset < changes.size(); offset++) {
            events.add(
                    new LedgerEvent(
                            new Cursor(index, offset), stamped.time(), changes.get(offset)));
        }
        return events;
    }

    /** Makes durable what was asked for before, and lets others open the directory. */
    @Override
    public void close() throws LedgerException {
        try {
            log.close();
        } catch (LedgerException e) {
            throw e;
        } catch (IOException e) {
            throw new LedgerException("closing the ledger failed: " + e.getMessage(), e);
        }
    }
}
