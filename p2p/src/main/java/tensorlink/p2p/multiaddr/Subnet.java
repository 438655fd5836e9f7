package tensorlink.p2p.multiaddr;

import com.google.protobuf.ByteString;
import java.net.InetAddress;

/**
 * The addresses that begin with the same bits, such as {@code 192.168.0.0/16} or {@code fe80::/10}.
 *
 * @param address 4 or 16 bytes, zero beyond the prefix
 * @param bits how many the addresses share
 */
public record Subnet(ByteString address, int bits) {
    private static final int TEXT_LENGTH_MAX = 64;

    public Subnet {
        int bitsMax = address.size() * Byte.SIZE;
        if (bitsMax != 32 && bitsMax != 128) {
            throw new IllegalArgumentException("subnet of a " + address.size() + "-byte address");
        }
        if (bits < 0 || bits > bitsMax) {
            throw new IllegalArgumentException(
                    "subnet prefix of " + bits + " bits, expected 0 to " + bitsMax);
        }
        address = masked(address, bits);
    }

    /**
     * Reads text such as {@code 10.0.0.0/8}, or a single address.
     *
     * @throws IllegalArgumentException when it is neither; names are not looked up
     */
    public static Subnet parse(String text) {
        if (text.length() > TEXT_LENGTH_MAX) {
            throw new IllegalArgumentException(
                    "subnet of " + text.length() + " characters, limit " + TEXT_LENGTH_MAX);
        }
        int slash = text.indexOf('/');
        var host = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
        if (slash < 0) {
            return of(host);
        }
        try {
            return of(host, Integer.parseInt(text.substring(slash + 1)));
        } catch (NumberFormatException wrong) {
            throw new IllegalArgumentException("subnet \"" + text + "\" has no prefix", wrong);
        }
    }

    /** Just {@code host}. */
    public static Subnet of(InetAddress host) {
        return of(host, host.getAddress().length * Byte.SIZE);
    }

    /** The subnet of {@code host} with a prefix of so many bits. */
    public static Subnet of(InetAddress host, int bits) {
        return new Subnet(ByteString.copyFrom(host.getAddress()), bits);
    }

    /** Whether {@code host} is one of them; never when it is of the other family. */
    public boolean contains(InetAddress host) {
        var bytes = ByteString.copyFrom(host.getAddress());
        return bytes.size() == address.size() && masked(bytes, bits).equals(address);
    }

    private static ByteString masked(ByteString address, int bits) {
        var bytes = address.toByteArray();
        for (int i = 0; i < bytes.length; i++) {
            int kept = Math.clamp(bits - (long) i * Byte.SIZE, 0, Byte.SIZE);
            bytes[i] &= (byte) (0xff << (Byte.SIZE - kept));
        }
        return ByteString.copyFrom(bytes);
    }

    @Override
    public String toString() {
        return (address.size() == 4 ? AddressProtocol.IP4 : AddressProtocol.IP6).format(address)
                + "/"
                + bits;
    }
}
