package tensorlink.ledger.evm;

import java.io.IOException;
import tensorlink.ledger.LedgerException;

/** Something that a chain is asked, or asked to do. */
@FunctionalInterface
public interface ChainQuestion<T> {
    T ask() throws IOException, InterruptedException;

    /**
     * Asks.
     *
     * @throws LedgerException when the chain cannot be asked, or as the question does
     */
    static <T> T asking(ChainQuestion<T> question) throws LedgerException, InterruptedException {
        try {
            return question.ask();
        } catch (LedgerException e) {
            throw e;
        } catch (IOException e) {
            throw new LedgerException("the chain cannot be asked: " + e.getMessage(), e);
        }
    }
}
