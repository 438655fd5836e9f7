package tensorlink.ledger.evm;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * One connection to an endpoint over a WebSocket, from its handshake to its end.
 *
 * <p>Answers come in any order, on threads of the client, and find their question by its id. What
 * no node would send, an answer that does not come in time, and a connection that breaks all end
 * the session, and with it each question that waits: none is asked again here, since another
 * machine may answer the next session and must first show that it serves the chain.
 */
final class WebSocketSession implements Rpc {
    private static final String SUBSCRIPTION = "eth_subscription";

    private final JsonRpc json;
    private final RpcLimits limits;
    private final Runnable onHead;
    private final HttpClient client;
    private final Map<Long, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
    private final AtomicReference<@Nullable RpcTransportException> end = new AtomicReference<>();
    private final AtomicBoolean following = new AtomicBoolean();

    /** The client takes one text at a time. */
    private final ReentrantLock sending = new ReentrantLock();

    private volatile @Nullable WebSocket socket;
    private volatile boolean answered;
    private volatile boolean misbehaved;

    private WebSocketSession(JsonRpc json, RpcLimits limits, Runnable onHead) {
        this.json = json;
        this.limits = limits;
        this.onHead = onHead;
        // Its own, so that nothing of a session outlives it.
        this.client = JsonRpc.client(limits);
    }

    static WebSocketSession open(URI uri, JsonRpc json, RpcLimits limits, Runnable onHead)
            throws RpcTransportException, InterruptedException {
        var session = new WebSocketSession(json, limits, onHead);
        boolean opened = false;
        try {
            session.socket =
                    session.inTime(
                            session.client
                                    .newWebSocketBuilder()
                                    .connectTimeout(limits.timeout())
                                    .buildAsync(uri, session.new Messages()));
            opened = true;
            return session;
        } catch (ExecutionException e) {
            throw json.failed("connect", e.getCause());
        } catch (TimeoutException e) {
            throw json.failed("connect", "no handshake within " + limits.timeout(), e);
        } finally {
            if (!opened) {
                session.client.shutdownNow();
            }
        }
    }

    private <T> T inTime(Future<T> future)
            throws InterruptedException, ExecutionException, TimeoutException {
        return future.get(limits.timeout().toMillis(), TimeUnit.MILLISECONDS);
    }

    boolean isOpen() {
        return end.get() == null;
    }

    /** Whether it has answered a question, and sent nothing that no node would. */
    boolean wasUseful() {
        return answered && !misbehaved;
    }

    @Override
    public JsonNode call(String method, Object... params) throws IOException, InterruptedException {
        var question = json.question(method, params);
        var answer = new CompletableFuture<JsonNode>();
        waiting.put(question.id(), answer);
        try {
            var over = end.get(); // after the question waits, so that one of both sees the other
            if (over != null) {
                throw json.failed(method, String.valueOf(over.getMessage()), over);
            }
            send(question.text());
            return json.result(method, question.id(), inTime(answer));
        } catch (ExecutionException e) {
            var cause = e.getCause();
            finish(json.failed("session", cause));
            throw json.failed(method, cause);
        } catch (TimeoutException e) {
            var late = json.failed(method, "no answer within " + limits.timeout(), e);
            finish(late);
            throw late;
        } finally {
            waiting.remove(question.id());
        }
    }

    private void send(String text)
            throws InterruptedException, ExecutionException, TimeoutException {
        if (!sending.tryLock(limits.timeout().toMillis(), TimeUnit.MILLISECONDS)) {
            throw new TimeoutException("the endpoint does not read");
        }
        try {
            var open = socket;
            if (open != null) {
                inTime(open.sendText(text, true));
            }
        } finally {
            sending.unlock();
        }
    }

    /** Has the node tell of new blocks from now on; does nothing when it was asked before. */
    void follow() throws IOException, InterruptedException {
        if (following.compareAndSet(false, true)) {
            call("eth_subscribe", "newHeads");
            onHead.run(); // for what came before the node knew
        }
    }

    /** What the endpoint sends. The client calls one method at a time. */
    private final class Messages implements WebSocket.Listener {
        private StringBuilder text = new StringBuilder();

        @Override
        public @Nullable CompletionStage<?> onText(
                WebSocket from, CharSequence part, boolean isLast) {
            // No text has fewer bytes than characters.
            if ((long) text.length() + part.length() > limits.answerBytesMax()) {
                misbehave("a message of more than " + limits.answerBytesMax() + " bytes");
                return null;
            }
            text.append(part);
            if (isLast) {
                var whole = text.toString();
                text = new StringBuilder();
                take(whole);
            }
            from.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onBinary(
                WebSocket from, ByteBuffer part, boolean isLast) {
            misbehave("a message that is no text");
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket from, int status, String reason) {
            finish(json.failed("session", "closed by the endpoint with status " + status, null));
            return null;
        }

        @Override
        public void onError(WebSocket from, Throwable error) {
            finish(json.failed("session", String.valueOf(error), error));
        }
    }

    private void take(String text) {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > limits.answerBytesMax()) {
            misbehave("a message of more than " + limits.answerBytesMax() + " bytes");
            return;
        }
        JsonNode message;
        try {
            message = json.read("message", bytes);
        } catch (RpcTransportException e) {
            misbehaved = true;
            finish(e);
            return;
        }
        if (message.has("method")) {
            tell(message);
        } else {
            answer(message);
        }
    }

    private void tell(JsonNode message) {
        if (!following.get() || !message.get("method").asString("").equals(SUBSCRIPTION)) {
            misbehave("a message that nobody asked for");
            return;
        }
        onHead.run();
    }

    private void answer(JsonNode message) {
        var id = message.path("id");
        if (!id.isIntegralNumber() || !id.canConvertToLong() || !json.wasAsked(id.asLong())) {
            misbehave("an answer to no question");
            return;
        }
        var question = waiting.remove(id.asLong());
        if (question != null) { // nobody waits any more otherwise
            answered = true;
            question.complete(message);
        }
    }

    private void misbehave(String problem) {
        misbehaved = true;
        finish(json.failed("session", problem, null));
    }

    private void finish(RpcTransportException why) {
        if (!end.compareAndSet(null, why)) {
            return;
        }
        var open = socket;
        if (open != null) {
            open.abort();
        }
        client.shutdownNow();
        waiting.values().forEach(question -> question.completeExceptionally(why));
        onHead.run(); // whoever waits for blocks must look elsewhere
    }

    void close() {
        finish(json.failed("session", "it is closed", null));
    }

    @Override
    public String toString() {
        return json.toString();
    }
}
