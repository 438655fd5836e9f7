package tensorlink.compute.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TensorTest {

    @Test
    void holds_values_little_endian_and_row_major() {
        try (var tensor = Tensor.ofFloats(Shape.of(2, 2), 1f, 2f, 3f, -0f)) {
            assertThat(tensor.floatAt(2)).isEqualTo(3f);
            assertThat(tensor.data().byteSize()).isEqualTo(16);
            assertThat(tensor.data().get(ValueLayout.JAVA_BYTE, 15)).isEqualTo((byte) 0x80);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 1023, 1024, 1025, 1 << 20, (1 << 20) + 1})
    void starts_as_zeros_on_an_aligned_address_even_where_another_tensor_was(long elements) {
        try (var before = Tensor.allocate(DType.F32, Shape.of(elements))) {
            before.data().fill((byte) 0xFF);
        }

        try (var tensor = Tensor.allocate(DType.F32, Shape.of(elements))) {
            assertThat(tensor.data().byteSize()).isEqualTo(4 * elements);
            assertThat(tensor.data().address() % Slab.ALIGNMENT).isZero();
            for (long i = 0; i < elements; i++) {
                assertThat(tensor.floatAt(i)).isZero();
            }
        }
    }

    @Test
    void memory_of_a_closed_tensor_serves_the_next_one_but_never_two() {
        var first = Tensor.allocate(DType.F32, Shape.of(5000));
        long address = first.data().address();
        first.close();
        first.close();

        try (var second = Tensor.allocate(DType.F32, Shape.of(5000));
                var third = Tensor.allocate(DType.F32, Shape.of(5000))) {
            assertThat(second.data().address()).isEqualTo(address);
            assertThat(third.data().address()).isNotEqualTo(address);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, Slab.POOLED_BYTES_MAX})
    void cannot_be_used_after_close(long elements) {
        var tensor = Tensor.allocate(DType.F32, Shape.of(elements));
        tensor.close();

        assertThatThrownBy(tensor::data).hasMessage("tensor is closed");
        assertThatThrownBy(() -> tensor.floatAt(0)).hasMessage("tensor is closed");
    }

    @Test
    void refuses_a_wrong_type_or_count() {
        try (var tensor = Tensor.ofLongs(Shape.of(1), 7)) {
            assertThatThrownBy(() -> tensor.floatAt(0)).hasMessage("tensor is I64, not F32");
        }
        assertThatThrownBy(() -> Tensor.ofFloats(Shape.of(2), 1f))
                .hasMessage("1 values for shape [2]");
    }

    @Test
    void rows_are_cut_off_and_joined_again() {
        try (var whole = Tensor.ofFloats(Shape.of(3, 2), 1f, 2f, 3f, 4f, 5f, 6f);
                var one = whole.rows(0, 1);
                var others = whole.rows(1, 3);
                var joined = Tensor.joined(List.of(one, others))) {
            assertThat(one.shape()).isEqualTo(Shape.of(1, 2));
            assertThat(others.floatAt(0)).isEqualTo(3f);
            assertThat(joined.shape()).isEqualTo(whole.shape());
            assertThat(joined.data().mismatch(whole.data())).isEqualTo(-1);
        }
    }

    @Test
    void rows_that_are_not_there_or_of_another_width_are_refused() {
        try (var wide = Tensor.ofFloats(Shape.of(1, 2), 1f, 2f);
                var narrow = Tensor.ofFloats(Shape.of(2, 1), 1f, 2f);
                var single = Tensor.ofFloats(Shape.of(), 1f)) {
            assertThatThrownBy(() -> wide.rows(0, 2)).hasMessage("rows 0..2 of F32 [1, 2]");
            assertThatThrownBy(() -> Tensor.joined(List.of(wide, narrow)))
                    .hasMessage("F32 [2, 1] behind F32 [1, 2]");
            assertThatThrownBy(() -> Tensor.joined(List.of(single)))
                    .hasMessage("a single value has no rows");
        }
    }

    @Test
    void shapes_have_a_limited_rank_no_negative_axis_and_no_overflow() {
        assertThat(Shape.of().elements()).isEqualTo(1);
        assertThat(Shape.of(3, 0, 2).elements()).isZero();
        assertThat(Shape.of(1, 1, 1, 1, 1, 1, 1, 1).rank()).isEqualTo(Shape.RANK_MAX);
        assertThatThrownBy(() -> Shape.of(1, 1, 1, 1, 1, 1, 1, 1, 1)).hasMessage("rank 9, limit 8");
        assertThatThrownBy(() -> Shape.of(2, -1)).hasMessage("negative axis in shape [2, -1]");
        assertThatThrownBy(() -> new Shape(List.of(1L << 32, 1L << 31)))
                .hasMessageContaining("too many elements");
    }
}
