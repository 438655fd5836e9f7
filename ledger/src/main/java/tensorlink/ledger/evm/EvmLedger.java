package tensorlink.ledger.evm;

import static tensorlink.ledger.evm.ChainQuestion.asking;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import tensorlink.ledger.Account;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Dispute;
import tensorlink.ledger.DisputeRecord;
import tensorlink.ledger.Endorsement;
import tensorlink.ledger.Equivocation;
import tensorlink.ledger.FullLedger;
import tensorlink.ledger.Funding;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.JobRecord;
import tensorlink.ledger.JobRecord.Engagement;
import tensorlink.ledger.JobRecord.Status;
import tensorlink.ledger.LedgerEvent;
import tensorlink.ledger.LedgerEvent.Change;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.LedgerTerms;
import tensorlink.ledger.Lock;
import tensorlink.ledger.Notice;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Outcome.NoChange;
import tensorlink.ledger.Outcome.Paid;
import tensorlink.ledger.Outcome.Recorded;
import tensorlink.ledger.Outcome.Rejected;
import tensorlink.ledger.PairRecord;
import tensorlink.ledger.PeerRecord;
import tensorlink.ledger.Purse;
import tensorlink.ledger.Registration;
import tensorlink.ledger.Rejection;
import tensorlink.ledger.RewardRoot;
import tensorlink.ledger.RewardStatus;
import tensorlink.ledger.RewardStatus.Posted;
import tensorlink.ledger.RootCancel;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.Stake;
import tensorlink.ledger.Unstake;
import tensorlink.ledger.Verdict;
import tensorlink.ledger.Voucher;
import tensorlink.ledger.Withdrawal;
import tensorlink.ledger.evm.Chain.Receipt;

/**
 * The ledger of a network on a chain: our contract, reached by JSON-RPC.
 *
 * <p>A request is first only tried: what the contract would refuse, or what would change nothing,
 * costs no gas. What it would accept is sent in a transaction and answered when that is in a final
 * block. Others may have been faster, so the answer is what the receipt says, not what the trial
 * did. Queries are answered as of the newest final block.
 */
public final class EvmLedger implements FullLedger {
    /** How often a request may pass its trial and then be refused for a reason that is gone. */
    private static final int TRIES = 10;

    /** Room for what others change between the trial and the block. */
    private static final long GAS_PERCENT = 125;

    private static final int ENGAGEMENT_BYTES = 2 * AbiReader.WORD;

    private final Connection connection;
    private final Chain chain;
    private final EvmConfig.Deployment deployment;
    private final Account contract;
    private final Sender sender;
    private final SenderSettings settings;
    private final Pause pause;
    private final LedgerTerms terms;

    /** Guards {@code events}. */
    private final ReentrantLock reading = new ReentrantLock();

    private final EventLog events;

    private EvmLedger(Opened opened, EvmConfig config, EvmAccount account, LedgerTerms terms) {
        this.connection = opened.connection;
        this.chain = opened.chain;
        this.sender = opened.sender;
        this.pause = opened.pause;
        this.deployment = config.contract();
        this.contract = deployment.address();
        this.settings = account.settings();
        this.terms = terms;
        this.events = new EventLog(chain, config.contract(), EventLog.Word.TWO);
    }

    private record Opened(Connection connection, Chain chain, Sender sender, Pause pause) {}

    /**
     * Opens the ledger: checks that the chain has the contract, reads its terms, and takes up what
     * an earlier run has sent and not seen final.
     *
     * @param account pays for gas; its key must be used by nobody else on this chain
     * @throws LedgerException when no endpoint shows the chain and the contract of {@code config}
     */
    public static EvmLedger open(EvmConfig config, EvmAccount account, Pause pause)
            throws IOException, InterruptedException {
        return open(
                config,
                Connection.open(config.chain(), Optional.of(config.contract())),
                account,
                pause);
    }

