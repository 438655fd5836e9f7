package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.util.Locale;
import java.util.Optional;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.multiformats.Sha256;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Addresses that one operator gets cheaply together: an IPv4 /24, an IPv6 /48, or the names under
 * one registered domain. Loopback, private and link-local addresses belong to no group.
 *
 * @param prefix the first bits of the address, or of the hash of the name
 */
record AddressGroup(Kind kind, long prefix) {
    private static final int IP4_PREFIX_BYTES = 3;
    private static final int IP6_PREFIX_BYTES = 6;

    /** The first twelve bytes of an IPv4 address written as IPv6. */
    private static final ByteString IP4_IN_IP6 =
            ByteString.copyFrom(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1});

    /** The group of the first address that belongs to one. */
    static Optional<AddressGroup> of(PeerInfo peer) {
        for (var address : peer.addresses()) {
            var group = of(address);
            if (group.isPresent()) {
                return group;
            }
        }
        return Optional.empty();
    }

    static Optional<AddressGroup> of(Multiaddr address) {
        var outer = address.parts().getFirst();
        return switch (outer.protocol()) {
            case IP4 -> ofIp4(outer.value());
            case IP6 -> ofIp6(outer.value());
            case DNS, DNS4, DNS6, DNSADDR -> Optional.of(ofName(outer.text()));
            default -> Optional.empty();
        };
    }

    private static Optional<AddressGroup> ofIp4(ByteString ip) {
        int first = ip.byteAt(0) & 0xff;
        int second = ip.byteAt(1) & 0xff;
        boolean local =
                first == 0
                        || first == 10
                        || first == 127
                        || (first == 100 && second >= 64 && second < 128)
                        || (first == 169 && second == 254)
                        || (first == 172 && second >= 16 && second < 32)
                        || (first == 192 && second == 168);
        return local
                ? Optional.empty()
                : Optional.of(new AddressGroup(Kind.IP4, number(ip, IP4_PREFIX_BYTES)));
    }

    private static Optional<AddressGroup> ofIp6(ByteString ip) {
        if (ip.startsWith(IP4_IN_IP6)) {
            return ofIp4(ip.substring(IP4_IN_IP6.size()));
        }
        int first = ip.byteAt(0) & 0xff;
        int second = ip.byteAt(1) & 0xff;
        boolean local =
                (first == 0xfe && (second & 0xc0) == 0x80) // link-local
                        || (first & 0xfe) == 0xfc // unique local
                        || ip.substring(0, 15).equals(ByteString.copyFrom(new byte[15])); // ::1
        return local
                ? Optional.empty()
                : Optional.of(new AddressGroup(Kind.IP6, number(ip, IP6_PREFIX_BYTES)));
    }

    private static AddressGroup ofName(String name) {
        int dot = name.lastIndexOf('.');
        int before = dot < 0 ? -1 : name.lastIndexOf('.', dot - 1);
        var domain = name.substring(before + 1).toLowerCase(Locale.ROOT);
        var digest = Sha256.of(ByteString.copyFromUtf8(domain));
        return new AddressGroup(Kind.NAME, number(digest, Long.BYTES));
    }

    private static long number(ByteString bytes, int count) {
        long number = 0;
        for (int i = 0; i < count; i++) {
            number = (number << 8) | (bytes.byteAt(i) & 0xff);
        }
        return number;
    }

    /** What kind of address it is. */
    enum Kind {
        IP4,
        IP6,
        NAME
    }
}
