package tensorlink.compute.torch;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import tensorlink.compute.Digest;

/**
 * The operators of {@link #SOURCES}, compiled by libtorch in this process.
 *
 * <p>A TorchScript archive is a zip of stored entries: the source, and a pickle of the module's
 * attributes, of which there are none. So source text of ours reaches any operator of libtorch,
 * with gradients, without a native library of ours.
 *
 * <p>The public calls of the Deep Java Library run a module's method without gradients, or take its
 * arguments through names of arrays and lose them when the method fails; so the native method
 * behind them is called directly.
 */
final class OperatorModule {
    private static final List<String> SOURCES =
            List.of("operators.torchscript", "graph.torchscript", "optimizers.torchscript");
    private static final String CLASS =
            """
            class Ops(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
            """;

    /** Pickle protocol 2: an object of __torch__.Ops with the attribute training = True. */
    private static final String DATA =
            "\u0080\u0002c__torch__\nOps\nq\0)\u0081}X\u0008\0\0\0trainingq\u0001\u0088sbq\u0002.";

    /** Pickle protocol 2: an empty tuple. */
    private static final String CONSTANTS = "\u0080\u0002).";

    private static final MethodHandle RUN;
    private static final MethodHandle RESULT;

    static {
        try {
            var lookup = MethodHandles.privateLookupIn(JniUtils.class, MethodHandles.lookup());
            var library = lookup.findClass("ai.djl.pytorch.jni.PyTorchLibrary");
            var instance = lookup.findStaticGetter(library, "LIB", library).invoke();
            RUN =
                    lookup.findVirtual(
                                    library,
                                    "moduleRunMethod",
                                    MethodType.methodType(
                                            long.class,
                                            long.class,
                                            String.class,
                                            long[].class,
                                            boolean.class,
                                            boolean.class))
                            .bindTo(instance);
            RESULT =
                    lookup.findConstructor(
                            IValue.class, MethodType.methodType(void.class, long.class));
        } catch (Throwable e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final PtSymbolBlock module;

    private OperatorModule(PtSymbolBlock module) {
        this.module = module;
    }

    static OperatorModule load(PtNDManager home) {
        return load(home, source());
    }

    static OperatorModule load(PtNDManager home, String source) {
        try {
            var archive = new ByteArrayInputStream(archive(source));
            return new OperatorModule(JniUtils.loadModule(home, archive, false, false));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Names the arithmetic: results are comparable only where this is equal. */
    static Digest digest() {
        return Digest.of(source().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Runs a method.
     *
     * @param arguments arrays, lists of arrays, numbers, lists of numbers; or an {@link IValue},
     *     which the caller keeps
     * @return the result, which the caller closes
     * @throws ai.djl.engine.EngineException when libtorch refuses
     */
    IValue call(String method, Object... arguments) {
        var own = new ArrayList<IValue>();
        try {
            var handles = new long[arguments.length];
            for (int i = 0; i < handles.length; i++) {
                var value = arguments[i] instanceof IValue given ? given : value(arguments[i], own);
                handles[i] = value.getHandle();
            }
            long home = module.getHandle();
            long result = (long) RUN.invokeExact(home, method, handles, true, false);
            return (IValue) RESULT.invokeExact(result);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            own.forEach(IValue::close);
        }
    }

    private static IValue value(Object argument, List<IValue> own) {
        var value =
                switch (argument) {
                    case PtNDArray array -> IValue.from(array);
                    case PtNDArray[] arrays -> IValue.listFrom(arrays);
                    case Long number -> IValue.from((long) number);
                    case Double number -> IValue.from((double) number);
                    case long[] numbers -> IValue.listFrom(numbers);
                    case double[] numbers -> IValue.listFrom(numbers);
                    default -> throw new IllegalArgumentException("" + argument.getClass());
                };
        own.add(value);
        return value;
    }

    static String source() {
        var source = new StringBuilder();
        for (var name : SOURCES) {
            try (var in = OperatorModule.class.getResourceAsStream(name)) {
                if (in == null) {
                    throw new IllegalStateException("no resource " + name);
                }
                source.append(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return Description.resolve(withoutRemarks(source.toString()));
    }

    private static String withoutRemarks(String text) {
        return text.lines().filter(line -> !line.startsWith("#")).collect(Collectors.joining("\n"));
    }

    private static byte[] archive(String source) throws IOException {
        var code = new StringBuilder(CLASS);
        for (var line : source.lines().toList()) {
            code.append(line.isEmpty() ? "" : "  ").append(line).append('\n');
        }
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            store(zip, "ops/data.pkl", DATA.getBytes(StandardCharsets.ISO_8859_1));
            store(zip, "ops/code/__torch__.py", code.toString().getBytes(StandardCharsets.UTF_8));
            store(zip, "ops/constants.pkl", CONSTANTS.getBytes(StandardCharsets.ISO_8859_1));
            store(zip, "ops/version", "10\n".getBytes(StandardCharsets.US_ASCII));
        }
        return bytes.toByteArray();
    }

    private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
        var entry = new ZipEntry(name);
        var checksum = new CRC32();
        checksum.update(content);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(checksum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
