package tensorlink.compute.onnx;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.stream.Stream;
import tensorlink.compute.AnyFile;
import tensorlink.compute.format.ModelFormatException;

/** An ONNX file. */
class OnnxInputTest extends AnyFile {
    @Override
    protected Stream<byte[]> inputs() throws IOException {
        return files("/bad/onnx", ".onnx");
    }

    @Override
    protected String outcome(byte[] content) throws IOException {
        try {
            var file = OnnxFile.parse("x", ByteString.copyFrom(content));
            var bert = BertReader.read("x", OnnxGraph.of(file));
            return bert.config() + " " + bert.weights().tensors();
        } catch (ModelFormatException bad) {
            return String.valueOf(bad.getMessage());
        }
    }
}
