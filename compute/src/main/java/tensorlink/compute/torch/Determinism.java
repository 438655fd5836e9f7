package tensorlink.compute.torch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;

import ai.djl.pytorch.jni.LibUtils;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Switches of libtorch that the Deep Java Library does not reach: kernels that give the same bits
 * again, and no products with fewer digits than F32 has. An operator that has no such kernel fails
 * then.
 *
 * <p>They are libtorch's for the whole process, so only a process that computes on a card sets
 * them. None of the functions throws, so that none of C++'s exceptions meets a frame of Java's;
 * where one is missing, as in a libtorch of another version, that is an error and nothing is set.
 */
final class Determinism {
    private static final String CONTEXT = "_ZN2at13globalContextEv";
    private static final String ALGORITHMS = "_ZN2at7Context26setDeterministicAlgorithmsEbb";
    private static final String FILLING =
            "_ZN2at7Context39setDeterministicFillUninitializedMemoryEb";
    private static final String SHORT_PRODUCTS = "_ZN2at7Context18setAllowTF32CuBLASEb";
    private static final String SHORT_CONVOLUTIONS = "_ZN2at7Context17setAllowTF32CuDNNEb";
    private static final String ARE_ALGORITHMS = "_ZNK2at7Context23deterministicAlgorithmsEv";

    private final SymbolLookup torch;

    private Determinism(SymbolLookup torch) {
        this.torch = torch;
    }

    /** Of the libtorch that is loaded. */
    @SuppressWarnings("restricted") // it is loaded already
    static Determinism ofLoaded() {
        var library = Path.of(LibUtils.getLibtorchPath(), System.mapLibraryName("torch_cpu"));
        return new Determinism(SymbolLookup.libraryLookup(library, Arena.global()));
    }

    /**
     * Switches it on or off.
     *
     * @throws IOException when this libtorch has not all of the switches
     */
    void require(boolean on) throws IOException {
        for (var name :
                new String[] {CONTEXT, ALGORITHMS, FILLING, SHORT_PRODUCTS, SHORT_CONVOLUTIONS}) {
            if (torch.find(name).isEmpty()) {
                throw new IOException(
                        "this libtorch cannot be held to equal bits: it has no " + name);
            }
        }
        var context = (MemorySegment) call(CONTEXT, FunctionDescriptor.of(ADDRESS));
        // What is allocated is written before it is read.
        call(FILLING, setter(1), context, false);
        call(SHORT_PRODUCTS, setter(1), context, !on);
        call(SHORT_CONVOLUTIONS, setter(1), context, !on);
        call(ALGORITHMS, setter(2), context, on, false);
    }

    /** Whether kernels are held to it now. */
    boolean isRequired() {
        var context = (MemorySegment) call(CONTEXT, FunctionDescriptor.of(ADDRESS));
        return (boolean)
                call(ARE_ALGORITHMS, FunctionDescriptor.of(JAVA_BOOLEAN, ADDRESS), context);
    }

    private static FunctionDescriptor setter(int flags) {
        var types = new MemoryLayout[flags + 1];
        Arrays.fill(types, JAVA_BOOLEAN);
        types[0] = ADDRESS;
        return FunctionDescriptor.ofVoid(types);
    }

    @SuppressWarnings("restricted") // the functions and their types are libtorch's
    private Object call(String name, FunctionDescriptor type, Object... values) {
        var function = Linker.nativeLinker().downcallHandle(torch.find(name).orElseThrow(), type);
        try {
            return function.invokeWithArguments(values);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