    static EvmLedger open(EvmConfig config, Connection connection, EvmAccount account, Pause pause)
            throws IOException, InterruptedException {
        try {
            var chain = chain(config.chain(), connection);
            var terms = asking(() -> terms(config, chain));
            var sender = sender(config.chain(), chain, account, pause);
            try {
                asking(() -> {
                    sender.resume();
                    return sender;
                });
                return new EvmLedger(
                        new Opened(connection, chain, sender, pause), config, account, terms);
            } catch (IOException | RuntimeException e) {
                try (sender) {
                    throw e;
                }
            }
        } catch (IOException | RuntimeException e) {
            try (connection) {
                throw e;
            }
        }
    }

    /**
     * Deploys the contract, which takes about five million gas, and waits until it is final.
     *
     * @return what an {@link EvmConfig} needs to find it
     */
    public static EvmConfig.Deployment deploy(
            EvmChain where, EvmTerms terms, EvmAccount account, Pause pause)
            throws IOException, InterruptedException {
        try (var connection = Connection.open(where, Optional.empty())) {
            return deploy(where, connection, terms, account, pause);
        }
    }

    private static EvmConfig.Deployment deploy(
            EvmChain where, Connection connection, EvmTerms terms, EvmAccount account, Pause pause)
            throws IOException, InterruptedException {
        var chain = chain(where, connection);
        try (var sender = sender(where, chain, account, pause)) {
            return asking(() -> {
                var code = Bytecode.creation().concat(Calls.construction(terms));
                long gas = chain.estimateGas(sender.account(), Optional.empty(), code);
                var receipt = sender.send(Optional.empty(), code, withMargin(gas));
                var address = receipt.created().filter(_ -> receipt.succeeded());
                if (address.isEmpty()) {
                    throw new LedgerException("the deployment failed: " + receipt.transaction());
                }
                var codeHash = Bytes32.keccak(chain.code(address.get()));
                return new EvmConfig.Deployment(address.get(), codeHash, receipt.block());
            });
        }
    }

    /**
     * Where the nodes of the contract's validators say they are, as of the newest final block: all
     * that a stranger without an account needs to enter the network.
     *
     * @return the records as they were announced, which nobody has looked into
     * @throws LedgerException when no endpoint shows the chain and the contract of {@code config}
     */
    public static List<ByteString> peerRecords(EvmConfig config)
            throws LedgerException, InterruptedException {
        try (var connection = Connection.open(config.chain(), Optional.of(config.contract()))) {
            var chain = chain(config.chain(), connection);
            return asking(() ->
                    Validator.all(chain, config.contract().address()).stream()
                            .map(Validator::record)
                            .filter(record -> !record.isEmpty())
                            .toList());
        }
    }

    private static Chain chain(EvmChain chain, Connection connection) {
        return new Chain(connection.rpc(), chain.finality(), chain.limits());
    }

    private static Sender sender(EvmChain where, Chain chain, EvmAccount account, Pause pause)
            throws IOException {
        var journal =
                SenderJournal.open(account.journal(), where.chainId(), account.key().account());
        return new Sender(
                new Sender.Surroundings(chain, where.chainId(), pause),
                account.key(),
                account.settings(),
                journal);
    }

    private static LedgerTerms terms(EvmConfig config, Chain chain)
            throws IOException, InterruptedException {
        var contract = config.contract().address();
        long tolerance = read(chain, contract, Calls.expiryTolerance()).number("EXPIRY_TOLERANCE");
        long vouchersMax = read(chain, contract, Calls.vouchersMax()).number("VOUCHERS_MAX");
        return new LedgerTerms(
                "evm",
                config.networkId(),
                config.domain(),
                read(chain, contract, Calls.issuer()).account("issuer"),
                Duration.ofSeconds(tolerance),
                Math.toIntExact(vouchersMax),
                new LedgerTerms.Periods(
                        seconds(chain, contract, "withdrawalNotice"),
                        seconds(chain, contract, "unstakeDelay"),
                        seconds(chain, contract, "activationDelay"),
                        seconds(chain, contract, "disputeWindow")),
                new LedgerTerms.Seats(
                        read(chain, contract, Calls.term("stakeMin")).amount("stakeMin"),
                        Math.toIntExact(
                                read(chain, contract, Calls.term("validatorsMin"))
                                        .number("validatorsMin"))));
    }

