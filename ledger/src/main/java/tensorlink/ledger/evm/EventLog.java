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
 * <p>Each event's block must be the one that the chain has at its number. Used by one thread at a
 * time.
 */
final class EventLog {
    private static final int HEADERS_KEPT = 1_024;

    private final Chain chain;
    private final Deployment contract;
    private final Word word;
    private final Map<Long, Header> headers =
            new LinkedHashMap<>(HEADERS_KEPT, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Long, Header> eldest) {
                    return size() > HEADERS_KEPT;
                }
            };

    EventLog(Chain chain, Deployment contract, Word word) {
        this.chain = chain;
        this.contract = contract;
        this.word = word;
    }

    /** Whose word counts. */
    enum Word {
        /** That of one endpoint: to show what happens. */
        ONE,

        /** That of two where there are two, which must agree: for money, on final blocks. */
        TWO
    }

    /** Tells {@code sink} what happened from {@code from} to the end of block {@code last}. */
    void tell(Cursor from, long last, Consumer<LedgerEvent> sink)
            throws IOException, InterruptedException {
        long first = Math.max(from.position(), contract.block());
        LogScan.scan(
                first,
                last,
                this::logs,
                log -> {
                    var at = new Cursor(log.block(), log.index());
                    if (at.compareTo(from) >= 0) {
                        sink.accept(new LedgerEvent(at, header(log).time(), Events.change(log)));
                    }
                });
    }

    private List<Log> logs(long from, long to) throws IOException, InterruptedException {
        return switch (word) {
            case ONE -> chain.logs(contract.address(), Events.TOPICS, from, to);
            case TWO -> chain.agreedLogs(contract.address(), Events.TOPICS, from, to);
        };
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
