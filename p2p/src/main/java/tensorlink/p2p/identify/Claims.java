package tensorlink.p2p.identify;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.security.SignatureException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.Identification;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PublicKey;
import tensorlink.p2p.peer.SealedPeerRecord;
import tensorlink.p2p.wire.IdentifyMessage;

/**
 * Judges what a peer says about itself. Lies about its key or a forged record are violations; what
 * is merely useless, such as an address without a port, is left out.
 *
 * @param peer who is speaking, proven
 * @param from where it speaks from: addresses that cannot be reached from there are not its own
 * @param known what it said before; a push changes parts of it
 */
record Claims(
        PeerId peer, AddressRange from, Optional<Identification> known, Limits.Identify limits) {
    private static final int TEXT_LENGTH_MAX = 128;

    /**
     * Merges the messages of one exchange into what is then believed.
     *
     * @throws ProtocolViolation when they are malformed, too much, or not true
     */
    Identification judge(List<ByteString> messages) throws ProtocolViolation {
        var message = merge(messages);
        checkKey(message);
        var record = record(message);
        var protocols = protocols(message);
        return new Identification(
                message.hasProtocolVersion()
                        ? printable(message.getProtocolVersion())
                        : known.map(Identification::protocolVersion).orElse(""),
                message.hasAgentVersion()
                        ? printable(message.getAgentVersion())
                        : known.map(Identification::agentVersion).orElse(""),
                protocols,
                addresses(message, record),
                observed(message),
                record);
    }

    private static IdentifyMessage merge(List<ByteString> messages) throws ProtocolViolation {
        var merged = IdentifyMessage.newBuilder();
        try {
            for (var message : messages) {
                merged.mergeFrom(message);
            }
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation("identify: " + malformed.getMessage(), malformed);
        }
        return merged.build();
    }

    private void checkKey(IdentifyMessage message) throws ProtocolViolation {
        if (!message.hasPublicKey()) {
            return;
        }
        try {
            var claimed = PublicKey.decode(message.getPublicKey()).peerId();
            if (!claimed.equals(peer)) {
                throw new ProtocolViolation("identify: " + peer + " claims the key of " + claimed);
            }
        } catch (IllegalArgumentException malformed) {
            throw new ProtocolViolation("identify: " + malformed.getMessage(), malformed);
        }
    }

    /** The newest valid record: the one received, unless we have seen a later one. */
    private Optional<SealedPeerRecord> record(IdentifyMessage message) throws ProtocolViolation {
        var before = known.flatMap(Identification::record);
        var sealed = message.getSignedPeerRecord();
        boolean isKnown = before.map(SealedPeerRecord::envelope).filter(sealed::equals).isPresent();
        if (isKnown || !message.hasSignedPeerRecord()) {
            return before;
        }
        try {
            var received = SealedPeerRecord.open(sealed);
            var content = received.content();
            if (!content.peer().equals(peer)) {
                throw new ProtocolViolation(
                        "identify: " + peer + " sent the record of " + content.peer());
            }
            boolean isNewer =
                    before.isEmpty() || content.sequence() > before.get().content().sequence();
            return isNewer ? Optional.of(received) : before;
        } catch (SignatureException forged) {
            throw new ProtocolViolation("identify: " + forged.getMessage(), forged);
        }
    }

    private List<String> protocols(IdentifyMessage message) throws ProtocolViolation {
        int count = message.getProtocolsCount();
        if (count > limits.protocolsMax()) {
            throw new ProtocolViolation(
                    "identify: " + count + " protocols, limit " + limits.protocolsMax());
        }
        if (count == 0) {
            return known.map(Identification::protocols).orElse(List.of());
        }
        var names = new ArrayList<String>();
        for (var name : message.getProtocolsList()) {
            if (ProtocolId.isValid(name)) {
                names.add(name);
            }
        }
        return names;
    }

    private List<Multiaddr> addresses(IdentifyMessage message, Optional<SealedPeerRecord> record) {
        if (record.isPresent()) {
            return usable(record.get().content().addresses());
        }
        if (message.getListenAddrsCount() == 0) {
            return known.map(Identification::addresses).orElse(List.of());
        }
        return usable(Multiaddr.decodeKnown(message.getListenAddrsList(), limits.addressesMax()));
    }

    private List<Multiaddr> usable(List<Multiaddr> claimed) {
        var kept = new ArrayList<Multiaddr>();
        for (var address : claimed) {
            if (kept.size() == limits.addressesMax()) {
                break;
            }
            if (isOwn(address) && isUsable(address)) {
                address.withoutPeer().ifPresent(kept::add);
            }
        }
        return kept;
    }

    private boolean isOwn(Multiaddr address) {
        var last = address.parts().getLast();
        return last.protocol() != AddressProtocol.P2P || last.value().equals(peer.multihash());
    }

    private boolean isUsable(Multiaddr address) {
        boolean hasNoPort = address.value(AddressProtocol.TCP).orElse("").equals("0");
        boolean isReachable =
                address.range()
                        .map(range -> range.isOfUseTo(from))
                        .orElse(from == AddressRange.LOOPBACK || !address.isLoopback());
        return !address.isUnspecified() && !hasNoPort && isReachable;
    }

    /** Js ends it with our own id, go does not. */
    private Optional<Multiaddr> observed(IdentifyMessage message) {
        if (!message.hasObservedAddr()) {
            return known.flatMap(Identification::observedAddress);
        }
        return Multiaddr.decodeKnown(List.of(message.getObservedAddr()), 1).stream()
                .filter(address -> !address.isUnspecified())
                .findFirst()
                .flatMap(Multiaddr::withoutPeer);
    }

    /** Without what could confuse a terminal, and not longer than a line. */
    private static String printable(String text) {
        var clean = new StringBuilder();
        for (int i = 0; i < text.length() && clean.length() < TEXT_LENGTH_MAX; i++) {
            if (!Character.isISOControl(text.charAt(i))) {
                clean.append(text.charAt(i));
            }
        }
        return clean.toString();
    }
}
