package tensorlink.p2p.autonat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.Reach;
import tensorlink.p2p.core.Reachability;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamHandler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

/** Whole hosts on the loopback interface. */
@Timeout(60)
class AutoNatTest {
    private static final AutoNatLimits QUICK =
            AutoNatLimits.defaults()
                    .withPauses(
                            Duration.ofMillis(10), Duration.ofMinutes(1), Duration.ofMinutes(1));
    private static final Multiaddr NOBODY = Multiaddr.parse("/ip4/127.0.0.1/tcp/1");

    private final List<Host> hosts = new ArrayList<>();

    @AfterEach
    void close() {
        hosts.forEach(Host::close);
    }

    private Host host(HostConfig config) throws Exception {
        var host = Libp2p.start(KeyPair.generate(), config.withEventLoops(1));
        hosts.add(host);
        return host;
    }

    private Host server() throws Exception {
        return host(HostConfig.defaults().withAutoNat(QUICK));
    }

    /** A host that answers every question of version 2 the same, and does {@code then}. */
    private Host answering(ByteString answer, StreamHandler then) throws Exception {
        var host = host(HostConfig.defaults());
        host.handle(
                AutoNat.DIAL_REQUEST,
                stream -> {
                    var _ = second(stream);
                    stream.writeMessage(answer);
                    then.handle(stream);
                });
        return host;
    }

    private static ByteString verdict(SecondMessage.DialStatus dial) {
        return NatCodec.encode(new SecondMessage.Response(SecondMessage.Status.OK, 0, dial));
    }

    private static BlockingQueue<HostEvent> changes(Host host) {
        var changes = new LinkedBlockingQueue<HostEvent>();
        host.subscribe(event -> {
            if (event instanceof HostEvent.ReachabilityChanged) {
                changes.add(event);
            }
        });
        return changes;
    }

    private static SecondMessage.Response ask(
            Host asker, PeerId server, Optional<Multiaddr> address) throws Exception {
        try (var stream = asker.open(server, AutoNat.DIAL_REQUEST)) {
            stream.writeMessage(NatCodec.encode(new SecondMessage.Request(List.of(address), 7)));
            return (SecondMessage.Response) second(stream);
        }
    }

    private static SecondMessage second(Stream stream) throws IOException, InterruptedException {
        return NatCodec.decodeSecond(stream.readMessage(NatCodec.SECOND_BYTES_MAX), 8);
    }

    @Test
    void a_host_that_three_others_can_dial_is_public() throws Exception {
        var host = host(HostConfig.defaults().withAutoNat(QUICK));
        var changes = changes(host);

        for (int i = 0; i < 3; i++) {
            assertThat(host.control().reachability()).isEqualTo(Reachability.UNKNOWN);
            host.connect(server().info());
        }

        assertThat(changes.poll(20, TimeUnit.SECONDS))
                .isEqualTo(new HostEvent.ReachabilityChanged(host.id(), Reachability.PUBLIC));
        assertThat(host.control().reachability()).isEqualTo(Reachability.PUBLIC);
        Eventually.until("the dial-backs are over", () -> host.connections().size() == 3);
    }

    @Test
    void a_host_that_listens_nowhere_is_private() throws Exception {
        var host = host(HostConfig.defaults().withListen().withAutoNat(QUICK));

        Eventually.until("it knows", () -> host.control().reachability() == Reachability.PRIVATE);
    }

    @Test
    void a_host_that_others_try_to_dial_in_vain_is_private() throws Exception {
        var host = host(HostConfig.defaults().withAutoNat(QUICK));
        for (int i = 0; i < 3; i++) {
            var sceptic = answering(verdict(SecondMessage.DialStatus.DIAL_ERROR), _ -> {});
            host.connect(sceptic.info());
        }

        Eventually.until(
                "it is private", () -> host.control().reachability() == Reachability.PRIVATE);
    }

