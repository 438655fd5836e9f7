package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import tensorlink.compute.Batch;
import tensorlink.compute.tokenizer.Tokenizer;

/** Batches that anyone can cut again from the same text. */
class TextDataTest {
    private static final Tokenizer BYTES = Tokenizer.bytes();

    @Test
    void a_text_becomes_its_tokens() {
        var data = TextData.of(BYTES, "aé");

        assertThat(data.size()).isEqualTo(3);
        assertThat(data.at(0)).isEqualTo((int) 'a');
        assertThat(data.at(1)).isEqualTo(0xC3);
        assertThat(data.at(2)).isEqualTo(0xA9);
    }

    @Test
    void a_split_keeps_the_order_and_loses_nothing() {
        var split = TextData.of(BYTES, "abcdefghij").split(0.7);

        assertThat(split.training().size()).isEqualTo(7);
        assertThat(split.heldOut().size()).isEqualTo(3);
        assertThat(split.heldOut().at(0)).isEqualTo((int) 'h');
        for (double share : new double[] {-0.1, 1.1, Double.NaN}) {
            assertThatThrownBy(() -> TextData.of(BYTES, "abc").split(share))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a share of " + share + ", expected 0 to 1");
        }
    }

    @Test
    void the_batch_of_a_step_depends_on_seed_and_step_alone() {
        var data = TextData.of(BYTES, "the quick brown fox jumps over the lazy dog");

        var batch = data.batch(7, 3, 4, 8);

        assertThat(batch.inputs()).isEqualTo(data.batch(7, 3, 4, 8).inputs());
        assertThat(batch.inputs()).isNotEqualTo(data.batch(7, 4, 4, 8).inputs());
        assertThat(batch.inputs()).isNotEqualTo(data.batch(8, 3, 4, 8).inputs());
        assertThat(batch.inputs().rows()).isEqualTo(4);
        assertThat(batch.inputs().length()).isEqualTo(8);
    }

    @Test
    void a_text_of_one_row_gives_that_row_and_a_shorter_one_is_refused() {
        var data = TextData.of(BYTES, "abcd");

        var batch = data.batch(1, 1, 2, 4);

        assertThat(row(batch, 1)).isEqualTo("abcd");
        assertThatThrownBy(() -> data.batch(1, 1, 2, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the text has 4 tokens, a row needs 5");
        assertThatThrownBy(() -> data.evenBatches(1, 0, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("0 rows of 4 tokens, expected at least 1 of 1");
    }

    @Test
    void even_batches_cover_the_text_from_its_beginning_in_order() {
        var data = TextData.of(BYTES, "0123456789abcdef");

        var batches = data.evenBatches(2, 2, 4);

        assertThat(batches).hasSize(2);
        assertThat(row(batches.get(0), 0)).isEqualTo("0123");
        assertThat(row(batches.get(0), 1)).isEqualTo("3456");
        assertThat(row(batches.get(1), 0)).isEqualTo("6789");
        assertThat(row(batches.get(1), 1)).isEqualTo("9abc");
    }

    @Test
    void the_unigram_entropy_is_that_of_the_tokens_shares() {
        assertThat(TextData.of(BYTES, "aaaa").unigramEntropy()).isZero();
        assertThat(TextData.of(BYTES, "abab").unigramEntropy())
                .isCloseTo(Math.log(2), within(1e-12));
        assertThat(TextData.of(BYTES, "aab").unigramEntropy())
                .isCloseTo(
                        -2.0 / 3 * Math.log(2.0 / 3) - 1.0 / 3 * Math.log(1.0 / 3), within(1e-12));
    }

    private static String row(Batch batch, int row) {
        var text = new StringBuilder();
        for (int i = 0; i < batch.inputs().length(); i++) {
            text.append((char) batch.inputs().tokens().at(row, i));
        }
        return text.toString();
    }
}
