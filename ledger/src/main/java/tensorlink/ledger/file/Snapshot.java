package tensorlink.ledger.file;

import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.DisputeRecord;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.JobRecord;
import tensorlink.ledger.JobRecord.Engagement;
import tensorlink.ledger.JobRecord.Status;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.Notice;
import tensorlink.ledger.PairRecord;
import tensorlink.ledger.Purse;
import tensorlink.ledger.Registration;
import tensorlink.ledger.RewardRoot;
import tensorlink.ledger.RewardStatus.Posted;
import tensorlink.ledger.file.Deposits.Pair;

/**
 * The state after some record of the log, written down so that opening need not replay what led to
 * it: {@code TLSNAPSH | version u8 | keccak of what follows 32 | genesis | place in the log |
 * state}.
 *
 * <p>The log stays the truth: a snapshot can be deleted at any time, and one that does not pass its
 * own check is ignored. One that does is durable knowledge of how far the log went, so a log that
 * does not reach it, or has another record there, is refused.
 */
final class Snapshot {
    private static final ByteString MAGIC = ByteString.copyFromUtf8("TLSNAPSH");
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 8 + 1 + Bytes32.SIZE;

    private Snapshot() {}

    /** Something written in an order that {@link Reader} reads it in. */
    private static final class Writer {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final DataOutputStream out = new DataOutputStream(bytes);

        private interface Each<K, V> {
            void write(K key, V value) throws IOException;
        }

        void bytes(ByteString value) throws IOException {
            value.writeTo(out);
        }

        void account(Account value) throws IOException {
            bytes(value.bytes());
        }

        void amount(Amount value) throws IOException {
            bytes(value.encode());
        }

        void word(Bytes32 value) throws IOException {
            bytes(value.bytes());
        }

        void time(Instant value) throws IOException {
            out.writeLong(value.getEpochSecond());
            out.writeInt(value.getNano());
        }

        void counted(ByteString value) throws IOException {
            out.writeInt(value.size());
            bytes(value);
        }

        void notice(Notice value) throws IOException {
            amount(value.noticed());
            amount(value.leaving());
            time(value.ends());
        }

        <K, V> void map(Map<K, V> map, Each<K, V> entry) throws IOException {
            out.writeInt(map.size());
            for (var each : map.entrySet()) {
                entry.write(each.getKey(), each.getValue());
            }
        }

        void posted(Optional<Posted> value) throws IOException {
            out.writeBoolean(value.isPresent());
            if (value.isPresent()) {
                counted(value.get().root().encode());
                time(value.get().activeFrom());
            }
        }

        void job(JobRecord job) throws IOException {
            word(job.id());
            word(job.specHash());
            account(job.payer());
            account(job.notary());
            time(job.opened());
            out.writeInt(job.engagements().size());
            for (var engagement : job.engagements()) {
                account(engagement.payee());
                word(engagement.agreement());
            }
            switch (job.status()) {
                case Status.Open() -> out.writeBoolean(true);
                case Status.Closed(var end, var resultHash, var closer, var at) -> {
                    out.writeBoolean(false);
                    out.writeUTF(end.name());
                    word(resultHash);
                    account(closer);
                    time(at);
                }
            }
        }
    }

    /** Reads what {@link Writer} wrote; its caller has checked that it is that. */
    private static final class Reader {
        private final DataInputStream in;

        private interface Step {
            void read() throws IOException;
        }

