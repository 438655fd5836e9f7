package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.peer.PeerId;

class RecordStoreTest {
    private static final Duration LIFE = Duration.ofDays(2);
    private static final Comparator<DhtRecord> LATER_TEXT =
            Comparator.comparing(record -> record.value().toStringUtf8());

    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final PeerId self = Peers.id(0);
    private final RecordStore store = new RecordStore(self, 10);

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
        var forged = new RecordStore(Peers.id(0), 1024);
        var value = ByteString.copyFromUtf8("v");
        for (int i = 0; i < 1_000_000; i++) {
            var record = new DhtRecord(ByteString.copyFromUtf8("/a/" + i), value);
            forged.put(new HeldRecord(record, now), now, now.plus(LIFE), LATER_TEXT);
        }

        assertThat(forged.size()).isEqualTo(1024);
        assertThat(forged.entries(now)).hasSize(1024);
    }

    private boolean put(String key, String value) {
        var record = new DhtRecord(key(key), ByteString.copyFromUtf8(value));
        return store.put(new HeldRecord(record, now), now, now.plus(LIFE), LATER_TEXT);
    }

    private String value(String key) {
        return store.get(key(key), now).orElseThrow().record().value().toStringUtf8();
    }

    private static ByteString key(String text) {
        return ByteString.copyFromUtf8(text);
    }
}
