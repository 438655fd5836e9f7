package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.StreamHandler;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.peer.PeerInfo;

class KadClientTest {
    private static final ProtocolId KAD = ProtocolId.of("/test/kad/1.0.0");

    private final SimulatedScheduler scheduler = new SimulatedScheduler();
    private final FakeNetwork network = new FakeNetwork(scheduler, Duration.ofMillis(10));
    private final DhtConfig config = DhtConfig.defaults(KAD).withScheduler(scheduler);
    private final KadCodec codec = new KadCodec(config);
    private final FakeHost host = network.host();
    private final FakeHost server = network.host();
    private final KadClient client = new KadClient(host, config, codec);
    private final AtomicInteger streams = new AtomicInteger();
    private final KadRequest question = new KadRequest.FindNode(Key.named("something"));

    @Test
    void questions_to_the_same_peer_share_a_stream() throws IOException, InterruptedException {
        scheduler.run(() -> {
            server.handle(KAD, answering(Integer.MAX_VALUE));

            for (int i = 0; i < 10; i++) {
                client.ask(server.info(), question);
            }

            assertThat(streams).hasValue(1);
        });
    }

    @Test
    void questions_at_the_same_time_have_a_stream_each_and_one_is_kept()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            server.handle(KAD, answering(Integer.MAX_VALUE));
            var thrice = List.of(server.info(), server.info(), server.info());

            Errands.all(scheduler, 3, thrice, this::ask);
            Errands.all(scheduler, 1, thrice, this::ask);

            assertThat(streams).hasValue(3);
            scheduler.sleep(Duration.ofSeconds(1));
            assertThat(openStreams()).isEqualTo(1);
        });
    }

    @Test
    void a_question_on_a_stream_that_the_peer_has_ended_is_asked_again_on_a_new_one()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            server.handle(KAD, answering(1));

            for (int i = 0; i < 5; i++) {
                client.ask(server.info(), question);
                scheduler.sleep(Duration.ofSeconds(1));
            }

            assertThat(streams).hasValue(5);
        });
    }

    @Test
    void an_announcement_has_been_noted_when_it_returns() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var noted = new AtomicInteger();
            server.handle(
                    KAD,
                    stream -> {
                        codec.decodeRequest(stream.readMessage(KadCodec.MESSAGE_BYTES_MAX));
                        scheduler.sleep(Duration.ofSeconds(1));
                        noted.incrementAndGet();
                        stream.read(MemorySegment.ofArray(new byte[1]));
                    });

            client.tell(server.info(), announcement());

            assertThat(noted).hasValue(1);
        });
    }

    @Test
    void an_echo_of_an_announcement_confuses_nobody() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var heard = new ArrayList<KadRequest>();
            server.handle(
                    KAD,
                    stream -> {
                        streams.incrementAndGet();
                        try {
                            while (true) {
                                var bytes = stream.readMessage(KadCodec.MESSAGE_BYTES_MAX);
                                heard.add(codec.decodeRequest(bytes));
                                stream.writeMessage(bytes);
                            }
                        } catch (EOFException end) {
                            stream.closeWrite();
                        }
                    });

            client.tell(server.info(), announcement());
            var answer = client.ask(server.info(), question);
            client.tell(server.info(), announcement());

            assertThat(answer).isEqualTo(KadResponse.closer(List.of()));
            assertThat(heard).containsExactly(announcement(), question, announcement());
            assertThat(streams).hasValue(3);
            scheduler.sleep(Duration.ofSeconds(1));
            assertThat(openStreams()).isEqualTo(1);
        });
    }

    @Test
    void who_keeps_the_stream_of_an_announcement_open_was_told_all_the_same()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            server.handle(KAD, stream -> FakeNetwork.waitForever());
            var start = scheduler.now();

            client.tell(server.info(), announcement());

            assertThat(Duration.between(start, scheduler.now()))
                    .isBetween(Duration.ofSeconds(2), Duration.ofSeconds(3));
        });
    }

    @Test
    void a_peer_that_refuses_an_announcement_was_not_told()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            server.handle(
                    KAD,
                    stream -> {
                        stream.readMessage(KadCodec.MESSAGE_BYTES_MAX);
                        stream.reset();
                    });

            assertThatThrownBy(() -> client.tell(server.info(), announcement()))
                    .isInstanceOf(StreamResetException.class);
        });
    }

    @Test
    void at_most_64_streams_are_kept_and_none_after_closing()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            for (int i = 0; i < 80; i++) {
                var peer = network.host();
                peer.handle(KAD, answering(Integer.MAX_VALUE));
                client.ask(peer.info(), question);
            }
            scheduler.sleep(Duration.ofSeconds(1));
            assertThat(openStreams()).isEqualTo(64);

            client.close();
            server.handle(KAD, answering(Integer.MAX_VALUE));
            client.ask(server.info(), question);

            scheduler.sleep(Duration.ofSeconds(1));
            assertThat(openStreams()).isZero();
        });
    }

    private KadRequest.AddProvider announcement() {
        return new KadRequest.AddProvider(Key.named("something"), List.of(host.info()));
    }

    private boolean ask(PeerInfo peer) throws InterruptedException {
        try {
            client.ask(peer, question);
            return true;
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    private int openStreams() {
        int open = 0;
        for (var connection : host.connections()) {
            open += ((FakeConnection) connection).streamCount();
        }
        return open;
    }

    /** Answers that many questions on each stream, and then ends it. */
    private StreamHandler answering(int questions) {
        return stream -> {
            streams.incrementAndGet();
            for (int i = 0; i < questions; i++) {
                ByteString bytes = stream.readMessage(KadCodec.MESSAGE_BYTES_MAX);
                stream.writeMessage(
                        codec.encode(codec.decodeRequest(bytes), KadResponse.closer(List.of())));
            }
        };
    }
}
