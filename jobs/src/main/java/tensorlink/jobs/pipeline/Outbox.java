package tensorlink.jobs.pipeline;

import java.io.IOException;
import java.util.function.Consumer;
import tensorlink.compute.tensor.CodecError;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.message.FrameStream;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.p2p.core.Scheduler;

/**
 * Sends frames in order from a thread of its own, so that computing need not wait for the network.
 */
public final class Outbox {
    private final FrameStream stream;
    private final Inbox<TensorFrame> waiting;

    private Outbox(FrameStream stream, int capacity) {
        this.stream = stream;
        this.waiting = new Inbox<>(capacity, TensorFrame::close);
    }

    /**
     * Begins to send.
     *
     * @param name of the thread
     * @param capacity how many frames may wait
     * @param broken called once when sending fails
     */
    public static Outbox start(
            Scheduler scheduler,
            String name,
            FrameStream stream,
            int capacity,
            Consumer<IOException> broken) {
        var outbox = new Outbox(stream, capacity);
        scheduler.fork(name, () -> outbox.run(broken));
        return outbox;
    }

    /** Hands a frame over, waiting for room; its tensor is no longer the caller's. */
    public void send(TensorFrame frame) throws JobException, InterruptedException {
        waiting.put(frame);
    }

    /** Bytes of tensors sent so far. */
    public long bytesSent() {
        return stream.bytesSent();
    }

    /** How far what arrived is from what was sent. */
    public CodecError codecError() {
        return stream.codecError();
    }

    /** Stops sending; frames that wait are dropped. */
    public void fail(Problem reason) {
        waiting.fail(reason);
    }

    private void run(Consumer<IOException> broken) {
        try {
            while (true) {
                stream.send(waiting.take());
            }
        } catch (JobException stopped) {
            stream.close();
        } catch (IOException failed) {
            broken.accept(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
