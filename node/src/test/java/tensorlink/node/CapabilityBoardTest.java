package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.compute.Speed;
import tensorlink.jobs.market.Capability;
import tensorlink.jobs.message.Seals;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.gossip.Gossip;
import tensorlink.p2p.gossip.GossipConfig;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

@Timeout(30)
class CapabilityBoardTest {
    private final Scheduler scheduler = Scheduler.system();
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void stop() throws Exception {
        for (var one : open.reversed()) {
            one.close();
        }
    }

    @Test
    void what_a_worker_offers_reaches_everybody_on_its_network_and_nobody_on_another()
            throws Exception {
        var worker = node("lab", true);
        var watcher = node("lab", false);
        var stranger = node("other", false);
        worker.host().connect(watcher.host().info());
        worker.host().connect(stranger.host().info());

        while (watcher.board().offers().isEmpty()) {
            LockSupport.parkNanos(1_000_000);
        }

        assertThat(watcher.board().offers()).containsExactly(capability(worker.host().id(), 7));
        assertThat(stranger.board().offers()).isEmpty();
    }

    @Test
    void the_same_worker_is_heard_once_in_a_while() {
        var board =
                new CapabilityBoard(seals(KeyPair.generate(), "lab"), Profile.STANDARD, scheduler);
        var worker = KeyPair.generate().peerId();

        assertThat(board.keep(capability(worker, 1))).isTrue();
        assertThat(board.keep(capability(worker, 2))).isFalse();

        assertThat(board.offers()).containsExactly(capability(worker, 1));
    }

    @Test
    void of_more_workers_than_there_is_room_for_those_heard_last_are_kept() {
        var board =
                new CapabilityBoard(seals(KeyPair.generate(), "lab"), Profile.STANDARD, scheduler);
        for (int i = 0; i <= CapabilityBoard.WORKERS_MAX; i++) {
            board.keep(capability(id(i), i));
        }

        assertThat(board.offers()).hasSize(CapabilityBoard.WORKERS_MAX);
        assertThat(board.offers().getFirst()).isEqualTo(capability(id(1), 1));
    }

    @Test
    void a_worker_speaks_the_less_often_the_more_of_them_there_are() {
        var board =
                new CapabilityBoard(seals(KeyPair.generate(), "lab"), Profile.STANDARD, scheduler);
        for (int i = 0; i < 6; i++) {
            board.keep(capability(id(i), i));
        }
        assertThat(board.pause()).isEqualTo(Profile.STANDARD.offerInterval());

        for (int i = 6; i < 60; i++) {
            board.keep(capability(id(i), i));
        }

        assertThat(board.pause()).isEqualTo(Profile.STANDARD.offerInterval().multipliedBy(10));
    }

    private record Running(Host host, CapabilityBoard board) {}

    private Running node(String network, boolean works) throws IOException, InterruptedException {
        var key = KeyPair.generate();
        var host = Libp2p.start(key, HostConfig.defaults());
        open.add(host);
        var gossip = Gossip.start(host, key, GossipConfig.defaults());
        open.add(gossip);
        var board = new CapabilityBoard(seals(key, network), Profile.STANDARD, scheduler);
        open.add(board);
        board.start(
                gossip,
                network,
                works ? Optional.of(() -> capability(host.id(), 7)) : Optional.empty());
        return new Running(host, board);
    }

    private Seals seals(KeyPair key, String network) {
        return new Seals(key, network, scheduler::now, new SecureRandom());
    }

    private static Capability capability(PeerId worker, long free) {
        return new Capability(
                worker,
                1 << 20,
                free,
                1,
                "cpu",
                new Speed(1e10, 1e10, 1e9, 1e10),
                Account.ZERO,
                Amount.ZERO);
    }

    private static PeerId id(int number) {
        var multihash = ByteBuffer.allocate(34).put((byte) 0x12).put((byte) 0x20).putInt(number);
        return new PeerId(ByteString.copyFrom(multihash.rewind()));
    }
}
