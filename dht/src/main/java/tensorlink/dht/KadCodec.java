package tensorlink.dht;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.dht.wire.Message;
import tensorlink.dht.wire.Peer;
import tensorlink.dht.wire.Record;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Requests and answers as libp2p's Protobuf messages, and back. The only class that knows the
 * generated ones.
 *
 * <p>Messages come from strangers. Their fields are counted before they are decoded, because 64 KiB
 * of Protobuf can claim tens of thousands of objects; whatever breaks a rule is a {@link
 * ProtocolViolation} that names field, value and limit. Addresses of unknown kinds and peers with
 * unreadable ids are left out instead: whoever passes them on may know more than we do.
 */
final class KadCodec {
    /** The longest message we read. */
    static final int MESSAGE_BYTES_MAX = 64 * 1024;

    /** The longest message we send: rust-libp2p reads no more by default. */
    static final int SENT_BYTES_MAX = 16 * 1024;

    static final int PROVIDER_KEY_BYTES_MAX = 80;

    /** Addresses of one peer, read or sent. */
    static final int ADDRESSES_MAX = 8;

    /** Addresses of one peer that are decoded at all. */
    private static final int ADDRESSES_TRIED_MAX = 32;

    /** Bytes that the addresses of one peer take together, read or sent. */
    static final int ADDRESS_BYTES_MAX = 512;

    /**
     * A full answer of other implementations, with dozens of addresses per peer, has about 1,000.
     */
    private static final int FIELDS_MAX = 4096;

    /** Always with nine decimals, without which js-libp2p does not read it. */
    private static final DateTimeFormatter RFC_3339 =
            new DateTimeFormatterBuilder().appendInstant(9).toFormatter();

    private final ProtocolId protocol;
    private final int closerMax;
    private final DhtConfig.Bounds bounds;

    KadCodec(DhtConfig config) {
        this.protocol = config.protocol();
        this.closerMax = config.search().k();
        this.bounds = config.bounds();
    }

    ByteString encode(KadRequest request) {
        var message = Message.newBuilder().setType(type(request));
        switch (request) {
            case KadRequest.FindNode(var key) -> message.setKey(key.bytes());
            case KadRequest.GetValue(var key) -> message.setKey(key.bytes());
            case KadRequest.PutValue(var held) ->
                    message.setKey(held.record().key()).setRecord(encode(held));
            case KadRequest.GetProviders(var key) -> message.setKey(key.bytes());
            case KadRequest.AddProvider(var key, var providers) -> {
                message.setKey(key.bytes());
                for (var provider : providers) {
                    message.addProviderPeers(encode(provider, Peer.ConnectionType.CONNECTED));
                }
            }
            case KadRequest.Ping() -> {}
        }
        return message.build().toByteString();
    }

    /**
     * Encodes the answer to {@code request}; peers that do not fit are left out, the last first.
     */
    ByteString encode(KadRequest request, KadResponse response) {
        var message = Message.newBuilder().setType(type(request));
        if (request instanceof KadRequest.PutValue(var held)) {
            message.setKey(held.record().key());
        }
        response.record().ifPresent(held -> message.setRecord(encode(held)));
        int room = SENT_BYTES_MAX - message.build().getSerializedSize();
        for (var peer : response.closer()) {
            var encoded = encode(peer, Peer.ConnectionType.CAN_CONNECT);
            room -= framedSize(encoded);
            if (room >= 0) {
                message.addCloserPeers(encoded);
            }
        }
        for (var peer : response.providers()) {
            var encoded = encode(peer, Peer.ConnectionType.NOT_CONNECTED);
            room -= framedSize(encoded);
            if (room >= 0) {
                message.addProviderPeers(encoded);
            }
        }
        return message.build().toByteString();
    }

