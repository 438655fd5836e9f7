package tensorlink.compute.onnx;

import com.google.protobuf.ByteString;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.onnx.wire.NodeProto;
import tensorlink.compute.onnx.wire.TensorProto;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;

/**
 * Reads the nodes and the tensors of an ONNX file.
 *
 * <p>A message of a few bytes becomes an object of a hundred, so a file could ask for many times
 * its size. Therefore lengths and counts are checked field by field before a message is read, and
 * values in bulk stay where they are, in the bytes of the file.
 */
final class OnnxFile {
    static final int NODES_MAX = 100_000;
    static final int NODE_BYTES_MAX = 1 << 20;
    static final int NODES_BYTES_MAX = 4 << 20;
    static final int TENSORS_MAX = 20_000;
    static final int TENSOR_HEADER_BYTES_MAX = 1 << 12;
    static final int PACKED_LONGS_BYTES_MAX = 1 << 20;

    private static final int MODEL_GRAPH = 7;
    private static final int MODEL_FUNCTIONS = 25;
    private static final int GRAPH_NODE = 1;
    private static final int GRAPH_INITIALIZER = 5;
    private static final int GRAPH_SPARSE_INITIALIZER = 15;
    private static final int SHOWN_MAX = 100;

    private static final Map<Integer, DType> TYPES =
            Map.of(
                    1,
                    DType.F32,
                    2,
                    DType.U8,
                    3,
                    DType.I8,
                    5,
                    DType.I16,
                    6,
                    DType.I32,
                    7,
                    DType.I64,
                    9,
                    DType.BOOL,
                    10,
                    DType.F16,
                    11,
                    DType.F64,
                    16,
                    DType.BF16);

    private final String source;
    private final List<NodeProto> nodes = new ArrayList<>();
    private final Map<String, OnnxTensor> initializers = new LinkedHashMap<>();
    private long nodeBytes;

    private OnnxFile(String source) {
        this.source = source;
    }

    /** What to do with a length-delimited field. */
    @FunctionalInterface
    private interface Visitor {
        void field(int number, ByteString value) throws IOException;
    }

    /**
     * Reads a whole file.
     *
     * @param content kept: the tensors' data are parts of it
     */
    static OnnxFile parse(String source, ByteString content) throws IOException {
        var file = new OnnxFile(source);
        var graphs = new ArrayList<ByteString>(1);
        file.walk(
                "model",
                content,
                (number, value) -> {
                    if (number == MODEL_FUNCTIONS) {
                        throw file.wrong("functions: expected none");
                    }
                    if (number == MODEL_GRAPH) {
                        if (!graphs.isEmpty()) {
                            throw file.wrong("graph: expected one, found a second");
                        }
                        graphs.add(value);
                    }
                });
        if (graphs.isEmpty()) {
            throw file.wrong("graph: missing");
        }
        file.walk("graph", graphs.getFirst(), file::graphField);
        return file;
    }

    /** In the order of the file, which is one in which they can be computed. */
    List<NodeProto> nodes() {
        return nodes;
    }

    /** By name, in the order of the file. */
    Map<String, OnnxTensor> initializers() {
        return initializers;
    }

    private void graphField(int number, ByteString value) throws IOException {
        switch (number) {
            case GRAPH_NODE -> addNode(value);
            case GRAPH_INITIALIZER -> addInitializer(value);
            case GRAPH_SPARSE_INITIALIZER -> throw wrong("graph.sparse_initializer: expected none");
            default -> {}
        }
    }

    private void addNode(ByteString message) throws IOException {
        var where = "graph.node[" + nodes.size() + "]";
        atMost("graph.node", nodes.size() + 1L, NODES_MAX, "nodes");
        atMost(where, message.size(), NODE_BYTES_MAX, "bytes");
        nodeBytes += message.size();
        atMost("graph.node", nodeBytes, NODES_BYTES_MAX, "bytes together");
        nodes.add(read(where, NodeProto.parser(), message));
    }

    private void addInitializer(ByteString message) throws IOException {
        atMost("graph.initializer", initializers.size() + 1L, TENSORS_MAX, "tensors");
        var where = "graph.initializer[" + initializers.size() + "]";
        var proto = header(where, message);
        var name = proto.getName();
        if (name.isEmpty()) {
            throw wrong(where + ".name: empty");
        }
        if (initializers.put(name, tensor("graph.initializer " + shown(name), proto)) != null) {
            throw wrong("graph.initializer " + shown(name) + ": there are two");
        }
    }

    /** A tensor that a node's attribute holds. */
    OnnxTensor tensor(String where, ByteString message) throws IOException {
        return tensor(where, header(where, message));
    }

