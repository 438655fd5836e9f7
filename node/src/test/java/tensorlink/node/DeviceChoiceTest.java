package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Device;
import tensorlink.compute.DeviceException;
import tensorlink.compute.cuda.Driver;
import tensorlink.node.DeviceChoice.Missed;

/** What is computed on is what was asked for, or is said, or is refused. */
class DeviceChoiceTest {
    private static final Devices PLAIN =
            PretendedCards.of(new Driver.Absent("there is no NVIDIA driver"), "cpu");
    private static final Devices WRONG_KERNELS =
            PretendedCards.of(PretendedCards.present("12.8", 2), "cpu");
    private static final Devices OLD_DRIVER =
            PretendedCards.of(PretendedCards.present("11.8", 1), "cu124");
    private static final Devices TWO_CARDS = PretendedCards.usable(2);

    private static List<Device> chosen(String wish, Devices devices) throws DeviceException {
        return DeviceChoice.of(DeviceWish.parse(wish), devices).stream()
                .map(DeviceChoice::device)
                .toList();
    }

    @Test
    void a_processor_that_was_asked_for_needs_no_excuse() throws Exception {
        assertThat(DeviceChoice.of(DeviceWish.parse("cpu"), TWO_CARDS))
                .containsExactly(
                        new DeviceChoice(
                                Device.CPU,
                                Optional.empty(),
                                "asked for was cpu",
                                Optional.empty()));
    }

    @Test
    void a_processor_that_was_not_asked_for_is_explained() throws Exception {
        var plain = DeviceChoice.of(DeviceWish.any(), PLAIN).getFirst();
        assertThat(plain.device()).isEqualTo(Device.CPU);
        assertThat(plain.why()).isEqualTo("no GPU: there is no NVIDIA driver");
        assertThat(plain.missed()).contains(Missed.DRIVER);

        var unfit = DeviceChoice.of(DeviceWish.any(), WRONG_KERNELS).getFirst();
        assertThat(unfit.why())
                .isEqualTo(
                        "no GPU: the NVIDIA driver has 2 cards, but the kernels chosen here are for"
                                + " processors");
        assertThat(unfit.missed()).contains(Missed.KERNELS);

        var old = DeviceChoice.of(DeviceWish.any(), OLD_DRIVER).getFirst();
        assertThat(old.why())
                .isEqualTo(
                        "no GPU: the NVIDIA driver takes CUDA up to 11.8, the kernels are made"
                                + " with cu124");
        assertThat(old.missed()).contains(Missed.VERSION);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cuda", "cuda:0,1"})
    void a_gpu_that_cannot_be_had_is_an_error_and_no_processor(String asked) {
        assertThatThrownBy(() -> chosen(asked, PLAIN))
                .isInstanceOf(DeviceException.class)
                .hasMessage("cannot compute on " + asked + ": there is no NVIDIA driver");
        assertThatThrownBy(() -> chosen(asked, WRONG_KERNELS))
                .hasMessageContaining("the kernels chosen here are for processors")
                .hasMessageEndingWith(
                        "\n  try: tensorlink runtime install cuda && tensorlink runtime use"
                                + " cuda");
        assertThatThrownBy(() -> chosen(asked, OLD_DRIVER)).hasMessageContaining("up to 11.8");
    }

    @Test
    void a_required_gpu_that_cannot_be_had_is_an_error_too() {
        assertThatThrownBy(() -> DeviceChoice.of(DeviceWish.any().requiringGpu(), PLAIN))
                .isInstanceOf(DeviceException.class)
                .hasMessage("cannot compute on any GPU: there is no NVIDIA driver");
    }

    @Test
    void cards_are_those_asked_for_in_that_order_or_all() throws Exception {
        assertThat(chosen("auto", TWO_CARDS)).containsExactly(Device.cuda(0), Device.cuda(1));
        assertThat(chosen("cuda", TWO_CARDS)).containsExactly(Device.cuda(0), Device.cuda(1));
        assertThat(chosen("cuda:1", TWO_CARDS)).containsExactly(Device.cuda(1));
        assertThat(chosen("cuda:1,0", TWO_CARDS)).containsExactly(Device.cuda(1), Device.cuda(0));
        assertThatThrownBy(() -> chosen("cuda:0,2", TWO_CARDS))
                .hasMessage(
                        "cannot compute on cuda:0,2: the NVIDIA driver has 2 cards, the first is"
                                + " cuda:0");
    }

    @Test
    void a_card_is_told_with_its_name_and_lends_no_more_than_it_has() throws Exception {
        var card = DeviceChoice.of(DeviceWish.parse("cuda:1"), TWO_CARDS).getFirst();

        assertThat(card.name()).isEqualTo("cuda:1 Pretended 1, 8.0 GiB");
        assertThat(card.why())
                .isEqualTo("asked for was cuda:1; kernels for cu124, driver for 12.4");
        assertThat(card.missed()).isEmpty();
        assertThat(card.lent(1L << 30)).isEqualTo(1L << 30);
        assertThat(card.lent(1L << 40)).isEqualTo((long) (PretendedCards.MEMORY_BYTES * 0.9));
        var processor = DeviceChoice.of(DeviceWish.any(), PLAIN).getFirst();
        assertThat(processor.name()).isEqualTo("cpu");
        assertThat(processor.lent(1L << 40)).isEqualTo(1L << 40);
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
