package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/**
 * A flood of hostile messages, each encoded, decoded and answered as a stream would have it. In the
 * ordinary build they are 50,000; {@code mvn test -Pforged -pl dht -am -Dtest=ForgedRecordsTest
 * -Dsurefire.failIfNoSpecifiedTests=false} sends a million.
 */
class ForgedRecordsTest {
    private static final int COUNT = Integer.getInteger("forged.records", 50_000);
    private static final long SEED = 4;
    private static final int SYBILS = 200;
    private static final int SERVICES = 50_000;
    private static final Duration DAY = Duration.ofDays(1);

    /** A node is asked to hold what is this close to it in a network of 80,000. */
    private static final int PREFIX = 12;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final SimulatedScheduler scheduler = new SimulatedScheduler();
    private final Instant now = scheduler.now();
    private final SignedRecords notes = new SignedRecords("/tensorlink/test", "note", DAY);
    private final DhtConfig config =
            DhtConfig.defaults(ProtocolId.of("/test/kad/1.0.0"))
                    .withScheduler(scheduler)
                    .withValidator(notes.namespace(), notes);
    private final KadCodec codec = new KadCodec(config);
    private final FakeHost host = new FakeNetwork(scheduler, Duration.ofMillis(10)).host();
    private final Key self = Key.of(host.id());
    private final Holdings holdings = new Holdings(host.id(), config);
    private final Replies replies =
            new Replies(
                    config,
                    new Contacts(new HostNetwork(host, config), config, new Background(scheduler)),
                    holdings);
    private final KeyPair owner = key(1);
    private final List<KeyPair> sybils = sybils();

    /** Well signed, all of them, and good for nothing. */
    private final List<DhtRecord> foreign = new ArrayList<>();

    private final List<DhtRecord> old = new ArrayList<>();
    private final List<DhtRecord> expired = new ArrayList<>();
    private final List<DhtRecord> eternal = new ArrayList<>();
    private final Map<Integer, String> names = new HashMap<>();

    /** What is wrong with a message. */
    private enum Lie {
        BAD_SIGNATURE,
        FOREIGN_KEY,
        REPLAY,
        EXPIRED,
        ETERNAL,
        OVERSIZE,
        NO_NAMESPACE,
        NO_RECORD,
        /** Nothing: it is the Sybil's own, and there are many of them. */
        SYBIL,
        PROVIDER,
        PROVIDER_OF_OTHERS
    }

    @Test
    void a_flood_of_forged_records_stays_within_the_caps_and_honest_ones_survive()
            throws Exception {
        var honest = new ArrayList<DhtRecord>();
        for (int i = 0; i < 5; i++) {
            honest.add(record(owner, nameNear(i), 7, now.plus(DAY)));
        }
        for (var record : honest) {
            assertThat(put(owner, record)).isTrue();
        }
        for (int i = 0; i < 100; i++) {
            foreign.add(record(sybils.get(i), nameNear(i % 5), 9, now.plus(DAY)));
            old.add(record(owner, nameNear(i % 5), i % 7, now.plus(DAY)));
            expired.add(record(owner, nameNear(i % 5), 9, now.minusSeconds(i)));
            eternal.add(record(owner, nameNear(i % 5), 9, now.plus(DAY).plusSeconds(1 + i)));
        }
        var service = serviceNear();
        replies.answer(new KadRequest.AddProvider(service, List.of(info(owner))), owner.peerId());

        var taken = new EnumMap<Lie, Integer>(Lie.class);
        var lies = Lie.values();
        for (int i = 0; i < COUNT; i++) {
            var lie = lies[i % lies.length];
            if (tell(lie, i, honest)) {
                taken.merge(lie, 1, Integer::sum);
            }
        }

        assertThat(taken.keySet())
                .as("what was taken, seed %d: %s", SEED, taken)
                .containsExactlyInAnyOrder(Lie.SYBIL, Lie.PROVIDER, Lie.PROVIDER_OF_OTHERS);
        var held = holdings.records();
        assertThat(held).hasSizeLessThanOrEqualTo(config.bounds().recordsMax());
        assertThat(bytes(held))
                .isLessThanOrEqualTo(
                        (long) config.bounds().recordsMax() * config.bounds().recordBytesMax());
        assertThat(holdings.size())
                .isLessThanOrEqualTo(config.bounds().recordsMax() + config.bounds().providersMax());
        for (var record : honest) {
            assertThat(holdings.record(record.key()))
                    .as("seed %d", SEED)
                    .map(HeldRecord::record)
                    .contains(record);
        }
        assertThat(holdings.providers(service))
                .as("seed %d", SEED)
                .extracting(PeerInfo::id)
                .contains(owner.peerId());
        assertThat(announcedInTheNameOf(owner)).as("seed %d", SEED).isZero();
    }

