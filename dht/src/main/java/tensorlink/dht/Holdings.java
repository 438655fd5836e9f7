package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * What this node holds for the network, records and provider records, and how it judges records
 * wherever they come from. Safe for use by any thread.
 */
final class Holdings {
    private final DhtConfig config;
    private final RecordStore records;
    private final ProviderStore providers;

    Holdings(PeerId self, DhtConfig config) {
        this.config = config;
        this.records = new RecordStore(self, config.bounds());
        this.providers = new ProviderStore(self, config.bounds());
    }

    /** Who judges the records under {@code key}. */
    RecordValidator validator(ByteString key) throws RecordRefusedException {
        var namespace = DhtRecord.namespace(key);
        if (namespace.isEmpty()) {
            throw new RecordRefusedException("record key does not begin with /namespace/");
        }
        var validator = config.validators().get(namespace.get());
        if (validator == null) {
            throw new RecordRefusedException(
                    "no validator for records of namespace \"" + namespace.get() + "\"");
        }
        return validator;
    }

    /**
     * Judges {@code record}.
     *
     * @return valid until when, at most for the time that we hold records; or why not
     */
    RecordValidator.Verdict check(DhtRecord record) throws RecordRefusedException {
        int bytesMax = config.bounds().recordBytesMax();
        if (record.value().size() > bytesMax) {
            return new RecordValidator.Verdict.Invalid(
                    "value of " + record.value().size() + " bytes, limit " + bytesMax);
        }
        var now = config.scheduler().now();
        return switch (validator(record.key()).check(record, now)) {
            case RecordValidator.Verdict.Invalid invalid -> invalid;
            case RecordValidator.Verdict.Valid(var end) -> {
                if (!end.isAfter(now)) {
                    yield new RecordValidator.Verdict.Invalid("ended at " + end);
                }
                var forgotten = now.plus(config.intervals().recordExpiry());
                yield new RecordValidator.Verdict.Valid(end.isBefore(forgotten) ? end : forgotten);
            }
        };
    }

    /**
     * Keeps a valid record until {@code end}.
     *
     * @return false when a better one is here, or the store is full of records closer to us, be it
     *     the place of their owner or all of it
     */
    boolean keep(DhtRecord record, Instant end) throws RecordRefusedException {
        var held = new HeldRecord(record, config.scheduler().now());
        return records.put(held, held.since(), end, validator(record.key()));
    }

    /** Keeps a valid record from an earlier life of this node until {@code end}. */
    void restore(HeldRecord held, Instant end) throws RecordRefusedException {
        records.put(held, config.scheduler().now(), end, validator(held.record().key()));
    }

    /** All records that are good now. */
    List<RecordStore.Entry> records() {
        return records.entries(config.scheduler().now());
    }

    Optional<HeldRecord> record(ByteString key) {
        return records.get(key, config.scheduler().now());
    }

    /** Notes that {@code provider} provides {@code key}, for the time that we hold such notes. */
    void provide(Key key, PeerInfo provider) {
        var now = config.scheduler().now();
        providers.add(key, provider, now, now.plus(config.intervals().providerExpiry()));
    }

    void withdraw(Key key, PeerId provider) {
        providers.remove(key, provider);
    }

    List<PeerInfo> providers(Key key) {
        return providers.providers(key, config.scheduler().now());
    }

    /** How many records and provider records are here. */
    int size() {
        return records.size() + providers.size();
    }
}
