package tensorlink.compute.child;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.tensor.Tensor;

/**
 * Messages over a socket of this machine: the length of a header, the header, the values of its
 * tensors. These go from their own memory into the socket and back. For one thread at a time.
 */
final class Wire implements AutoCloseable {
    static final int HEADER_BYTES_MAX = 16 << 20;

    private static final int BUFFER_BYTES = 64 << 10;
    private static final long SLICE_BYTES_MAX = 1 << 30;

    private final SocketChannel channel;
    private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);
    private long tensorBytesMax = Long.MAX_VALUE;

    Wire(SocketChannel channel) {
        this.channel = channel;
    }

    /** Refuses messages whose tensors take more than {@code bytes}, from now on. */
    void limitTensors(long bytes) {
        tensorBytesMax = bytes;
    }

    /** Sends; the tensors stay the caller's. */
    <T> void send(Class<T> type, T message) throws IOException {
        var tensors = new ArrayList<Tensor>();
        var header = Records.encode(type, message, tensors);
        if (header.length > HEADER_BYTES_MAX) {
            throw new IOException(
                    "a message of " + header.length + " bytes, limit " + HEADER_BYTES_MAX);
        }
        int length = Integer.BYTES + header.length;
        var first =
                length <= out.capacity() ? out.clear() : ByteBuffer.allocateDirect(length).clear();
        first.putInt(header.length).put(header).flip();
        var parts = new ArrayList<ByteBuffer>();
        parts.add(first);
        tensors.forEach(tensor -> parts.addAll(slices(tensor)));
        var buffers = parts.toArray(new ByteBuffer[0]);
        while (buffers[buffers.length - 1].hasRemaining()) {
            channel.write(buffers);
        }
    }

    /** Receives; the tensors are the caller's from now on. */
    <T> T receive(Class<T> type) throws IOException {
        require(Integer.BYTES);
        int length = in.getInt();
        if (length < 0 || length > HEADER_BYTES_MAX) {
            throw new IOException("a message of " + length + " bytes, limit " + HEADER_BYTES_MAX);
        }
        var header = new byte[length];
        fill(ByteBuffer.wrap(header));
        var tensors = new ArrayList<Tensor>();
        boolean complete = false;
        try {
            var message = Records.decode(type, header, tensors, tensorBytesMax);
            for (var tensor : tensors) {
                for (var slice : slices(tensor)) {
                    fill(slice);
                }
            }
            complete = true;
            return message;
        } finally {
            if (!complete) {
                tensors.forEach(Tensor::close);
            }
        }
    }

    private static List<ByteBuffer> slices(Tensor tensor) {
        var slices = new ArrayList<ByteBuffer>();
        var data = tensor.data();
        for (long at = 0; at < data.byteSize(); at += SLICE_BYTES_MAX) {
            slices.add(
                    data.asSlice(at, Math.min(SLICE_BYTES_MAX, data.byteSize() - at))
                            .asByteBuffer());
        }
        return slices;
    }

    /** Reads until so many bytes, a few, are in the buffer. */
    private void require(int bytes) throws IOException {
        in.compact();
        try {
            while (in.position() < bytes) {
                read(in);
            }
        } finally {
            in.flip();
        }
    }

    private void fill(ByteBuffer target) throws IOException {
        int here = Math.min(in.remaining(), target.remaining());
        target.put(in.slice(in.position(), here));
        in.position(in.position() + here);
        while (target.hasRemaining()) {
            read(target);
        }
    }

    private void read(ByteBuffer target) throws IOException {
        if (channel.read(target) < 0) {
            throw new EOFException("the other process has closed the socket");
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
