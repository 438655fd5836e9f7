package tensorlink.compute.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TensorCodecTest {
    /** Normal values, as hidden states are nearly, in several magnitudes. */
    private static Tensor states(int count, long seed) {
        var random = new Random(seed);
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(3)));
        }
        return Tensor.ofFloats(Shape.of(count), values);
    }

    private static Tensor arrived(TensorCodec codec, Tensor values) {
        var arrived = Tensor.allocate(values.dtype(), values.shape());
        try (var encoded = codec.encode(values)) {
            assertThat(codec.fits(encoded.elements(), values.dtype(), values.shape())).isTrue();
            codec.decode(encoded.data(), arrived);
        }
        return arrived;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 63, 64, 65, 4096, 100_003})
    void exact_and_lossless_deliver_every_bit(int count) {
        for (var codec : new TensorCodec[] {TensorCodec.EXACT, TensorCodec.LOSSLESS}) {
            try (var values = states(count, count)) {
                try (var encoded = codec.encode(values)) {
                    if (encoded.elements() == 0) {
                        assertThat(count).isLessThan(100); // too few to get shorter
                        continue;
                    }
                }
                try (var arrived = arrived(codec, values)) {
                    assertThat(arrived.data().mismatch(values.data())).isEqualTo(-1);
                }
            }
        }
    }

    @Test
    void lossless_makes_states_shorter_and_keeps_bits_that_are_not_numbers() {
        try (var values = states(65_536, 1)) {
            values.setFloat(7, Float.intBitsToFloat(0x7fa00001));
            values.setFloat(8, -0.0f);

            try (var encoded = TensorCodec.LOSSLESS.encode(values);
                    var arrived = arrived(TensorCodec.LOSSLESS, values)) {
                assertThat(encoded.elements()).isLessThan(values.data().byteSize() * 9 / 10);
                assertThat(arrived.data().mismatch(values.data())).isEqualTo(-1);
            }
        }
    }

    @Test
    void what_does_not_get_shorter_is_not_encoded() {
        var noise = new long[512];
        var random = new Random(3);
        for (int i = 0; i < noise.length; i++) {
            noise[i] = random.nextLong();
        }
        try (var values = Tensor.ofLongs(Shape.of(noise.length), noise);
                var encoded = TensorCodec.LOSSLESS.encode(values)) {
            assertThat(encoded.elements()).isZero();
        }
    }

    @Test
    void bf16_delivers_the_nearest_value_with_ties_to_even() {
        float[] sent = {
            1.0f,
            Float.intBitsToFloat(0x3f808000), // between 1 and the next, which is odd
            Float.intBitsToFloat(0x3f818000), // between an odd and an even one
            Float.intBitsToFloat(0x3f808001),
            Float.MAX_VALUE,
            Float.NEGATIVE_INFINITY,
            Float.intBitsToFloat(0x7f800001), // a payload that is cut off
            -0.0f
        };
        int[] expected = {
            0x3f800000,
            0x3f800000,
            0x3f820000,
            0x3f810000,
            0x7f800000,
            0xff800000,
            0x7fc00000,
            0x80000000
        };
        try (var values = Tensor.ofFloats(Shape.of(sent.length), sent);
                var arrived = arrived(TensorCodec.BF16, values)) {
            for (int i = 0; i < sent.length; i++) {
                assertThat(Float.floatToRawIntBits(arrived.floatAt(i)))
                        .as("value %s", sent[i])
                        .isEqualTo(expected[i]);
            }
        }
    }

    @Test
    void int8_is_off_by_half_a_step_of_its_block_at_most() {
        try (var values = states(1000, 5);
                var arrived = arrived(TensorCodec.INT8, values)) {
            for (int block = 0; block < 1000; block += 64) {
                int end = Math.min(block + 64, 1000);
                float largest = 0;
                for (int i = block; i < end; i++) {
                    largest = Math.max(largest, Math.abs(values.floatAt(i)));
                }
                for (int i = block; i < end; i++) {
                    double off = Math.abs((double) values.floatAt(i) - arrived.floatAt(i));
                    assertThat(off).isLessThanOrEqualTo(largest / 254.0 * 1.00001);
                }
            }
        }
    }

    @Test
    void int8_keeps_zeros_and_shows_what_is_not_finite() {
        var sent = new float[192];
        sent[70] = Float.POSITIVE_INFINITY;
        sent[130] = 2;
        try (var values = Tensor.ofFloats(Shape.of(192), sent);
                var arrived = arrived(TensorCodec.INT8, values)) {
            assertThat(arrived.floatAt(0)).isZero();
            assertThat(arrived.floatAt(64)).isNaN();
            assertThat(arrived.floatAt(70)).isNaN();
            assertThat(arrived.floatAt(130)).isEqualTo(2);
            assertThat(arrived.floatAt(131)).isZero();
        }
    }

    @Test
    void the_error_is_that_of_what_arrives() {
        try (var values = states(4096, 9);
                var bf16 = TensorCodec.BF16.encode(values);
                var int8 = TensorCodec.INT8.encode(values)) {
            double half = TensorCodec.BF16.error(values, bf16.data()).relative();
            double byteWide = TensorCodec.INT8.error(values, int8.data()).relative();

            assertThat(half).isBetween(1e-4, 1.0 / 256);
            assertThat(byteWide).isBetween(half, 0.02);
        }
        assertThat(TensorCodec.EXACT.lossy()).isFalse();
    }

    @ParameterizedTest
    @EnumSource(TensorCodec.class)
    void a_size_that_cannot_be_is_told_before_anything_is_read(TensorCodec codec) {
        var shape = Shape.of(2, 50);

        assertThat(codec.fits(0, DType.F32, shape)).isFalse();
        assertThat(codec.fits(401, DType.F32, shape)).isFalse();
        assertThat(codec.fits(Long.MAX_VALUE, DType.F32, shape)).isFalse();
    }

    @Test
    void lossless_bytes_that_are_too_few_too_many_or_none_of_its_own_are_refused() {
        try (var values = states(4096, 11);
                var encoded = TensorCodec.LOSSLESS.encode(values);
                var more = Tensor.allocate(DType.F32, Shape.of(4097));
                var fewer = Tensor.allocate(DType.F32, Shape.of(4095))) {
            var bytes = encoded.data();
            assertThatThrownBy(() -> TensorCodec.LOSSLESS.decode(bytes, more))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> TensorCodec.LOSSLESS.decode(bytes, fewer))
                    .isInstanceOf(IllegalArgumentException.class);
            for (long cut = 0; cut < bytes.byteSize(); cut += 97) {
                var part = bytes.asSlice(0, cut);
                assertThatThrownBy(() -> TensorCodec.LOSSLESS.decode(part, values))
                        .as("cut at %s", cut)
                        .isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @Test
    void a_type_that_a_codec_does_not_take_is_refused() {
        try (var ids = Tensor.ofLongs(Shape.of(3), 1, 2, 3)) {
            assertThat(TensorCodec.BF16.takes(DType.I64)).isFalse();
            assertThatThrownBy(() -> TensorCodec.BF16.encode(ids)).hasMessage("codec BF16 of I64");
        }
    }
}
