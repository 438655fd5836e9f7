package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.node.DeviceChoice.DeviceException;
import tensorlink.node.DeviceChoice.Machine;

/** What is computed on is what was asked for, or is said, or is refused. */
class DeviceChoiceTest {
    private static final Machine PLAIN = new Machine(OptionalInt.empty());
    private static final Machine TWO_CARDS = new Machine(OptionalInt.of(2));

    @TempDir private Path folder;

    private static DeviceChoice choose(DeviceWish wish, String device, Machine machine)
            throws DeviceException {
        return DeviceChoice.of(wish, device, "2.7.1", machine);
    }

    @Test
    void a_processor_that_was_asked_for_needs_no_excuse() throws Exception {
        assertThat(choose(DeviceWish.parse("cpu"), "cpu", TWO_CARDS))
                .isEqualTo(new DeviceChoice("cpu", "asked for was cpu"));
    }

    @Test
    void a_processor_that_was_not_asked_for_is_explained() throws Exception {
        assertThat(choose(DeviceWish.any(), "cpu", PLAIN).why())
                .isEqualTo(
                        "no GPU: no NVIDIA driver is to be seen in /proc/driver/nvidia/gpus, and"
                                + " stages use libtorch 2.7.1 on processors only");
        assertThat(choose(DeviceWish.any(), "cpu", TWO_CARDS).why())
                .isEqualTo(
                        "no GPU: NVIDIA's driver has 2, but stages use libtorch 2.7.1"
                                + " on processors only");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cuda", "cuda:0,1"})
    void a_gpu_that_cannot_be_had_is_an_error_and_no_processor(String asked) {
        assertThatThrownBy(() -> choose(DeviceWish.parse(asked), "cpu", TWO_CARDS))
                .isInstanceOf(DeviceException.class)
                .hasMessage(
                        "cannot compute on "
                                + asked
                                + ": NVIDIA's driver has 2, but stages use libtorch"
                                + " 2.7.1 on processors only");
    }

    @Test
    void a_required_gpu_that_cannot_be_had_is_an_error_too() {
        assertThatThrownBy(() -> choose(DeviceWish.any().requiringGpu(), "cpu", PLAIN))
                .isInstanceOf(DeviceException.class)
                .hasMessageStartingWith("cannot compute on any GPU: no NVIDIA driver");
    }

    @Test
    void kernels_that_use_a_gpu_are_not_for_who_wants_a_processor() throws Exception {
        assertThat(choose(DeviceWish.any(), "cuda:0", TWO_CARDS).device()).isEqualTo("cuda:0");
        assertThatThrownBy(() -> choose(DeviceWish.parse("cpu"), "cuda:0", TWO_CARDS))
                .hasMessage("cannot compute on cpu: the kernels here use cuda:0");
    }

    @Test
    void cards_are_counted_where_the_driver_shows_them() throws Exception {
        assertThat(Machine.look(folder.resolve("absent"))).isEqualTo(PLAIN);
        Files.createDirectories(folder.resolve("0000:01:00.0"));
        Files.createDirectories(folder.resolve("0000:02:00.0"));
        assertThat(Machine.look(folder)).isEqualTo(TWO_CARDS);
    }

    @Test
    void cards_are_named_by_their_numbers() {
        assertThat(DeviceWish.parse("cuda:0,63").cards()).isEqualTo(List.of(0, 63));
        assertThat(DeviceWish.parse("cuda:3,1")).hasToString("cuda:3,1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpu", "", "cuda:", "cuda:64", "cuda:-1", "cuda:0,", "CUDA", "cpu:0"})
    void anything_else_is_refused(String text) {
        assertThatThrownBy(() -> DeviceWish.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("must be auto, cpu, cuda or cuda:N,... with N from 0 to 63");
    }

    @Test
    void contradictions_are_refused() {
        assertThatThrownBy(() -> DeviceWish.parse("cuda:1,1")).hasMessage("names a card twice");
        assertThatThrownBy(() -> DeviceWish.parse("cpu").requiringGpu())
                .hasMessage("a GPU is required, and a processor is asked for");
    }
}
