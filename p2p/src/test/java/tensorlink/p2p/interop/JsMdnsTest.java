package tensorlink.p2p.interop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.Stage;
import tensorlink.p2p.peer.PeerInfo;

/** Multicast DNS over sockets, between two network namespaces on one link: with js, and alone. */
@Tag("interop")
@Timeout(180)
class JsMdnsTest {
    private static final String LEFT = "192.168.7.1";
    private static final String RIGHT = "192.168.7.2";
    private static final String LINK =
            """
            set -e
            unshare --net sleep 600 >&2 &
            right=$!
            trap "kill $right" EXIT
            until [ "$(readlink /proc/$right/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do :; done
            ip link set lo up
            ip link add near type veth peer name near netns $right
            ip addr add %s/24 dev near
            ip link set near up
            ip route add default dev near
            nsenter --net --target $right sh -ec "
              ip link set lo up
              ip addr add %s/24 dev near
              ip link set near up
              ip route add default dev near"
            echo "left $$"
            echo "right $right"
            """
                    .formatted(LEFT, RIGHT);

    @Test
    void js_and_we_find_each_other() throws Exception {
        try (var stage = Stage.set(LINK)) {
            var js = stage.play("left", MdnsStage.class, "js", tcp(LEFT));
            var theirs = self(js);
            var us = stage.play("right", MdnsStage.class, "ours", tcp(RIGHT));
            var ours = self(us);

            assertThat(us.next()).isEqualTo("found " + theirs.fullAddresses());
            assertThat(js.next())
                    .startsWith("found " + ours.id() + " at ")
                    .contains(ours.addresses().getFirst().toString());
        }
    }

    @Test
    void two_of_ours_find_each_other() throws Exception {
        try (var stage = Stage.set(LINK)) {
            var left = stage.play("left", MdnsStage.class, "ours", tcp(LEFT));
            var right = stage.play("right", MdnsStage.class, "ours", tcp(RIGHT));
            var first = self(left);
            var second = self(right);

            assertThat(left.next()).isEqualTo("found " + second.fullAddresses());
            assertThat(right.next()).isEqualTo("found " + first.fullAddresses());
        }
    }

    private static String tcp(String host) {
        return "/ip4/" + host + "/tcp/4001";
    }

    private static PeerInfo self(Stage.Player player) throws InterruptedException {
        var line = player.next();
        assertThat(line).startsWith("is [").endsWith("]");
        return PeerInfo.parse(line.substring("is [".length(), line.length() - 1));
    }
}
