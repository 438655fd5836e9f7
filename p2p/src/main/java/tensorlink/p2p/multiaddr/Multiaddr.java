package tensorlink.p2p.multiaddr;

import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.multiformats.ByteReader;
import tensorlink.p2p.multiformats.Varint;

/**
 * An address of libp2p: a path of protocols with their values, outermost first. Immutable; two are
 * equal when their bytes are.
 */
public final class Multiaddr {
    /** Nothing that can be dialled comes near; what is longer is refused before it is read. */
    public static final int BYTES_MAX = 1024;

    public static final int PARTS_MAX = 32;

    private static final int TRIES_PER_KEPT = 4;

    private static final int TEXT_LENGTH_MAX = 4 * BYTES_MAX;

    private final List<Part> parts;
    private final ByteString bytes;

    private Multiaddr(List<Part> parts) {
        if (parts.isEmpty() || parts.size() > PARTS_MAX) {
            throw new IllegalArgumentException(
                    "address of " + parts.size() + " parts, expected 1 to " + PARTS_MAX);
        }
        this.parts = List.copyOf(parts);
        var encoded = ByteString.EMPTY;
        for (var part : parts) {
            encoded = encoded.concat(part.encode());
        }
        if (encoded.size() > BYTES_MAX) {
            throw new IllegalArgumentException(
                    "address of " + encoded.size() + " bytes, limit " + BYTES_MAX);
        }
        this.bytes = ByteString.copyFrom(encoded.asReadOnlyByteBuffer());
    }

    /**
     * Reads text such as {@code /ip4/127.0.0.1/tcp/4001}.
     *
     * @throws IllegalArgumentException naming the part that is wrong, or the protocol unknown here
     */
    public static Multiaddr parse(String text) {
        if (text.length() > TEXT_LENGTH_MAX) {
            throw new IllegalArgumentException(
                    "address of " + text.length() + " characters, limit " + TEXT_LENGTH_MAX);
        }
        if (!text.startsWith("/")) {
            throw new IllegalArgumentException(
                    "address " + AddressProtocol.quoted(text) + " starts with no slash");
        }
        var parts = new ArrayList<Part>();
        int at = 1;
        while (at < text.length()) {
            int end = end(text, at);
            var protocol = AddressProtocol.ofText(text.substring(at, end));
            if (protocol == null) {
                throw new IllegalArgumentException(
                        "unknown protocol "
                                + AddressProtocol.quoted(text.substring(at, end))
                                + " in "
                                + AddressProtocol.quoted(text));
            }
            at = end + 1;
            if (!protocol.hasValue()) {
                parts.add(new Part(protocol, ByteString.EMPTY));
                continue;
            }
            int valueEnd = protocol.takesRest() ? text.length() : end(text, at);
            if (at >= valueEnd) {
                throw new IllegalArgumentException(
                        "/" + protocol.text() + " has no value in " + AddressProtocol.quoted(text));
            }
            parts.add(new Part(protocol, protocol.parse(text.substring(at, valueEnd))));
            at = valueEnd + 1;
        }
        return new Multiaddr(parts);
    }

    private static int end(String text, int at) {
        int slash = text.indexOf('/', Math.min(at, text.length()));
        return slash < 0 ? text.length() : slash;
    }

    /**
     * Reads the binary form.
     *
     * @throws IllegalArgumentException when it is malformed, longer than {@link #BYTES_MAX} or has
     *     a protocol that is unknown here
     */
    public static Multiaddr decode(ByteString bytes) {
        if (bytes.size() > BYTES_MAX) {
            throw new IllegalArgumentException(
                    "address of " + bytes.size() + " bytes, limit " + BYTES_MAX);
        }
        return new Multiaddr(parts(bytes));
    }

    private static List<Part> parts(ByteString bytes) {
        try {
            return parts(new ByteReader(bytes));
        } catch (IllegalArgumentException malformed) {
            throw new IllegalArgumentException("address: " + malformed.getMessage(), malformed);
        }
    }

    private static List<Part> parts(ByteReader reader) {
        var parts = new ArrayList<Part>();
        while (reader.remaining() > 0) {
            if (parts.size() == PARTS_MAX) {
                throw new IllegalArgumentException("more than " + PARTS_MAX + " parts");
            }
            long code = reader.varint();
            var protocol = AddressProtocol.ofCode(code);
            if (protocol == null) {
                throw new IllegalArgumentException("unknown protocol " + code);
            }
            long size = protocol.isVariable() ? reader.varint() : protocol.size();
            parts.add(new Part(protocol, reader.take(size)));
        }
        return parts;
    }

