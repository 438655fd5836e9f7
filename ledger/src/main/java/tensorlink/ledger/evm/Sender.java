package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.evm.Chain.Receipt;
import tensorlink.ledger.evm.Transaction.SignedTransaction;

/**
 * Gets transactions of one key into final blocks of one chain.
 *
 * <p>Each transaction takes the next nonce of our own count, is signed, written to the {@link
 * SenderJournal} and only then shown to nodes. Then its sender looks at the chain until one of the
 * nonce's versions is in a final block. While none is in any block, it is signed again after some
 * blocks, for a higher fee. Whoever waits also repairs a gap below its nonce: what the journal has
 * there is shown again, and where it has nothing, a payment of nothing to ourselves fills it.
 *
 * <p>A block that is dropped takes its receipts along ({@link Chain#receipts} looks each time), and
 * the same bytes are shown again. If somebody else's transaction with our key takes the nonce, the
 * request goes out with another.
 *
 * <p>The lock guards journal and nonces; it is held while a new transaction is shown to a node, so
 * that they arrive in the order of their nonces. Nothing waits for a block under it.
 */
final class Sender implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Sender.class);
    private static final int TRIES = 5;

    /** Nodes may count a transaction a moment before they have its receipt. */
    private static final int TAKEN_LOOKS = 5;

    private static final long TRANSFER_GAS = 21_000;

    private final Chain chain;
    private final long chainId;
    private final Pause pause;
    private final AccountKey key;
    private final SenderSettings settings;
    private final SenderJournal journal;
    private final ReentrantLock lock = new ReentrantLock();

    /** The nonce of the next request; below 0 before the chain was asked. */
    private long next = -1;

    /** What a sender needs of the world around it. */
    record Surroundings(Chain chain, long chainId, Pause pause) {}

    Sender(
            Surroundings surroundings,
            AccountKey key,
            SenderSettings settings,
            SenderJournal journal) {
        this.chain = surroundings.chain;
        this.chainId = surroundings.chainId;
        this.pause = surroundings.pause;
        this.key = key;
        this.settings = settings;
        this.journal = journal;
    }

    Account account() {
        return key.account();
    }

    /** Shows nodes again what an earlier run has signed and not seen final. */
    void resume() throws IOException, InterruptedException {
        for (long nonce : pending()) {
            showAgain(nonce);
        }
    }

    /**
     * Sends {@code data} to a contract, or deploys it, and waits for its final receipt; the call
     * may have been reverted.
     *
     * @throws LedgerException when a node refuses it, or it is not known whether it will be final
     */
    Receipt send(Optional<Account> to, ByteString data, long gasLimit)
            throws IOException, InterruptedException {
        for (int attempt = 0; attempt < TRIES; attempt++) {
            var receipt = await(start(to, data, gasLimit));
            if (receipt.isPresent()) {
                return receipt.get();
            }
            log.info("another transaction took a nonce of {}, trying the next", account());
        }
        throw new LedgerException("others use the key of " + account() + ": no nonce was free");
    }

    /** Signs a transaction with the next nonce, and shows it to a node once it is on disk. */
    private SignedTransaction start(Optional<Account> to, ByteString data, long gasLimit)
            throws IOException, InterruptedException {
        var fee = fee();
        lock.lock();
        try {
            if (next < 0) {
                next = Math.max(journal.next(), chain.transactionCount(account(), "latest"));
            }
            var signed = new Transaction(chainId, next, fee, gasLimit, to, data).sign(key);
            journal.sent(signed);
            show(signed);
            next++;
            return signed;
        } finally {
            lock.unlock();
        }
    }

    private Fee fee() throws IOException, InterruptedException {
        var base =
                chain.header("latest")
                        .orElseThrow(() -> new RpcFormatException("block", "no latest block"))
                        .baseFee();
        var tip = chain.tip();
        return Fee.initial(base, tip, settings.feeCeiling())
                .orElseThrow(() ->
                        new LedgerException(
                                "a unit of gas costs "
                                        + base.add(tip)
                                        + " wei, the ceiling is "
                                        + settings.feeCeiling()));
    }

    /**
     * Shows a transaction to a node. If no answer comes, it may have arrived; whoever waits for it
     * shows it again. If the node refuses, its nonce stays for the next request: both versions are
     * watched, and at most one of them is ever mined.
     */
    private void show(SignedTransaction signed) throws IOException, InterruptedException {
        try {
            chain.rpc().call("eth_sendRawTransaction", RpcValue.hex(signed.bytes()));
        } catch (RpcTransportException e) {
            log.debug("no answer to the transaction with nonce {}", signed.nonce(), e);
        } catch (RpcErrorException e) {
            if (!isKnownOrMined(e)) {
                throw new LedgerException("the transaction is refused: " + e.getMessage(), e);
            }
        }
    }

    /**
     * What nodes say to a transaction they have, or whose nonce is mined: the receipt will tell.
     */
    private static boolean isKnownOrMined(RpcErrorException e) {
        var message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        return message.contains("already known")
                || message.contains("already imported")
                || message.contains("nonce too low")
                || message.contains("replacement transaction underpriced");
    }

    /** Waits until a version is final: its receipt, or empty when the nonce went elsewhere. */
    private Optional<Receipt> await(SignedTransaction mine)
            throws IOException, InterruptedException {
        var watch = new Watch(chain.head());
        long looks = settings.patience().dividedBy(settings.look());
        for (long i = 0; i < looks; i++) {
            try {
                switch (look(mine, watch)) {
                    case Sight.Final(var receipt) -> {
                        finish(mine.nonce());
                        return Optional.of(receipt);
                    }
                    case Sight.Taken() -> {
                        if (++watch.taken == TAKEN_LOOKS) {
                            finish(mine.nonce());
                            return Optional.empty();
                        }
                    }
                    case Sight.Included() -> {
                        watch.taken = 0;
                        watch.included = true;
                    }
                    case Sight.Absent(long head) -> {
                        watch.taken = 0;
                        prod(mine, watch, head);
                    }
                }
            } catch (RpcTransportException e) {
                log.debug("cannot look at the chain", e);
            }
            pause.sleep(settings.look());
        }
        throw new LedgerException(
                "transaction " + mine.hash() + " is not final after " + settings.patience());
    }

    /** What a look at the chain shows of a nonce. */
    private sealed interface Sight {
        record Final(Receipt receipt) implements Sight {}

        /** A final block has another transaction with the nonce. */
        record Taken() implements Sight {}

        record Included() implements Sight {}

        record Absent(long head) implements Sight {}
    }

    /** What is remembered between two looks. */
    private static final class Watch {
        private boolean included;

        /** How often in a row the nonce seemed to be another's. */
        private int taken;

        /** The newest block when the transaction was shown last. */
        private long shownAt;

        Watch(long shownAt) {
            this.shownAt = shownAt;
        }
    }

    private Sight look(SignedTransaction mine, Watch watch)
            throws IOException, InterruptedException {
        // Asked before the receipts, which then show whether it was ours.
        long last = chain.agreedFinal().map(Chain.Header::number).orElse(0L);
        boolean used = chain.agreedTransactionCount(account(), last) > mine.nonce();
        for (var version : versions(mine.nonce())) {
            var told = chain.receipts(version.hash());
            var receipts = told.stream().flatMap(Optional::stream).toList();
            if (!receipts.isEmpty()) {
                if (receipts.size() < told.size()
                        || receipts.stream().anyMatch(it -> it.block() > last)) {
                    return new Sight.Included();
                }
                return isSameRequest(version.transaction(), mine.transaction())
                        ? new Sight.Final(same(receipts))
                        : new Sight.Taken();
            }
        }
        return used ? new Sight.Taken() : new Sight.Absent(Math.max(chain.head(), watch.shownAt));
    }

    private static Receipt same(List<Receipt> receipts) throws DisagreementException {
        var receipt = receipts.getFirst();
        if (!receipts.getLast().equals(receipt)) {
            throw new DisagreementException(
                    "two endpoints do not say the same of transaction " + receipt.transaction());
        }
        return receipt;
    }

    private static boolean isSameRequest(Transaction one, Transaction other) {
        return one.to().equals(other.to()) && one.data().equals(other.data());
    }

    /** Does something about a transaction that is in no block. */
    private void prod(SignedTransaction mine, Watch watch, long head)
            throws IOException, InterruptedException {
        if (watch.included) {
            log.info("the block with {} was dropped, sending it again", mine.hash());
            watch.included = false;
            watch.shownAt = head;
            showAgain(mine.nonce());
        } else if (head - watch.shownAt >= settings.blocksUntilBump()) {
            watch.shownAt = head;
            repairBelow(mine.nonce());
            bump(mine.nonce());
        }
    }

    private void repairBelow(long nonce) throws IOException, InterruptedException {
        for (long gap = chain.transactionCount(account(), "latest"); gap < nonce; gap++) {
            if (versions(gap).isEmpty()) {
                fill(gap);
            } else {
                showAgain(gap);
            }
        }
    }

    /** Uses up a nonce of which nothing is known, so that those above it can be mined. */
    private void fill(long nonce) throws IOException, InterruptedException {
        var fee = fee();
        lock.lock();
        try {
            if (journal.versions(nonce).isEmpty()) {
                log.warn("nonce {} of {} is missing, filling it", nonce, account());
                var nothing =
                        new Transaction(
                                chainId,
                                nonce,
                                fee,
                                TRANSFER_GAS,
                                Optional.of(account()),
                                ByteString.EMPTY);
                var signed = nothing.sign(key);
                journal.sent(signed);
                show(signed);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Offers more for the newest version, as far as the ceiling lets it; shows it again at least.
     */
    private void bump(long nonce) throws IOException, InterruptedException {
        lock.lock();
        try {
            var newest = journal.versions(nonce).getLast().transaction();
            var more = newest.fee().bumped(settings.feeCeiling());
            if (more.isPresent()) {
                var signed = newest.withFee(more.get()).sign(key);
                journal.sent(signed);
                show(signed);
                return;
            }
        } finally {
            lock.unlock();
        }
        log.warn("nonce {} of {} waits: its fee is at the ceiling", nonce, account());
        showAgain(nonce);
    }

    private void showAgain(long nonce) throws InterruptedException {
        for (var version : versions(nonce)) {
            chain.rpc().tellAll("eth_sendRawTransaction", RpcValue.hex(version.bytes()));
        }
    }

    private List<SignedTransaction> versions(long nonce) {
        lock.lock();
        try {
            return journal.versions(nonce);
        } finally {
            lock.unlock();
        }
    }

    private List<Long> pending() {
        lock.lock();
        try {
            return journal.pending();
        } finally {
            lock.unlock();
        }
    }

    private void finish(long nonce) throws IOException {
        lock.lock();
        try {
            journal.done(nonce);
            next = Math.max(next, nonce + 1);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() throws IOException {
        journal.close();
    }
}