    /** Reads what a peer asks. */
    KadRequest decodeRequest(ByteString bytes) throws ProtocolViolation {
        var message = parse(bytes);
        return switch (message.getType()) {
            case PUT_VALUE -> new KadRequest.PutValue(putRecord(message));
            case GET_VALUE -> new KadRequest.GetValue(key(message, Key.BYTES_MAX));
            case ADD_PROVIDER ->
                    new KadRequest.AddProvider(
                            key(message, PROVIDER_KEY_BYTES_MAX),
                            decode(message.getProviderPeersList(), bounds.providersPerKeyMax()));
            case GET_PROVIDERS -> new KadRequest.GetProviders(key(message, PROVIDER_KEY_BYTES_MAX));
            case FIND_NODE -> new KadRequest.FindNode(key(message, Key.BYTES_MAX));
            case PING -> new KadRequest.Ping();
            case UNRECOGNIZED -> throw violation("unknown type " + message.getTypeValue());
        };
    }

    /** Reads what a peer answers to {@code request}. */
    KadResponse decodeResponse(KadRequest request, ByteString bytes) throws ProtocolViolation {
        var message = parse(bytes);
        if (message.getType() != type(request)) {
            throw violation("answer of type " + message.getTypeValue() + " to a " + type(request));
        }
        if (message.getCloserPeersCount() > closerMax) {
            throw violation(message.getCloserPeersCount() + " closer peers, limit " + closerMax);
        }
        Optional<HeldRecord> record =
                message.hasRecord()
                        ? Optional.of(answeredRecord(request, message.getRecord()))
                        : Optional.empty();
        return new KadResponse(
                record,
                decode(message.getCloserPeersList(), closerMax),
                decode(message.getProviderPeersList(), bounds.providersPerKeyMax()));
    }

    private Message parse(ByteString bytes) throws ProtocolViolation {
        try {
            countFields(bytes.newCodedInput(), 0, false);
            return Message.parseFrom(bytes);
        } catch (ProtocolViolation tooMany) {
            throw tooMany;
        } catch (IOException malformed) {
            throw new ProtocolViolation(
                    protocol + ": malformed message: " + malformed.getMessage(), malformed);
        }
    }

