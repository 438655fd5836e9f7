package tensorlink.p2p.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.multiaddr.Multiaddr;

class TcpAddressTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/ip4/1.2.3.4/tcp/1",
                "/ip6/::1/tcp/1",
                "/dns/localhost/tcp/1",
                "/dns4/localhost/tcp/1",
                "/dns6/localhost/tcp/1",
                "/ip6zone/eth0/ip6/fe80::1/tcp/1"
            })
    void a_host_and_a_port_are_tcp(String text) {
        assertThat(TcpAddress.isTcp(Multiaddr.parse(text))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/ip4/1.2.3.4",
                "/tcp/1",
                "/ip4/1.2.3.4/udp/1",
                "/ip4/1.2.3.4/tcp/1/ws",
                "/ip4/1.2.3.4/tcp/1/tls",
                "/dnsaddr/example.com/tcp/1",
                "/ip6zone/eth0/tcp/1",
                "/ip6zone/eth0/ip4/1.2.3.4/tcp/1",
                "/memory/a"
            })
    void anything_else_is_not(String text) {
        assertThat(TcpAddress.isTcp(Multiaddr.parse(text))).isFalse();
    }

    @Test
    void an_address_of_a_link_is_reached_through_the_interface_it_names() throws IOException {
        var loopback = NetworkInterface.getByInetAddress(InetAddress.getLoopbackAddress());
        var text = "/ip6zone/" + loopback.getName() + "/ip6/::1/tcp/80";

        var address = TcpAddress.resolve(Multiaddr.parse(text)).getAddress();

        assertThat(((Inet6Address) address).getScopedInterface()).isEqualTo(loopback);
        assertThatThrownBy(
                        () -> TcpAddress.resolve(Multiaddr.parse("/ip6zone/none7/ip6/::1/tcp/80")))
                .isInstanceOf(UnknownHostException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "/ip4/127.0.0.1/tcp/80, 127.0.0.1",
        "/ip6/::1/tcp/80, 0:0:0:0:0:0:0:1",
        "/dns4/localhost/tcp/80, 127.0.0.1"
    })
    void names_and_numbers_lead_to_a_socket(String text, String host) throws IOException {
        var socket = TcpAddress.resolve(Multiaddr.parse(text));

        assertThat(socket.getAddress().getHostAddress()).isEqualTo(host);
        assertThat(socket.getPort()).isEqualTo(80);
    }

    @Test
    void a_name_that_leads_nowhere_is_an_unknown_host() {
        assertThatThrownBy(() -> TcpAddress.resolve(Multiaddr.parse("/dns/nowhere.invalid/tcp/1")))
                .isInstanceOf(UnknownHostException.class);
    }

    @Test
    void sockets_become_addresses_again() {
        assertThat(TcpAddress.of(new InetSocketAddress(InetAddress.ofLiteral("::1"), 5)))
                .hasToString("/ip6/::1/tcp/5");
        assertThat(TcpAddress.of(new InetSocketAddress(InetAddress.ofLiteral("1.2.3.4"), 5)))
                .hasToString("/ip4/1.2.3.4/tcp/5");
    }

    @Test
    void a_wildcard_stands_for_the_addresses_of_this_machine() {
        var everywhere = new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 5);

        assertThat(TcpAddress.reachable(everywhere))
                .contains(Multiaddr.parse("/ip4/127.0.0.1/tcp/5"))
                .noneMatch(Multiaddr::isUnspecified);
    }
}
