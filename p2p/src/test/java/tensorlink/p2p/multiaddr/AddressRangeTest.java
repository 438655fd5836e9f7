package tensorlink.p2p.multiaddr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressRangeTest {
    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, LOOPBACK",
        "127.255.255.254, LOOPBACK",
        "::1, LOOPBACK",
        "169.254.1.1, LINK_LOCAL",
        "fe80::1, LINK_LOCAL",
        "febf::1, LINK_LOCAL",
        "10.0.0.1, PRIVATE",
        "10.255.255.255, PRIVATE",
        "172.15.255.255, PUBLIC",
        "172.16.0.0, PRIVATE",
        "172.31.255.255, PRIVATE",
        "172.32.0.0, PUBLIC",
        "192.168.7.7, PRIVATE",
        "100.64.0.1, PRIVATE",
        "100.127.255.255, PRIVATE",
        "100.128.0.0, PUBLIC",
        "fd12::1, PRIVATE",
        "fc00::1, PRIVATE",
        "0.0.0.0, RESERVED",
        "::, RESERVED",
        "192.0.2.1, RESERVED",
        "198.51.100.1, RESERVED",
        "203.0.113.1, RESERVED",
        "198.18.0.1, RESERVED",
        "224.0.0.1, RESERVED",
        "255.255.255.255, RESERVED",
        "2001:db8::1, RESERVED",
        "3fff:fff::1, RESERVED",
        "ff02::1, RESERVED",
        "8.8.8.8, PUBLIC",
        "2606:4700::1111, PUBLIC",
        "::ffff:192.168.0.1, PRIVATE",
        "64:ff9b::127.0.0.1, LOOPBACK",
        "64:ff9b::8.8.8.8, PUBLIC",
        "2002:0a00:0001::1, PRIVATE"
    })
    void every_address_is_in_one_range(String address, AddressRange range) {
        assertThat(AddressRange.of(InetAddress.ofLiteral(address))).isEqualTo(range);
    }

    @Test
    void an_address_of_use_to_somebody_can_be_reached_from_where_he_is() {
        assertThat(AddressRange.LOOPBACK.isOfUseTo(AddressRange.LOOPBACK)).isTrue();
        assertThat(AddressRange.LOOPBACK.isOfUseTo(AddressRange.PRIVATE)).isFalse();
        assertThat(AddressRange.PRIVATE.isOfUseTo(AddressRange.PRIVATE)).isTrue();
        assertThat(AddressRange.PRIVATE.isOfUseTo(AddressRange.PUBLIC)).isFalse();
        assertThat(AddressRange.PUBLIC.isOfUseTo(AddressRange.PUBLIC)).isTrue();
    }

    @Test
    void the_range_of_a_multiaddr_is_that_of_its_host() {
        assertThat(Multiaddr.parse("/ip4/10.1.2.3/tcp/1").range()).contains(AddressRange.PRIVATE);
        assertThat(Multiaddr.parse("/ip6zone/eth0/ip6/fe80::1/tcp/1").range())
                .contains(AddressRange.LINK_LOCAL);
        assertThat(Multiaddr.parse("/dns4/localhost/tcp/1").range()).isEmpty();
        assertThat(Multiaddr.parse("/memory/a").range()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.9.9.9, true",
        "10.0.0.0/8, 11.0.0.0, false",
        "192.168.1.77/24, 192.168.1.200, true",
        "0.0.0.0/0, 8.8.8.8, true",
        "0.0.0.0/0, ::1, false",
        "2001:db8::/33, 2001:db8:7fff::1, true",
        "2001:db8::/33, 2001:db8:8000::1, false",
        "192.0.2.1, 192.0.2.1, true",
        "192.0.2.1, 192.0.2.2, false"
    })
    void a_subnet_contains_what_begins_with_its_bits(String subnet, String host, boolean isIn) {
        assertThat(Subnet.parse(subnet).contains(InetAddress.ofLiteral(host))).isEqualTo(isIn);
    }

    @Test
    void a_subnet_is_named_by_its_first_address() {
        assertThat(Subnet.parse("192.168.1.77/24")).hasToString("192.168.1.0/24");
        assertThat(Subnet.parse("192.168.1.77/24")).isEqualTo(Subnet.parse("192.168.1.0/24"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "localhost/8", "", "::/129"})
    void what_is_no_subnet_is_refused(String text) {
        assertThatThrownBy(() -> Subnet.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
