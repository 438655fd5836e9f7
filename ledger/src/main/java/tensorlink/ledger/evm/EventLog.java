package tensorlink.ledger.evm;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.LedgerEvent;
import tensorlink.ledger.evm.Chain.Header;
import tensorlink.ledger.evm.Chain.Log;
import tensorlink.ledger.evm.EvmConfig.Deployment;

/**
 * The contract's events of a range of blocks, in order, each with the time of its block.
 *
 * <p>A node that finds a range too large, or whose answer is, is asked for half of it. Each event's
 * block must be the one that the chain has at its number; used by one thread at a time.
 */
final class EventLog {
    /** What many nodes answer at once. */
    private static final long BLOCKS_AT_ONCE = 2_000;

    private static final int HEADERS_KEPT = 1_024;

    private final Chain chain;
    private final Deployment contract;
    private final Map<Long, Header> headers =
            new LinkedHashMap<>(HEADERS_KEPT, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Long, Header> eldest) {
                    return size() > HEADERS_KEPT;
                }
            };

    EventLog(Chain chain, Deployment contract) {
        this.chain = chain;
        this.contract = contract;
    }

    /** Tells {@code sink} what happened from {@code from} to the end of block {@code last}. */
    void tell(Cursor from, long last, Consumer<LedgerEvent> sink)
            throws IOException, InterruptedException {
        long first = Math.max(from.position(), contract.block());
        long size = BLOCKS_AT_ONCE;
        while (first <= last) {
            long end = Math.min(last, first + size - 1);
            List<Log> logs;
            try {
                logs = chain.logs(contract.address(), Events.TOPICS, first, end);
            } catch (RpcErrorException | RpcTransportException e) {
                if (end == first) {
                    throw e;
                }
                size = (end - first + 1) / 2;
                continue;
            }
            for (var log : logs) {
                var at = new Cursor(log.block(), log.index());
                if (at.compareTo(from) >= 0) {
                    sink.accept(new LedgerEvent(at, header(log).time(), Events.change(log)));
                }
            }
            first = end + 1;
        }
    }

    private Header header(Log log) throws IOException, InterruptedException {
        var known = headers.get(log.block());
        if (known != null && known.hash().equals(log.blockHash())) {
            return known;
        }
        var header =
                chain.header(log.block())
                        .orElseThrow(() ->
                                new RpcFormatException(
                                        "log", "of block " + log.block() + ", which is not there"));
        if (!header.hash().equals(log.blockHash())) {
            throw new RpcFormatException(
                    "log", "of block " + log.blockHash() + ", the chain has " + header.hash());
        }
        headers.put(log.block(), header);
        return header;
    }
}
