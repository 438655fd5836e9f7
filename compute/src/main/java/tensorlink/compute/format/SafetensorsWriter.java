package tensorlink.compute.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Lays tensors out with the widest elements first, so that every one is aligned. */
final class SafetensorsWriter {
    private static final int ALIGNMENT = 8;
    private static final long PIECE_BYTES = 4 << 20;

    private SafetensorsWriter() {}

    static void write(Path file, Weights weights, Map<String, String> metadata)
            throws IOException, InterruptedException {
        var tensors = new ArrayList<>(weights.tensors());
        tensors.sort(
                Comparator.comparingInt((TensorSpec tensor) -> tensor.dtype().bytes()).reversed());
        var header = header(tensors, metadata);
        AtomicFile.write(
                file,
                channel -> {
                    AtomicFile.writeFully(channel, header);
                    for (var tensor : tensors) {
                        copy(weights, tensor, channel);
                    }
                });
    }

    private static ByteBuffer header(List<TensorSpec> tensors, Map<String, String> metadata) {
        var bytes = new ByteArrayOutputStream();
        try (var json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), bytes)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectPropertyStart("__metadata__");
                new TreeMap<>(metadata).forEach(json::writeStringProperty);
                json.writeEndObject();
            }
            long at = 0;
            for (var tensor : tensors) {
                json.writeObjectPropertyStart(tensor.name());
                json.writeStringProperty("dtype", tensor.dtype().name());
                json.writeArrayPropertyStart("shape");
                for (long axis : tensor.shape().axes()) {
                    json.writeNumber(axis);
                }
                json.writeEndArray();
                json.writeArrayPropertyStart("data_offsets");
                json.writeNumber(at);
                at += tensor.byteSize();
                json.writeNumber(at);
                json.writeEndArray();
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        while (bytes.size() % ALIGNMENT != 0) {
            bytes.write(' ');
        }
        var header = ByteBuffer.allocate(Long.BYTES + bytes.size());
        header.order(ByteOrder.LITTLE_ENDIAN).putLong(bytes.size()).put(bytes.toByteArray());
        return header.flip();
    }

    private static void copy(Weights weights, TensorSpec tensor, FileChannel channel)
            throws IOException, InterruptedException {
        long size = tensor.byteSize();
        try (var piece = Tensor.allocate(DType.U8, Shape.of(Math.min(size, PIECE_BYTES)))) {
            for (long at = 0; at < size; at += PIECE_BYTES) {
                var part = piece.data().asSlice(0, Math.min(PIECE_BYTES, size - at));
                weights.read(tensor.name(), at, part);
                AtomicFile.writeFully(channel, part.asByteBuffer());
            }
        }
    }
}
