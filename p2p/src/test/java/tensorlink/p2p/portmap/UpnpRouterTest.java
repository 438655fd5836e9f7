package tensorlink.p2p.portmap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.portmap.FakeIgd.Entry;
import tensorlink.p2p.portmap.FakeIgd.Manner;
import tensorlink.p2p.portmap.Wish.Kind;

/** Hosts behind a router of UPnP that is played on the loopback interface. */
@Timeout(60)
class UpnpRouterTest {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Wish WISH = new Wish(Kind.TCP, 4001);
    private static final Entry ANOTHERS = new Entry("127.0.0.9", "4001", "another");

    private static Host host(FakeIgd router) throws Exception {
        return Libp2p.start(
                KeyPair.generate(),
                HostConfig.defaults().withEventLoops(1).withPortMapping(router.address()));
    }

    private static int port(Host host) {
        return Integer.parseInt(
                host.addresses().getFirst().value(AddressProtocol.TCP).orElseThrow());
    }

    private static UpnpRouter asking(FakeIgd router) {
        return new UpnpRouter(router.address(), "ours", Scheduler.system());
    }

    @Test
    void a_port_is_mapped_announced_and_given_back() throws Exception {
        try (var router = new FakeIgd(Manner.SIMPLE)) {
            var host = host(router);
            int port = port(host);

            Eventually.until(
                    "it is announced",
                    () ->
                            host.info()
                                    .addresses()
                                    .contains(Multiaddr.parse("/ip4/1.2.3.4/tcp/" + port)));
            assertThat(router.mappings).containsOnlyKeys("TCP " + port);
            host.close();

            assertThat(router.mappings).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SIMPLE", "HIDES_WHAT_OTHERS_HAVE"})
    void a_mapping_of_another_is_not_touched(Manner manner) throws Exception {
        try (var router = new FakeIgd(manner)) {
            router.mappings.put("TCP 4001", ANOTHERS);
            router.mappings.put("TCP 4002", ANOTHERS);
            var asking = asking(router);

            var mapped = asking.map(WISH, HOUR);

            assertThat(mapped.mapping()).isEqualTo(new Answer.Mapped(4001, 4003, HOUR));
            assertThat(router.mappings)
                    .containsEntry("TCP 4001", ANOTHERS)
                    .containsEntry("TCP 4002", ANOTHERS)
                    .containsEntry("TCP 4003", new Entry("127.0.0.1", "4001", "ours"));
        }
    }

    @Test
    void what_another_has_by_now_is_not_ended() throws Exception {
        try (var router = new FakeIgd(Manner.SIMPLE)) {
            var asking = asking(router);
            var _ = asking.map(WISH, HOUR);
            router.mappings.put("TCP 4001", ANOTHERS);

            asking.unmap(WISH);

            assertThat(router.mappings).containsOnlyKeys("TCP 4001").containsValue(ANOTHERS);
            assertThat(router.actions).doesNotContain("DeletePortMapping");
        }
    }

    @Test
    void what_is_prolonged_keeps_its_port() throws Exception {
        try (var router = new FakeIgd(Manner.SIMPLE)) {
            router.mappings.put("TCP 4001", ANOTHERS);
            var asking = asking(router);
            var _ = asking.map(WISH, HOUR);
            router.mappings.remove("TCP 4001");

            var again = asking.map(WISH, HOUR);

            assertThat(again.mapping().externalPort()).isEqualTo(4002);
            assertThat(router.mappings).containsOnlyKeys("TCP 4002");
        }
    }

    @Test
    void what_we_left_behind_in_a_crash_is_taken_up() throws Exception {
        try (var router = new FakeIgd(Manner.SIMPLE)) {
            router.mappings.put("TCP 4001", new Entry("127.0.0.1", "4001", "ours"));

            var mapped = asking(router).map(WISH, HOUR);

            assertThat(mapped.mapping().externalPort()).isEqualTo(4001);
        }
    }

    @Test
    void nothing_is_mapped_for_ever() throws Exception {
        try (var router = new FakeIgd(Manner.ONLY_FOR_EVER)) {
            assertThatThrownBy(() -> asking(router).map(WISH, HOUR))
                    .isInstanceOf(IOException.class)
                    .hasMessage("UPnP error 725");

            assertThat(router.mappings).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"LOCATION_ELSEWHERE", "REDIRECTION_ELSEWHERE", "CONTROL_ELSEWHERE"})
    void nobody_but_the_router_is_asked_whatever_it_says(Manner manner) throws Exception {
        try (var router = new FakeIgd(manner)) {
            assertThatThrownBy(() -> asking(router).map(WISH, HOUR))
                    .isInstanceOf(IOException.class);

            assertThat(router.elsewhere).isEmpty();
            assertThat(router.actions).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DESCRIPTION_WITHOUT_END", "DESCRIPTION_THAT_DRIPS"})
    void a_description_that_does_not_end_is_given_up(Manner manner) throws Exception {
        try (var router = new FakeIgd(manner)) {
            assertThatThrownBy(() -> asking(router).map(WISH, HOUR))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no answer by HTTP");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_router_that_speaks_pcp_or_nat_pmp_is_not_asked_by_upnp(boolean speaksPcp)
            throws Exception {
        var address = FakeRouter.ownAddress();
        try (var router = new FakeRouter(address, speaksPcp, 0);
                var other = new FakeIgd(address, Manner.SIMPLE)) {
            var host = host(other);
            Eventually.until("it is mapped", () -> host.info().addresses().size() == 2);
            assertThat(router.mappings).hasSize(1);

            host.close();

            assertThat(router.mappings).isEmpty();
            assertThat(other.actions).isEmpty();
        }
    }
}
