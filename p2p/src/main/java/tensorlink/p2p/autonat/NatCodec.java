package tensorlink.p2p.autonat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.wire.NatData;
import tensorlink.p2p.wire.NatDataRequest;
import tensorlink.p2p.wire.NatDialBack;
import tensorlink.p2p.wire.NatDialBackResponse;
import tensorlink.p2p.wire.NatFirst;
import tensorlink.p2p.wire.NatFirstDial;
import tensorlink.p2p.wire.NatFirstPeer;
import tensorlink.p2p.wire.NatFirstResponse;
import tensorlink.p2p.wire.NatRequest;
import tensorlink.p2p.wire.NatResponse;
import tensorlink.p2p.wire.NatSecond;

/** The bytes of both versions' messages. */
final class NatCodec {
    /** The longest message of version 1, and the longest of version 2 but for data. */
    static final int MESSAGE_BYTES_MAX = 4096;

    /** The most data in a message. */
    static final int DATA_BYTES_MAX = 4096;

    /** The longest message of version 2: data, with its tags and lengths. */
    static final int SECOND_BYTES_MAX = DATA_BYTES_MAX + 104;

    /** The longest message over a dial-back. */
    static final int DIAL_BACK_BYTES_MAX = 64;

    private static final int DIAL = 0;
    private static final int RESPONSE = 1;

    private NatCodec() {}

    // Version 1.

    static ByteString encode(FirstMessage message) {
        var wire = NatFirst.newBuilder();
        switch (message) {
            case FirstMessage.Dial(var peer, var addresses) -> {
                var who = NatFirstPeer.newBuilder().setId(peer.multihash());
                for (var address : addresses) {
                    who.addAddrs(address.bytes());
                }
                wire.setType(DIAL).setDial(NatFirstDial.newBuilder().setPeer(who));
            }
            case FirstMessage.Response(var status, var address) -> {
                var answer = NatFirstResponse.newBuilder().setStatus(status.code());
                address.ifPresent(it -> answer.setAddr(it.bytes()));
                wire.setType(RESPONSE).setDialResponse(answer);
            }
        }
        return wire.build().toByteString();
    }

    /**
     * Reads a message.
     *
     * @param addressesMax addresses that are kept
     */
    static FirstMessage decodeFirst(ByteString bytes, int addressesMax) throws ProtocolViolation {
        try {
            var wire = NatFirst.parseFrom(bytes);
            if (!wire.hasType()) {
                throw new ProtocolViolation("autonat 1: type is missing");
            }
            return switch (wire.getType()) {
                case DIAL -> {
                    var peer = wire.getDial().getPeer();
                    yield new FirstMessage.Dial(
                            peer(peer), Multiaddr.decodeKnown(peer.getAddrsList(), addressesMax));
                }
                case RESPONSE -> {
                    var answer = wire.getDialResponse();
                    if (!answer.hasStatus()) {
                        throw new ProtocolViolation("autonat 1: status is missing");
                    }
                    yield new FirstMessage.Response(
                            FirstMessage.Status.ofCode(answer.getStatus()),
                            Multiaddr.decodeKnown(List.of(answer.getAddr()), 1).stream()
                                    .findFirst());
                }
                default ->
                        throw new ProtocolViolation(
                                "autonat 1: type "
                                        + Integer.toUnsignedString(wire.getType())
                                        + ", expected 0 or 1");
            };
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation("autonat 1: " + malformed.getMessage(), malformed);
        }
    }

    private static PeerId peer(NatFirstPeer peer) throws ProtocolViolation {
        if (!peer.hasId()) {
            throw new ProtocolViolation("autonat 1: peer is missing");
        }
        try {
            return new PeerId(peer.getId());
        } catch (IllegalArgumentException malformed) {
            throw new ProtocolViolation("autonat 1: peer: " + malformed.getMessage(), malformed);
        }
    }

    // Version 2.

    static ByteString encode(SecondMessage.Request request) {
        var wire = NatRequest.newBuilder().setNonce(request.nonce());
        for (var address : request.addresses()) {
            wire.addAddrs(address.map(Multiaddr::bytes).orElse(ByteString.EMPTY));
        }
        return NatSecond.newBuilder().setDialRequest(wire).build().toByteString();
    }

    static ByteString encode(SecondMessage.Response response) {
        return NatSecond.newBuilder()
                .setDialResponse(
                        NatResponse.newBuilder()
                                .setStatus(response.status().code())
                                .setAddrIdx(response.index())
                                .setDialStatus(response.dial().code()))
                .build()
                .toByteString();
    }

    static ByteString encode(SecondMessage.DataRequest request) {
        return NatSecond.newBuilder()
                .setDialDataRequest(
                        NatDataRequest.newBuilder()
                                .setAddrIdx(request.index())
                                .setNumBytes(request.bytes()))
                .build()
                .toByteString();
    }

    static ByteString encode(SecondMessage.Data data) {
        return NatSecond.newBuilder()
                .setDialDataResponse(
                        NatData.newBuilder().setData(ByteString.copyFrom(new byte[data.bytes()])))
                .build()
                .toByteString();
    }

    /**
     * Reads a message.
     *
     * @param addressesMax addresses that are looked at
     */
    static SecondMessage decodeSecond(ByteString bytes, int addressesMax) throws ProtocolViolation {
        try {
            var wire = NatSecond.parseFrom(bytes);
            return switch (wire.getKindCase()) {
                case DIAL_REQUEST -> request(wire.getDialRequest(), addressesMax);
                case DIAL_RESPONSE -> {
                    var answer = wire.getDialResponse();
                    yield new SecondMessage.Response(
                            SecondMessage.Status.ofCode(answer.getStatus()),
                            answer.getAddrIdx(),
                            SecondMessage.DialStatus.ofCode(answer.getDialStatus()));
                }
                case DIAL_DATA_REQUEST -> {
                    var wanted = wire.getDialDataRequest();
                    long count = wanted.getNumBytes();
                    yield new SecondMessage.DataRequest(
                            wanted.getAddrIdx(), count < 0 ? Long.MAX_VALUE : count);
                }
                case DIAL_DATA_RESPONSE -> {
                    int size = wire.getDialDataResponse().getData().size();
                    if (size > DATA_BYTES_MAX) {
                        throw new ProtocolViolation(
                                "autonat 2: " + size + " bytes of data, limit " + DATA_BYTES_MAX);
                    }
                    yield new SecondMessage.Data(size);
                }
                case KIND_NOT_SET ->
                        throw new ProtocolViolation("autonat 2: a message of no known kind");
            };
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation("autonat 2: " + malformed.getMessage(), malformed);
        }
    }

    private static SecondMessage.Request request(NatRequest wire, int addressesMax) {
        var addresses = new ArrayList<Optional<Multiaddr>>();
        for (int i = 0; i < Math.min(wire.getAddrsCount(), addressesMax); i++) {
            addresses.add(Multiaddr.decodeKnown(List.of(wire.getAddrs(i)), 1).stream().findFirst());
        }
        return new SecondMessage.Request(addresses, wire.getNonce());
    }

    static ByteString dialBack(long nonce) {
        return NatDialBack.newBuilder().setNonce(nonce).build().toByteString();
    }

    static long dialBackNonce(ByteString bytes) throws ProtocolViolation {
        try {
            return NatDialBack.parseFrom(bytes).getNonce();
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation("autonat 2: " + malformed.getMessage(), malformed);
        }
    }

    /** There is only one answer. */
    static ByteString dialBackResponse() {
        return NatDialBackResponse.newBuilder().setStatus(0).build().toByteString();
    }
}
