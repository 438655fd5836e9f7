package tensorlink.node.network;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.security.SignatureException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tensorlink.node.wire.InvitationTerms;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PreSharedKey;
import tensorlink.p2p.peer.SignedEnvelope;

/**
 * One string that lets its reader into a network: the network's description, its key if it has one,
 * where to ask first and until when, signed by the member who invites. Whoever has it is in, so it
 * is as secret as the key.
 *
 * <p>The text is {@code tl1} and base 32 of the signed bytes and a checksum, so that a character
 * lost in copying is told from a forgery; blanks and line ends in it are skipped. The expiry binds
 * honest readers only: who has read the key has it for good.
 */
public final class Invitation {
    /** Of the text, in characters without blanks. */
    public static final int TEXT_LENGTH_MAX = 12_000;

    /** Addresses in one invitation; the rest is learnt from who answers there. */
    public static final int ADDRESSES_MAX = 8;

    /** The longest time for which one is good. */
    public static final Duration LIFETIME_MAX = Duration.ofDays(366);

    private static final String MARK = "tl1";
    private static final String DOMAIN = "tensorlink network invitation";
    private static final ByteString TYPE =
            ByteString.copyFromUtf8("/tensorlink/network-invitation/1");
    private static final int CHECKSUM_BYTES = 4;

    private final SignedEnvelope envelope;
    private final Content content;

    private Invitation(SignedEnvelope envelope, Content content) {
        this.envelope = envelope;
        this.content = content;
    }

    /**
     * What an invitation says.
     *
     * @param key the network's, if it is private
     * @param entries where to ask first
     * @param expiry until when it may be used, to the millisecond
     */
    public record Content(
            Descriptor network,
            Optional<PreSharedKey> key,
            List<PeerInfo> entries,
            Instant expiry) {
        public Content {
            entries = List.copyOf(entries);
            if (network.isPrivate() && key.isEmpty()) {
                throw new IllegalArgumentException("no key, and the network is private");
            }
            if (!network.isPrivate() && key.isPresent()) {
                throw new IllegalArgumentException("a key, but the network is public");
            }
            if (key.isPresent() && !network.isKey(key.get())) {
                throw new IllegalArgumentException("the key is not the network's");
            }
            int addresses = 0;
            for (var entry : entries) {
                addresses += entry.addresses().size();
            }
            if (addresses > ADDRESSES_MAX) {
                throw new IllegalArgumentException(
                        addresses + " addresses, limit " + ADDRESSES_MAX);
            }
        }
    }

    /** Invites on behalf of {@code member}. */
    public static Invitation of(KeyPair member, Content content) {
        var message =
                InvitationTerms.newBuilder()
                        .setNetwork(content.network().encode())
                        .setExpiryMillis(content.expiry().toEpochMilli());
        content.key().ifPresent(key -> message.setKey(key.secret()));
        for (var entry : content.entries()) {
            entry.fullAddresses().forEach(address -> message.addAddresses(address.bytes()));
        }
        return new Invitation(
                SignedEnvelope.seal(member, DOMAIN, TYPE, message.build().toByteString()), content);
    }

    /**
     * Reads an invitation, expired or not.
     *
     * @throws NetworkException saying what is wrong, without anything secret
     */
    public static Invitation parse(String text) throws NetworkException {
        var copied = text.replaceAll("\\s", "").toLowerCase(Locale.ROOT);
        if (copied.length() > TEXT_LENGTH_MAX) {
            throw new NetworkException(
                    "an invitation of "
                            + copied.length()
                            + " characters, limit "
                            + TEXT_LENGTH_MAX);
        }
        if (!copied.startsWith(MARK)) {
            throw new NetworkException(
                    copied.matches("tl[2-9].*")
                            ? "the invitation is for a newer version of this program"
                            : "an invitation begins with " + MARK);
        }
        try {
            var bytes = CopySafeText.decode(copied.substring(MARK.length()));
            int end = bytes.size() - CHECKSUM_BYTES;
            if (end < 0 || !checksum(bytes.substring(0, end)).equals(bytes.substring(end))) {
                throw new NetworkException(
                        "the invitation was damaged in copying: its checksum differs");
            }
            var envelope = SignedEnvelope.open(bytes.substring(0, end), DOMAIN, TYPE);
            return new Invitation(envelope, content(InvitationTerms.parseFrom(envelope.payload())));
        } catch (SignatureException
                | InvalidProtocolBufferException
                | IllegalArgumentException wrong) {
            throw new NetworkException("bad invitation: " + wrong.getMessage(), wrong);
        }
    }

    private static Content content(InvitationTerms message) throws NetworkException {
        if (message.getAddressesCount() > ADDRESSES_MAX) {
            throw new IllegalArgumentException(
                    message.getAddressesCount() + " addresses, limit " + ADDRESSES_MAX);
        }
        var entries = new ArrayList<PeerInfo>();
        for (var address : message.getAddressesList()) {
            entries.add(PeerInfo.of(Multiaddr.decode(address)));
        }
        var key = message.getKey();
        return new Content(
                Descriptor.decode(message.getNetwork()),
                key.isEmpty() ? Optional.empty() : Optional.of(new PreSharedKey(key)),
                entries,
                Instant.ofEpochMilli(message.getExpiryMillis()));
    }

    private static ByteString checksum(ByteString bytes) {
        return Descriptor.sha256("invitation", bytes).substring(0, CHECKSUM_BYTES);
    }

    /** The string, to be pasted. A secret when the network is private. */
    public String text() {
        var bytes = envelope.encode();
        return MARK + CopySafeText.encode(bytes.concat(checksum(bytes)));
    }

    public Content content() {
        return content;
    }

    /** Who invites. */
    public PeerId inviter() {
        return envelope.signer().peerId();
    }

    /**
     * States that it can be used now.
     *
     * @throws NetworkException when it has expired
     */
    public void requireGood(Instant now) throws NetworkException {
        if (!now.isBefore(content.expiry())) {
            throw new NetworkException(
                    "the invitation to "
                            + content.network().name()
                            + " expired at "
                            + content.expiry()
                            + "; ask for a new one: tensorlink network invite");
        }
    }

    /** Never the text. */
    @Override
    public String toString() {
        return "invitation to " + content.network() + " until " + content.expiry();
    }
}
