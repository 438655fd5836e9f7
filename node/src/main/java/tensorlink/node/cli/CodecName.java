package tensorlink.node.cli;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;
import tensorlink.compute.tensor.TensorCodec;

/** Reads a codec by its name in small letters. */
final class CodecName implements ITypeConverter<TensorCodec> {
    @Override
    public TensorCodec convert(String name) {
        return Arrays.stream(TensorCodec.values())
                .filter(codec -> spelling(codec).equals(name))
                .findFirst()
                .orElseThrow(
                        () -> new TypeConversionException("'" + name + "' is none of " + all()));
    }

    private static String all() {
        return Arrays.stream(TensorCodec.values())
                .map(CodecName::spelling)
                .collect(Collectors.joining(", "));
    }

    private static String spelling(TensorCodec codec) {
        return codec.name().toLowerCase(Locale.ROOT);
    }
}
