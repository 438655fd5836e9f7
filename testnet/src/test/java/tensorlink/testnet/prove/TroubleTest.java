package tensorlink.testnet.prove;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import tensorlink.testnet.prove.Trouble.Kind;

/** What befalls a training, by seed. */
class TroubleTest {

    @Test
    void as_many_seeds_in_a_row_as_there_are_kinds_bring_each_kind_once() {
        var kinds = EnumSet.noneOf(Kind.class);

        for (long seed = 100; seed < 100 + Kind.values().length; seed++) {
            kinds.add(Trouble.of(seed).kind());
        }

        assertThat(kinds).containsExactly(Kind.values());
    }

    @Test
    void a_seed_always_means_the_same_within_the_training() {
        for (long seed = -50; seed < 200; seed++) {
            var trouble = Trouble.of(seed);

            assertThat(Trouble.of(seed)).isEqualTo(trouble);
            assertThat(trouble.step()).as("seed " + seed).isBetween(2, Exercise.STEPS - 1);
            assertThat(trouble.passes())
                    .as("seed " + seed)
                    .isBetween(0, Exercise.MICRO_BATCHES * Exercise.STEPS);
        }
    }
}
