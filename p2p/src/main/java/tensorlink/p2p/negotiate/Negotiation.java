package tensorlink.p2p.negotiate;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.function.Predicate;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiformats.Varint;

/**
 * One side of multistream-select 1.0. Messages are a varint length, text and a line feed that the
 * length includes. Both sides send a header; then the proposing side names protocols one at a time
 * and the answering side echoes one or says {@code na}.
 *
 * <p>The bytes of the other side go into {@link #accept} one by one, so how the network cut them
 * makes no difference, and the byte after the last one belongs to whatever was agreed.
 */
public final class Negotiation {
    private static final String HEADER = "/multistream/1.0.0";
    private static final String NOT_AVAILABLE = "na";

    /** The longest message, as in go and js; a two-byte length can say it. */
    private static final int MESSAGE_BYTES_MAX = 1024;

    /** How many proposals are answered before the peer is taken for a nuisance. */
    private static final int PROPOSALS_MAX = 32;

    private final Side side;
    private final ByteString opening;
    private final Varint.Decoder length = new Varint.Decoder();
    private byte[] message = new byte[0];
    private int received;
    private boolean inMessage;
    private boolean headerSeen;

    private Negotiation(Side side, ByteString opening) {
        this.side = side;
        this.opening = opening;
    }

    /** Proposes {@code protocols}, best first; there must be at least one. */
    public static Negotiation propose(List<String> protocols) {
        if (protocols.isEmpty()) {
            throw new IllegalArgumentException("nothing to propose");
        }
        return new Negotiation(
                new Proposing(List.copyOf(protocols)),
                encode(HEADER).concat(encode(protocols.getFirst())));
    }

    /** Answers what the other side proposes. */
    public static Negotiation answer(Predicate<String> serves) {
        return new Negotiation(new Answering(serves), ByteString.EMPTY);
    }

    /** What to send before anything arrives; may be empty. */
    public ByteString opening() {
        return opening;
    }

    /** How many of the next bytes are certainly the other side's and not yet a protocol's. */
    public int wanted() {
        return inMessage ? message.length - received : 1;
    }

    /** Whether this side has declined a proposal. */
    public boolean hasDeclined() {
        return side instanceof Answering answering && answering.refused > 0;
    }

    /**
     * Takes the next byte of the other side. After {@link Progress.Agreed} or {@link
     * Progress.Refused} no further byte may be given.
     *
     * @throws ProtocolViolation when the other side does not speak multistream-select
     */
    public Progress accept(byte next) throws ProtocolViolation {
        if (!inMessage) {
            startMessage(next);
            return Progress.Pending.INSTANCE;
        }
        message[received++] = next;
        if (received < message.length) {
            return Progress.Pending.INSTANCE;
        }
        inMessage = false;
        length.reset();
        return take(text());
    }

    /**
     * Takes the next {@code count} bytes of the other side, at most as many as are {@link #wanted}.
     */
    public Progress accept(byte[] next, int count) throws ProtocolViolation {
        Progress progress = Progress.Pending.INSTANCE;
        for (int i = 0; i < count; i++) {
            progress = accept(next[i]);
        }
        return progress;
    }

    private void startMessage(byte next) throws ProtocolViolation {
        boolean complete;
        try {
            complete = length.accept(next);
        } catch (IllegalArgumentException malformed) {
            throw new ProtocolViolation(
                    "multistream message length: " + malformed.getMessage(), malformed);
        }
        if (length.value() > MESSAGE_BYTES_MAX) {
            throw new ProtocolViolation(
                    "multistream message of at least "
                            + length.value()
                            + " bytes, limit "
                            + MESSAGE_BYTES_MAX);
        }
        if (complete) {
            if (length.value() == 0) {
                throw new ProtocolViolation("multistream message of 0 bytes");
            }
            message = new byte[(int) length.value()];
            received = 0;
            inMessage = true;
        }
    }

    private String text() throws ProtocolViolation {
        var bytes = ByteString.copyFrom(message, 0, message.length - 1);
        if (message[message.length - 1] != '\n') {
            throw new ProtocolViolation("multistream message without line feed at its end");
        }
        if (!bytes.isValidUtf8()) {
            throw new ProtocolViolation("multistream message is not UTF-8");
        }
        var text = bytes.toStringUtf8();
        for (int i = 0; i < text.length(); i++) {
            if (Character.isISOControl(text.charAt(i))) {
                throw new ProtocolViolation(
                        "multistream message with control character " + (int) text.charAt(i));
            }
        }
        return text;
    }

    private Progress take(String text) throws ProtocolViolation {
        if (headerSeen) {
            return side.take(text);
        }
        if (!text.equals(HEADER)) {
            throw new ProtocolViolation("expected " + HEADER + ", got " + text);
        }
        headerSeen = true;
        return side.afterHeader();
    }

    private static ByteString encode(String text) {
        var line = ByteString.copyFromUtf8(text + "\n");
        return Varint.encode(line.size()).concat(line);
    }

    /** Where a negotiation stands after a byte. */
    public sealed interface Progress {
        /** Nothing to do until the next byte. */
        record Pending() implements Progress {
            static final Pending INSTANCE = new Pending();
        }

        /** Send {@code bytes} and go on. */
        record Send(ByteString bytes) implements Progress {}

        /**
         * Send {@code bytes}, if any; every further byte in either direction is {@code protocol}'s.
         */
        record Agreed(String protocol, ByteString bytes) implements Progress {}

        /** The other side serves none of what was proposed. */
        record Refused() implements Progress {}
    }

    private sealed interface Side {
        Progress afterHeader();

        Progress take(String text) throws ProtocolViolation;
    }

    private static final class Proposing implements Side {
        private final List<String> protocols;
        private int proposed;

        Proposing(List<String> protocols) {
            this.protocols = protocols;
        }

        @Override
        public Progress afterHeader() {
            return Progress.Pending.INSTANCE;
        }

        @Override
        public Progress take(String text) throws ProtocolViolation {
            var current = protocols.get(proposed);
            if (text.equals(current)) {
                return new Progress.Agreed(current, ByteString.EMPTY);
            }
            if (!text.equals(NOT_AVAILABLE)) {
                throw new ProtocolViolation("proposed " + current + ", got " + text);
            }
            proposed++;
            return proposed == protocols.size()
                    ? new Progress.Refused()
                    : new Progress.Send(encode(protocols.get(proposed)));
        }
    }

    private static final class Answering implements Side {
        private final Predicate<String> serves;
        private int refused;

        Answering(Predicate<String> serves) {
            this.serves = serves;
        }

        @Override
        public Progress afterHeader() {
            return new Progress.Send(encode(HEADER));
        }

        @Override
        public Progress take(String text) throws ProtocolViolation {
            if (serves.test(text)) {
                return new Progress.Agreed(text, encode(text));
            }
            refused++;
            if (refused > PROPOSALS_MAX) {
                throw new ProtocolViolation(
                        "more than " + PROPOSALS_MAX + " unknown protocols proposed");
            }
            return new Progress.Send(encode(NOT_AVAILABLE));
        }
    }
}
