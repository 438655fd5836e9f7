package tensorlink.jobs.data;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import tensorlink.p2p.AnyInput;

/** An IDX file of images. */
class IdxFileInputTest extends AnyInput {
    @Override
    protected Stream<byte[]> inputs() throws IOException {
        return Seeds.of("idx", new byte[] {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 5, 6});
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        try {
            var file = IdxFile.parse("x", joined(pieces).toByteArray(), 3);
            return file.shape() + " " + file.values().sum();
        } catch (DataFormatException bad) {
            return String.valueOf(bad.getMessage());
        }
    }
}