    /** Walks over a message without keeping anything of it, and returns how many fields it has. */
    private int countFields(CodedInputStream in, int before, boolean nested) throws IOException {
        int count = before;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            count++;
            if (count > FIELDS_MAX) {
                throw violation("message of more fields than the limit " + FIELDS_MAX);
            }
            int wireType = WireFormat.getTagWireType(tag);
            if (wireType == WireFormat.WIRETYPE_START_GROUP) {
                throw violation("field of the old group type");
            }
            if (!nested && isMessage(WireFormat.getTagFieldNumber(tag), wireType)) {
                int limit = in.pushLimit(in.readUInt32());
                count = countFields(in, count, true);
                in.popLimit(limit);
            } else {
                in.skipField(tag);
            }
        }
        return count;
    }

    private static boolean isMessage(int field, int wireType) {
        return wireType == WireFormat.WIRETYPE_LENGTH_DELIMITED
                && (field == Message.RECORD_FIELD_NUMBER
                        || field == Message.CLOSER_PEERS_FIELD_NUMBER
                        || field == Message.PROVIDER_PEERS_FIELD_NUMBER);
    }

    private Key key(Message message, int bytesMax) throws ProtocolViolation {
        return Key.of(checked("key", message.getKey(), 1, bytesMax));
    }

    private HeldRecord putRecord(Message message) throws ProtocolViolation {
        if (!message.hasRecord()) {
            throw violation("PUT_VALUE without record");
        }
        var held = decode(message.getRecord());
        if (!held.record().key().equals(message.getKey())) {
            throw violation("record key differs from the key of its PUT_VALUE");
        }
        return held;
    }

    private HeldRecord answeredRecord(KadRequest request, Record wire) throws ProtocolViolation {
        var held = decode(wire);
        var expected =
                switch (request) {
                    case KadRequest.GetValue(var key) -> key.bytes();
                    case KadRequest.PutValue(var put) -> put.record().key();
                    case KadRequest.FindNode _,
                            KadRequest.GetProviders _,
                            KadRequest.AddProvider _,
                            KadRequest.Ping _ ->
                            throw violation("record in the answer to a " + type(request));
                };
        if (!held.record().key().equals(expected)) {
            throw violation("record key differs from the key asked for");
        }
        return held;
    }

    private HeldRecord decode(Record wire) throws ProtocolViolation {
        var key = checked("record key", wire.getKey(), 1, Key.BYTES_MAX);
        var value = checked("record value", wire.getValue(), 0, bounds.recordBytesMax());
        return new HeldRecord(new DhtRecord(key, value), time(wire.getTimeReceived()));
    }

    private static Instant time(String text) {
        try {
            return RFC_3339.parse(text, Instant::from);
        } catch (DateTimeException unreadable) {
            return Instant.EPOCH;
        }
    }

    private ByteString checked(String field, ByteString bytes, int min, int max)
            throws ProtocolViolation {
        if (bytes.size() < min || bytes.size() > max) {
            throw violation(
                    field + " of " + bytes.size() + " bytes, expected " + min + " to " + max);
        }
        return bytes;
    }

    private static List<PeerInfo> decode(List<Peer> wire, int countMax) {
        var peers = new ArrayList<PeerInfo>();
        for (var peer : wire) {
            if (peers.size() == countMax) {
                break;
            }
            decode(peer).ifPresent(peers::add);
        }
        return peers;
    }

    private static Optional<PeerInfo> decode(Peer wire) {
        PeerId id;
        try {
            id = new PeerId(wire.getId());
        } catch (IllegalArgumentException unreadable) {
            return Optional.empty();
        }
        var addresses = new ArrayList<Multiaddr>();
        for (var address : Multiaddr.decodeKnown(wire.getAddrsList(), ADDRESSES_TRIED_MAX)) {
            if (isOf(id, address)) {
                address.withoutPeer().ifPresent(addresses::add);
            }
        }
        return Optional.of(bounded(new PeerInfo(id, addresses)));
    }

    /** Some name the peer again at the end of its address. */
    private static boolean isOf(PeerId id, Multiaddr address) {
        var last = address.parts().getLast();
        return last.protocol() != AddressProtocol.P2P || last.value().equals(id.multihash());
    }

    /** The first addresses of {@code peer}, as many as we read or send of one. */
    static PeerInfo bounded(PeerInfo peer) {
        var addresses = new ArrayList<Multiaddr>();
        int room = ADDRESS_BYTES_MAX;
        for (var address : peer.addresses()) {
            int size = address.bytes().size();
            if (addresses.size() < ADDRESSES_MAX && size <= room) {
                addresses.add(address);
                room -= size;
            }
        }
        return new PeerInfo(peer.id(), addresses);
    }

    private static Peer encode(PeerInfo peer, Peer.ConnectionType connection) {
        var wire = Peer.newBuilder().setId(peer.id().multihash()).setConnection(connection);
        for (var address : bounded(peer).addresses()) {
            wire.addAddrs(address.bytes());
        }
        return wire.build();
    }

    /**
     * How many bytes {@code peer} adds to a message: itself, one for its tag, two for its length.
     */
    private static int framedSize(Peer peer) {
        return peer.getSerializedSize() + 3;
    }

    private static Record encode(HeldRecord held) {
        return Record.newBuilder()
                .setKey(held.record().key())
                .setValue(held.record().value())
                .setTimeReceived(RFC_3339.format(held.since()))
                .build();
    }

    private static Message.Type type(KadRequest request) {
        return switch (request) {
            case KadRequest.FindNode _ -> Message.Type.FIND_NODE;
            case KadRequest.GetValue _ -> Message.Type.GET_VALUE;
            case KadRequest.PutValue _ -> Message.Type.PUT_VALUE;
            case KadRequest.GetProviders _ -> Message.Type.GET_PROVIDERS;
            case KadRequest.AddProvider _ -> Message.Type.ADD_PROVIDER;
            case KadRequest.Ping _ -> Message.Type.PING;
        };
    }

    private ProtocolViolation violation(String what) {
        return new ProtocolViolation(protocol + ": " + what);
    }
}
