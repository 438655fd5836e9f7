package tensorlink.p2p.security;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * The XX pattern, from either side, with an empty prologue:
 *
 * <pre>
 *   1  -> e
 *   2  <- e, ee, s, es, payload
 *   3  -> s, se, payload
 * </pre>
 *
 * Messages must be written and read in this order; libp2p allows no payload in the first. After any
 * exception the handshake is over.
 */
final class NoiseHandshake {
    private final Direction direction;
    private final DhKeyPair staticKey;
    private final DhKeyPair ephemeral;
    private final SymmetricState state = new SymmetricState(new byte[0]);
    private byte @Nullable [] remoteEphemeral;
    private byte @Nullable [] remoteStatic;

    NoiseHandshake(Direction direction, DhKeyPair staticKey, DhKeyPair ephemeral) {
        this.direction = direction;
        this.staticKey = staticKey;
        this.ephemeral = ephemeral;
    }

    byte[] writeFirst() throws ProtocolViolation {
        expect(Direction.OUTBOUND);
        state.mixHash(ephemeral.publicKey());
        state.encryptAndHash(new byte[0]);
        return ephemeral.publicKey().clone();
    }

    void readFirst(byte[] message) throws ProtocolViolation {
        expect(Direction.INBOUND);
        if (message.length != DhKeyPair.KEY_BYTES) {
            throw new ProtocolViolation(
                    "first Noise message of " + message.length + " bytes instead of 32");
        }
        remoteEphemeral = message;
        state.mixHash(message);
        state.decryptAndHash(new byte[0]);
    }

    byte[] writeSecond(byte[] payload) throws ProtocolViolation {
        expect(Direction.INBOUND);
        var remote = known(remoteEphemeral);
        state.mixHash(ephemeral.publicKey());
        state.mixKey(ephemeral.agree(remote));
        var sealedStatic = state.encryptAndHash(staticKey.publicKey());
        state.mixKey(staticKey.agree(remote));
        return join(ephemeral.publicKey(), sealedStatic, state.encryptAndHash(payload));
    }

    byte[] readSecond(byte[] message) throws ProtocolViolation {
        expect(Direction.OUTBOUND);
        var reader = new Parts("second", message);
        var remote = reader.take(DhKeyPair.KEY_BYTES);
        remoteEphemeral = remote;
        state.mixHash(remote);
        state.mixKey(ephemeral.agree(remote));
        remoteStatic = state.decryptAndHash(reader.take(sealedKeyBytes()));
        state.mixKey(ephemeral.agree(known(remoteStatic)));
        return state.decryptAndHash(reader.rest());
    }

    byte[] writeThird(byte[] payload) throws ProtocolViolation {
        expect(Direction.OUTBOUND);
        var sealedStatic = state.encryptAndHash(staticKey.publicKey());
        state.mixKey(staticKey.agree(known(remoteEphemeral)));
        return join(sealedStatic, state.encryptAndHash(payload));
    }

    byte[] readThird(byte[] message) throws ProtocolViolation {
        expect(Direction.INBOUND);
        var reader = new Parts("third", message);
        remoteStatic = state.decryptAndHash(reader.take(sealedKeyBytes()));
        state.mixKey(ephemeral.agree(known(remoteStatic)));
        return state.decryptAndHash(reader.rest());
    }

    /** The other side's static key, which its identity must have signed. */
    byte[] remoteStatic() {
        return known(remoteStatic).clone();
    }

    /** The ciphers of the channel, once all three messages are through. */
    SymmetricState.Ciphers split() {
        return state.split();
    }

    private void expect(Direction required) {
        if (direction != required) {
            throw new IllegalStateException("not a message of the " + direction + " side");
        }
    }

    private static int sealedKeyBytes() {
        return DhKeyPair.KEY_BYTES + CipherState.TAG_BYTES;
    }

    private static byte[] known(byte @Nullable [] key) {
        if (key == null) {
            throw new IllegalStateException("handshake message out of order");
        }
        return key;
    }

    private static byte[] join(byte[]... parts) {
        int length = 0;
        for (var part : parts) {
            length += part.length;
        }
        var joined = new byte[length];
        int at = 0;
        for (var part : parts) {
            System.arraycopy(part, 0, joined, at, part.length);
            at += part.length;
        }
        return joined;
    }

    /** Cuts a message into the parts that the pattern names. */
    private static final class Parts {
        private final String name;
        private final byte[] message;
        private int at;

        Parts(String name, byte[] message) {
            this.name = name;
            this.message = message;
        }

        byte[] take(int length) throws ProtocolViolation {
            if (message.length - at < length) {
                throw new ProtocolViolation(
                        name + " Noise message of " + message.length + " bytes is too short");
            }
            at += length;
            return Arrays.copyOfRange(message, at - length, at);
        }

        byte[] rest() {
            return Arrays.copyOfRange(message, at, message.length);
        }
    }
}