    private static Duration seconds(Chain chain, Account contract, String term)
            throws IOException, InterruptedException {
        return Duration.ofSeconds(read(chain, contract, Calls.term(term)).number(term));
    }

    @Override
    public LedgerTerms info() {
        return terms;
    }

    @Override
    public Amount credits(Account account) throws LedgerException, InterruptedException {
        return asking(() -> read(Calls.credits(account)).amount("balanceOf"));
    }

    @Override
    public Amount balance(Account payer) throws LedgerException, InterruptedException {
        return purse(payer).balance();
    }

    @Override
    public Amount issued(Account account) throws LedgerException, InterruptedException {
        return asking(() -> read(Calls.issued(account)).amount("issued"));
    }

    @Override
    public Amount deposited(Account payer) throws LedgerException, InterruptedException {
        return purse(payer).deposited();
    }

    @Override
    public Amount redeemed(Account payer, Account payee)
            throws LedgerException, InterruptedException {
        return pair(payer, payee).redeemed();
    }

    @Override
    public Purse purse(Account payer) throws LedgerException, InterruptedException {
        return asking(() -> {
            var purse = read(Calls.purse(payer));
            return new Purse(
                    purse.amount("balance"),
                    purse.amount("locked"),
                    purse.amount("deposited"),
                    purse.amount("withdrawn"),
                    notice(purse));
        });
    }

    private static Notice notice(AbiReader in) throws RpcFormatException {
        return new Notice(in.amount("noticed"), in.amount("leaving"), in.time("ends"));
    }

    @Override
    public PairRecord pair(Account payer, Account payee)
            throws LedgerException, InterruptedException {
        return asking(() -> {
            var pair = read(Calls.pair(payer, payee));
            return new PairRecord(
                    pair.amount("redeemed"), pair.amount("locked"), pair.time("lockedUntil"));
        });
    }

    @Override
    public Outcome issue(Signed<Issuance> issuance) throws LedgerException, InterruptedException {
        return submit(Calls.issue(issuance));
    }

    @Override
    public Outcome deposit(Signed<Deposit> deposit) throws LedgerException, InterruptedException {
        return submit(Calls.deposit(deposit));
    }

    @Override
    public Outcome openJob(Signed<JobOpening> opening)
            throws LedgerException, InterruptedException {
        return submit(Calls.openJob(opening));
    }

    @Override
    public Outcome recordAgreement(SignedAgreement agreement)
            throws LedgerException, InterruptedException {
        return submit(Calls.recordAgreement(agreement));
    }

    @Override
    public Outcome closeJob(Signed<JobClosing> closing)
            throws LedgerException, InterruptedException {
        return submit(Calls.closeJob(closing));
    }

    @Override
    public Outcome redeem(List<Signed<Voucher>> vouchers)
            throws LedgerException, InterruptedException {
        if (vouchers.size() > terms.vouchersMax()) {
            return new Rejected(
                    Rejection.TOO_MANY_VOUCHERS,
                    vouchers.size() + " vouchers, at most " + terms.vouchersMax());
        }
        return submit(Calls.redeem(vouchers));
    }

    @Override
    public Outcome noticeWithdrawal(Signed<Withdrawal> withdrawal)
            throws LedgerException, InterruptedException {
        return submit(Calls.noticeWithdrawal(withdrawal));
    }

    @Override
    public Outcome withdraw(Account payer) throws LedgerException, InterruptedException {
        return submit(Calls.withdraw(payer));
    }

