package tensorlink.p2p.swarm;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.mux.MuxedStream;
import tensorlink.p2p.mux.StreamError;
import tensorlink.p2p.negotiate.Negotiation;

/**
 * A stream whose protocol the remote said it serves, so that nobody waits for it to say so again:
 * the proposal is on its way, and the answer is read before the first bytes read. When the remote
 * has changed its mind, reading fails and the stream is reset.
 *
 * <p>The end is not sent before the answer is here: js loses an end that reaches it while it still
 * negotiates.
 */
final class LazyStream implements MuxedStream {
    private final MuxedStream carrier;
    private final StreamNegotiation negotiation;
    private final Negotiation proposal;
    private final Runnable whenRefused;
    private final ReentrantLock confirming = new ReentrantLock();
    private volatile boolean isConfirmed;

    /**
     * @param proposal names one protocol and was sent
     */
    LazyStream(
            MuxedStream carrier,
            StreamNegotiation negotiation,
            Negotiation proposal,
            Runnable whenRefused) {
        this.carrier = carrier;
        this.negotiation = negotiation;
        this.proposal = proposal;
        this.whenRefused = whenRefused;
    }

    @Override
    public int read(MemorySegment target) throws IOException, InterruptedException {
        confirm();
        return carrier.read(target);
    }

    private void confirm() throws IOException, InterruptedException {
        if (isConfirmed) {
            return;
        }
        confirming.lockInterruptibly();
        try {
            if (!isConfirmed) {
                negotiation.confirm(carrier, proposal);
                isConfirmed = true;
            }
        } catch (UnsupportedProtocolException refused) {
            whenRefused.run();
            carrier.reset(StreamError.NEGOTIATION_FAILED);
            throw refused;
        } finally {
            confirming.unlock();
        }
    }

    @Override
    public void write(MemorySegment source) throws IOException, InterruptedException {
        carrier.write(source);
    }

    @Override
    public void echo(IntConsumer echoed) throws IOException, InterruptedException {
        confirm();
        carrier.echo(echoed);
    }

    @Override
    public void closeWrite() throws IOException, InterruptedException {
        confirm();
        carrier.closeWrite();
    }

    /** Does not wait: what is left to agree is agreed on a thread of its own. */
    @Override
    public void close() {
        if (isConfirmed) {
            carrier.close();
        } else {
            negotiation.fork("p2p close", this::confirmAndClose);
        }
    }

    private void confirmAndClose() {
        try {
            confirm();
        } catch (IOException gone) {
            // Closing is all that is left to do.
        } catch (InterruptedException impossible) {
            Thread.currentThread().interrupt();
        } finally {
            carrier.close();
        }
    }

    @Override
    public void reset(StreamError reason) {
        carrier.reset(reason);
    }

    @Override
    public void timeout(Duration limit) {
        carrier.timeout(limit);
    }

    @Override
    public void purpose(Purpose kind) {
        carrier.purpose(kind);
    }

    @Override
    public void whenOver(Runnable action) {
        carrier.whenOver(action);
    }

    @Override
    public int available() {
        return isConfirmed ? carrier.available() : 0;
    }
}
