package tensorlink.compute.torch;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.util.Utils;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.compute.Architecture;
import tensorlink.compute.Device;
import tensorlink.compute.DeviceException;
import tensorlink.compute.DeviceLimits;
import tensorlink.compute.ExecutionProfile;
import tensorlink.compute.ExecutionProfile.ThreadRule;
import tensorlink.compute.GraphModel;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Precision;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.StageState;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.cuda.Driver;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.torch.TorchStage.Opening;

/**
 * Runs stages with libtorch on one device.
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
    private final boolean addressed;
    private final LimitsTrial trial;
    private final ExecutionProfile profile;
    private final Set<TorchStage> stages = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private TorchEngine(
            PtNDManager home,
            OperatorModule operators,
            boolean addressed,
            LimitsTrial trial,
            ExecutionProfile profile) {
        this.home = home;
        this.operators = operators;
        this.addressed = addressed;
        this.trial = trial;
        this.profile = profile;
    }

    /** Opens the processor with natives at their default place, {@code ~/.djl.ai}. */
    public static TorchEngine open() throws IOException {
        return open(Device.CPU);
    }

    /**
     * Opens a device with natives at their default place.
     *
     * @throws DeviceException when these natives cannot compute on it
     */
    public static TorchEngine open(Device device) throws IOException {
        return open(device, Reach.of(device), Optional.empty());
    }

    /**
     * The processor as a device whose memory Java does not address, such as a card: with the same
     * bits, by the ways that values go to and from a card. To try those ways where there is none.
     */
    public static TorchEngine pretended() throws IOException {
        return open(Device.CPU, Reach.pretended(), Optional.empty());
    }

    /**
     * Opens the processor.
     *
     * @param nativeFolder where native libraries are unpacked, about 450 MB; has an effect only if
     *     this is the first engine of the process
     */
    public static TorchEngine open(Path nativeFolder) throws IOException {
        var folder = Optional.of(nativeFolder.toAbsolutePath());
        return open(Device.CPU, Reach.of(Device.CPU), folder);
    }

    private static TorchEngine open(Device device, Reach reach, Optional<Path> nativeFolder)
            throws IOException {
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
        var home = (PtNDManager) djl.newBaseManager(reach.where());
        try {
            requireUsable(device, home, torch);
            if (device.kind() == Device.Kind.CUDA) {
                Determinism.ofLoaded().require(true);
            }
            return new TorchEngine(
                    home,
                    OperatorModule.load(home),
                    reach.addressed(),
                    LimitsTrial.of(device),
                    profile(device, library, torch, environment));
        } catch (IOException | RuntimeException failed) {
            home.close();
            throw failed;
        }
    }

    /** There is no better way to learn whether libtorch can use a device than to use it. */
    private static void requireUsable(Device device, PtNDManager home, String torch)
            throws DeviceException {
        try {
            if (!NativeArrays.keepsValues(home)) {
                throw new DeviceException(device.toString(), "it does not keep what it is given");
            }
        } catch (EngineException | UnsupportedOperationException refused) {
            var said = String.valueOf(refused.getMessage()).lines().findFirst().orElse("");
            throw new DeviceException(
                    device.toString(), "libtorch " + torch + " says: " + said, refused);
        }
    }

    private static ExecutionProfile profile(
            Device device, String library, String torch, NativeEnvironment environment) {
        boolean processor = device.kind() == Device.Kind.CPU;
        var cbwr = environment.mklCbwr();
        return new ExecutionProfile(
                "djl " + library,
                torch,
                OperatorModule.digest(),
                processor ? cbwr : "",
                processor ? environment.cpuCapability() : "",
                DType.F32,
                processor ? "cpu" : cuda(Driver.look(), device.card(), environment),
                !processor || cbwr.contains("STRICT") ? ThreadRule.ANY : ThreadRule.SAME);
    }

    /** What decides the bits on a card, which its number does not. */
    static String cuda(Driver driver, int number, NativeEnvironment environment) {
        var card =
                switch (driver) {
                    case Driver.Present(_, var cards) when number < cards.size() ->
                            cards.get(number).name() + " " + cards.get(number).capability();
                    case Driver.Present _, Driver.Absent _ -> "unknown";
                };
        return "cuda " + card + ", deterministic, no TF32, " + environment.cuda();
    }

    /**
     * What the natives on the class path are made for: {@code cpu}, or {@code cu} with CUDA's
     * version.
     */
    public static String bundledFlavour() throws IOException {
        try (var in = Engine.class.getResourceAsStream("/native/lib/pytorch.properties")) {
            var about = new Properties();
            if (in != null) {
                about.load(in);
            }
            return about.getProperty("flavor", "cpu");
        }
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
                        addressed,
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
    public DeviceLimits limits(int threads) throws InterruptedException {
        try (var thread = new ComputeThread("limits", threads);
                var scope = home.newSubManager(home.getDevice())) {
            return thread.call(
                    false, () -> trial.run(new NativeArrays(operators, scope, addressed)));
        }
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