    @Override
    public Outcome lock(Signed<Lock> lock) throws LedgerException, InterruptedException {
        return submit(Calls.lock(lock));
    }

    @Override
    public Outcome unlock(Account payer, Account payee)
            throws LedgerException, InterruptedException {
        return submit(Calls.unlock(payer, payee));
    }

    @Override
    public Outcome dispute(Agreement agreement, Signed<Dispute> dispute)
            throws LedgerException, InterruptedException {
        return submit(Calls.dispute(agreement, dispute));
    }

    @Override
    public Outcome judge(Agreement agreement, Signed<Verdict> verdict)
            throws LedgerException, InterruptedException {
        return submit(Calls.judge(agreement, verdict));
    }

    @Override
    public Optional<DisputeRecord> disputed(Bytes32 agreement)
            throws LedgerException, InterruptedException {
        return asking(() -> {
            var dispute = read(Calls.dispute(agreement));
            var plaintiff = dispute.account("plaintiff");
            var ends = dispute.time("ends");
            boolean judged = dispute.bool("judged");
            var evidence = dispute.bytes32("evidence");
            var awarded = dispute.amount("awarded");
            return plaintiff.isZero()
                    ? Optional.empty()
                    : Optional.of(
                            new DisputeRecord(
                                    plaintiff,
                                    evidence,
                                    ends,
                                    judged ? Optional.of(awarded) : Optional.empty()));
        });
    }

    @Override
    public Outcome stake(Signed<Stake> stake) throws LedgerException, InterruptedException {
        return submit(Calls.stake(stake));
    }

    @Override
    public Outcome noticeUnstake(Signed<Unstake> unstake)
            throws LedgerException, InterruptedException {
        return submit(Calls.noticeUnstake(unstake));
    }

    @Override
    public Outcome unstake(Account validator) throws LedgerException, InterruptedException {
        return submit(Calls.unstake(validator));
    }

    @Override
    public Outcome announce(Signed<PeerRecord> record)
            throws LedgerException, InterruptedException {
        return submit(Calls.announce(record));
    }

    @Override
    public Outcome slash(Equivocation.Roots proof, Account reporter)
            throws LedgerException, InterruptedException {
        return submit(Calls.slash(proof, reporter));
    }

    @Override
    public Registration registration(Account account) throws LedgerException, InterruptedException {
        return asking(() -> {
            var r = read(Calls.registration(account));
            var held = r.amount("held");
            var staked = r.amount("staked");
            var notice = notice(r);
            boolean validates = r.number("place") != 0;
            long serial = r.number("serial");
            boolean slashed = r.bool("slashed");
            var record = r.at("record", 0).bytes("record");
            return new Registration(validates, held, staked, notice, slashed, record, serial);
        });
    }

    @Override
    public List<Account> validators() throws LedgerException, InterruptedException {
        return asking(
                () -> Validator.all(chain, contract).stream().map(Validator::account).toList());
    }

    @Override
    public Outcome fund(Signed<Funding> funding) throws LedgerException, InterruptedException {
        return submit(Calls.fund(funding));
    }

    @Override
    public Outcome postRoot(RewardRoot root, List<Endorsement> quorum)
            throws LedgerException, InterruptedException {
        return submit(Calls.postRoot(root, quorum));
    }

    @Override
    public Outcome cancelRoot(RootCancel cancel, List<Endorsement> veto)
            throws LedgerException, InterruptedException {
        return submit(Calls.cancelRoot(cancel, veto));
    }

    @Override
    public Outcome claim(Account account, Amount total, List<Bytes32> proof)
            throws LedgerException, InterruptedException {
        return submit(Calls.claim(account, total, proof));
    }

    @Override
    public RewardStatus rewards() throws LedgerException, InterruptedException {
        return asking(() -> {
            var in = read(Calls.rewards());
            return new RewardStatus(
                    in.amount("pool"),
                    in.amount("claimed"),
                    in.number("lastEpoch"),
                    posted(in),
                    posted(in));
        });
    }

