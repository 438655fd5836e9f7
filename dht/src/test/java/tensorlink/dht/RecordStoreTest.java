package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.peer.PeerId;

class RecordStoreTest {
    private static final Duration LIFE = Duration.ofDays(2);
    private static final DhtConfig.Bounds BOUNDS = bounds(10, 3);

    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final PeerId self = Peers.id(0);
    private final RecordStore store = new RecordStore(self, BOUNDS);

    @Test
    void keeps_the_better_of_two_records() {
        assertThat(put("/a/1", "v2")).isTrue();

        assertThat(put("/a/1", "v1")).isFalse();
        assertThat(value("/a/1")).isEqualTo("v2");
        assertThat(put("/a/1", "v3")).isTrue();
        assertThat(value("/a/1")).isEqualTo("v3");
        assertThat(store.size()).isEqualTo(1);
    }

    @Test
    void an_equal_record_lives_longer_but_is_held_since_the_first_time() {
        put("/a/1", "v1");
        var first = now;
        now = now.plus(LIFE).minusSeconds(1);

        assertThat(put("/a/1", "v1")).isTrue();

        now = now.plusSeconds(2);
        assertThat(store.get(key("/a/1"), now)).map(HeldRecord::since).contains(first);
    }

    @Test
    void a_record_is_gone_at_its_end_and_a_worse_one_may_follow() {
        put("/a/1", "v2");

        now = now.plus(LIFE);

        assertThat(store.get(key("/a/1"), now)).isEmpty();
        assertThat(store.size()).isZero();
        put("/a/1", "v2");
        now = now.plus(LIFE);
        assertThat(put("/a/1", "v1")).isTrue();
    }

    @Test
    void a_full_store_keeps_the_records_closest_to_us() {
        for (int i = 0; i < 1_000; i++) {
            put("/a/" + i, "v");
        }

        assertThat(store.size()).isEqualTo(10);
        var ours = Key.of(self).byDistance();
        var closest = Key.of(key("/a/0"));
        for (int i = 0; i < 1_000; i++) {
            var candidate = Key.of(key("/a/" + i));
            closest = ours.compare(candidate, closest) < 0 ? candidate : closest;
        }
        assertThat(store.get(closest.bytes(), now)).isPresent();
        assertThat(put(closest.bytes().toStringUtf8(), "w")).isTrue();
    }

    @Test
    void expired_records_make_room_before_good_ones_do() {
        for (int i = 0; i < 10; i++) {
            put("/a/" + i, "v");
        }
        now = now.plus(LIFE);

        for (int i = 10; i < 20; i++) {
            assertThat(put("/a/" + i, "v")).isTrue();
        }

        assertThat(store.size()).isEqualTo(10);
    }

    @Test
    void a_million_records_of_strangers_leave_no_more_than_the_store_holds() {
        var forged = new RecordStore(Peers.id(0), bounds(1024, 1024));
        var value = ByteString.copyFromUtf8("v");
        for (int i = 0; i < 1_000_000; i++) {
            var record = new DhtRecord(ByteString.copyFromUtf8("/a/" + i), value);
            forged.put(new HeldRecord(record, now), now, now.plus(LIFE), new Notes());
        }

        assertThat(forged.size()).isEqualTo(1024);
        assertThat(forged.entries(now)).hasSize(1024);
    }

    @Test
    void an_owner_has_its_part_and_fills_it_with_what_is_closest_to_us() {
        for (int i = 0; i < 5; i++) {
            put("/a/" + i, "v");
        }
        for (int i = 0; i < 1_000; i++) {
            put("/1/" + i, "v");
        }

        assertThat(store.entries(now)).hasSize(8);
        for (int i = 0; i < 5; i++) {
            assertThat(store.get(key("/a/" + i), now)).isPresent();
        }
        var ours = Key.of(self).byDistance();
        var closest = Key.of(key("/1/0"));
        for (int i = 0; i < 1_000; i++) {
            var candidate = Key.of(key("/1/" + i));
            closest = ours.compare(candidate, closest) < 0 ? candidate : closest;
        }
        assertThat(store.get(closest.bytes(), now)).isPresent();
        assertThat(put("/2/0", "v")).isTrue();
    }

    @Test
    void what_is_over_makes_room_in_its_owners_part() {
        for (int i = 0; i < 3; i++) {
            assertThat(put("/1/" + i, "v")).isTrue();
        }
        now = now.plus(LIFE);

        for (int i = 3; i < 6; i++) {
            assertThat(put("/1/" + i, "v")).isTrue();
        }

        assertThat(store.size()).isEqualTo(3);
    }

    @Test
    void a_later_record_of_an_owner_takes_the_place_of_the_earlier_one() {
        for (int i = 0; i < 10; i++) {
            assertThat(put("/1/0", "v" + i)).isTrue();
        }

        assertThat(put("/1/1", "v")).isTrue();
        assertThat(put("/1/2", "v")).isTrue();
        assertThat(store.size()).isEqualTo(3);
    }

    private static DhtConfig.Bounds bounds(int recordsMax, int perOwner) {
        var usual = DhtConfig.Bounds.defaults();
        return new DhtConfig.Bounds(
                recordsMax,
                perOwner,
                usual.recordBytesMax(),
                usual.providersMax(),
                usual.providersPerKeyMax(),
                usual.keysPerProviderMax(),
                usual.streamsMax(),
                usual.streamsPerPeerMax());
    }

    /** Anything is good; later text is better; a key that begins with a digit has that owner. */
    private static final class Notes implements RecordValidator {
        @Override
        public Verdict check(DhtRecord record, Instant now) {
            return new Verdict.Valid(Instant.MAX);
        }

        @Override
        public int compare(DhtRecord left, DhtRecord right) {
            return left.value().toStringUtf8().compareTo(right.value().toStringUtf8());
        }

        @Override
        public Optional<PeerId> owner(DhtRecord record) {
            char first = record.key().toStringUtf8().charAt(1);
            return Character.isDigit(first)
                    ? Optional.of(Peers.id(Character.digit(first, 10)))
                    : Optional.empty();
        }
    }

    private boolean put(String key, String value) {
        var record = new DhtRecord(key(key), ByteString.copyFromUtf8(value));
        return store.put(new HeldRecord(record, now), now, now.plus(LIFE), new Notes());
    }

    private String value(String key) {
        return store.get(key(key), now).orElseThrow().record().value().toStringUtf8();
    }

    private static ByteString key(String text) {
        return ByteString.copyFromUtf8(text);
    }
}