    @Test
    void a_neighbour_proves_nothing_among_strangers() throws Exception {
        var host =
                host(
                        HostConfig.defaults()
                                .withListen(Multiaddr.parse("/ip4/0.0.0.0/tcp/0"))
                                .withReach(Reach.AUTO)
                                .withAutoNat(QUICK.withAgreeing(1)));
        var server = server();

        host.connect(server.info());
        Eventually.until(
                "they know each other",
                () -> host.peers().serves(server.id(), AutoNat.DIAL_REQUEST.name()));

        assertThat(host.control().reachability()).isNotEqualTo(Reachability.PUBLIC);
    }

    @Test
    void an_address_that_leads_nowhere_is_a_dial_error() throws Exception {
        var server = server();
        var asker = host(HostConfig.defaults());
        asker.connect(server.info());

        assertThat(ask(asker, server.id(), Optional.of(NOBODY)).dial())
                .isEqualTo(SecondMessage.DialStatus.DIAL_ERROR);
    }

    @Test
    void an_address_where_somebody_else_answers_is_a_dial_error() throws Exception {
        var server = server();
        var other = host(HostConfig.defaults());
        var asker = host(HostConfig.defaults());
        asker.connect(server.info());

        assertThat(ask(asker, server.id(), Optional.of(other.addresses().getFirst())).dial())
                .isEqualTo(SecondMessage.DialStatus.DIAL_ERROR);
    }

