package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.time.Instant;
import java.util.random.RandomGenerator;
import tensorlink.p2p.peer.KeyPair;

/** Random values of the ledger's types, all from one seed. */
public record Draw(RandomGenerator random) {

    public ByteString bytes(int size) {
        var bytes = new byte[size];
        random.nextBytes(bytes);
        return ByteString.copyFrom(bytes);
    }

    public Bytes32 word() {
        return new Bytes32(bytes(Bytes32.SIZE));
    }

    public Account account() {
        return new Account(bytes(Account.SIZE));
    }

    /** Any amount, the smallest and the largest more often than chance. */
    public Amount amount() {
        return switch (random.nextInt(6)) {
            case 0 -> Amount.ZERO;
            case 1 -> Amount.MAX;
            default -> new Amount(new BigInteger(1, bytes(1 + random.nextInt(16)).toByteArray()));
        };
    }

    public Instant time() {
        return Instant.ofEpochSecond(random.nextLong(Seconds.MAX + 1));
    }

    public long number() {
        return random.nextLong(Long.MAX_VALUE);
    }

    public Signature65 signature() {
        var key = AccountKey.of(Bytes32.keccak("any"));
        return key.sign(word());
    }

    public Agreement agreement() {
        var a = time();
        var b = time();
        return new Agreement(
                word(),
                account(),
                account(),
                amount(),
                amount(),
                word(),
                a.isBefore(b) ? a : b,
                a.isBefore(b) ? b : a,
                word(),
                account(),
                word());
    }

    public Issuance issuance() {
        return new Issuance(account(), account(), amount());
    }

    public Deposit deposit() {
        return new Deposit(account(), amount());
    }

    public JobOpening opening() {
        return new JobOpening(word(), account(), word(), account());
    }

    public JobClosing closing() {
        var ends = JobEnd.values();
        return new JobClosing(word(), ends[random.nextInt(ends.length)], word(), account());
    }

    public Voucher voucher() {
        return new Voucher(account(), account(), amount(), time(), word());
    }

    public PeerBinding binding() {
        return new PeerBinding(KeyPair.ofSeed(bytes(32)).peerId(), account(), time(), number());
    }

    public UsageReceipt receipt() {
        return new UsageReceipt(word(), account(), number(), number());
    }

    public Withdrawal withdrawal() {
        return new Withdrawal(account(), amount());
    }

    public Lock lock() {
        return new Lock(account(), account(), amount(), time());
    }

    public Stake stake() {
        return new Stake(account(), amount());
    }

    public Unstake unstake() {
        return new Unstake(account(), amount());
    }

    public PeerRecord record() {
        return new PeerRecord(account(), bytes(random.nextInt(400)), number());
    }

    public Funding funding() {
        return new Funding(account(), amount());
    }

    public RewardRoot root() {
        return new RewardRoot(number(), word(), amount(), word());
    }

    public RootCancel cancel() {
        return new RootCancel(number());
    }

    public Dispute dispute() {
        return new Dispute(word(), account(), word());
    }

    public Verdict verdict() {
        return new Verdict(word(), amount(), account());
    }

    public LedgerHead head() {
        return new LedgerHead(account(), number(), word(), time());
    }
}
