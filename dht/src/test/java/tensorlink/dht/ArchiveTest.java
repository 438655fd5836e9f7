package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** What outlives a node: {@link Archive} and {@link FolderStore}. */
class ArchiveTest {
    private static final ProtocolId KAD = ProtocolId.of("/test/kad/1.0.0");
    private static final ByteString CONTENT = ByteString.copyFromUtf8("content");

    private final SimulatedScheduler scheduler = new SimulatedScheduler();
    private final FakeNetwork network = new FakeNetwork(scheduler, Duration.ofMillis(10));
    private final DhtConfig config =
            DhtConfig.defaults(KAD)
                    .withScheduler(scheduler)
                    .withValidator(SignedNotes.NAMESPACE, new SignedNotes());

    @TempDir private Path folder;

    @Test
    void a_node_that_restarts_finds_the_network_by_itself()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var others = others(12);
            var host = network.host();
            var first = Dht.start(host, config.withStore(DhtStore.folder(folder)));
            first.bootstrap(List.of(others.getFirst()));
            scheduler.sleep(Duration.ofMinutes(1));
            int known = first.table().peers();
            first.close();

            var second = Dht.start(host, config.withStore(DhtStore.folder(folder)));
            var report = second.bootstrap(List.of());

            assertThat(report.answered()).hasSize(Archive.ANCHORS);
            assertThat(known).isGreaterThan(Archive.ANCHORS);
            assertThat(second.table().peers()).isEqualTo(known);
        });
    }

    @Test
    void a_thread_that_was_told_to_stop_still_saves() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var others = others(12);
            var host = network.host();
            var first = Dht.start(host, config.withStore(DhtStore.folder(folder)));
            first.bootstrap(List.of(others.getFirst()));
            int known = first.table().peers();

            Thread.currentThread().interrupt();
            first.close();

            assertThat(Thread.interrupted()).isTrue();
            assertThat(known).isPositive();
            assertThat(Dht.start(host, config.withStore(DhtStore.folder(folder))).table().peers())
                    .isEqualTo(known);
        });
    }

    @Test
    void the_anchors_are_those_known_longest() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var host = network.host();
            var first = Dht.start(host, config.withStore(DhtStore.folder(folder)));
            var old = others(Archive.ANCHORS);
            first.bootstrap(old);
            scheduler.sleep(Duration.ofHours(1));
            first.bootstrap(others(20));
            scheduler.sleep(Duration.ofMinutes(1));
            first.close();

            var report =
                    Dht.start(host, config.withStore(DhtStore.folder(folder))).bootstrap(List.of());

            assertThat(report.answered()).extracting(PeerInfo::id).hasSameElementsAs(ids(old));
        });
    }

    @Test
    void records_are_held_again_unless_they_have_ended() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var host = network.host();
            var first = Dht.start(host, config.withStore(DhtStore.folder(folder)));
            var owner = KeyPair.ofSeed(ByteString.copyFrom(new byte[32]));
            var other = KeyPair.ofSeed(ByteString.copyFromUtf8("x".repeat(32)));
            var now = scheduler.now();
            var lasting = SignedNotes.note(owner, 1, now.plus(Duration.ofHours(2)), "lasting");
            var brief = SignedNotes.note(other, 1, now.plus(Duration.ofHours(1)), "brief");
            first.put(lasting);
            first.put(brief);
            first.close();
            scheduler.sleep(Duration.ofHours(1));

            var second = Dht.start(host, config.withStore(DhtStore.folder(folder)));

            assertThat(second.get(lasting.key())).contains(lasting);
            assertThat(second.get(brief.key())).isEmpty();
            assertThat(second.holdings().size()).isEqualTo(1);
        });
    }

    @Test
    void a_damaged_archive_is_left_out_and_replaced() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var host = network.host();
            var store = DhtStore.folder(folder);
            store.save("peers", ByteString.copyFrom(new byte[] {10, 3, 10, 1, 0}));
            store.save("records", CONTENT);

            var node = Dht.start(host, config.withStore(store));

            assertThat(node.table().peers()).isZero();
            node.close();
            assertThat(Dht.start(host, config.withStore(store)).table().peers()).isZero();
        });
    }

    @Test
    void a_file_comes_back_as_it_was_saved() throws IOException {
        var store = DhtStore.folder(folder.resolve("new"));

        store.save("a", CONTENT);
        store.save("b", ByteString.EMPTY);
        store.save("a", CONTENT.concat(CONTENT));

        assertThat(store.load("a", 14)).contains(CONTENT.concat(CONTENT));
        assertThat(store.load("b", 14)).contains(ByteString.EMPTY);
        assertThat(store.load("c", 14)).isEmpty();
    }

    @Test
    void a_file_that_is_too_long_cut_off_or_changed_is_refused() throws IOException {
        var store = DhtStore.folder(folder);
        store.save("a", CONTENT);
        var file = folder.resolve("a");
        var bytes = Files.readAllBytes(file);

        assertThatThrownBy(() -> store.load("a", 6)).hasMessageEndingWith("more than 38 bytes");
        Files.write(file, new byte[31]);
        assertThatThrownBy(() -> store.load("a", 7)).hasMessageEndingWith("is cut off");
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] ^= 1;
            Files.write(file, bytes);
            assertThatThrownBy(() -> store.load("a", 7))
                    .as("byte %d", i)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("is damaged");
            bytes[i] ^= 1;
        }
    }

    private List<PeerInfo> others(int count) throws IOException, InterruptedException {
        var others = new ArrayList<PeerInfo>();
        for (int i = 0; i < count; i++) {
            var host = network.host();
            var node = Dht.start(host, config);
            if (i > 0) {
                node.bootstrap(List.of(others.getFirst()));
            }
            others.add(host.info());
        }
        return others;
    }

    private static List<PeerId> ids(List<PeerInfo> peers) {
        var ids = new ArrayList<PeerId>();
        peers.forEach(peer -> ids.add(peer.id()));
        return ids;
    }
}
