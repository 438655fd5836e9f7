package tensorlink.p2p.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.JsProcess;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.relay.CircuitLimit;
import tensorlink.p2p.relay.RelayLimits;

/** Circuits through relays, with js-libp2p at each of the three places. */
@Tag("interop")
@Timeout(180)
class JsRelayTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");
    private static final ProtocolId ORDINARY = ProtocolId.of("/test/ordinary/1.0.0");
    private static final int BYTES = 40_000;

    private final List<Host> hosts = new ArrayList<>();
    private final List<JsPeer> scripts = new ArrayList<>();

    @AfterEach
    void stop() throws Exception {
        for (var host : hosts) {
            host.close();
        }
        for (var script : scripts) {
            script.stop();
        }
    }

    private Host host(HostConfig config) throws Exception {
        var host = Libp2p.start(KeyPair.generate(), config.withEventLoops(1));
        hosts.add(host);
        host.handle(ECHO, JsRelayTest::echo);
        host.control().allowOnLimited(ECHO);
        host.handle(ORDINARY, JsRelayTest::echo);
        return host;
    }

    private static void echo(Stream stream) throws IOException, InterruptedException {
        var bytes = MemorySegment.ofArray(new byte[4096]);
        for (int count = stream.read(bytes); count >= 0; count = stream.read(bytes)) {
            stream.write(bytes.asSlice(0, count));
        }
    }

    private JsPeer js(String options) throws Exception {
        var script = JsPeer.start("relay.mjs", options);
        scripts.add(script);
        return script;
    }

    private JsPeer jsBehind(PeerInfo relay) throws Exception {
        return js("{\"listen\":[\"%s/p2p-circuit\"]}".formatted(JsPeer.full(relay)));
    }

    private static Multiaddr place(PeerInfo relay) {
        return JsPeer.full(relay).with(AddressProtocol.P2P_CIRCUIT, "");
    }

    private Host behind(PeerInfo relay) throws Exception {
        var host = host(HostConfig.defaults().withListen(place(relay)));
        Eventually.until("it has a place", () -> !host.addresses().isEmpty());
        return host;
    }

    private static void assertEchoes(Host caller, PeerInfo callee) throws Exception {
        var connection = caller.connect(callee);
        var sent = MemorySegment.ofArray(new byte[BYTES]);
        try (var stream = connection.open(ECHO)) {
            stream.write(sent);
            stream.closeWrite();
            stream.readFully(MemorySegment.ofArray(new byte[BYTES]));
            assertThat(stream.read(sent)).isEqualTo(-1);
        }
        assertThat(connection.link().transport()).isEqualTo("p2p-circuit");
        assertThat(connection.isLimited()).isTrue();
    }

    private static Multiaddr through(PeerInfo relay, PeerInfo callee) {
        return place(relay).with(AddressProtocol.P2P, callee.id().toString());
    }

    @Test
    void js_calls_us_through_our_relay() throws Exception {
        var relay = host(HostConfig.defaults().withRelayService(RelayLimits.defaults())).info();
        var callee = behind(relay);
        var js = js("{}");

        assertThat(js.ask("dial", through(relay, callee.info())))
                .startsWith(callee.id().toString())
                .endsWith("true");
        assertThat(js.ask("echo", through(relay, callee.info()), BYTES))
                .isEqualTo(Integer.toString(BYTES));
        assertThat(callee.connections()).anyMatch(it -> it.isLimited());
    }

    @Test
    void we_call_js_through_our_relay() throws Exception {
        var relay = host(HostConfig.defaults().withRelayService(RelayLimits.defaults())).info();
        var js = jsBehind(relay);
        var caller = host(HostConfig.defaults());

        assertThat(js.ask("addresses")).contains(place(relay).toString());
        assertEchoes(caller, new PeerInfo(js.info().id(), List.of(place(relay))));
    }

    @Test
    void js_is_connected_without_bounds_when_our_relay_has_none() throws Exception {
        var limits = RelayLimits.defaults().withCircuit(CircuitLimit.NONE);
        var relay = host(HostConfig.defaults().withRelayService(limits)).info();
        var callee = behind(relay);
        var js = js("{}");

        assertThat(js.ask("dial", through(relay, callee.info()))).endsWith("false");
        assertThat(js.ask("echo", through(relay, callee.info()), 2_000_000)).isEqualTo("2000000");
    }

    @Test
    void we_have_a_place_at_a_relay_of_js_and_both_call_us_there() throws Exception {
        var relay = js("{\"relays\":true}").info();
        var callee = behind(relay);
        var caller = host(HostConfig.defaults());
        var js = js("{}");

        assertEchoes(caller, callee.info());
        assertThat(js.ask("echo", through(relay, callee.info()), BYTES))
                .isEqualTo(Integer.toString(BYTES));
    }

    @Test
    void we_call_js_through_a_relay_of_js() throws Exception {
        var relay = js("{\"relays\":true}").info();
        var js = jsBehind(relay);
        var caller = host(HostConfig.defaults());

        assertEchoes(caller, new PeerInfo(js.info().id(), List.of(place(relay))));
        assertThat(Libp2p.ping(caller, js.info().id())).isPositive();
    }

    @Test
    void js_may_not_run_ordinary_protocols_on_a_limited_connection_with_us() throws Exception {
        var relay = host(HostConfig.defaults().withRelayService(RelayLimits.defaults())).info();
        var callee = behind(relay);
        var js = js("{}");
        js.ask("dial", through(relay, callee.info()));

        assertThatThrownBy(() -> js.ask("open", through(relay, callee.info()), ORDINARY))
                .isInstanceOf(JsProcess.JsError.class)
                .hasMessageContaining("UnsupportedProtocolError");
        assertThat(js.ask("echo", through(relay, callee.info()), 1000)).isEqualTo("1000");
    }

    @Test
    void js_is_refused_where_nobody_has_a_place() throws Exception {
        var relay = host(HostConfig.defaults().withRelayService(RelayLimits.defaults())).info();
        var callee = host(HostConfig.defaults());
        var js = js("{}");

        assertThatThrownBy(() -> js.ask("dial", through(relay, callee.info())))
                .isInstanceOf(JsProcess.JsError.class)
                .hasMessageContaining("NO_RESERVATION");
    }
}