    private static Optional<Posted> posted(AbiReader in) throws RpcFormatException {
        var root = in.bytes32("root");
        var leavesHash = in.bytes32("leavesHash");
        var total = in.amount("total");
        long epoch = in.number("epoch");
        var activeFrom = in.time("activeFrom");
        return activeFrom.equals(Instant.EPOCH)
                ? Optional.empty()
                : Optional.of(
                        new Posted(new RewardRoot(epoch, root, total, leavesHash), activeFrom));
    }

    @Override
    public Amount claimed(Account account) throws LedgerException, InterruptedException {
        return asking(() -> read(Calls.claimed(account)).amount("claimed"));
    }

    @Override
    public Amount funded(Account funder) throws LedgerException, InterruptedException {
        return asking(() -> read(Calls.funded(funder)).amount("funded"));
    }

    @Override
    public Optional<JobRecord> job(Bytes32 id) throws LedgerException, InterruptedException {
        return asking(() -> job(id, read(Calls.job(id))));
    }

    private static Optional<JobRecord> job(Bytes32 id, AbiReader answer) throws RpcFormatException {
        var job = answer.at("job", 0);
        int start = job.position();
        var specHash = job.bytes32("specHash");
        var payer = job.account("payer");
        var opened = job.time("opened");
        var notary = job.account("notary");
        var closed = job.time("closed");
        long end = job.number("end");
        var closer = job.account("closer");
        var resultHash = job.bytes32("resultHash");
        if (payer.isZero()) {
            return Optional.empty();
        }
        return Optional.of(
                new JobRecord(
                        id,
                        specHash,
                        payer,
                        notary,
                        opened,
                        engagements(job.at("engagements", start)),
                        end == 0
                                ? new Status.Open()
                                : new Status.Closed(
                                        Events.jobEnd(end), resultHash, closer, closed)));
    }

    private static List<Engagement> engagements(AbiReader list) throws RpcFormatException {
        var engagements = new ArrayList<Engagement>();
        for (int left = list.count("engagements", ENGAGEMENT_BYTES); left > 0; left--) {
            engagements.add(new Engagement(list.account("payee"), list.bytes32("agreement")));
        }
        return engagements;
    }

    @Override
    public Cursor events(Cursor from, Consumer<LedgerEvent> sink)
            throws LedgerException, InterruptedException {
        long last = asking(chain::agreedFinal).map(Chain.Header::number).orElse(0L);
        var end = new Cursor(last + 1, 0);
        if (from.compareTo(end) > 0) {
            throw new IllegalArgumentException(from + " is beyond the end, " + end);
        }
        reading.lock();
        try {
            return asking(() -> {
                events.tell(from, last, sink);
                return end;
            });
        } finally {
            reading.unlock();
        }
    }

    /**
     * Follows what happens from {@code from} on without waiting for final blocks; what was told may
     * be retracted.
     */
    public EventFeed feed(Cursor from) {
        return new EventFeed(chain, new EventLog(chain, deployment, EventLog.Word.ONE), from);
    }

    /**
     * Tells when to look again: at {@link #events} or a {@link #feed}. With an endpoint over a
     * WebSocket that is when there is a new block.
     */
    public NewHeads newHeads() throws InterruptedException {
        return new NewHeads(connection, pause);
    }

    // Requests.

    /** What a call would do on some block. */
    private sealed interface Trial {
        record Accepted() implements Trial {}

        record Idle() implements Trial {}

        record Refused(Rejected rejected) implements Trial {}
    }

