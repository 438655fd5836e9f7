package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Sixth shape of the advisories: memory whose key is an identity that nobody proved (signed records
 * of invented peers). However many come, what is kept stays at its bound, and what an honest peer
 * had there before is still there. The system property {@code identities} says how many; a million
 * is the full count.
 */
@Tag("counted")
@Timeout(300)
public abstract class ForgedIdentityFloodTest {
    private static final int IDENTITIES = Integer.getInteger("identities", 20_000);

    /** Presents the next invented identity. */
    protected abstract void present(int number);

    /** Lets an honest one be seen, as it is from time to time. */
    protected abstract void touchHonest();

    /** How many are kept. */
    protected abstract int kept();

    /** The bound. */
    protected abstract int keptMax();

    protected abstract boolean isHonestKept();

    @Test
    void invented_identities_push_out_only_each_other() {
        touchHonest();

        for (int i = 0; i < IDENTITIES; i++) {
            present(i);
            touchHonest();
        }

        assertThat(kept()).isLessThanOrEqualTo(keptMax());
        assertThat(isHonestKept()).isTrue();
    }
}
