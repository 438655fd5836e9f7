package tensorlink.compute.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A driver is asked by its C functions; here they are Java's, with the types of CUDA's header. */
class DriverTest {
    private final Arena arena = Arena.ofConfined();
    private final Map<String, MemorySegment> functions = new HashMap<>();

    @AfterEach
    void close() {
        arena.close();
    }

    /** A driver for CUDA 12.4 with two cards. */
    @SuppressWarnings("restricted") // they write where a driver would
    static final class Functions {
        private Functions() {}

        static int init(int flags) {
            return flags;
        }

        static int noDevice(int flags) {
            return 100;
        }

        static int version(MemorySegment to) {
            to.reinterpret(4).set(JAVA_INT, 0, 12_040);
            return 0;
        }

        static int count(MemorySegment to) {
            to.reinterpret(4).set(JAVA_INT, 0, 2);
            return 0;
        }

        static int none(MemorySegment to) {
            to.reinterpret(4).set(JAVA_INT, 0, 0);
            return 0;
        }

        static int tooMany(MemorySegment to) {
            to.reinterpret(4).set(JAVA_INT, 0, 65);
            return 0;
        }

        static int device(MemorySegment to, int ordinal) {
            to.reinterpret(4).set(JAVA_INT, 0, 40 + ordinal);
            return 0;
        }

        static int name(MemorySegment to, int length, int device) {
            var name = ("Card\u0007 " + device + "\0").getBytes(StandardCharsets.UTF_8);
            MemorySegment.copy(name, 0, to.reinterpret(length), JAVA_BYTE, 0, name.length);
            return 0;
        }

        static int memory(MemorySegment to, int device) {
            to.reinterpret(8).set(JAVA_LONG, 0, (80L << 30) + device);
            return 0;
        }

        static int attribute(MemorySegment to, int attribute, int device) {
            to.reinterpret(4).set(JAVA_INT, 0, attribute == 75 ? device - 31 : attribute - 76);
            return 0;
        }

        static int broken(MemorySegment to, int device) {
            return 999;
        }
    }

    @SuppressWarnings("restricted") // its types are those given
    private DriverTest with(String name, String method, MemoryLayout... arguments)
            throws ReflectiveOperationException {
        var type = FunctionDescriptor.of(JAVA_INT, arguments);
        var java = type.toMethodType();
        var handle =
                MethodHandles.lookup()
                        .findStatic(
                                Functions.class,
                                method,
                                MethodType.methodType(int.class, java.parameterArray()));
        functions.put(name, Linker.nativeLinker().upcallStub(handle, type, arena));
        return this;
    }

    private DriverTest withTwoCards() throws ReflectiveOperationException {
        return with("cuInit", "init", JAVA_INT)
                .with("cuDriverGetVersion", "version", ADDRESS)
                .with("cuDeviceGetCount", "count", ADDRESS)
                .with("cuDeviceGet", "device", ADDRESS, JAVA_INT)
                .with("cuDeviceGetName", "name", ADDRESS, JAVA_INT, JAVA_INT)
                .with("cuDeviceTotalMem_v2", "memory", ADDRESS, JAVA_INT)
                .with("cuDeviceGetAttribute", "attribute", ADDRESS, JAVA_INT, JAVA_INT);
    }

    private Driver asked() {
        return Driver.ask(name -> Optional.ofNullable(functions.get(name)));
    }

    @Test
    void it_says_which_cards_there_are() throws Exception {
        withTwoCards();

        assertThat(asked())
                .isEqualTo(
                        new Driver.Present(
                                "12.4",
                                List.of(
                                        new Card("Card? 40", (80L << 30) + 40, "9.0"),
                                        new Card("Card? 41", (80L << 30) + 41, "10.0"))));
    }

    @Test
    void a_driver_without_cards_is_as_good_as_none() throws Exception {
        var text = "the NVIDIA driver has no card that may be used here";

        withTwoCards().with("cuDeviceGetCount", "none", ADDRESS);
        assertThat(asked()).isEqualTo(new Driver.Absent(text));
        with("cuInit", "noDevice", JAVA_INT);
        assertThat(asked()).isEqualTo(new Driver.Absent(text));
    }

    @Test
    void what_it_refuses_or_lacks_is_the_reason_for_not_using_it() throws Exception {
        withTwoCards().with("cuDeviceTotalMem_v2", "broken", ADDRESS, JAVA_INT);
        assertThat(asked())
                .isEqualTo(
                        new Driver.Absent(
                                "the NVIDIA driver refuses: cuDeviceTotalMem_v2 gives 999"));

        withTwoCards().with("cuDeviceGetCount", "tooMany", ADDRESS);
        assertThat(asked()).isEqualTo(new Driver.Absent("the NVIDIA driver has 65 cards, 0 to 64"));

        functions.remove("cuDriverGetVersion");
        assertThat(asked())
                .isEqualTo(
                        new Driver.Absent("the NVIDIA driver has no function cuDriverGetVersion"));
    }

    @Test
    void this_machine_has_cards_or_a_reason_why_it_has_none() {
        switch (Driver.look()) {
            case Driver.Present(_, var cards) -> assertThat(cards).isNotEmpty();
            case Driver.Absent(var why) -> assertThat(why).contains("NVIDIA driver");
        }
    }
}
