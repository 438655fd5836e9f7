package tensorlink.p2p.mux;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReceiveQueueTest {
    private final ReceiveQueue queue = new ReceiveQueue();

    @Test
    void gives_back_what_was_added_whatever_the_pieces() {
        var random = new Random(4);
        var added = new ByteArrayOutputStream();
        var taken = new ByteArrayOutputStream();
        for (int i = 0; i < 2000; i++) {
            var message = message(random.nextInt(6000) + 1, random);
            int length = 1 + random.nextInt(message.capacity());
            added.write(message.array(), message.arrayOffset(), length);
            queue.add(message, length);
            assertThat(message.readerIndex()).isEqualTo(length);
            message.release();
            while (random.nextInt(3) > 0 && !queue.isEmpty()) {
                take(random, taken);
            }
        }
        while (!queue.isEmpty()) {
            take(random, taken);
        }

        assertThat(taken.toByteArray()).as("seed 4").isEqualTo(added.toByteArray());
    }

    @Test
    void a_byte_does_not_hold_the_message_in_which_it_came() {
        for (int i = 0; i < 1000; i++) {
            var message = message(65_000, new Random(i));
            queue.add(message, 1);
            message.release();
            assertThat(message.refCnt()).isZero();
        }

        assertThat(queue.bytes()).isEqualTo(1000);
        queue.clear();
    }

    @Test
    void a_large_payload_is_not_copied() {
        var message = message(60_000, new Random(0));
        queue.add(message, 60_000);
        message.release();

        assertThat(message.refCnt()).isEqualTo(1);

        queue.clear();
        assertThat(message.refCnt()).isZero();
    }

    @Test
    void detached_bytes_can_be_read_and_need_no_release() {
        var message = message(60_000, new Random(0));
        var expected = new byte[60_000];
        message.getBytes(0, expected);
        queue.add(message, 30_000);
        queue.add(message, 10);
        queue.add(message, 29_990);
        message.release();

        queue.detach();

        assertThat(message.refCnt()).isZero();
        assertThat(queue.bytes()).isEqualTo(60_000);
        var rest = new byte[60_000];
        queue.poll().readBytes(rest);
        assertThat(rest).isEqualTo(expected);
        assertThat(queue.isEmpty()).isTrue();
    }

    private void take(Random random, ByteArrayOutputStream taken) {
        var chunk = queue.poll();
        int length = 1 + random.nextInt(chunk.readableBytes());
        var part = new byte[length];
        chunk.readBytes(part);
        taken.writeBytes(part);
        if (chunk.isReadable()) {
            queue.back(chunk);
        } else {
            chunk.release();
        }
    }

    private static ByteBuf message(int size, Random random) {
        var bytes = new byte[size];
        random.nextBytes(bytes);
        return PooledByteBufAllocator.DEFAULT.heapBuffer(size, size).writeBytes(bytes);
    }
}
