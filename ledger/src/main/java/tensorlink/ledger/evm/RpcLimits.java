package tensorlink.ledger.evm;

import java.time.Duration;

/**
 * What an endpoint may cost us.
 *
 * @param timeout from the question to the last byte of the answer
 * @param answerBytesMax longer ones are cut off, and are no answers
 * @param logsMax in one answer to a query of events
 */
public record RpcLimits(Duration timeout, int answerBytesMax, int logsMax) {

    public RpcLimits {
        if (!timeout.isPositive() || answerBytesMax < 1 || logsMax < 1) {
            throw new IllegalArgumentException(
                    "not positive: " + timeout + ", " + answerBytesMax + ", " + logsMax);
        }
    }

    /** 10 seconds, 4 MiB, 10,000 logs. */
    public static RpcLimits defaults() {
        return new RpcLimits(Duration.ofSeconds(10), 4 << 20, 10_000);
    }

    public RpcLimits withTimeout(Duration timeout) {
        return new RpcLimits(timeout, answerBytesMax, logsMax);
    }

    public RpcLimits withAnswerBytesMax(int bytes) {
        return new RpcLimits(timeout, bytes, logsMax);
    }
}
