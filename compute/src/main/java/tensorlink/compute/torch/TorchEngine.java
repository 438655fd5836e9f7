package tensorlink.compute.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.util.Utils;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.compute.Architecture;
import tensorlink.compute.ExecutionProfile;
import tensorlink.compute.ExecutionProfile.ThreadRule;
import tensorlink.compute.GraphModel;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Precision;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.StageState;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.torch.TorchStage.Opening;

/**
 * Runs stages with libtorch on the processor.
 *
 * <p>libtorch is loaded once per process and stays; engines share it. Nothing is ever downloaded:
 * the natives come from the class path and are unpacked once into the native folder.
 */
public final class TorchEngine implements tensorlink.compute.Engine {
    /** By the version of the Deep Java Library, that of the libtorch that its natives fit. */
    private static final Map<String, String> VERSIONS =
            Map.of("0.35.1", "2.7.1", "0.32.0", "2.5.1"); // bundled; the last with CUDA natives

    private static final ReentrantLock LOADING = new ReentrantLock();

    private final PtNDManager home;
    private final OperatorModule operators;
    private final ExecutionProfile profile;
    private final Set<TorchStage> stages = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private TorchEngine(PtNDManager home, OperatorModule operators, ExecutionProfile profile) {
        this.home = home;
        this.operators = operators;
        this.profile = profile;
    }

    /** Opens with natives at their default place, {@code ~/.djl.ai}. */
    public static TorchEngine open() throws IOException {
        return open(Optional.empty());
    }

    /**
     * Opens.
     *
     * @param nativeFolder where native libraries are unpacked, about 450 MB; has an effect only if
     *     this is the first engine of the process
     */
    public static TorchEngine open(Path nativeFolder) throws IOException {
        return open(Optional.of(nativeFolder.toAbsolutePath()));
    }

    private static TorchEngine open(Optional<Path> nativeFolder) throws IOException {
        var environment = NativeEnvironment.decide(System.getenv(), Cpu.detect(), nativeFolder);
        environment.apply();
        var djl = load();
        var library = Engine.getDjlVersion();
        var torch = djl.getVersion();
        if (!torch.equals(VERSIONS.get(library))) {
            throw new IllegalStateException(
                    "expected DJL with libtorch in a pair of "
                            + new TreeMap<>(VERSIONS)
                            + ", found "
                            + library
                            + " with "
                            + torch);
        }
        var home = (PtNDManager) djl.newBaseManager(Device.cpu());
        var profile =
                new ExecutionProfile(
                        "djl " + library,
                        torch,
                        OperatorModule.digest(),
                        environment.mklCbwr(),
                        environment.cpuCapability(),
                        DType.F32,
                        "cpu",
                        environment.mklCbwr().contains("STRICT")
                                ? ThreadRule.ANY
                                : ThreadRule.SAME);
        return new TorchEngine(home, OperatorModule.load(home), profile);
    }

    /** Only one thread of one process at a time unpacks. */
    private static Engine load() throws IOException {
        var folder = Utils.getEngineCacheDir();
        LOADING.lock();
        try {
            Files.createDirectories(folder);
            try (var channel =
                            FileChannel.open(
                                    folder.resolve("tensorlink.lock"),
                                    StandardOpenOption.CREATE,
                                    StandardOpenOption.WRITE);
                    var lock = channel.lock()) {
                assert lock.isValid();
                return Engine.getEngine("PyTorch");
            }
        } finally {
            LOADING.unlock();
        }
    }

    @Override
    public ExecutionProfile profile() {
        return profile;
    }

    private static void requireTrainable(Architecture architecture, TrainingOptions how) {
        if (architecture.trained(architecture.allLayers(), how.frozen()).isEmpty()) {
            throw new IllegalArgumentException("nothing is trained, all parameters are frozen");
        }
        if (architecture instanceof GraphModel && how.precision() != Precision.F32) {
            throw new IllegalArgumentException(
                    "precision " + how.precision() + ": a layer graph is trained in F32");
        }
        architecture.requireReplicas(how.replicas());
    }

    @Override
    public Stage open(
            Architecture architecture, LayerRange layers, StageState state, StageOptions options)
            throws IOException, InterruptedException {
        architecture.requireStage(layers);
        architecture.requireTensors("weights", layers, state.parameters());
        if (options.training().isPresent()) {
            requireTrainable(architecture, options.training().get());
        }
        var stage =
                TorchStage.open(
                        new Opening(architecture, layers, options),
                        operators,
                        home,
                        state,
                        stages::remove);
        stages.add(stage);
        if (closed) {
            stage.close();
            throw new IllegalStateException("the engine is closed");
        }
        return stage;
    }

    @Override
    public long arrays() {
        return home.getManagedArrays().size();
    }

    @Override
    public void close() {
        closed = true;
        stages.forEach(TorchStage::close);
        home.close();
    }
}