    private TensorProto header(String where, ByteString message) throws IOException {
        var bulk = new long[1];
        walk(
                where,
                message,
                (number, value) -> {
                    if (number == TensorProto.RAW_DATA_FIELD_NUMBER
                            || number == TensorProto.FLOAT_DATA_FIELD_NUMBER
                            || number == TensorProto.INT64_DATA_FIELD_NUMBER) {
                        bulk[0] += value.size();
                    }
                });
        atMost(where, message.size() - bulk[0], TENSOR_HEADER_BYTES_MAX, "bytes besides its data");
        return read(where, TensorProto.parser(), message);
    }

    private OnnxTensor tensor(String where, TensorProto proto) throws IOException {
        if (proto.getDataLocation() != 0 || proto.getExternalDataCount() > 0) {
            throw wrong(where + ".data_location: expected inside the file, found outside");
        }
        var dtype = TYPES.get(proto.getDataType());
        if (dtype == null) {
            throw wrong(
                    where
                            + ".data_type: expected float, float16, bfloat16, double, bool or a"
                            + " signed integer or byte, found "
                            + proto.getDataType());
        }
        atMost(where + ".dims", proto.getDimsCount(), Shape.RANK_MAX, "axes");
        Shape shape;
        long bytes;
        try {
            shape = new Shape(proto.getDimsList());
            bytes = Math.multiplyExact(shape.elements(), dtype.bytes());
        } catch (IllegalArgumentException | ArithmeticException tooLarge) {
            throw wrong(
                    where
                            + ".dims: "
                            + proto.getDimsList()
                            + ", expected lengths whose product is at most 2^63 bytes");
        }
        return new OnnxTensor(dtype, shape, data(where, proto, dtype, bytes));
    }

    private ByteString data(String where, TensorProto proto, DType dtype, long bytes)
            throws IOException {
        var field = "raw_data";
        var data = proto.getRawData();
        if (data.isEmpty() && dtype == DType.F32) {
            field = "float_data";
            data = proto.getFloatData();
        } else if (data.isEmpty() && dtype == DType.I64) {
            field = "int64_data";
            data = longs(where, proto.getInt64Data(), bytes);
        }
        if (data.size() != bytes) {
            throw wrong(
                    String.format(
                            Locale.ROOT,
                            "%s.%s: %d bytes, expected %d for %s %s",
                            where,
                            field,
                            data.size(),
                            bytes,
                            dtype,
                            proto.getDimsList()));
        }
        return data;
    }

    /** Each value has a byte at least, which bounds what is allocated by what was read. */
    private ByteString longs(String where, ByteString packed, long bytes) throws IOException {
        atMost(where + ".int64_data", packed.size(), PACKED_LONGS_BYTES_MAX, "bytes");
        if (bytes / Long.BYTES > packed.size()) {
            throw wrong(
                    where
                            + ".int64_data: "
                            + packed.size()
                            + " bytes, expected "
                            + bytes / Long.BYTES
                            + " values");
        }
        var values = ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
        try {
            var in = packed.newCodedInput();
            while (!in.isAtEnd() && values.hasRemaining()) {
                values.putLong(in.readInt64());
            }
            if (!in.isAtEnd()) {
                throw wrong(where + ".int64_data: more than " + bytes / Long.BYTES + " values");
            }
        } catch (InvalidProtocolBufferException malformed) {
            throw malformed(where + ".int64_data", malformed);
        }
        return ByteString.copyFrom(values.flip());
    }

    private void walk(String where, ByteString message, Visitor visitor) throws IOException {
        try {
            var in = message.newCodedInput();
            in.enableAliasing(true);
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED) {
                    visitor.field(WireFormat.getTagFieldNumber(tag), in.readBytes());
                } else if (!in.skipField(tag)) {
                    throw wrong(where + ": not a protobuf message");
                }
            }
        } catch (InvalidProtocolBufferException malformed) {
            throw malformed(where, malformed);
        }
    }

    private <T extends Message> T read(String where, Parser<T> parser, ByteString message)
            throws IOException {
        try {
            var in = message.newCodedInput();
            in.enableAliasing(true);
            var read = DiscardUnknownFieldsParser.wrap(parser).parseFrom(in);
            in.checkLastTagWas(0);
            return read;
        } catch (InvalidProtocolBufferException malformed) {
            throw malformed(where, malformed);
        }
    }

    private void atMost(String what, long found, long limit, String unit)
            throws ModelFormatException {
        if (found > limit) {
            throw wrong(what + ": " + found + " " + unit + ", limit " + limit);
        }
    }

    private ModelFormatException malformed(String where, InvalidProtocolBufferException cause) {
        return wrong(where + ": not a protobuf message: " + cause.getMessage());
    }

    ModelFormatException wrong(String reason) {
        return new ModelFormatException(source, reason);
    }

    /** A name from the file, safe to print. */
    static String shown(String name) {
        var plain = name.replaceAll("[^ -~]", "?");
        return '"'
                + (plain.length() > SHOWN_MAX ? plain.substring(0, SHOWN_MAX) + "..." : plain)
                + '"';
    }
}
