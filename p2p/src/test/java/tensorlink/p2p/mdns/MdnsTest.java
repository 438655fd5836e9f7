package tensorlink.p2p.mdns;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.core.ManualScheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

class MdnsTest {
    private static final InetAddress NEAR = InetAddress.ofLiteral("10.0.0.7");

    private final ManualScheduler scheduler = new ManualScheduler();
    private final FakeLan lan = new FakeLan();
    private final AtomicInteger news = new AtomicInteger();
    private final PeerInfo self = peer(0);
    private final Discovery others = discovery(99);
    private final Mdns mdns =
            Mdns.start(() -> self, lan, discovery(1), scheduler, news::incrementAndGet);

    @AfterEach
    void stop() {
        mdns.close();
    }

    @Test
    void it_asks_at_once_and_then_less_and_less_often() {
        Eventually.until(
                "four questions",
                () -> {
                    scheduler.advance(Duration.ofMillis(50));
                    return lan.times.size() >= 4;
                });

        var times = List.copyOf(lan.times);
        for (int i = 1; i < 4; i++) {
            assertThat(times.get(i) - times.get(i - 1))
                    .isGreaterThanOrEqualTo(Duration.ofSeconds(1L << (i - 1)).toNanos());
        }
    }

    @Test
    void whoever_answers_is_known_and_told_of_once() {
        lan.hear(answerOf(5), 5353, NEAR);
        lan.hear(answerOf(6), 5353, NEAR);
        lan.hear(answerOf(5), 5353, NEAR);

        Eventually.until("all are read", lan::isRead);
        assertThat(mdns.peers()).containsExactly(peer(5), peer(6));
        assertThat(news).hasValue(2);
    }

    @Test
    void answers_from_another_port_or_another_network_are_not_believed() {
        lan.hear(answerOf(5), 5354, NEAR);
        lan.hear(answerOf(6), 5353, InetAddress.ofLiteral("192.0.2.1"));

        Eventually.until("all are read", lan::isRead);
        assertThat(mdns.peers()).isEmpty();
    }

    @Test
    void who_is_silent_for_long_is_forgotten() {
        lan.hear(answerOf(5), 5353, NEAR);
        Eventually.until("heard", () -> mdns.peers().size() == 1);

        scheduler.advance(Mdns.MEMORY.plusMillis(1));

        assertThat(mdns.peers()).isEmpty();
    }

    @Test
    void a_flood_of_peers_leaves_the_last_of_the_first_packets_of_the_second() {
        for (int i = 1; i <= 1000; i++) {
            lan.hear(answerOf(i), 5353, NEAR);
        }

        Eventually.until("all are read", lan::isRead);
        assertThat(mdns.peers()).hasSize(Mdns.PEERS_MAX);
        assertThat(mdns.peers().getFirst()).isEqualTo(peer(Mdns.PACKETS_PER_SECOND_MAX));
    }

    @Test
    void a_flood_of_questions_is_answered_once_a_second() {
        Eventually.until("own question", () -> lan.sent.size() == 1);
        for (int i = 0; i < 40; i++) {
            lan.hear(others.question().encode(0), 5353, NEAR);
        }
        Eventually.until("all are read", lan::isRead);

        scheduler.advance(Duration.ofMillis(120));

        assertThat(lan.sent).hasSize(2);
    }

    @Test
    void who_asks_from_a_port_of_its_own_is_answered_there() {
        lan.hear(others.question().encode(0), 40000, NEAR);
        Eventually.until("all are read", lan::isRead);

        scheduler.advance(Duration.ofMillis(120));

        assertThat(lan.sentTo).containsExactly(new InetSocketAddress(NEAR, 40000));
    }

    @Test
    void what_makes_no_sense_is_as_good_as_nothing() {
        lan.hear(ByteString.copyFromUtf8("hello"), 5353, NEAR);
        lan.hear(answerOf(5), 5353, NEAR);

        Eventually.until("heard", () -> mdns.peers().size() == 1);
    }

    private static ByteString answerOf(int number) {
        return discovery(number)
                .answer(discovery(0).question(), peer(number))
                .orElseThrow()
                .encode(120);
    }

    private static Discovery discovery(long seed) {
        return new Discovery(Optional.empty(), MdnsTest::isNear, new SplittableRandom(seed));
    }

    private static boolean isNear(InetAddress address) {
        return address.getAddress()[0] == 10;
    }

    private static PeerInfo peer(int number) {
        var seed = new byte[32];
        seed[0] = (byte) number;
        seed[1] = (byte) (number >> 8);
        return new PeerInfo(
                KeyPair.ofSeed(ByteString.copyFrom(seed)).peerId(),
                List.of(Multiaddr.parse("/ip4/10.0.0.7/tcp/4001")));
    }

    /** A local network on which a test is all the others. */
    private final class FakeLan implements Lan {
        private final LinkedBlockingQueue<Packet> inbound = new LinkedBlockingQueue<>();
        private final List<ByteString> sent = new CopyOnWriteArrayList<>();
        private final List<Long> times = new CopyOnWriteArrayList<>();
        private final List<InetSocketAddress> sentTo = new CopyOnWriteArrayList<>();
        private final AtomicInteger read = new AtomicInteger();
        private final AtomicInteger heard = new AtomicInteger();

        void hear(ByteString content, int port, InetAddress from) {
            heard.incrementAndGet();
            inbound.add(new Packet(content, new InetSocketAddress(from, port)));
        }

        /** Whether the reader has come back for more after all that was heard. */
        boolean isRead() {
            return read.get() > heard.get();
        }

        @Override
        public Packet receive() throws IOException {
            read.incrementAndGet();
            try {
                return inbound.take();
            } catch (InterruptedException closed) {
                throw new IOException("closed", closed);
            }
        }

        @Override
        public void send(ByteString content) {
            times.add(scheduler.nanoTime());
            sent.add(content);
        }

        @Override
        public void send(ByteString content, InetSocketAddress to) {
            sentTo.add(to);
        }

        @Override
        public boolean isNear(InetAddress address) {
            return MdnsTest.isNear(address);
        }

        @Override
        public void close() {}
    }
}
