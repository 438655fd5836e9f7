package tensorlink.node;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.ArrayList;
import java.util.List;
import tensorlink.node.wire.RoundAnswer;
import tensorlink.node.wire.RoundItem;
import tensorlink.node.wire.RoundQuestion;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * Some of what a validator knows of rounds, as it tells another one.
 *
 * @param journal another one when it begins anew, so that whoever reads it does too
 * @param from the number of the first item
 * @param more whether there are items behind these
 */
record RoundPage(long journal, int from, List<RoundItem> items, boolean more) {
    static final int BYTES_MAX = 4 << 20;
    static final int ITEMS_MAX = 256;
    private static final int VERSION = 1;

    /** Of an item in a message, and of all else in it. */
    private static final int ROOM = 64;

    RoundPage {
        items = List.copyOf(items);
    }

    /** Where whoever asks wants to go on: from an item on, in the journal that it knows. */
    record Wanted(long journal, int from) {
        static final int BYTES_MAX = 64;

        ByteString encode() {
            return RoundQuestion.newBuilder()
                    .setVersion(VERSION)
                    .setJournal(journal)
                    .setFrom(from)
                    .build()
                    .toByteString();
        }

        static Wanted decode(ByteString bytes) throws ProtocolViolation {
            try {
                var message = RoundQuestion.parseFrom(bytes);
                requireVersion(message.getVersion());
                return new Wanted(message.getJournal(), message.getFrom());
            } catch (InvalidProtocolBufferException malformed) {
                throw new ProtocolViolation("round: " + malformed.getMessage(), malformed);
            }
        }
    }

    /** What is wanted of a journal, as much as one message takes. */
    static RoundPage of(long journal, List<RoundItem> all, Wanted wanted) {
        int from = wanted.journal() == journal ? wanted.from() : 0;
        if (from < 0 || from > all.size()) {
            from = 0;
        }
        var items = new ArrayList<RoundItem>();
        long bytes = ROOM;
        for (var item : all.subList(from, Math.min(all.size(), from + ITEMS_MAX))) {
            bytes += item.getSerializedSize() + ROOM;
            if (bytes > BYTES_MAX && !items.isEmpty()) {
                break;
            }
            items.add(item);
        }
        return new RoundPage(journal, from, items, from + items.size() < all.size());
    }

    /** Where to go on after this one. */
    Wanted next() {
        return new Wanted(journal, from + items.size());
    }

    ByteString encode() {
        return RoundAnswer.newBuilder()
                .setVersion(VERSION)
                .setJournal(journal)
                .setFrom(from)
                .addAllItems(items)
                .setMore(more)
                .build()
                .toByteString();
    }

    static RoundPage decode(ByteString bytes) throws ProtocolViolation {
        try {
            var message = RoundAnswer.parseFrom(bytes);
            requireVersion(message.getVersion());
            if (message.getItemsCount() > ITEMS_MAX) {
                throw new ProtocolViolation(
                        "round: " + message.getItemsCount() + " items, limit " + ITEMS_MAX);
            }
            return new RoundPage(
                    message.getJournal(),
                    message.getFrom(),
                    message.getItemsList(),
                    message.getMore());
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation("round: " + malformed.getMessage(), malformed);
        }
    }

    private static void requireVersion(int version) throws ProtocolViolation {
        if (version != VERSION) {
            throw new ProtocolViolation("round: version " + version + ", not " + VERSION);
        }
    }
}
