package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * Counts what is inside an RPC by walking over its bytes, so that a legal frame full of tiny things
 * is refused before an object is made of any of them.
 */
final class RpcScan {
    private final GossipLimits limits;
    private int subscriptions;
    private int messages;
    private int haves;
    private int haveIds;
    private int wants;
    private int wantIds;
    private int grafts;
    private int prunes;
    private int declines;
    private int declinedIds;
    private int controlBytes;

    private RpcScan(GossipLimits limits) {
        this.limits = limits;
    }

    /**
     * Looks at all of {@code rpc}.
     *
     * @throws ProtocolViolation naming what there is too much of, how much and the limit; or that
     *     it is no Protobuf message
     */
    static void check(ByteString rpc, GossipLimits limits) throws ProtocolViolation {
        var scan = new RpcScan(limits);
        check("RPC bytes", rpc.size(), limits.rpcBytesMax());
        each(rpc, scan::rpcField);
    }

    private void rpcField(int number, ByteString value) throws ProtocolViolation {
        switch (number) {
            case 1 -> check("subscriptions", ++subscriptions, limits.entriesMax());
            case 2 -> check("messages", ++messages, limits.messagesMax());
            case 3 -> {
                controlBytes += value.size();
                each(value, this::controlField);
                check("control bytes besides ids", controlBytes, limits.controlBytesMax());
            }
            default -> {
                // extensions that we do not know
            }
        }
    }

    private void controlField(int number, ByteString value) throws ProtocolViolation {
        switch (number) {
            case 1 -> {
                check("haves", ++haves, limits.entriesMax());
                haveIds = ids("ids offered", haveIds, limits.idsMax(), 2, value);
            }
            case 2 -> {
                check("wants", ++wants, limits.idsMax());
                wantIds = ids("ids wanted", wantIds, limits.idsMax(), 1, value);
            }
            case 3 -> check("grafts", ++grafts, limits.entriesMax());
            case 4 -> {
                check("prunes", ++prunes, limits.entriesMax());
                checkExchanged(value);
            }
            case 5 -> {
                check("declines", ++declines, limits.dontWantsMax());
                declinedIds = ids("ids declined", declinedIds, limits.dontWantsMax(), 1, value);
            }
            default -> {
                // extensions that we do not know
            }
        }
    }

    /** Ids count by number and length, not among the other bytes of control. */
    private int ids(String what, int before, int max, int field, ByteString entry)
            throws ProtocolViolation {
        int[] count = {before};
        each(
                entry,
                (number, id) -> {
                    if (number == field) {
                        check(what, ++count[0], max);
                        check("id bytes", id.size(), limits.idBytesMax());
                        controlBytes -= id.size() + 2;
                    }
                });
        return count[0];
    }

    private void checkExchanged(ByteString prune) throws ProtocolViolation {
        int[] count = {0};
        each(
                prune,
                (number, peer) -> {
                    if (number == 2) {
                        check("exchanged peers", ++count[0], limits.exchangedPeersMax());
                    }
                });
    }

    private static void check(String what, int value, int max) throws ProtocolViolation {
        if (value > max) {
            throw new ProtocolViolation("gossip: " + what + " " + value + ", limit " + max);
        }
    }

    /** Shows each length-delimited field; the others are passed over. */
    private static void each(ByteString message, Field field) throws ProtocolViolation {
        var input = message.newCodedInput();
        input.enableAliasing(true);
        try {
            for (int tag = input.readTag(); tag != 0; tag = input.readTag()) {
                switch (WireFormat.getTagWireType(tag)) {
                    case WireFormat.WIRETYPE_LENGTH_DELIMITED ->
                            field.at(WireFormat.getTagFieldNumber(tag), input.readBytes());
                    case WireFormat.WIRETYPE_START_GROUP, WireFormat.WIRETYPE_END_GROUP ->
                            throw new ProtocolViolation("gossip: RPC with a group");
                    default -> input.skipField(tag);
                }
            }
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation("gossip: RPC: " + malformed.getMessage(), malformed);
        } catch (ProtocolViolation violation) {
            throw violation;
        } catch (IOException impossible) {
            throw new IllegalStateException("reading from memory", impossible);
        }
    }

    /** Receives one field of a message. */
    @FunctionalInterface
    private interface Field {
        void at(int number, ByteString value) throws ProtocolViolation;
    }
}
