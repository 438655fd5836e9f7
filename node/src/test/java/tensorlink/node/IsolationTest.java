package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;

/** Whom a worker computes for decides whether a stage gets a process of its own. */
class IsolationTest {
    private static final List<Multiaddr> ANYWHERE =
            List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/0"), Multiaddr.parse("/ip4/0.0.0.0/tcp/0"));
    private static final List<Multiaddr> LOOPBACK =
            List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/0"), Multiaddr.parse("/ip6/::1/tcp/0"));

    @TempDir private Path folder;

    @Test
    void where_strangers_may_come_each_stage_has_a_process() {
        assertThat(Isolation.AUTO.isolates(Network.named("lab"), ANYWHERE)).isTrue();
        assertThat(Isolation.AUTO.isolates(Network.named("lab"), LOOPBACK)).isFalse();
    }

    @Test
    void members_of_a_private_network_are_no_strangers() throws Exception {
        var home = Home.at(folder);
        Networks.create(
                home,
                new Networks.Founding("team", true, List.of(), new Networks.Accounts.None()),
                Scheduler.system().now());
        var team = Network.of(Networks.membership(home).orElseThrow());

        assertThat(Isolation.AUTO.isolates(team, ANYWHERE)).isFalse();
    }

    @Test
    void what_is_said_holds_everywhere() {
        var lab = Network.named("lab");

        assertThat(Isolation.PROCESS.isolates(lab, LOOPBACK)).isTrue();
        assertThat(Isolation.NONE.isolates(lab, ANYWHERE)).isFalse();
    }
}
