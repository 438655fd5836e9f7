package tensorlink.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BatchTest {
    private static final Tokens THREE_ROWS =
            Tokens.of(new long[] {1, 2, 3}, new long[] {4, 5, 6}, new long[] {7, 8, 9});

    @Test
    void tokens_give_rows_and_an_i64_tensor() {
        var last = THREE_ROWS.rows(1, 3);

        assertThat(last).isEqualTo(Tokens.of(new long[] {4, 5, 6}, new long[] {7, 8, 9}));
        assertThat(last.at(1, 0)).isEqualTo(7);
        try (var tensor = last.toTensor()) {
            assertThat(tensor).hasToString("I64 [2, 3]");
            assertThat(tensor.longAt(5)).isEqualTo(9);
        }
    }

    @Test
    void tokens_are_rectangular_and_not_empty() {
        assertThatThrownBy(() -> Tokens.of(new long[] {1, 2}, new long[] {3}))
                .hasMessage("row 1 has 1 tokens, row 0 has 2");
        assertThatThrownBy(() -> Tokens.of(new long[0])).hasMessage("no tokens");
        assertThatThrownBy(() -> THREE_ROWS.rows(2, 4)).hasMessage("rows 2..4 of 3");
        assertThatThrownBy(() -> THREE_ROWS.at(0, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> THREE_ROWS.at(3, 0)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void first_positions_and_ignored_labels_do_not_count() {
        var batch = new Batch(THREE_ROWS, THREE_ROWS);
        var masked =
                new Batch(
                        THREE_ROWS,
                        Tokens.of(
                                new long[] {1, -100, 3},
                                new long[] {-100, -100, -100},
                                new long[] {-100, 8, 9}));

        assertThat(batch.labelCount()).isEqualTo(6);
        assertThat(masked.labelCount()).isEqualTo(3);
    }

    @Test
    void splits_rows_evenly_and_every_part_knows_the_whole_count() {
        var parts = Batch.of(THREE_ROWS).split(2);

        assertThat(parts)
                .containsExactly(
                        new MicroBatch(0, THREE_ROWS.rows(0, 2), THREE_ROWS.rows(0, 2), 6),
                        new MicroBatch(1, THREE_ROWS.rows(2, 3), THREE_ROWS.rows(2, 3), 6));
    }

    @Test
    void every_token_counts_where_none_is_predicted_from_those_before() {
        var classes = Tokens.of(new long[] {0}, new long[] {Batch.IGNORED}, new long[] {2});

        assertThat(new Batch(THREE_ROWS, THREE_ROWS, Task.Kind.MASKED_LM).labelCount())
                .isEqualTo(9);
        assertThat(new Batch(THREE_ROWS, classes, Task.Kind.CLASSIFICATION).labelCount())
                .isEqualTo(2);
    }

    @Test
    void refuses_what_cannot_be_learned_from() {
        assertThatThrownBy(() -> new Batch(THREE_ROWS, THREE_ROWS.rows(0, 2)))
                .hasMessage("inputs 3 x 3 tokens, labels 2 x 3 tokens for CAUSAL_LM");
        assertThatThrownBy(() -> new Batch(THREE_ROWS, THREE_ROWS, Task.Kind.CLASSIFICATION))
                .hasMessage("inputs 3 x 3 tokens, labels 3 x 3 tokens for CLASSIFICATION");
        assertThatThrownBy(() -> Batch.of(Tokens.of(new long[] {1}))).hasMessage("no label counts");
        assertThatThrownBy(() -> Batch.of(THREE_ROWS).split(4))
                .hasMessage("4 micro-batches of 3 rows");
    }
}