    @Test
    void an_asker_that_does_not_take_the_dial_back_is_told_so() throws Exception {
        var server = server();
        var asker = host(HostConfig.defaults());
        asker.connect(server.info());

        assertThat(ask(asker, server.id(), Optional.of(asker.addresses().getFirst())).dial())
                .isEqualTo(SecondMessage.DialStatus.DIAL_BACK_ERROR);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/ip4/10.0.0.1/tcp/1",
                "/ip4/192.168.1.1/tcp/1",
                "/ip4/127.0.0.2/tcp/1",
                "/ip6/::1/tcp/1",
                "/dns4/localhost/tcp/1",
                "/ip4/127.0.0.1/tcp/1/http",
                "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"
                        + "/p2p-circuit"
            })
    void no_stranger_makes_us_dial_into_our_network(String address) throws Exception {
        var server = server();
        var asker = host(HostConfig.defaults());
        asker.connect(server.info());

        assertThat(ask(asker, server.id(), Optional.of(Multiaddr.parse(address))).status())
                .isEqualTo(SecondMessage.Status.DIAL_REFUSED);
    }

    @Test
    void who_asks_too_often_is_rejected() throws Exception {
        var server = server();
        var asker = host(HostConfig.defaults());
        asker.connect(server.info());
        for (int i = 0; i < 12; i++) {
            assertThat(ask(asker, server.id(), Optional.of(NOBODY)).status())
                    .isEqualTo(SecondMessage.Status.OK);
        }

        assertThat(ask(asker, server.id(), Optional.of(NOBODY)).status())
                .isEqualTo(SecondMessage.Status.REQUEST_REJECTED);
    }

    @Test
    void another_address_than_where_the_asker_is_seen_costs_data() throws Exception {
        var server = server();
        var asker = host(HostConfig.defaults());
        asker.connect(server.info());
        var elsewhere = Optional.of(Multiaddr.parse("/ip4/198.18.0.1/tcp/1"));
        var far = Optional.of(Multiaddr.parse("/ip4/1.1.1.1/udp/1/quic"));
        assertThat(ask(asker, server.id(), elsewhere).status())
                .isEqualTo(SecondMessage.Status.DIAL_REFUSED);
        assertThat(ask(asker, server.id(), far).status())
                .isEqualTo(SecondMessage.Status.DIAL_REFUSED);

        try (var stream = asker.open(server.id(), AutoNat.DIAL_REQUEST)) {
            var publicly = Optional.of(Multiaddr.parse("/ip4/1.1.1.1/tcp/1"));
            stream.writeMessage(
                    NatCodec.encode(new SecondMessage.Request(List.of(far, publicly), 7)));

            var wanted = (SecondMessage.DataRequest) second(stream);

            assertThat(wanted.index()).isEqualTo(1);
            assertThat(wanted.bytes()).isBetween(30_000L, 100_000L);
            stream.writeMessage(NatCodec.encode(new SecondMessage.Data(1)));
            assertThatThrownBy(() -> second(stream)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void a_dial_back_that_was_not_asked_for_is_a_violation() throws Exception {
        var host = server();
        var stranger = host(HostConfig.defaults());
        stranger.connect(host.info());

        try (var stream = stranger.open(host.id(), AutoNat.DIAL_BACK)) {
            stream.writeMessage(NatCodec.dialBack(7));

            assertThatThrownBy(() -> stream.readMessage(64)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void a_server_that_claims_a_dial_that_did_not_come_is_not_believed() throws Exception {
        var host = host(HostConfig.defaults().withAutoNat(QUICK.withAgreeing(1)));
        var asked = new LinkedBlockingQueue<String>();
        var liar = answering(verdict(SecondMessage.DialStatus.OK), _ -> asked.add("asked"));

        host.connect(liar.info());

        assertThat(asked.poll(20, TimeUnit.SECONDS)).isNotNull();
        assertThat(host.control().reachability()).isEqualTo(Reachability.UNKNOWN);
        host.connect(server().info());
        Eventually.until(
                "an honest one is believed",
                () -> host.control().reachability() == Reachability.PUBLIC);
    }

    @Test
    void a_server_that_wants_too_much_data_gets_none() throws Exception {
        var host = host(HostConfig.defaults().withAutoNat(QUICK));
        var outcomes = new LinkedBlockingQueue<String>();
        var greedy =
                answering(
                        NatCodec.encode(new SecondMessage.DataRequest(0, (200 << 10) + 1)),
                        stream -> outcomes.add(got(stream)));

        host.connect(greedy.info());

        assertThat(outcomes.poll(20, TimeUnit.SECONDS)).isEqualTo("nothing");
    }

    private static String got(Stream stream) throws InterruptedException {
        try {
            return stream.nextMessage(NatCodec.SECOND_BYTES_MAX)
                    .map(bytes -> bytes.size() + " bytes")
                    .orElse("nothing");
        } catch (IOException reset) {
            return "nothing";
        }
    }

    @Test
    void the_first_version_dials_where_the_asker_is_seen() throws Exception {
        var server = server();
        var asker = host(HostConfig.defaults());
        asker.connect(server.info());
        var own = asker.addresses().getFirst();

        assertThat(askFirst(asker, server, asker.id(), NOBODY, own))
                .isEqualTo(new FirstMessage.Response(FirstMessage.Status.OK, Optional.of(own)));
        assertThat(askFirst(asker, server, asker.id(), NOBODY).status())
                .isEqualTo(FirstMessage.Status.DIAL_ERROR);
        assertThat(
                        askFirst(asker, server, asker.id(), Multiaddr.parse("/ip4/1.1.1.1/tcp/1"))
                                .status())
                .isEqualTo(FirstMessage.Status.DIAL_REFUSED);
        assertThat(askFirst(asker, server, server.id(), own).status())
                .isEqualTo(FirstMessage.Status.BAD_REQUEST);
    }

    private static FirstMessage.Response askFirst(
            Host asker, Host server, PeerId who, Multiaddr... addresses) throws Exception {
        try (var stream = asker.open(server.id(), AutoNat.FIRST)) {
            stream.writeMessage(NatCodec.encode(new FirstMessage.Dial(who, List.of(addresses))));
            ByteString answer = stream.readMessage(NatCodec.MESSAGE_BYTES_MAX);
            return (FirstMessage.Response) NatCodec.decodeFirst(answer, 8);
        }
    }

    @Test
    void servers_of_the_first_version_are_asked_too() throws Exception {
        var host = host(HostConfig.defaults().withAutoNat(QUICK.withAgreeing(1)));
        var old = host(HostConfig.defaults());
        old.handle(
                AutoNat.FIRST,
                stream -> {
                    var question =
                            (FirstMessage.Dial) NatCodec.decodeFirst(stream.readMessage(4096), 8);
                    stream.writeMessage(
                            NatCodec.encode(
                                    new FirstMessage.Response(
                                            FirstMessage.Status.OK,
                                            Optional.of(question.addresses().getFirst()))));
                });

        host.connect(old.info());

        Eventually.until(
                "it is believed", () -> host.control().reachability() == Reachability.PUBLIC);
    }
}
