package tensorlink.compute.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.Stream;
import tensorlink.compute.AnyFile;

/** What a peer says are the encoded values of a tensor: the first byte is how many, in eights. */
class CodecInputTest extends AnyFile {
    private static final int STEP = 8;

    @Override
    protected Stream<byte[]> inputs() {
        return Stream.of(1, 9, 33).flatMap(CodecInputTest::encoded);
    }

    private static Stream<byte[]> encoded(int eights) {
        var values = new float[STEP * eights];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 7;
        }
        return Stream.of(TensorCodec.values())
                .map(codec -> {
                    try (var tensor = Tensor.ofFloats(Shape.of(values.length), values);
                            var encoded = codec.encode(tensor)) {
                        var content = new byte[1 + (int) encoded.elements()];
                        content[0] = (byte) eights;
                        MemorySegment.ofArray(content).asSlice(1).copyFrom(encoded.data());
                        return content;
                    }
                });
    }

    @Override
    protected String outcome(byte[] content) {
        var outcomes = new StringBuilder();
        var shape = Shape.of(content.length == 0 ? 0 : STEP * (content[0] & 0xff));
        var bytes = Arrays.copyOfRange(content, Math.min(1, content.length), content.length);
        for (var codec : TensorCodec.values()) {
            if (!codec.fits(bytes.length, DType.F32, shape)) {
                outcomes.append(codec).append(" does not fit; ");
                continue;
            }
            try (var values = Tensor.allocate(DType.F32, shape)) {
                codec.decode(MemorySegment.ofArray(bytes), values);
                assertThat(values.shape()).isEqualTo(shape);
                outcomes.append(codec).append(" is read; ");
            } catch (IllegalArgumentException malformed) {
                outcomes.append(malformed.getMessage()).append("; ");
            }
        }
        return outcomes.toString();
    }
}