    private Outcome submit(ByteString call) throws LedgerException, InterruptedException {
        return asking(() -> {
            for (int i = 0; i < TRIES; i++) {
                var outcome =
                        switch (attempt(call, "pending")) {
                            case Trial.Refused(var rejected) -> Optional.<Outcome>of(rejected);
                            case Trial.Idle() -> whenFinal(call);
                            case Trial.Accepted() -> send(call);
                        };
                if (outcome.isPresent()) {
                    return outcome.get();
                }
            }
            throw new LedgerException("others get in the way of this request again and again");
        });
    }

    private Trial attempt(ByteString call, String block) throws IOException, InterruptedException {
        return trial(from -> chain.call(from, contract, call, block));
    }

    private interface Attempt {
        ByteString result(Optional<Account> from) throws IOException, InterruptedException;
    }

    private Trial trial(Attempt attempt) throws IOException, InterruptedException {
        try {
            var answer = new AbiReader("answer", attempt.result(Optional.of(sender.account())));
            return answer.integer("change", 256).signum() == 0
                    ? new Trial.Idle()
                    : new Trial.Accepted();
        } catch (RpcErrorException e) {
            return new Trial.Refused(rejection(e));
        }
    }

    /** What the contract says no with; other refusals mean that it could not be asked. */
    private static Rejected rejection(RpcErrorException e) throws LedgerException {
        var rejection = Reverts.rejection(e);
        if (rejection.isEmpty()) {
            var reason = e.revertData().map(Reverts::describe).orElse("no reason");
            throw new LedgerException(e.getMessage() + ": " + reason, e);
        }
        return rejection.get();
    }

    /** {@code NoChange} once a final block says so too; empty when a block that did is dropped. */
    private Optional<Outcome> whenFinal(ByteString call) throws IOException, InterruptedException {
        long looks = settings.patience().dividedBy(settings.look());
        for (long i = 0; i < looks; i++) {
            if (trial(from -> chain.finalCall(from, contract, call)) instanceof Trial.Idle) {
                return Optional.of(new NoChange());
            }
            pause.sleep(settings.look());
            if (!(attempt(call, "pending") instanceof Trial.Idle)) {
                return Optional.empty();
            }
        }
        throw new LedgerException("known, but not final after " + settings.patience());
    }

    /** The outcome; empty when the call was reverted in its block for a reason that is gone. */
    private Optional<Outcome> send(ByteString call) throws IOException, InterruptedException {
        long gas;
        try {
            gas = chain.estimateGas(sender.account(), Optional.of(contract), call);
        } catch (RpcErrorException e) {
            return Optional.of(rejection(e));
        }
        var receipt = sender.send(Optional.of(contract), call, withMargin(gas));
        if (receipt.succeeded()) {
            return Optional.of(outcome(receipt));
        }
        return attempt(call, RpcValue.quantity(receipt.block())) instanceof Trial.Refused(var why)
                ? Optional.of(why)
                : Optional.empty();
    }

    private Outcome outcome(Receipt receipt) throws RpcFormatException {
        var changes = new ArrayList<Change>();
        for (var log : receipt.logs()) {
            if (log.contract().equals(contract) && Events.isChange(log)) {
                changes.add(Events.change(log));
            }
        }
        if (changes.isEmpty()) {
            return new NoChange();
        }
        var paid = Events.paid(changes);
        return paid.isZero() ? new Recorded() : new Paid(paid);
    }

    private static long withMargin(long gas) {
        return gas * GAS_PERCENT / 100;
    }

    // Questions.

    private AbiReader read(ByteString call) throws IOException, InterruptedException {
        return read(chain, contract, call);
    }

    private static AbiReader read(Chain chain, Account contract, ByteString call)
            throws IOException, InterruptedException {
        return new AbiReader("answer", chain.finalCall(Optional.empty(), contract, call));
    }

    /** Lets go of the chain; what was sent stays in the journal until it is seen final. */
    @Override
    public void close() throws LedgerException {
        try (connection) {
            sender.close();
        } catch (IOException e) {
            throw new LedgerException("closing the journal failed: " + e.getMessage(), e);
        }
    }
}
