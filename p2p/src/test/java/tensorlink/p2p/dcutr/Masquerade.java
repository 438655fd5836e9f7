package tensorlink.p2p.dcutr;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Makes the kernel of a network namespace a NAT as people have at home: what leaves by the
 * interface {@code wan} gets its address, and what comes in by it is dropped unless it belongs to
 * that. The argument {@code random} makes every connection leave by another port, as a symmetric
 * NAT does. It says to the kernel by netlink what {@code nft} would, which not every machine has.
 */
final class Masquerade {
    private static final String WAN = "wan";
    private static final int RULES = 5;

    private static final int NETLINK = 16;
    private static final int RAW = 3;
    private static final int NETFILTER = 12;

    private static final int REQUEST = 1;
    private static final int ACKNOWLEDGE = 4;
    private static final int CREATE = 0x400;
    private static final int APPEND = 0x800;
    private static final int IP4 = 2;
    private static final int TABLES = 10;
    private static final int BATCH_BEGIN = 0x10;
    private static final int BATCH_END = 0x11;
    private static final int NEW_TABLE = TABLES << 8;
    private static final int NEW_CHAIN = TABLES << 8 | 3;
    private static final int NEW_RULE = TABLES << 8 | 6;

    private static final int LOCAL_IN = 1;
    private static final int POST_ROUTING = 4;
    private static final int SOURCE_NAT_PRIORITY = 100;
    private static final int NAME_OF_INPUT = 6;
    private static final int NAME_OF_OUTPUT = 7;
    private static final int FULLY_RANDOM = 1 << 4;
    private static final int DROP = 0;

    private final ByteArrayOutputStream batch = new ByteArrayOutputStream();
    private int sequence;

    private Masquerade() {}

    public static void main(String[] arguments) throws Throwable {
        boolean isRandom = arguments.length > 0 && arguments[0].equals("random");
        var rules = new Masquerade();
        rules.add(BATCH_BEGIN, REQUEST, TABLES);
        rules.add(NEW_TABLE, CREATE | ACKNOWLEDGE, 0, text(1, "home"));
        rules.chain("out", "nat", POST_ROUTING, SOURCE_NAT_PRIORITY);
        var masquerade = expression("masq", isRandom ? number(1, FULLY_RANDOM) : new byte[0]);
        rules.rule("out", isWan(NAME_OF_OUTPUT), masquerade);
        rules.chain("in", "filter", LOCAL_IN, 0);
        var verdict = attribute(2, attribute(2, number(1, DROP)));
        rules.rule("in", isWan(NAME_OF_INPUT), expression("immediate", number(1, 0), verdict));
        rules.add(BATCH_END, REQUEST, TABLES);
        rules.tellKernel();
    }

    private void chain(String name, String kind, int hook, int priority) {
        var where = attribute(4, number(1, hook), number(2, priority));
        add(
                NEW_CHAIN,
                CREATE | ACKNOWLEDGE,
                0,
                text(1, "home"),
                text(3, name),
                where,
                text(7, kind));
    }

    private void rule(String chain, byte[]... expressions) {
        add(
                NEW_RULE,
                CREATE | APPEND | ACKNOWLEDGE,
                0,
                text(1, "home"),
                text(2, chain),
                attribute(4, expressions));
    }

    /** Two expressions: the name of an interface, and what it must be. */
    private static byte[] isWan(int name) {
        var expected = ByteBuffer.allocate(16).put(WAN.getBytes(StandardCharsets.US_ASCII)).array();
        return join(
                expression("meta", number(1, 1), number(2, name)),
                expression(
                        "cmp", number(1, 1), number(2, 0), attribute(3, attribute(1, expected))));
    }

    private static byte[] expression(String name, byte[]... content) {
        return attribute(1, text(1, name), attribute(2, content));
    }

    private static byte[] text(int type, String text) {
        return attribute(type, (text + '\0').getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] number(int type, int number) {
        return attribute(type, ByteBuffer.allocate(4).putInt(number).array());
    }

    private static byte[] attribute(int type, byte[]... parts) {
        var content = join(parts);
        return own(4 + (content.length + 3) / 4 * 4)
                .putShort((short) (4 + content.length))
                .putShort((short) type)
                .put(content)
                .array();
    }

    private static byte[] join(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        for (var part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private void add(int type, int flags, int resource, byte[]... attributes) {
        var content = join(attributes);
        batch.writeBytes(
                own(20 + content.length)
                        .putInt(20 + content.length)
                        .putShort((short) type)
                        .putShort((short) (REQUEST | flags))
                        .putInt(++sequence)
                        .putInt(0)
                        .put((byte) IP4)
                        .put((byte) 0)
                        .order(ByteOrder.BIG_ENDIAN)
                        .putShort((short) resource)
                        .put(content)
                        .array());
    }

    private static ByteBuffer own(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    }

    private void tellKernel() throws Throwable {
        try (var arena = Arena.ofConfined()) {
            var socket = function("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
            var write = function("write", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
            var read = function("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
            int descriptor = (int) socket.invokeExact(NETLINK, RAW, NETFILTER);
            var message = arena.allocateFrom(JAVA_BYTE, batch.toByteArray());
            long written = (long) write.invokeExact(descriptor, message, message.byteSize());
            if (written != message.byteSize()) {
                throw new IllegalStateException("netlink took " + written + " bytes");
            }
            var answer = arena.allocate(1 << 16);
            for (int heard = 0; heard < RULES; ) {
                long length = (long) read.invokeExact(descriptor, answer, answer.byteSize());
                heard += acknowledged(answer.asSlice(0, length));
            }
        }
    }

    /** How many answers there are, none of which may be an error. */
    private static int acknowledged(MemorySegment answers) {
        var in = answers.asByteBuffer().order(ByteOrder.nativeOrder());
        int count = 0;
        for (int at = 0; at < in.limit(); at += (in.getInt(at) + 3) / 4 * 4) {
            int error = in.getInt(at + 16);
            if (error != 0) {
                throw new IllegalStateException("netlink: error " + error);
            }
            count++;
        }
        return count;
    }

    @SuppressWarnings("restricted")
    private static MethodHandle function(
            String name, MemoryLayout result, MemoryLayout... arguments) {
        var linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, arguments));
    }
}
