package tensorlink.p2p.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.swarm.AcceptGate.Admission;

class AcceptGateTest {
    private static final long SECOND = 1_000_000_000;
    private static final InetAddress ALICE = InetAddress.ofLiteral("192.0.2.1");
    private static final InetAddress BOB = InetAddress.ofLiteral("192.0.2.2");

    /** 4 per address, 2 a second after a burst of 6. */
    private final AcceptGate gate =
            new AcceptGate(new Limits.Connections(Duration.ofSeconds(1), 4, 2, 6, 16, 32));

    @Test
    void one_address_gets_so_many_connections_and_another_its_own() {
        for (int i = 0; i < 4; i++) {
            assertThat(admit(ALICE, 0)).isInstanceOf(Admission.Admitted.class);
        }

        assertThat(admit(ALICE, 0)).isEqualTo(new Admission.Refused("4 connections from there"));
        assertThat(admit(BOB, 0)).isInstanceOf(Admission.Admitted.class);
    }

    @Test
    void a_connection_that_ends_makes_room_and_ending_it_twice_does_not() {
        var places = new ArrayList<AcceptGate.Place>();
        for (int i = 0; i < 4; i++) {
            places.add(place(ALICE));
        }

        places.getFirst().close();
        places.getFirst().close();

        assertThat(admit(ALICE, 0)).isInstanceOf(Admission.Admitted.class);
        assertThat(admit(ALICE, 0)).isInstanceOf(Admission.Refused.class);
    }

    @Test
    void new_connections_come_in_a_burst_and_then_at_a_rate() {
        for (int i = 0; i < 6; i++) {
            place(ALICE).close();
        }

        assertThat(admit(ALICE, 0))
                .isEqualTo(new Admission.Refused("too many new connections from there"));
        assertThat(admit(ALICE, SECOND / 2)).isInstanceOf(Admission.Admitted.class);
        assertThat(admit(ALICE, SECOND / 2)).isInstanceOf(Admission.Refused.class);
        assertThat(admit(ALICE, SECOND)).isInstanceOf(Admission.Admitted.class);
    }

    @Test
    void loopback_is_exempt_from_what_is_counted_by_address() {
        for (int i = 0; i < 10; i++) {
            place(InetAddress.getLoopbackAddress());
        }

        assertThat(admit(InetAddress.getLoopbackAddress(), 0))
                .isInstanceOf(Admission.Admitted.class);
        assertThat(gate.remembered()).isZero();
    }

    @Test
    void ipv6_addresses_of_one_customer_count_together() {
        for (int i = 0; i < 4; i++) {
            assertThat(admit(InetAddress.ofLiteral("2001:db8:0:1::" + i), 0))
                    .isInstanceOf(Admission.Admitted.class);
        }

        assertThat(admit(InetAddress.ofLiteral("2001:db8:0:ff::9"), 0))
                .isInstanceOf(Admission.Refused.class);
        assertThat(admit(InetAddress.ofLiteral("2001:db8:0:100::9"), 0))
                .isInstanceOf(Admission.Admitted.class);
    }

    @Test
    void a_flood_from_ever_new_addresses_is_not_remembered_for_ever() {
        long now = 0;
        for (int i = 0; i < 50_000; i++) {
            now += SECOND / 100;
            var address =
                    InetAddress.ofLiteral("10." + i / 65_536 + "." + i / 256 % 256 + "." + i % 256);
            switch (admit(address, now)) {
                case Admission.Admitted(var place) -> place.close();
                case Admission.Refused(var reason) -> assertThat(reason).isEmpty();
            }
        }

        assertThat(gate.remembered()).isLessThanOrEqualTo(1100);
    }

    private Admission admit(InetAddress address, long now) {
        return gate.admit(address, now);
    }

    private AcceptGate.Place place(InetAddress address) {
        return switch (admit(address, 0)) {
            case Admission.Admitted(var place) -> place;
            case Admission.Refused(var reason) -> throw new AssertionError(reason);
        };
    }
}
