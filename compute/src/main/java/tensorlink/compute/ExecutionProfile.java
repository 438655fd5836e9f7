package tensorlink.compute;

import java.nio.charset.StandardCharsets;
import tensorlink.compute.tensor.DType;

/**
 * What decides the bits of a result: equal computations under equal profiles give equal bits.
 *
 * @param engine the library that runs kernels, with its version
 * @param torch libtorch's version
 * @param operators SHA-256 of the operator module's source
 * @param mklCbwr the setting of MKL's conditional numerical reproducibility, empty where unset
 * @param cpuCapability the vector instructions that libtorch's kernels use
 * @param dtype the type computed in
 * @param device the kind of device; of a card its name, and what its libraries are told of how to
 *     compute
 * @param threads whether the number of threads can change bits
 */
public record ExecutionProfile(
        String engine,
        String torch,
        Digest operators,
        String mklCbwr,
        String cpuCapability,
        DType dtype,
        String device,
        ThreadRule threads) {

    /** How the number of threads bears on the bits. */
    public enum ThreadRule {
        /** Any number gives the same bits. */
        ANY,
        /** Only equal numbers are known to give the same bits. */
        SAME
    }

    /** Names this profile: equal ids, equal profiles. */
    public Digest id() {
        return Digest.of(
                String.join(
                                "\n",
                                "tensorlink execution profile 1",
                                engine,
                                torch,
                                operators.hex(),
                                mklCbwr,
                                cpuCapability,
                                dtype.name(),
                                device,
                                threads.name())
                        .getBytes(StandardCharsets.UTF_8));
    }
}
