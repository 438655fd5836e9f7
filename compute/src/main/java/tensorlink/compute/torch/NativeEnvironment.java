package tensorlink.compute.torch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What libtorch and the Deep Java Library read from their surroundings, decided before they load. A
 * setting that the user made stays.
 *
 * <p>libtorch reads the C environment, which a JVM cannot change from Java; {@code setenv} can. The
 * Java library reads its own copy from the start of the process, so it gets system properties.
 */
final class NativeEnvironment {
    private static final String WAITING = "OMP_WAIT_POLICY";
    private static final String REPRODUCIBLE = "MKL_CBWR";
    private static final String CAPABILITY = "ATEN_CPU_CAPABILITY";

    /** NVIDIA's own switch for arithmetic with fewer digits: 0 for never. */
    private static final String SHORT_DIGITS = "NVIDIA_TF32_OVERRIDE";

    /** cuBLAS gives the same bits again only with memory of a fixed size to work in. */
    private static final String WORKSPACE = "CUBLAS_WORKSPACE_CONFIG";

    private final Map<String, String> variables;
    private final Map<String, String> properties;
    private final String capability;

    private NativeEnvironment(
            Map<String, String> variables, Map<String, String> properties, String capability) {
        this.variables = variables;
        this.properties = properties;
        this.capability = capability;
    }

    /**
     * Decides.
     *
     * @param user the environment that the process was started with
     * @param nativeFolder where native libraries are unpacked, if not at their default place
     */
    static NativeEnvironment decide(
            Map<String, String> user, Cpu cpu, Optional<Path> nativeFolder) {
        var variables = new TreeMap<String, String>();
        // Waiting threads that spin starve everybody else's on a busy machine.
        variables.put(WAITING, user.getOrDefault(WAITING, "passive"));
        variables.put(REPRODUCIBLE, user.getOrDefault(REPRODUCIBLE, cpu.reproducibleMkl()));
        variables.put(SHORT_DIGITS, user.getOrDefault(SHORT_DIGITS, "0"));
        variables.put(WORKSPACE, user.getOrDefault(WORKSPACE, ":4096:8"));
        variables.values().removeIf(String::isEmpty);
        var properties = new TreeMap<String, String>();
        if (!user.containsKey("DJL_OFFLINE")) {
            properties.put("ai.djl.offline", "true");
        }
        if (!user.containsKey("OPT_OUT_TRACKING")) {
            properties.put("OPT_OUT_TRACKING", "true");
        }
        if (nativeFolder.isPresent() && !user.containsKey("ENGINE_CACHE_DIR")) {
            properties.put("ENGINE_CACHE_DIR", nativeFolder.get().toString());
        }
        var capability = user.getOrDefault(CAPABILITY, cpu.capability());
        return new NativeEnvironment(variables, properties, capability);
    }

    Map<String, String> variables() {
        return Map.copyOf(variables);
    }

    Map<String, String> properties() {
        return Map.copyOf(properties);
    }

    /** The setting of MKL's conditional numerical reproducibility, empty where there is none. */
    String mklCbwr() {
        return variables.getOrDefault(REPRODUCIBLE, "");
    }

    String cpuCapability() {
        return capability;
    }

    /** The settings that decide bits on CUDA's cards, for an execution profile. */
    String cuda() {
        return SHORT_DIGITS
                + " "
                + variables.getOrDefault(SHORT_DIGITS, "")
                + ", "
                + WORKSPACE
                + " "
                + variables.getOrDefault(WORKSPACE, "");
    }

    /** Has an effect only before libtorch loads. */
    void apply() {
        variables.forEach(NativeEnvironment::setenv);
        for (var property : properties.entrySet()) {
            if (System.getProperty(property.getKey()) == null) {
                System.setProperty(property.getKey(), property.getValue());
            }
        }
    }

    @SuppressWarnings("restricted") // the function and its type are POSIX's
    private static void setenv(String name, String value) {
        var linker = Linker.nativeLinker();
        var posix = linker.defaultLookup().find("setenv");
        if (posix.isEmpty()) {
            return; // Windows: the defaults of libtorch stay, which is slower but not wrong
        }
        var handle =
                linker.downcallHandle(
                        posix.get(), FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
        try (var arena = Arena.ofConfined()) {
            int failed =
                    (int)
                            handle.invokeExact(
                                    arena.allocateFrom(name), arena.allocateFrom(value), 1);
            if (failed != 0) {
                throw new IllegalStateException("setenv " + name + " failed");
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
