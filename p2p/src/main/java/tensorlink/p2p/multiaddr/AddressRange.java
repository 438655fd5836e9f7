package tensorlink.p2p.multiaddr;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;

/** From where an IP address can be reached (the special-purpose registries of RFC 6890). */
public enum AddressRange {
    /** From the same machine. */
    LOOPBACK,
    /** From the same link. */
    LINK_LOCAL,
    /** From the same site, or from behind the same carrier's NAT. */
    PRIVATE,
    /** From nowhere: documentation, benchmarks, multicast, wildcards, what is not assigned. */
    RESERVED,
    /** From everywhere. */
    PUBLIC;

    private static final List<Subnet> PRIVATES =
            subnets("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7");
    private static final List<Subnet> RESERVEDS =
            subnets(
                    "0.0.0.0/8",
                    "192.0.0.0/24",
                    "192.0.2.0/24",
                    "192.88.99.0/24",
                    "198.18.0.0/15",
                    "198.51.100.0/24",
                    "203.0.113.0/24",
                    "224.0.0.0/4",
                    "240.0.0.0/4",
                    "::/128",
                    "100::/64",
                    "2001:db8::/32",
                    "3fff::/20",
                    "5f00::/16",
                    "ff00::/8");

    /** Where IPv6 addresses carry an IPv4 one that is what is reached in the end. */
    private static final Subnet NAT64 = Subnet.parse("64:ff9b::/96");

    private static final Subnet SIX_TO_FOUR = Subnet.parse("2002::/16");

    private static List<Subnet> subnets(String... texts) {
        return Arrays.stream(texts).map(Subnet::parse).toList();
    }

    /** The range of {@code host}. */
    public static AddressRange of(InetAddress host) {
        if (NAT64.contains(host)) {
            return of(embedded(host, 12));
        }
        if (SIX_TO_FOUR.contains(host)) {
            return of(embedded(host, 2));
        }
        if (host.isLoopbackAddress()) {
            return LOOPBACK;
        }
        if (host.isLinkLocalAddress()) {
            return LINK_LOCAL;
        }
        if (isIn(PRIVATES, host)) {
            return PRIVATE;
        }
        return isIn(RESERVEDS, host) ? RESERVED : PUBLIC;
    }

    private static boolean isIn(List<Subnet> subnets, InetAddress host) {
        for (var subnet : subnets) {
            if (subnet.contains(host)) {
                return true;
            }
        }
        return false;
    }

    private static InetAddress embedded(InetAddress host, int at) {
        try {
            return InetAddress.getByAddress(Arrays.copyOfRange(host.getAddress(), at, at + 4));
        } catch (UnknownHostException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /**
     * Whether an address of this range may be of use to somebody whom we see at an address of range
     * {@code viewer}, and tells him nothing about us that is not his business.
     */
    public boolean isOfUseTo(AddressRange viewer) {
        return switch (viewer) {
            case LOOPBACK -> true;
            case LINK_LOCAL, PRIVATE, RESERVED -> this != LOOPBACK;
            case PUBLIC -> this == PUBLIC;
        };
    }
}
