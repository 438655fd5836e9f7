package tensorlink.p2p.resource;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Resource;
import tensorlink.p2p.core.ResourceLimitException;
import tensorlink.p2p.core.ResourceUse;

/**
 * A count of each resource, none of which ever exceeds its limit or falls below zero. Safe for use
 * by any thread.
 */
final class ResourceScope {
    private final Supplier<String> name;
    private final Limits.Scope limits;
    private final Map<Resource, AtomicLong> used = new EnumMap<>(Resource.class);

    /**
     * @param name is asked for only to be shown: a peer's takes longer to write than all counting
     */
    ResourceScope(Supplier<String> name, Limits.Scope limits) {
        this.name = name;
        this.limits = limits;
        for (var resource : Resource.values()) {
            used.put(resource, new AtomicLong());
        }
    }

    private AtomicLong count(Resource resource) {
        return Objects.requireNonNull(used.get(resource));
    }

    /**
     * Adds {@code amount}.
     *
     * @throws ResourceLimitException when that is too much; then nothing is added
     */
    void add(Resource resource, long amount, Priority priority) throws ResourceLimitException {
        var count = count(resource);
        long limit = priority.share(limits.of(resource));
        while (true) {
            long now = count.get();
            if (amount > limit - now) {
                throw new ResourceLimitException(name.get(), resource, now + amount, limit);
            }
            if (count.compareAndSet(now, now + amount)) {
                return;
            }
        }
    }

    /** Undoes {@link #add}. */
    void remove(Resource resource, long amount) {
        long left = count(resource).addAndGet(-amount);
        if (left < 0) {
            throw new IllegalStateException(
                    name.get() + " gave back more " + resource + " than it had");
        }
    }

    long used(Resource resource) {
        return count(resource).get();
    }

    ResourceUse use(Resource resource) {
        return new ResourceUse(name.get(), resource, used(resource), limits.of(resource));
    }
}
