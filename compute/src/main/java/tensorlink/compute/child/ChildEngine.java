package tensorlink.compute.child;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Architecture;
import tensorlink.compute.Device;
import tensorlink.compute.DeviceException;
import tensorlink.compute.DeviceLimits;
import tensorlink.compute.Engine;
import tensorlink.compute.ExecutionProfile;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.StageState;

/**
 * Runs each stage in a process of its own, with the bits that it would have in this one.
 *
 * <p>A process that dies, or whose kernels fail, costs its stage: calls then throw a {@link
 * tensorlink.compute.StageLostException}. A process serves one stage and no second. One waits in
 * reserve, so that a stage need not wait for libtorch to load; another is started when a stage has
 * ended.
 *
 * <p>A stage with {@link StageOptions#memoryBytes} is held to half as much again, on Linux and the
 * processor. The processes yield the processors to whatever else the machine does.
 */
public final class ChildEngine implements Engine {
    private static final Logger log = LoggerFactory.getLogger(ChildEngine.class);

    private final Path folder;
    private final Kernels kernels;
    private final Device device;
    private final ExecutionProfile profile;
    private final Set<ChildStage> stages = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Child reserve;
    private boolean closed;

    private ChildEngine(Path folder, Kernels kernels, Device device, Child first) {
        this.folder = folder;
        this.kernels = kernels;
        this.device = device;
        this.profile = first.profile();
        this.reserve = first;
    }

    /**
     * Opens.
     *
     * @param folder where processes get their working folders, and the log of the last that crashed
     *     is kept
     * @throws IOException when no process can be started
     */
    public static ChildEngine open(Path folder) throws IOException, InterruptedException {
        return open(folder, Kernels.bundled(), Device.CPU);
    }

    /**
     * As above, with other kernels and on another device.
     *
     * @throws DeviceException when a process cannot be started that computes on a card
     */
    public static ChildEngine open(Path folder, Kernels kernels, Device device)
            throws IOException, InterruptedException {
        var absolute = folder.toAbsolutePath();
        try {
            var first = Child.start(absolute, kernels, device);
            return new ChildEngine(absolute, kernels, device, first);
        } catch (IOException failed) {
            if (device.kind() == Device.Kind.CPU) {
                throw failed;
            }
            throw new DeviceException(
                    device.toString(), String.valueOf(failed.getMessage()), failed);
        }
    }

    @Override
    public ExecutionProfile profile() {
        return profile;
    }

    @Override
    public Stage open(
            Architecture architecture, LayerRange layers, StageState state, StageOptions options)
            throws IOException, InterruptedException {
        architecture.requireTensors("weights", layers, state.parameters());
        var child = take();
        boolean opened = false;
        try {
            if (!child.profile().equals(profile)) {
                throw new IOException(
                        "a new process computes as "
                                + child.profile()
                                + ", those before as "
                                + profile);
            }
            var text = new String(architecture.json(), StandardCharsets.UTF_8);
            var call =
                    new Call.Open(
                            text,
                            layers,
                            new Call.State(state.step(), state.tensors().tensors()),
                            options);
            var stage = ChildStage.open(child, architecture, call, state.tensors(), this::ended);
            stages.add(stage);
            opened = true;
            return stage;
        } finally {
            if (!opened) {
                child.end();
                refill();
            }
        }
    }

    @Override
    public DeviceLimits limits(int threads) throws IOException, InterruptedException {
        var child = take();
        try {
            return switch (child.exchange(new Call.Measure(threads), null)) {
                case Reply.Measured(var limits) -> limits;
                case Reply.Failed(_, _, var message) -> throw new IOException(message);
                case Reply other -> throw new IOException("a process answered with " + other);
            };
        } finally {
            child.end();
            refill();
        }
    }

    private Child take() throws IOException, InterruptedException {
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the engine is closed");
            }
            var waiting = reserve;
            reserve = null;
            if (waiting != null && waiting.isAlive()) {
                return waiting;
            }
        } finally {
            lock.unlock();
        }
        return Child.start(folder, kernels, device);
    }

    private void ended(ChildStage stage) {
        stages.remove(stage);
        refill();
    }

    /** Starts a process in the background, unless one waits already. */
    private void refill() {
        Thread.ofPlatform().daemon().name("reserve for stages").start(this::startReserve);
    }

    private void startReserve() {
        lock.lock();
        try {
            if (!closed && (reserve == null || !reserve.isAlive())) {
                reserve = Child.start(folder, kernels, device);
            }
        } catch (IOException failed) {
            log.warn("{}", failed.getMessage());
        } catch (InterruptedException nobodyDoesThat) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /** The processes there are now, with the one in reserve. */
    public List<ProcessHandle> processes() {
        var handles = new ArrayList<ProcessHandle>();
        stages.forEach(stage -> handles.add(stage.process()));
        lock.lock();
        try {
            if (reserve != null) {
                handles.add(reserve.handle());
            }
        } finally {
            lock.unlock();
        }
        return handles;
    }

    @Override
    public long arrays() {
        long arrays = 0;
        for (var stage : stages) {
            arrays += stage.arrays();
        }
        return arrays;
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (reserve != null) {
                reserve.end();
                reserve = null;
            }
        } finally {
            lock.unlock();
        }
        stages.forEach(ChildStage::close);
    }
}
