package tensorlink.ledger.evm;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.LedgerEvent;
import tensorlink.ledger.LedgerException;

/**
 * What happens on the chain as it happens, before it is final, and what did not happen after all.
 *
 * <p>Above the newest final block it remembers the hash and the events of each block. When the
 * chain has another block there, it walks back to the last one that both know, tells the events of
 * the others as retracted, newest first, and goes on along the new blocks. It relies on hashes
 * alone: nodes do not reliably say which events a reorganisation has removed. Good for showing and
 * for warning; decisions about money wait for {@link EvmLedger#events}.
 *
 * <p>Used by one thread at a time.
 */
public final class EventFeed {
    /** Blocks above the final one; a chain that leaves more of them open is not one to follow. */
    private static final int OPEN_BLOCKS_MAX = 4_096;

    private final Chain chain;
    private final EventLog log;
    private final Deque<Told> open = new ArrayDeque<>();

    /** Where to go on when no block is open. */
    private Cursor next;

    /** One thing to know. */
    public sealed interface News {
        record Happened(LedgerEvent event) implements News {}

        /** The block of an event that was told is not on the chain any more. */
        record Retracted(LedgerEvent event) implements News {}
    }

    private record Told(long number, Bytes32 hash, List<LedgerEvent> events) {}

    EventFeed(Chain chain, EventLog log, Cursor from) {
        this.chain = chain;
        this.log = log;
        this.next = from;
    }

    /** Tells {@code sink} what is new since the last look. */
    public void look(Consumer<News> sink) throws LedgerException, InterruptedException {
        try {
            long last = chain.finalBlock();
            retract(sink);
            settle(last, sink);
            advance(sink);
        } catch (LedgerException e) {
            throw e;
        } catch (IOException e) {
            throw new LedgerException("the chain cannot be asked: " + e.getMessage(), e);
        }
    }

    private void retract(Consumer<News> sink) throws IOException, InterruptedException {
        while (!open.isEmpty() && !isOnChain(open.getLast())) {
            var dropped = open.removeLast();
            next = new Cursor(dropped.number, 0);
            for (var event : dropped.events.reversed()) {
                sink.accept(new News.Retracted(event));
            }
        }
    }

    private boolean isOnChain(Told block) throws IOException, InterruptedException {
        return chain.header(block.number)
                .filter(header -> header.hash().equals(block.hash))
                .isPresent();
    }

    /** Forgets what is final, and catches up with it where nothing is open. */
    private void settle(long last, Consumer<News> sink) throws IOException, InterruptedException {
        while (!open.isEmpty() && open.getFirst().number <= last) {
            open.removeFirst();
        }
        if (open.isEmpty() && next.position() <= last) {
            log.tell(next, last, event -> sink.accept(new News.Happened(event)));
            next = new Cursor(last + 1, 0);
        }
    }

    private void advance(Consumer<News> sink) throws IOException, InterruptedException {
        long head = chain.head();
        while (next.position() <= head) {
            if (open.size() >= OPEN_BLOCKS_MAX) {
                throw new LedgerException(OPEN_BLOCKS_MAX + " blocks are not final");
            }
            long number = next.position();
            var header = chain.header(number);
            if (header.isEmpty() || !follows(header.get())) {
                return; // the chain changes just now; the next look walks back
            }
            var events = new ArrayList<LedgerEvent>();
            log.tell(next, number, events::add);
            var block = new Told(number, header.get().hash(), List.copyOf(events));
            if (!isOnChain(block)) {
                return;
            }
            open.addLast(block);
            next = new Cursor(number + 1, 0);
            for (var event : events) {
                sink.accept(new News.Happened(event));
            }
        }
    }

    private boolean follows(Chain.Header header) {
        return open.isEmpty() || header.parent().equals(open.getLast().hash);
    }
}
