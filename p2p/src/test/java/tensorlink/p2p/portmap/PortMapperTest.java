package tensorlink.p2p.portmap;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;

/** Hosts behind a router that is played on the loopback interface. */
@Timeout(60)
class PortMapperTest {
    private static Host host(FakeRouter router) throws Exception {
        return Libp2p.start(
                KeyPair.generate(),
                HostConfig.defaults().withEventLoops(1).withPortMapping(router.address()));
    }

    private static int port(Host host) {
        return Integer.parseInt(
                host.addresses().getFirst().value(AddressProtocol.TCP).orElseThrow());
    }

    private static Multiaddr outside(int port) {
        return Multiaddr.parse("/ip4/1.2.3.4/tcp/" + port);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_port_is_mapped_announced_and_given_back(boolean speaksPcp) throws Exception {
        try (var router = new FakeRouter(speaksPcp, 0)) {
            var host = host(router);
            int port = port(host);

            Eventually.until(
                    "it is announced", () -> host.info().addresses().contains(outside(port)));
            assertThat(router.mappings).containsOnlyKeys(port);
            host.close();

            Eventually.until("it is given back", router.mappings::isEmpty);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_mapping_of_another_is_not_touched(boolean speaksPcp) throws Exception {
        try (var router = new FakeRouter(speaksPcp, 1)) {
            var host = host(router);
            int port = port(host);
            router.mappings.put(port, "another");

            Eventually.until(
                    "another port is announced",
                    () -> host.info().addresses().contains(outside(port + 1)));
            assertThat(router.mappings).containsOnlyKeys(port, port + 1);
            host.close();

            Eventually.until("ours is given back", () -> router.mappings.size() == 1);
            assertThat(router.mappings).containsEntry(port, "another");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_port_is_given_back_although_packets_get_lost(boolean speaksPcp) throws Exception {
        try (var router = new FakeRouter(speaksPcp, 0)) {
            var host = host(router);
            Eventually.until(
                    "it is announced", () -> host.info().addresses().contains(outside(port(host))));

            router.lose(2);
            host.close();

            assertThat(router.mappings).isEmpty();
        }
    }

    @Test
    void a_host_whose_router_does_not_answer_works_without() throws Exception {
        try (var router = new FakeRouter(true, Integer.MAX_VALUE);
                var host = host(router);
                var other =
                        Libp2p.start(KeyPair.generate(), HostConfig.defaults().withEventLoops(1))) {
            other.connect(host.info());

            assertThat(Libp2p.ping(other, host.id())).isPositive();
            assertThat(host.info().addresses()).isEqualTo(host.addresses());
        }
    }

    @Test
    void the_way_out_is_read_from_the_kernels_table() throws Exception {
        var head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask";
        var local = "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF";
        var out = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000";

        assertThat(Gateway.parse(List.of(head, local, out)))
                .contains(InetAddress.ofLiteral("192.168.1.1"));
        assertThat(Gateway.parse(List.of(head, local))).isEmpty();
        assertThat(Gateway.parse(List.of("", "x", "a 00000000 zz"))).isEmpty();
    }
}
