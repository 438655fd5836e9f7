package tensorlink.p2p.autonat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.autonat.SecondMessage.DialStatus;
import tensorlink.p2p.autonat.SecondMessage.Status;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.transport.Transport;

/**
 * Asks a peer to dial us. In version 2 nobody is believed who says that it did: it must have said a
 * number over a new connection that only it was told.
 */
final class NatClient {
    private final PeerId self;
    private final AutoNatLimits limits;
    private final RandomGenerator random;
    private final Map<Long, Asked> asked = new ConcurrentHashMap<>();

    /**
     * @param random makes numbers that nobody can guess
     */
    NatClient(PeerId self, AutoNatLimits limits, RandomGenerator random) {
        this.self = self;
        this.limits = limits;
        this.random = random;
    }

    /** A question that is under way, and over which kind of transport somebody came. */
    private static final class Asked {
        private volatile @Nullable String transport;
    }

    // Version 2.

    /** Asks whether one of {@code addresses} can be reached, best the first. */
    Verdict askSecond(Connection server, List<Multiaddr> addresses)
            throws IOException, InterruptedException {
        var question = new Asked();
        long nonce = random.nextLong();
        asked.put(nonce, question);
        try (var stream = server.open(AutoNat.DIAL_REQUEST)) {
            stream.timeout(limits.streamTimeout());
            var wanted = new ArrayList<Optional<Multiaddr>>();
            addresses.forEach(address -> wanted.add(Optional.of(address)));
            stream.writeMessage(NatCodec.encode(new SecondMessage.Request(wanted, nonce)));
            return judge(response(stream, addresses.size()), addresses, question);
        } finally {
            asked.remove(nonce);
        }
    }

    /** Sends data when that is asked for, once. */
    private SecondMessage.Response response(Stream stream, int count)
            throws IOException, InterruptedException {
        boolean hasPaid = false;
        while (true) {
            var bytes = stream.readMessage(NatCodec.SECOND_BYTES_MAX);
            switch (NatCodec.decodeSecond(bytes, 0)) {
                case SecondMessage.Response response -> {
                    return response;
                }
                case SecondMessage.DataRequest(int index, long wanted) -> {
                    checkIndex(index, count);
                    if (hasPaid || wanted > limits.dataBytesMax()) {
                        throw new ProtocolViolation(
                                "autonat 2: "
                                        + wanted
                                        + " bytes of data wanted, limit "
                                        + limits.dataBytesMax()
                                        + " once");
                    }
                    hasPaid = true;
                    sendData(stream, (int) wanted);
                }
                case SecondMessage.Request _, SecondMessage.Data _ ->
                        throw new ProtocolViolation(
                                "autonat 2: something else where a response belongs");
            }
        }
    }

    private static void checkIndex(int index, int count) throws ProtocolViolation {
        if (index < 0 || index >= count) {
            throw new ProtocolViolation(
                    "autonat 2: address "
                            + Integer.toUnsignedString(index)
                            + " of "
                            + count
                            + " addresses");
        }
    }

    private static void sendData(Stream stream, int bytes)
            throws IOException, InterruptedException {
        for (int left = bytes; left > 0; ) {
            int count = Math.min(left, NatCodec.DATA_BYTES_MAX);
            stream.writeMessage(NatCodec.encode(new SecondMessage.Data(count)));
            left -= count;
        }
    }

    private static Verdict judge(
            SecondMessage.Response response, List<Multiaddr> addresses, Asked question)
            throws ProtocolViolation {
        if (response.status() != Status.OK) {
            return new Verdict.Refused(response.status().toString());
        }
        checkIndex(response.index(), addresses.size());
        var address = addresses.get(response.index());
        boolean hasCome = Transport.name(address).equals(question.transport);
        return switch (response.dial()) {
            case OK -> {
                if (!hasCome) {
                    throw new ProtocolViolation(
                            "autonat 2: a dial to " + address + " is claimed that did not come");
                }
                yield new Verdict.Reachable(address);
            }
            case DIAL_BACK_ERROR ->
                    hasCome
                            ? new Verdict.Reachable(address)
                            : new Verdict.Refused(DialStatus.DIAL_BACK_ERROR.toString());
            case DIAL_ERROR -> new Verdict.Unreachable(List.of(address));
            case UNUSED -> new Verdict.Refused("no dial");
        };
    }

    /** Somebody says that it comes because we asked. */
    void dialledBack(Stream stream) throws IOException, InterruptedException {
        stream.timeout(limits.dialTimeout());
        var connection = stream.connection();
        long nonce = NatCodec.dialBackNonce(stream.readMessage(NatCodec.DIAL_BACK_BYTES_MAX));
        var question = asked.get(nonce);
        if (question == null || connection.direction() != Direction.INBOUND) {
            throw new ProtocolViolation("autonat 2: a dial-back that nobody asked for");
        }
        question.transport = connection.link().transport();
        stream.writeMessage(NatCodec.dialBackResponse());
    }

    // Version 1.

    /**
     * Asks whether {@code address} can be reached; the peer is believed. It is asked about one,
     * because of several that failed it does not say which it tried.
     */
    Verdict askFirst(Connection server, Multiaddr address)
            throws IOException, InterruptedException {
        try (var stream = server.open(AutoNat.FIRST)) {
            stream.timeout(limits.streamTimeout());
            stream.writeMessage(NatCodec.encode(new FirstMessage.Dial(self, List.of(address))));
            var bytes = stream.readMessage(NatCodec.MESSAGE_BYTES_MAX);
            if (NatCodec.decodeFirst(bytes, 0) instanceof FirstMessage.Response response) {
                return judge(response, address);
            }
            throw new ProtocolViolation("autonat 1: a request where a response belongs");
        }
    }

    private static Verdict judge(FirstMessage.Response response, Multiaddr address) {
        return switch (response.status()) {
            case OK -> new Verdict.Reachable(address);
            case DIAL_ERROR -> new Verdict.Unreachable(List.of(address));
            case DIAL_REFUSED, BAD_REQUEST, INTERNAL_ERROR ->
                    new Verdict.Refused(response.status().toString());
        };
    }
}
