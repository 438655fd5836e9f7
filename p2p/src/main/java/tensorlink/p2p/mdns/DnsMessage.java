package tensorlink.p2p.mdns;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * A multicast DNS packet (RFC 1035, RFC 6762): its questions, and of its records the two kinds we
 * have a use for. Names are in lower case, labels separated by dots; a dot within a label has a
 * backslash before it.
 *
 * @param isAnswer whether it answers
 */
record DnsMessage(boolean isAnswer, List<Question> questions, List<Entry> records) {
    /** RFC 6762, section 17. */
    static final int BYTES_MAX = 9_000;

    /** Questions, and records of all sections together. */
    static final int ENTRIES_MAX = 128;

    static final int NAME_BYTES_MAX = 255;
    static final int LABEL_BYTES_MAX = 63;
    static final int TEXT_BYTES_MAX = 255;

    /** Strings of one TXT record. */
    static final int TEXTS_MAX = 32;

    private static final int HEADER_BYTES = 12;
    private static final int JUMPS_MAX = 16;
    private static final int TYPE_PTR = 12;
    private static final int TYPE_TXT = 16;
    private static final int TYPE_ANY = 255;
    private static final int CLASS_IN = 1;
    private static final int TOP_BIT = 0x8000;
    private static final int FLAGS_ANSWER = 0x8400;
    private static final int POINTER = 0xc0;

    DnsMessage {
        questions = List.copyOf(questions);
        records = List.copyOf(records);
    }

    /**
     * Somebody wants to know who goes by {@code name}.
     *
     * @param isForPointers whether PTR records would answer it
     * @param wantsUnicast whether the answer may go to the asker alone
     */
    record Question(String name, boolean isForPointers, boolean wantsUnicast) {}

    /** What is said about a name. */
    sealed interface Entry {
        String name();

        /** It leads to another. */
        record Pointer(String name, String target) implements Entry {}

        /** It has these texts. */
        record Texts(String name, List<ByteString> texts) implements Entry {
            public Texts {
                texts = List.copyOf(texts);
            }
        }
    }

    /** Asks who goes by {@code name}. */
    static DnsMessage question(String name) {
        return new DnsMessage(false, List.of(new Question(name, true, false)), List.of());
    }

    /**
     * Reads a packet.
     *
     * @throws ProtocolViolation when it is malformed, or has more of anything than we read
     */
    static DnsMessage decode(ByteString bytes) throws ProtocolViolation {
        if (bytes.size() > BYTES_MAX) {
            throw new ProtocolViolation(
                    "DNS message of " + bytes.size() + " bytes, limit " + BYTES_MAX);
        }
        return new Reader(bytes).message();
    }

    /** The packet. Pointers come first, as the answer; texts are additional. */
    ByteString encode(int timeToLiveSeconds) {
        var out = ByteString.newOutput();
        int pointers = 0;
        for (var entry : records) {
            pointers += entry instanceof Entry.Pointer ? 1 : 0;
        }
        put16(out, 0);
        put16(out, isAnswer ? FLAGS_ANSWER : 0);
        put16(out, questions.size());
        put16(out, pointers);
        put16(out, 0);
        put16(out, records.size() - pointers);
        for (var question : questions) {
            putName(out, question.name());
            put16(out, question.isForPointers() ? TYPE_PTR : TYPE_ANY);
            put16(out, CLASS_IN | (question.wantsUnicast() ? TOP_BIT : 0));
        }
        for (var entry : records) {
            if (entry instanceof Entry.Pointer(var name, var target)) {
                var content = ByteString.newOutput();
                putName(content, target);
                putRecord(out, name, TYPE_PTR, timeToLiveSeconds, content.toByteString());
            }
        }
        for (var entry : records) {
            if (entry instanceof Entry.Texts(var name, var texts)) {
                var content = ByteString.newOutput();
                for (var text : texts) {
                    put(content, text, TEXT_BYTES_MAX);
                }
                putRecord(out, name, TYPE_TXT, timeToLiveSeconds, content.toByteString());
            }
        }
        return out.toByteString();
    }

    private static void putRecord(
            ByteString.Output out, String name, int type, int timeToLive, ByteString content) {
        putName(out, name);
        put16(out, type);
        put16(out, CLASS_IN);
        put16(out, timeToLive >>> 16);
        put16(out, timeToLive);
        put16(out, content.size());
        content.forEach(out::write);
    }

    private static void putName(ByteString.Output out, String name) {
        for (var label : name.split("(?<!\\\\)\\.", -1)) {
            put(out, ByteString.copyFromUtf8(label.replace("\\.", ".")), LABEL_BYTES_MAX);
        }
        out.write(0);
    }

