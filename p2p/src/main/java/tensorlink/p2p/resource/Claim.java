package tensorlink.p2p.resource;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.core.Resource;
import tensorlink.p2p.core.ResourceLimitException;

/**
 * What one connection or stream holds, counted in each of its scopes. All scopes agree or nothing
 * is taken; closing gives back exactly what is held. Safe for use by any thread.
 */
abstract sealed class Claim implements AutoCloseable permits ConnectionClaim, StreamClaim {
    private final ReentrantLock lock = new ReentrantLock();
    private final List<ResourceScope> scopes;
    private final Map<Resource, Long> held = new EnumMap<>(Resource.class);
    private final List<Runnable> releases = new ArrayList<>();
    private boolean isClosed;

    /**
     * @param release lets go at the end of scopes that exist only while somebody is counted there
     */
    Claim(List<ResourceScope> scopes, Runnable release) {
        this.scopes = new ArrayList<>(scopes);
        releases.add(release);
    }

    /**
     * Takes {@code amount} more; nothing when this is closed.
     *
     * @throws ResourceLimitException when a scope is full; then nothing is taken
     */
    final void take(Resource resource, long amount, Priority priority)
            throws ResourceLimitException {
        lock.lock();
        try {
            if (isClosed) {
                return;
            }
            int counted = 0;
            try {
                for (var scope : scopes) {
                    scope.add(resource, amount, priority);
                    counted++;
                }
                held.merge(resource, amount, Long::sum);
            } finally {
                if (counted < scopes.size()) {
                    for (var scope : scopes.subList(0, counted)) {
                        scope.remove(resource, amount);
                    }
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Gives back {@code amount}; without effect once this is closed, which gave back all. */
    final void give(Resource resource, long amount) {
        lock.lock();
        try {
            if (isClosed) {
                return;
            }
            if (held(resource) < amount) {
                throw new IllegalStateException("gives back more " + resource + " than it holds");
            }
            held.merge(resource, -amount, Long::sum);
            for (var scope : scopes) {
                scope.remove(resource, amount);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Counts what is held in {@code to} instead of {@code from}.
     *
     * @param release lets go of {@code to}, at the end or at once when this is closed or refused
     * @throws ResourceLimitException when {@code to} is full; then nothing is moved
     */
    final void move(ResourceScope from, ResourceScope to, Runnable release)
            throws ResourceLimitException {
        boolean isMoved = false;
        lock.lock();
        try {
            if (!isClosed) {
                addAll(to);
                removeAll(from);
                scopes.set(scopes.indexOf(from), to);
                releases.add(release);
                isMoved = true;
            }
        } finally {
            lock.unlock();
            if (!isMoved) {
                release.run();
            }
        }
    }

    private void addAll(ResourceScope scope) throws ResourceLimitException {
        var resources = Resource.values();
        int counted = 0;
        try {
            for (var resource : resources) {
                scope.add(resource, held(resource), Priority.NEED);
                counted++;
            }
        } finally {
            if (counted < resources.length) {
                for (int i = 0; i < counted; i++) {
                    scope.remove(resources[i], held(resources[i]));
                }
            }
        }
    }

    private void removeAll(ResourceScope scope) {
        for (var resource : Resource.values()) {
            scope.remove(resource, held(resource));
        }
    }

    private long held(Resource resource) {
        return held.getOrDefault(resource, 0L);
    }

    /** Gives back everything; idempotent. */
    @Override
    public final void close() {
        lock.lock();
        try {
            if (isClosed) {
                return;
            }
            isClosed = true;
            for (var scope : scopes) {
                removeAll(scope);
            }
        } finally {
            lock.unlock();
        }
        releases.forEach(Runnable::run);
    }
}