        Reader(ByteString bytes) {
            in = new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()));
        }

        ByteString bytes(int size) throws IOException {
            var bytes = new byte[size];
            in.readFully(bytes);
            return ByteString.copyFrom(bytes);
        }

        Account account() throws IOException {
            return new Account(bytes(Account.SIZE));
        }

        Amount amount() throws IOException {
            return Amount.decode(bytes(Amount.SIZE));
        }

        Bytes32 word() throws IOException {
            return new Bytes32(bytes(Bytes32.SIZE));
        }

        Instant time() throws IOException {
            return Instant.ofEpochSecond(in.readLong(), in.readInt());
        }

        ByteString counted() throws IOException {
            return bytes(in.readInt());
        }

        Notice notice() throws IOException {
            return new Notice(amount(), amount(), time());
        }

        void map(Step entry) throws IOException {
            for (int left = in.readInt(); left > 0; left--) {
                entry.read();
            }
        }

        Optional<Posted> posted() throws IOException {
            return in.readBoolean()
                    ? Optional.of(new Posted(RewardRoot.decode(counted()), time()))
                    : Optional.empty();
        }

        JobRecord job() throws IOException {
            var id = word();
            var specHash = word();
            var payer = account();
            var notary = account();
            var opened = time();
            var engagements = new ArrayList<Engagement>();
            map(() -> engagements.add(new Engagement(account(), word())));
            return new JobRecord(id, specHash, payer, notary, opened, engagements, status());
        }

        private Status status() throws IOException {
            return in.readBoolean()
                    ? new Status.Open()
                    : new Status.Closed(JobEnd.valueOf(in.readUTF()), word(), account(), time());
        }
    }

    /** The snapshot of {@code state}, to which the log has led at {@code place}. */
    static ByteString write(Records.Genesis genesis, HashLog.Place place, LedgerState state) {
        var to = new Writer();
        try {
            to.account(genesis.issuer());
            to.out.writeUTF(genesis.networkId());
            to.counted(place.lengths());
            to.word(place.hash());
            write(state, to);
        } catch (IOException memoryDoesNotFail) {
            throw new IllegalStateException(memoryDoesNotFail);
        }
        var body = ByteString.copyFrom(to.bytes.toByteArray());
        return MAGIC.concat(ByteString.copyFrom(new byte[] {VERSION}))
                .concat(Bytes32.keccak(body).bytes())
                .concat(body);
    }

    /**
     * Fills {@code state}, which is new, from a snapshot.
     *
     * @return where the log was; empty, with nothing filled, when the bytes are no snapshot of this
     *     version or of the genesis, or damaged
     */
    static Optional<HashLog.Place> read(
            ByteString bytes, Records.Genesis genesis, LedgerState state)
            throws LedgerFormatException {
        if (bytes.size() < HEADER_BYTES
                || !bytes.startsWith(MAGIC)
                || bytes.byteAt(MAGIC.size()) != VERSION) {
            return Optional.empty();
        }
        var body = bytes.substring(HEADER_BYTES);
        var check = new Bytes32(bytes.substring(HEADER_BYTES - Bytes32.SIZE, HEADER_BYTES));
        if (!Bytes32.keccak(body).equals(check)) {
            return Optional.empty();
        }
        var from = new Reader(body);
        try {
            var issuer = from.account();
            if (!genesis.equals(new Records.Genesis(from.in.readUTF(), issuer))) {
                return Optional.empty();
            }
            var place = new HashLog.Place(from.counted(), from.word());
            read(from, state);
            return Optional.of(place);
        } catch (IOException | RuntimeException e) {
            // The check says that it is what was written: so it was written wrong.
            throw new IllegalStateException("a snapshot cannot be read", e);
        }
    }

    private static void write(LedgerState state, Writer to) throws IOException {
        to.map(
                state.credits.issued,
                (account, amount) -> {
                    to.account(account);
                    to.amount(amount);
                });
        to.map(
                state.credits.owned,
                (account, amount) -> {
                    to.account(account);
                    to.amount(amount);
                });
        to.amount(state.credits.supply);
        to.map(
                state.deposits.purses,
                (payer, purse) -> {
                    to.account(payer);
                    to.amount(purse.balance());
                    to.amount(purse.locked());
                    to.amount(purse.deposited());
                    to.amount(purse.withdrawn());
                    to.notice(purse.notice());
                });
        to.map(
                state.deposits.pairs,
                (of, pair) -> {
                    to.account(of.payer());
                    to.account(of.payee());
                    to.amount(pair.redeemed());
                    to.amount(pair.locked());
                    to.time(pair.lockedUntil());
                });
        to.map(state.jobs.jobs, (_, job) -> to.job(job));
        to.map(
                state.disputes.disputes,
                (agreement, dispute) -> {
                    to.word(agreement);
                    to.account(dispute.plaintiff());
                    to.word(dispute.evidence());
                    to.time(dispute.ends());
                    to.out.writeBoolean(dispute.awarded().isPresent());
                    to.amount(dispute.awarded().orElse(Amount.ZERO));
                });
        to.map(
                state.collaterals.registrations,
                (account, registration) -> {
                    to.account(account);
                    to.out.writeBoolean(registration.validates());
                    to.amount(registration.collateral());
                    to.amount(registration.staked());
                    to.notice(registration.notice());
                    to.out.writeBoolean(registration.slashed());
                    to.counted(registration.peerRecord());
                    to.out.writeLong(registration.serial());
                });
        write(state.rewards, to);
    }

    private static void write(Rewards rewards, Writer to) throws IOException {
        for (var map : List.of(rewards.funded, rewards.claimed)) {
            to.map(
                    map,
                    (account, amount) -> {
                        to.account(account);
                        to.amount(amount);
                    });
        }
        to.amount(rewards.pool);
        to.amount(rewards.claimedTotal);
        to.out.writeLong(rewards.lastEpoch);
        to.posted(rewards.active);
        to.posted(rewards.newest);
    }

    private static void read(Reader from, LedgerState state) throws IOException {
        from.map(() -> state.credits.issued.put(from.account(), from.amount()));
        from.map(() -> state.credits.owned.put(from.account(), from.amount()));
        state.credits.supply = from.amount();
        from.map(() ->
                state.deposits.purses.put(
                        from.account(),
                        new Purse(
                                from.amount(),
                                from.amount(),
                                from.amount(),
                                from.amount(),
                                from.notice())));
        from.map(() ->
                state.deposits.pairs.put(
                        new Pair(from.account(), from.account()),
                        new PairRecord(from.amount(), from.amount(), from.time())));
        from.map(() -> state.jobs.put(from.job()));
        from.map(() -> {
            var agreement = from.word();
            var plaintiff = from.account();
            var evidence = from.word();
            var ends = from.time();
            boolean judged = from.in.readBoolean();
            var awarded = Optional.of(from.amount()).filter(_ -> judged);
            state.disputes.disputes.put(
                    agreement, new DisputeRecord(plaintiff, evidence, ends, awarded));
        });
        from.map(() ->
                state.collaterals.put(
                        from.account(),
                        new Registration(
                                from.in.readBoolean(),
                                from.amount(),
                                from.amount(),
                                from.notice(),
                                from.in.readBoolean(),
                                from.counted(),
                                from.in.readLong())));
        from.map(() -> state.rewards.funded.put(from.account(), from.amount()));
        from.map(() -> state.rewards.claimed.put(from.account(), from.amount()));
        state.rewards.pool = from.amount();
        state.rewards.claimedTotal = from.amount();
        state.rewards.lastEpoch = from.in.readLong();
        state.rewards.active = from.posted();
        state.rewards.newest = from.posted();
    }
}