    /**
     * Reads a peer's list of addresses: what is malformed or unknown here is skipped, because the
     * peer may speak newer transports than we do.
     *
     * @param countMax how many to keep at most, the first ones; four times as many are looked at,
     *     because refusing one costs far more than sending it
     */
    public static List<Multiaddr> decodeKnown(List<ByteString> addresses, int countMax) {
        var known = new ArrayList<Multiaddr>();
        long lookedAtMax = (long) TRIES_PER_KEPT * countMax;
        for (int i = 0; i < Math.min(addresses.size(), lookedAtMax); i++) {
            if (known.size() == countMax) {
                break;
            }
            decodeKnown(addresses.get(i)).ifPresent(known::add);
        }
        return List.copyOf(known);
    }

    private static Optional<Multiaddr> decodeKnown(ByteString address) {
        try {
            return Optional.of(decode(address));
        } catch (IllegalArgumentException unknown) {
            return Optional.empty();
        }
    }

    /** The binary form. */
    public ByteString bytes() {
        return bytes;
    }

    /** The parts, outermost first; at least one. */
    public List<Part> parts() {
        return parts;
    }

    /** The text of the first value of {@code protocol}; empty text when it takes none. */
    public Optional<String> value(AddressProtocol protocol) {
        for (var part : parts) {
            if (part.protocol() == protocol) {
                return Optional.of(part.text());
            }
        }
        return Optional.empty();
    }

    /** Whether {@code protocol} appears anywhere. */
    public boolean has(AddressProtocol protocol) {
        return value(protocol).isPresent();
    }

    /** This address followed by {@code inner}. */
    public Multiaddr with(Multiaddr inner) {
        var joined = new ArrayList<>(parts);
        joined.addAll(inner.parts);
        return new Multiaddr(joined);
    }

    /** This address followed by one part, such as {@code with(TCP, "4001")}. */
    public Multiaddr with(AddressProtocol protocol, String value) {
        var joined = new ArrayList<>(parts);
        joined.add(
                new Part(protocol, protocol.hasValue() ? protocol.parse(value) : ByteString.EMPTY));
        return new Multiaddr(joined);
    }

    /**
     * This address without a final {@code /p2p/<id>}; empty when nothing else is there. In a
     * relayed address only the target's id at the end goes.
     */
    public Optional<Multiaddr> withoutPeer() {
        if (parts.getLast().protocol() != AddressProtocol.P2P) {
            return Optional.of(this);
        }
        return parts.size() == 1
                ? Optional.empty()
                : Optional.of(new Multiaddr(parts.subList(0, parts.size() - 1)));
    }

    /** The IP address it begins with, past a zone; empty for names and what has no such address. */
    public Optional<InetAddress> host() {
        for (var part : parts) {
            switch (part.protocol()) {
                case IP6ZONE -> {}
                case IP4, IP6 -> {
                    return Optional.of(InetAddress.ofLiteral(part.text()));
                }
                default -> {
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }

    /** From where its IP address can be reached; empty when it begins with none. */
    public Optional<AddressRange> range() {
        return host().map(AddressRange::of);
    }

    /** Whether it leads back to the machine it is used on. */
    public boolean isLoopback() {
        var outermost = parts.getFirst();
        return switch (outermost.protocol()) {
            case IP4 -> outermost.value().byteAt(0) == 127;
            case IP6 -> outermost.text().equals("::1");
            case MEMORY, UNIX -> true;
            default -> false;
        };
    }

    /** Whether it is a wildcard such as {@code /ip4/0.0.0.0}, which names no place. */
    public boolean isUnspecified() {
        var outermost = parts.getFirst();
        return switch (outermost.protocol()) {
            case IP4, IP6 -> outermost.value().equals(zeros(outermost.value().size()));
            default -> false;
        };
    }

    private static ByteString zeros(int size) {
        return ByteString.copyFrom(new byte[size]);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Multiaddr that && bytes.equals(that.bytes);
    }

    @Override
    public int hashCode() {
        return bytes.hashCode();
    }

    @Override
    public String toString() {
        var text = new StringBuilder();
        for (var part : parts) {
            text.append(part);
        }
        return text.toString();
    }

    /**
     * One protocol of an address with its value.
     *
     * @param value as in the binary form, without its length; empty for a protocol without value
     */
    public record Part(AddressProtocol protocol, ByteString value) {
        public Part {
            if (!protocol.isVariable() && value.size() != protocol.size()) {
                throw new IllegalArgumentException(
                        "/"
                                + protocol.text()
                                + " value of "
                                + value.size()
                                + " bytes instead of "
                                + protocol.size());
            }
            protocol.format(value);
        }

        /** The value as text; empty for a protocol without value. */
        public String text() {
            return protocol.format(value);
        }

        private ByteString encode() {
            var head = Varint.encode(protocol.code());
            return protocol.isVariable()
                    ? head.concat(Varint.encode(value.size())).concat(value)
                    : head.concat(value);
        }

        @Override
        public String toString() {
            if (!protocol.hasValue()) {
                return "/" + protocol.text();
            }
            return "/" + protocol.text() + "/" + text();
        }
    }
}
