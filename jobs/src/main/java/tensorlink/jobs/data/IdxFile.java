package tensorlink.jobs.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * An array of bytes in the IDX format: two zero bytes, a type, a rank, that many big-endian sizes,
 * then the values.
 *
 * <p>Source: "The IDX file format" on the page of the MNIST database, LeCun, Cortes and Burges.
 */
final class IdxFile {
    static final int BYTES_MAX = 512 << 20;
    static final int RANK_MAX = 4;

    private static final int BYTE_VALUES = 0x08;
    private static final Map<Integer, String> OTHER_TYPES =
            Map.of(
                    0x09,
                    "signed bytes",
                    0x0B,
                    "shorts",
                    0x0C,
                    "ints",
                    0x0D,
                    "floats",
                    0x0E,
                    "doubles");

    private final List<Integer> shape;
    private final byte[] content;
    private final int begin;

    private IdxFile(List<Integer> shape, byte[] content, int begin) {
        this.shape = shape;
        this.content = content;
        this.begin = begin;
    }

    static IdxFile read(Path file, int rank) throws IOException {
        return parse(file.toString(), DataFile.bytes(file, BYTES_MAX), rank);
    }

    /**
     * Reads an array.
     *
     * @param content kept, not copied
     * @param rank the rank that is expected
     */
    static IdxFile parse(String source, byte[] content, int rank) throws DataFormatException {
        if (content.length >= 2 && content[0] == 0x1F && content[1] == (byte) 0x8B) {
            throw new DataFormatException(source, "is compressed: unpack it with gunzip first");
        }
        if (content.length < Integer.BYTES) {
            throw new DataFormatException(
                    source, content.length + " bytes, a header has at least 4");
        }
        int type = Byte.toUnsignedInt(content[2]);
        int found = Byte.toUnsignedInt(content[3]);
        if (content[0] != 0 || content[1] != 0) {
            throw new DataFormatException(
                    source,
                    "not an IDX file: expected 00 00, found %02X %02X"
                            .formatted(content[0], content[1]));
        }
        if (type != BYTE_VALUES) {
            throw new DataFormatException(
                    source,
                    "type: expected 08 (bytes), found %02X (%s)"
                            .formatted(type, OTHER_TYPES.getOrDefault(type, "unknown")));
        }
        if (found != rank) {
            throw new DataFormatException(source, "rank: expected " + rank + ", found " + found);
        }
        int begin = Integer.BYTES * (1 + rank);
        if (content.length < begin) {
            throw new DataFormatException(
                    source, content.length + " bytes, a header of rank " + rank + " has " + begin);
        }
        var header = ByteBuffer.wrap(content);
        var shape = new Integer[rank];
        long size = 1;
        for (int axis = 0; axis < rank; axis++) {
            int length = header.getInt(Integer.BYTES * (1 + axis));
            size *= Math.max(length, 0);
            if (length < 1 || size > BYTES_MAX) {
                throw new DataFormatException(
                        source,
                        "axis "
                                + axis
                                + ": expected 1 or more and at most "
                                + BYTES_MAX
                                + " values in all, found "
                                + Integer.toUnsignedString(length));
            }
            shape[axis] = length;
        }
        if (content.length - begin != size) {
            throw new DataFormatException(
                    source,
                    Arrays.toString(shape)
                            + " is "
                            + size
                            + " values, found "
                            + (content.length - begin));
        }
        return new IdxFile(List.of(shape), content, begin);
    }

    /** The sizes of its axes. */
    List<Integer> shape() {
        return shape;
    }

    /** A value, 0 to 255, by its place among all. */
    int at(int index) {
        return Byte.toUnsignedInt(content[begin + index]);
    }

    int size() {
        return content.length - begin;
    }

    IntStream values() {
        return IntStream.range(0, size()).map(this::at);
    }

    /** The bytes of the whole file. */
    ByteBuffer bytes() {
        return ByteBuffer.wrap(content).asReadOnlyBuffer();
    }
}
