package tensorlink.p2p.portmap;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import tensorlink.p2p.core.ProtocolViolation;

/** The packets of NAT-PMP (RFC 6886). */
final class NatPmp {
    static final int VERSION = 0;

    private static final int EXTERNAL = 0;
    private static final int ANSWER = 128;
    private static final int HEAD_BYTES = 8;
    private static final int EXTERNAL_BYTES = 12;
    private static final int MAPPED_BYTES = 16;

    private NatPmp() {}

    static byte[] externalRequest() {
        return new byte[] {VERSION, EXTERNAL};
    }

    /**
     * Asks for a mapping.
     *
     * @param lifetime zero to end it; only the one of this host and port is ended then
     */
    static byte[] mapRequest(Wish wish, Duration lifetime) {
        return ByteBuffer.allocate(12)
                .put((byte) VERSION)
                .put((byte) code(wish.kind()))
                .putShort((short) 0)
                .putShort((short) wish.port())
                .putShort((short) (lifetime.isZero() ? 0 : wish.port()))
                .putInt((int) lifetime.toSeconds())
                .array();
    }

    private static int code(Wish.Kind kind) {
        return switch (kind) {
            case UDP -> 1;
            case TCP -> 2;
        };
    }

    /**
     * Reads an answer.
     *
     * @throws ProtocolViolation when it is none of NAT-PMP
     */
    static Answer decode(byte[] packet) throws ProtocolViolation {
        var in = ByteBuffer.wrap(packet);
        if (packet.length < HEAD_BYTES) {
            throw new ProtocolViolation(
                    "nat-pmp: answer of " + packet.length + " bytes, at least " + HEAD_BYTES);
        }
        int version = in.get() & 0xff;
        int code = in.get() & 0xff;
        int result = in.getShort() & 0xffff;
        if (version != VERSION) {
            throw new ProtocolViolation("nat-pmp: version " + version + ", expected 0");
        }
        if (result != 0) {
            return new Answer.Refused(result);
        }
        return switch (code) {
            case ANSWER + EXTERNAL -> {
                expect(packet, EXTERNAL_BYTES);
                in.position(HEAD_BYTES);
                var address = new byte[4];
                in.get(address);
                yield new Answer.External(address(address));
            }
            case ANSWER + 1, ANSWER + 2 -> {
                expect(packet, MAPPED_BYTES);
                in.position(HEAD_BYTES);
                int internal = in.getShort() & 0xffff;
                int external = in.getShort() & 0xffff;
                long seconds = Integer.toUnsignedLong(in.getInt());
                yield new Answer.Mapped(internal, external, Duration.ofSeconds(seconds));
            }
            default -> throw new ProtocolViolation("nat-pmp: answer " + code + " is unknown");
        };
    }

    private static void expect(byte[] packet, int bytes) throws ProtocolViolation {
        if (packet.length < bytes) {
            throw new ProtocolViolation(
                    "nat-pmp: answer of " + packet.length + " bytes, at least " + bytes);
        }
    }

    private static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