    private int announcedInTheNameOf(KeyPair victim) {
        int count = 0;
        for (int i = 0; i < SERVICES; i++) {
            for (var provider : holdings.providers(Key.named("service " + i))) {
                count += provider.id().equals(victim.peerId()) ? 1 : 0;
            }
        }
        return count;
    }

    /** Says {@code lie}; true when the node took it. */
    private boolean tell(Lie lie, int number, List<DhtRecord> honest) throws IOException {
        var sybil = sybils.get(random.nextInt(SYBILS));
        var own = honest.get(random.nextInt(honest.size()));
        return switch (lie) {
            case BAD_SIGNATURE -> put(sybil, new DhtRecord(own.key(), flipped(own.value())));
            case FOREIGN_KEY -> put(sybil, new DhtRecord(own.key(), any(foreign).value()));
            case REPLAY -> put(sybil, any(old));
            case EXPIRED -> put(sybil, any(expired));
            case ETERNAL -> put(sybil, any(eternal));
            case OVERSIZE -> {
                int size = config.bounds().recordBytesMax() + 1;
                yield put(sybil, new DhtRecord(own.key(), random(size)));
            }
            case NO_NAMESPACE ->
                    put(
                            sybil,
                            new DhtRecord(
                                    ByteString.copyFromUtf8("/other/" + number), own.value()));
            case NO_RECORD -> put(sybil, new DhtRecord(own.key(), random(random.nextInt(300))));
            case SYBIL -> put(sybil, record(sybil, "spam " + number, 9, now.plus(DAY)));
            case PROVIDER -> provide(sybil, sybil);
            case PROVIDER_OF_OTHERS -> provide(sybil, owner);
        };
    }

    private DhtRecord any(List<DhtRecord> records) {
        return records.get(random.nextInt(records.size()));
    }

    private boolean put(KeyPair sender, DhtRecord record) {
        var request = new KadRequest.PutValue(new HeldRecord(record, Instant.EPOCH));
        try {
            replies.answer(codec.decodeRequest(codec.encode(request)), sender.peerId());
            return true;
        } catch (IOException refused) {
            return false;
        }
    }

    /** True unless the message itself is refused: who else is named is ignored in silence. */
    private boolean provide(KeyPair sender, KeyPair provider) throws IOException {
        var request =
                new KadRequest.AddProvider(
                        Key.named("service " + random.nextInt(SERVICES)), List.of(info(provider)));
        replies.answer(codec.decodeRequest(codec.encode(request)), sender.peerId());
        return true;
    }

    private DhtRecord record(KeyPair signer, String name, long sequence, Instant end) {
        var value = ByteString.copyFromUtf8("value");
        return notes.sign(signer, new SignedRecords.Content(name, sequence, end, value));
    }

    /** A name under which a record of the owner comes to lie near this node. */
    private String nameNear(int number) {
        return names.computeIfAbsent(
                number,
                it -> {
                    int salt = 0;
                    while (Key.of(notes.key(owner.peerId(), it + " " + salt)).commonPrefix(self)
                            < PREFIX) {
                        salt++;
                    }
                    return it + " " + salt;
                });
    }

    private Key serviceNear() {
        int salt = 0;
        while (Key.named("near " + salt).commonPrefix(self) < PREFIX) {
            salt++;
        }
        return Key.named("near " + salt);
    }

    private static PeerInfo info(KeyPair key) {
        return new PeerInfo(key.peerId(), List.of(Peers.address(4001)));
    }

    private ByteString flipped(ByteString value) {
        var bytes = value.toByteArray();
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        return ByteString.copyFrom(bytes);
    }

    private ByteString random(int size) {
        var bytes = new byte[size];
        random.nextBytes(bytes);
        return ByteString.copyFrom(bytes);
    }

    private static long bytes(List<RecordStore.Entry> held) {
        long bytes = 0;
        for (var entry : held) {
            bytes += entry.held().record().value().size();
        }
        return bytes;
    }

    private static List<KeyPair> sybils() {
        var sybils = new ArrayList<KeyPair>();
        for (int i = 0; i < SYBILS; i++) {
            sybils.add(key(100 + i));
        }
        return sybils;
    }

    private static KeyPair key(int number) {
        var seed = new byte[32];
        Arrays.fill(seed, (byte) number);
        seed[0] = (byte) (number >> 8);
        return KeyPair.ofSeed(ByteString.copyFrom(seed));
    }
}
