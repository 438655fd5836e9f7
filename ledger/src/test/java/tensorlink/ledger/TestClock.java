package tensorlink.ledger;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicReference;

/** A clock that stands until it is told to move. */
public final class TestClock implements InstantSource {
    /** Where every such clock begins. */
    public static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final AtomicReference<Instant> now = new AtomicReference<>(START);

    @Override
    public Instant instant() {
        return now.get();
    }

    /** Moves by {@code step}, which may be negative. */
    public void advance(Duration step) {
        now.updateAndGet(time -> time.plus(step));
    }
}
