package tensorlink.ledger.evm;

import java.time.Duration;

/**
 * Lets whoever follows a chain look when there is something to see: endpoints over a WebSocket tell
 * of new blocks. What they tell is a hint and nothing more, so a node that invents blocks makes us
 * look, and one that is silent makes us look later. Used by one thread at a time.
 */
public final class NewHeads {
    private final Connection connection;
    private final Pause pause;
    private long seen;

    NewHeads(Connection connection, Pause pause) throws InterruptedException {
        this.connection = connection;
        this.pause = pause;
        connection.follow(false);
        this.seen = connection.heads().told();
    }

    /**
     * Returns when an endpoint has told of a new block since the last call, or was lost, and
     * otherwise after {@code atMost}: then it is time to look all the same.
     *
     * @return whether an endpoint has said something
     */
    public boolean await(Duration atMost) throws InterruptedException {
        if (!connection.tellsHeads()) {
            pause.sleep(atMost);
            return false;
        }
        connection.follow(false);
        long told = connection.heads().await(seen, atMost);
        boolean isNew = told > seen;
        seen = told;
        if (!isNew) {
            // So long without a block: perhaps nobody is there.
            connection.follow(true);
        }
        return isNew;
    }
}
