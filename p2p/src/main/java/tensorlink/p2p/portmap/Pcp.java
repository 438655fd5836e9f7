package tensorlink.p2p.portmap;

import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import tensorlink.p2p.core.ProtocolViolation;

/** The packets of PCP's MAP (RFC 6887). */
final class Pcp {
    static final int VERSION = 2;
    static final int NONCE_BYTES = 12;

    private static final int MAP = 1;
    private static final int ANSWER = 0x80;
    private static final int HEAD_BYTES = 24;
    private static final int BYTES = 60;
    private static final int ADDRESS_BYTES = 16;

    private Pcp() {}

    /**
     * Asks for a mapping.
     *
     * @param self our address as the router sees it
     * @param nonce makes the mapping ours: nobody else can change it
     * @param lifetime zero to end it
     */
    static byte[] mapRequest(Wish wish, InetAddress self, ByteString nonce, Duration lifetime) {
        var packet =
                ByteBuffer.allocate(BYTES)
                        .put((byte) VERSION)
                        .put((byte) MAP)
                        .putShort((short) 0)
                        .putInt((int) lifetime.toSeconds())
                        .put(mapped(self));
        nonce.copyTo(packet);
        return packet.put((byte) wish.kind().number())
                .put(new byte[3])
                .putShort((short) wish.port())
                .putShort((short) (lifetime.isZero() ? 0 : wish.port()))
                .put(anyOf(self))
                .array();
    }

    /** IPv4 as IPv6. */
    private static byte[] mapped(InetAddress address) {
        var bytes = address.getAddress();
        if (bytes.length == ADDRESS_BYTES) {
            return bytes;
        }
        return ByteBuffer.allocate(ADDRESS_BYTES)
                .position(10)
                .putShort((short) 0xffff)
                .put(bytes)
                .array();
    }

    /** The wildcard of the same family. */
    private static byte[] anyOf(InetAddress address) {
        var any = new byte[ADDRESS_BYTES];
        if (address.getAddress().length < ADDRESS_BYTES) {
            any[10] = (byte) 0xff;
            any[11] = (byte) 0xff;
        }
        return any;
    }

    /**
     * Reads the answer to a question with {@code nonce}.
     *
     * @throws ProtocolViolation when it is none
     */
    static Answer decode(byte[] packet, ByteString nonce) throws ProtocolViolation {
        if (packet.length < HEAD_BYTES) {
            throw new ProtocolViolation(
                    "pcp: answer of " + packet.length + " bytes, at least " + HEAD_BYTES);
        }
        var in = ByteBuffer.wrap(packet);
        int version = in.get() & 0xff;
        int code = in.get() & 0xff;
        in.get();
        int result = in.get() & 0xff;
        if (version != VERSION || code != (ANSWER | MAP)) {
            throw new ProtocolViolation(
                    "pcp: answer " + code + " of version " + version + ", expected 129 of 2");
        }
        if (result != 0) {
            return new Answer.Refused(result);
        }
        if (packet.length < BYTES) {
            throw new ProtocolViolation(
                    "pcp: answer of " + packet.length + " bytes, at least " + BYTES);
        }
        long seconds = Integer.toUnsignedLong(in.getInt());
        in.position(HEAD_BYTES);
        var echoed = new byte[NONCE_BYTES];
        in.get(echoed);
        if (!ByteString.copyFrom(echoed).equals(nonce)) {
            throw new ProtocolViolation("pcp: the mapping is another's");
        }
        in.position(in.position() + 4);
        int internal = in.getShort() & 0xffff;
        int external = in.getShort() & 0xffff;
        var address = new byte[ADDRESS_BYTES];
        in.get(address);
        return new Answer.MappedAt(
                new Answer.Mapped(internal, external, Duration.ofSeconds(seconds)),
                address(address));
    }

    /** An IPv4 address in IPv6 becomes one again. */
    private static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
