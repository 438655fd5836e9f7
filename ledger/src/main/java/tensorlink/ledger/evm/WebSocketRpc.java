package tensorlink.ledger.evm;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * One endpoint over a WebSocket, which can also tell of new blocks by itself.
 *
 * <p>There is at most one connection, made when it is needed. One that is lost is made anew by
 * whoever asks next. After a connection that could not be made, that never answered, or that
 * brought nonsense, the endpoint rests: questions fail at once, so that another endpoint is asked,
 * and the rest doubles each time.
 */
final class WebSocketRpc implements RpcEndpoint {
    static final Duration REST_MIN = Duration.ofMillis(250);
    static final Duration REST_MAX = Duration.ofSeconds(32);

    private final URI uri;
    private final RpcLimits limits;
    private final InstantSource clock;
    private final Runnable onHead;
    private final JsonRpc json;

    /** Guards what follows. */
    private final ReentrantLock lock = new ReentrantLock();

    private @Nullable WebSocketSession session;
    private boolean closed;
    private int failures;
    private Instant restsFrom = Instant.MIN;

    WebSocketRpc(URI uri, RpcLimits limits, InstantSource clock, Runnable onHead) {
        this.uri = uri;
        this.limits = limits;
        this.clock = clock;
        this.onHead = onHead;
        this.json = new JsonRpc(uri, limits);
    }

    @Override
    public WebSocketSession session() throws RpcTransportException, InterruptedException {
        lock.lockInterruptibly();
        try {
            if (closed) {
                throw json.failed("connect", "it is closed", null);
            }
            var current = session;
            if (current != null && current.isOpen()) {
                return current;
            }
            if (current != null) {
                session = null;
                ended(current.wasUseful());
            }
            requireRested();
            try {
                var opened = WebSocketSession.open(uri, json, limits, onHead);
                session = opened;
                return opened;
            } catch (RpcTransportException e) {
                ended(false);
                throw e;
            }
        } finally {
            lock.unlock();
        }
    }

    private void ended(boolean wasUseful) {
        failures = wasUseful ? 0 : failures + 1;
        restsFrom = clock.instant();
    }

    private void requireRested() throws RpcTransportException {
        if (failures == 0) {
            return;
        }
        var rest = REST_MIN.multipliedBy(1L << Math.min(failures - 1, 7));
        var passed = Duration.between(restsFrom, clock.instant());
        // A clock that was put back does not make the rest longer.
        if (!passed.isNegative() && passed.compareTo(rest) < 0) {
            throw json.failed(
                    "connect", "rests for " + rest + " after " + failures + " failures", null);
        }
    }

    @Override
    public JsonNode call(String method, Object... params) throws IOException, InterruptedException {
        return session().call(method, params);
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (session != null) {
                session.close();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String toString() {
        return json.toString();
    }
}