    private static void put(ByteString.Output out, ByteString content, int max) {
        if (content.size() > max) {
            throw new IllegalArgumentException(content.size() + " bytes, limit " + max);
        }
        out.write(content.size());
        content.forEach(out::write);
    }

    private static void put16(ByteString.Output out, int value) {
        out.write(value >>> 8);
        out.write(value);
    }

    private static final class Reader {
        private final ByteString bytes;
        private int at;

        Reader(ByteString bytes) {
            this.bytes = bytes;
        }

        DnsMessage message() throws ProtocolViolation {
            require(HEADER_BYTES, "header");
            at = 2;
            boolean isAnswer = (next16() & TOP_BIT) != 0;
            int questions = count("questions", next16(), 0);
            int records = count("records", next16() + next16() + next16(), questions);
            var asked = new ArrayList<Question>();
            for (int i = 0; i < questions; i++) {
                asked.add(question());
            }
            var told = new ArrayList<Entry>();
            for (int i = 0; i < records; i++) {
                record(told);
            }
            return new DnsMessage(isAnswer, asked, told);
        }

        private static int count(String what, int count, int before) throws ProtocolViolation {
            if (count + before > ENTRIES_MAX) {
                throw new ProtocolViolation(
                        "DNS message with " + count + " " + what + ", limit " + ENTRIES_MAX);
            }
            return count;
        }

        private Question question() throws ProtocolViolation {
            var name = name();
            require(4, "question");
            int type = next16();
            int category = next16();
            return new Question(
                    name,
                    (type == TYPE_PTR || type == TYPE_ANY) && (category & ~TOP_BIT) == CLASS_IN,
                    (category & TOP_BIT) != 0);
        }

        private void record(List<Entry> told) throws ProtocolViolation {
            var name = name();
            require(10, "record");
            int type = next16();
            boolean isInternet = (next16() & ~TOP_BIT) == CLASS_IN;
            at += 4; // For how long it holds: we forget sooner.
            int length = next16();
            require(length, "record content");
            int end = at + length;
            if (isInternet && type == TYPE_PTR) {
                var target = name();
                if (at != end) {
                    throw new ProtocolViolation("DNS pointer of another length than its content");
                }
                told.add(new Entry.Pointer(name, target));
            } else if (isInternet && type == TYPE_TXT) {
                told.add(new Entry.Texts(name, texts(end)));
            }
            at = end;
        }

        private List<ByteString> texts(int end) throws ProtocolViolation {
            var texts = new ArrayList<ByteString>();
            while (at < end) {
                int length = next8();
                if (length > end - at) {
                    throw new ProtocolViolation("DNS text of " + length + " bytes is cut off");
                }
                if (texts.size() == TEXTS_MAX) {
                    throw new ProtocolViolation(
                            "DNS record with more than " + TEXTS_MAX + " texts");
                }
                texts.add(bytes.substring(at, at + length));
                at += length;
            }
            return texts;
        }

        /** A name ends in a zero or in a pointer; each pointer leads further back than the last. */
        private String name() throws ProtocolViolation {
            var name = new StringBuilder();
            int length = 0;
            int back = -1;
            int jumps = 0;
            int limit = at;
            while (true) {
                require(1, "name");
                int start = at;
                int size = next8();
                if (size == 0) {
                    break;
                }
                if ((size & POINTER) == POINTER) {
                    require(1, "name");
                    int target = (size & ~POINTER) << 8 | next8();
                    if (target >= limit || target < HEADER_BYTES || ++jumps > JUMPS_MAX) {
                        throw new ProtocolViolation(
                                "DNS name at " + start + " goes on at " + target);
                    }
                    back = back < 0 ? at : back;
                    limit = target;
                    at = target;
                    continue;
                }
                if (size > LABEL_BYTES_MAX) {
                    throw new ProtocolViolation("DNS label of kind " + (size >> 6));
                }
                require(size, "label");
                length += size + 1;
                if (length > NAME_BYTES_MAX) {
                    throw new ProtocolViolation(
                            "DNS name of more than " + NAME_BYTES_MAX + " bytes");
                }
                name.append(name.isEmpty() ? "" : ".").append(label(size));
            }
            at = back < 0 ? at : back;
            return name.toString();
        }

        private String label(int size) {
            var label = bytes.substring(at, at + size).toString(StandardCharsets.UTF_8);
            at += size;
            return label.toLowerCase(Locale.ROOT).replace(".", "\\.");
        }

        private void require(int count, String what) throws ProtocolViolation {
            if (bytes.size() - at < count) {
                throw new ProtocolViolation("DNS " + what + " is cut off");
            }
        }

        private int next8() {
            return bytes.byteAt(at++) & 0xff;
        }

        private int next16() {
            return next8() << 8 | next8();
        }
    }
}
