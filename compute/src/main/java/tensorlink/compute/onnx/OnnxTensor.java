package tensorlink.compute.onnx;

import com.google.protobuf.ByteString;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;

/**
 * A tensor of an ONNX file.
 *
 * @param data row-major, little-endian, exactly as many bytes as type and shape need
 */
record OnnxTensor(DType dtype, Shape shape, ByteString data) {

    boolean isMatrix() {
        return shape.rank() == 2;
    }

    /** Whether it is a weight, by its type: F32, or what widens to it. */
    boolean isFloat() {
        return dtype == DType.F32 || dtype.widens();
    }

    MemorySegment segment() {
        return MemorySegment.ofBuffer(data.asReadOnlyByteBuffer());
    }

    /** The values, if it holds I64. */
    List<Long> longs() {
        var values = new ArrayList<Long>();
        if (dtype == DType.I64) {
            var buffer = data.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
            while (buffer.hasRemaining()) {
                values.add(buffer.getLong());
            }
        }
        return values;
    }

    /** The value, if it is a single F32, as its shortest decimal form says it. */
    double scalar() {
        if (dtype != DType.F32 || shape.elements() != 1) {
            return Double.NaN;
        }
        float value = data.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).getFloat();
        return Double.parseDouble(Float.toString(value));
    }
}
