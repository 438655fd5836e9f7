package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.security.SignatureException;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import tensorlink.dht.RecordValidator.Verdict;
import tensorlink.p2p.peer.KeyPair;

/** {@link SignedRecords} and {@link PublicKeyRecords}. */
class SignedRecordsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final Duration DAY = Duration.ofDays(1);

    private final KeyPair owner = key(1);
    private final KeyPair other = key(2);
    private final SignedRecords records = new SignedRecords("/tensorlink/test", "capability", DAY);

    @Test
    void what_the_owner_signed_is_good_until_its_end() throws SignatureException {
        var record = record(1, NOW.plusSeconds(60), "value");

        assertThat(records.check(record, NOW)).isEqualTo(new Verdict.Valid(NOW.plusSeconds(60)));
        assertThat(records.open(record).value()).isEqualTo(ByteString.copyFromUtf8("value"));
        assertThat(record.key()).isEqualTo(records.key(owner.peerId(), "gpu"));
        assertThat(records.owner(record)).contains(owner.peerId());
    }

    @Test
    void nothing_else_is_good() {
        var record = record(1, NOW.plusSeconds(60), "value");
        var elsewhere = new SignedRecords("/tensorlink/main", "capability", DAY);
        var namespace = new SignedRecords("/tensorlink/test", "network", DAY);
        var ofOther = new DhtRecord(records.key(other.peerId(), "gpu"), record.value());
        var renamed = new DhtRecord(records.key(owner.peerId(), "cpu"), record.value());
        var cut = new DhtRecord(record.key(), record.value().substring(1));

        assertThat(elsewhere.check(record, NOW)).isInstanceOf(Verdict.Invalid.class);
        assertThat(namespace.check(record, NOW)).isInstanceOf(Verdict.Invalid.class);
        assertThat(records.check(ofOther, NOW)).isInstanceOf(Verdict.Invalid.class);
        assertThat(records.check(renamed, NOW)).isInstanceOf(Verdict.Invalid.class);
        assertThat(records.check(cut, NOW)).isInstanceOf(Verdict.Invalid.class);
        assertThat(records.check(new DhtRecord(record.key(), ByteString.EMPTY), NOW))
                .isInstanceOf(Verdict.Invalid.class);
    }

    @Test
    void no_flipped_bit_goes_unnoticed() {
        var record = record(1, NOW.plusSeconds(60), "value");
        var bytes = record.value().toByteArray();
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] ^= 1;
            var flipped = new DhtRecord(record.key(), ByteString.copyFrom(bytes));

            assertThat(records.check(flipped, NOW))
                    .as("byte %d", i)
                    .isInstanceOf(Verdict.Invalid.class);

            bytes[i] ^= 1;
        }
    }

    @Test
    void an_end_too_far_away_is_refused_so_that_nothing_stays_for_ever() {
        assertThat(records.check(record(1, NOW.plus(DAY), "value"), NOW))
                .isInstanceOf(Verdict.Valid.class);
        assertThat(records.check(record(1, NOW.plus(DAY).plusMillis(1), "value"), NOW))
                .isEqualTo(new Verdict.Invalid("ends later than PT24H from now"));
    }

    @Test
    void the_higher_sequence_counts_and_then_the_value_so_that_all_agree() {
        var first = record(1, NOW.plusSeconds(60), "value");
        var second = record(2, NOW.plusSeconds(1), "another");
        var twin = record(1, NOW.plusSeconds(60), "valuf");

        assertThat(records.compare(second, first)).isPositive();
        assertThat(records.compare(first, second)).isNegative();
        assertThat(records.compare(first, first)).isZero();
        assertThat(records.compare(first, twin))
                .isEqualTo(-records.compare(twin, first))
                .isNotZero();
    }

    @Test
    void a_sequence_below_zero_is_nobodys() {
        assertThatThrownBy(() -> new SignedRecords.Content("", -1, NOW, ByteString.EMPTY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("sequence is -1, below 0");
    }

    @Test
    void a_public_key_is_good_under_its_own_id_only() {
        var keys = new PublicKeyRecords();
        var pk = ByteString.copyFromUtf8("/pk/");
        var value = owner.publicKey().encode();

        assertThat(keys.check(new DhtRecord(pk.concat(owner.peerId().multihash()), value), NOW))
                .isInstanceOf(Verdict.Valid.class);
        assertThat(keys.check(new DhtRecord(pk.concat(other.peerId().multihash()), value), NOW))
                .isEqualTo(new Verdict.Invalid("the key of another peer"));
        assertThat(keys.check(new DhtRecord(pk.concat(owner.peerId().multihash()), pk), NOW))
                .isInstanceOf(Verdict.Invalid.class);
    }

    private DhtRecord record(long sequence, Instant end, String value) {
        return records.sign(
                owner,
                new SignedRecords.Content("gpu", sequence, end, ByteString.copyFromUtf8(value)));
    }

    private static KeyPair key(int number) {
        var seed = new byte[32];
        seed[0] = (byte) number;
        return KeyPair.ofSeed(ByteString.copyFrom(seed));
    }
}
