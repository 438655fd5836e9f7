package tensorlink.ledger.evm;

import java.io.IOException;
import java.util.List;
import tensorlink.ledger.evm.Chain.Log;

/**
 * Reads events of any number of blocks in ranges.
 *
 * <p>A node that finds a range too large, or whose answer is, is asked for half of it. So is one of
 * two that do not agree: in the end one block is named.
 */
final class LogScan {
    /** What many nodes answer at once. */
    private static final long BLOCKS_AT_ONCE = 2_000;

    /** Where the events of a range of blocks come from. */
    interface Source {
        List<Log> logs(long from, long to) throws IOException, InterruptedException;
    }

    /** What becomes of each. */
    interface Sink {
        void accept(Log log) throws IOException, InterruptedException;
    }

    private LogScan() {}

    /** Tells {@code sink} the events of the blocks {@code first} to {@code last}, in order. */
    static void scan(long first, long last, Source source, Sink sink)
            throws IOException, InterruptedException {
        long next = first;
        long size = BLOCKS_AT_ONCE;
        while (next <= last) {
            long end = Math.min(last, next + size - 1);
            List<Log> logs;
            try {
                logs = source.logs(next, end);
            } catch (RpcErrorException | RpcTransportException | DisagreementException e) {
                if (end == next) {
                    throw e;
                }
                size = (end - next + 1) / 2;
                continue;
            }
            for (var log : logs) {
                sink.accept(log);
            }
            next = end + 1;
        }
    }
}
