package tensorlink.p2p.mux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ManualScheduler;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.core.StreamTimeoutException;
import tensorlink.p2p.security.FrameRoom;

/**
 * Two sessions on real event loops, connected in memory, and threads that block on their streams.
 */
@Timeout(60)
class YamuxStreamTest {
    private static final int WINDOW = 262_144;

    /** On a clock that stands still every reader is fast, so windows are kept from growing. */
    private static final Limits LIMITS =
            Limits.defaults().withMuxing(Limits.defaults().muxing().withWindowGrowthBytesMax(0));

    private final MultiThreadIoEventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(2, LocalIoHandler.newFactory());
    private final ManualScheduler scheduler = new ManualScheduler();
    private final BlockingQueue<MuxedStream> accepted = new LinkedBlockingQueue<>();
    private final BlockingQueue<MuxedConnection> sessions = new LinkedBlockingQueue<>();
    private MuxedConnection alice;
    private MuxedConnection bob;

    @BeforeEach
    @SuppressWarnings("NullAway.Init")
    void connect() throws InterruptedException {
        var address = new LocalAddress(YamuxStreamTest.class);
        new ServerBootstrap()
                .group(loops)
                .channel(LocalServerChannel.class)
                .childHandler(end(Direction.INBOUND))
                .bind(address)
                .sync();
        new Bootstrap()
                .group(loops)
                .channel(LocalChannel.class)
                .handler(end(Direction.OUTBOUND))
                .connect(address)
                .sync();
        var first = sessions.take();
        var second = sessions.take();
        boolean firstDialled = ((YamuxSession) first).direction() == Direction.OUTBOUND;
        alice = firstDialled ? first : second;
        bob = firstDialled ? second : first;
    }

    @AfterEach
    void disconnect() {
        alice.close();
        bob.close();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @Test
    void megabytes_arrive_unchanged_in_both_directions_at_once() throws Exception {
        var here = alice.open();
        here.write(MemorySegment.ofArray(new byte[1]));
        var there = accepted.take();
        there.read(MemorySegment.ofArray(new byte[1]));

        var up = start(() -> send(here, 1, 8 << 20));
        var down = start(() -> send(there, 2, 8 << 20));
        var upDigest = start(() -> receive(there));
        var downDigest = start(() -> receive(here));

        assertThat(upDigest.get()).isEqualTo(up.get());
        assertThat(downDigest.get()).isEqualTo(down.get());
    }

    @Test
    void a_stream_is_over_once_both_sides_have_ended_it_and_says_so_even_afterwards()
            throws Exception {
        var early = new CountDownLatch(1);
        var late = new CountDownLatch(1);
        var here = alice.open();
        here.whenOver(early::countDown);
        here.write(MemorySegment.ofArray(new byte[1]));
        var there = accepted.take();

        here.close();
        assertThat(early.getCount()).isEqualTo(1);
        there.read(MemorySegment.ofArray(new byte[1]));
        there.close();

        assertThat(early.await(10, TimeUnit.SECONDS)).isTrue();
        there.whenOver(late::countDown);
        assertThat(late.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void a_stream_is_over_when_it_is_reset_or_its_connection_lost() throws Exception {
        var reset = new CountDownLatch(1);
        var lost = new CountDownLatch(1);
        var first = alice.open();
        var second = alice.open();
        first.whenOver(reset::countDown);
        second.whenOver(lost::countDown);

        first.reset(StreamError.NONE);
        assertThat(reset.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(lost.getCount()).isEqualTo(1);
        alice.close();

        assertThat(lost.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void native_memory_works_like_arrays() throws Exception {
        var stream = alice.open();
        try (var arena = Arena.ofShared()) {
            var source = arena.allocate(100_000);
            source.set(ValueLayout.JAVA_LONG, 8 * 1000, 42);
            stream.write(source);
            var target = arena.allocate(100_000);
            var there = accepted.take();
            long at = 0;
            while (at < target.byteSize()) {
                at += there.read(target.asSlice(at));
            }

            assertThat(source.mismatch(target)).isEqualTo(-1);
        }
    }

    @Test
    void a_writer_waits_while_nobody_reads_and_what_waits_is_bounded() throws Exception {
        var stream = alice.open();
        var written = new AtomicLong();
        var writer =
                scheduler.fork(
                        "writer",
                        () -> {
                            try {
                                for (int i = 0; i < 4096; i++) {
                                    stream.write(MemorySegment.ofArray(new byte[1024]));
                                    written.addAndGet(1024);
                                }
                            } catch (IOException | InterruptedException unexpected) {
                                written.set(-1);
                            }
                        });
        var there = accepted.take();

        Eventually.until("the window is full", () -> there.available() == WINDOW);
        Eventually.isWaiting(writer);
        assertThat(written.get()).isEqualTo(WINDOW);
        readFully(there, WINDOW / 2);
        Eventually.until("credit was used", () -> there.available() == WINDOW);
        readFully(there, 4096 * 1024 - WINDOW / 2);

        writer.join();
        assertThat(written.get()).isEqualTo(4096 * 1024);
    }

    @Test
    void a_fast_stream_passes_sixty_four_that_nobody_reads() throws Exception {
        var stalled = new ArrayList<Thread>();
        for (int i = 0; i < 64; i++) {
            var stream = alice.open();
            stalled.add(
                    scheduler.fork(
                            "stalled",
                            () -> {
                                try {
                                    stream.write(MemorySegment.ofArray(new byte[WINDOW + 1]));
                                } catch (IOException | InterruptedException reset) {
                                    stream.close();
                                }
                            }));
        }
        for (var thread : stalled) {
            Eventually.isWaiting(thread);
        }
        for (int i = 0; i < 64; i++) {
            accepted.take();
        }
        var fast = alice.open();

        var digest = start(() -> send(fast, 3, 16 << 20));

        assertThat(receive(accepted.take())).isEqualTo(digest.get());
        alice.close();
        for (var thread : stalled) {
            thread.join();
        }
    }

    @Test
    void either_side_may_end_first_and_the_other_goes_on() throws Exception {
        for (boolean openerEndsFirst : List.of(true, false)) {
            var opener = alice.open();
            opener.write(MemorySegment.ofArray(new byte[] {1}));
            var accepter = accepted.take();
            readFully(accepter, 1);
            var first = openerEndsFirst ? opener : accepter;
            var second = openerEndsFirst ? accepter : opener;

            first.closeWrite();
            assertThat(second.read(MemorySegment.ofArray(new byte[1]))).isEqualTo(-1);
            var digest = start(() -> send(second, 4, 1 << 20));

            assertThatThrownBy(() -> first.write(MemorySegment.ofArray(new byte[1])))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("closed for writing");
            assertThat(receive(first)).isEqualTo(digest.get());
        }
    }

    @Test
    void a_reset_in_mid_transfer_wakes_everybody_on_both_sides() throws Exception {
        var here = alice.open();
        var writer = start(() -> send(here, 5, 64 << 20));
        var there = accepted.take();
        readFully(there, 100_000);
        var reader = start(() -> here.read(MemorySegment.ofArray(new byte[1])));

        there.reset(StreamError.RATE_LIMITED);

        assertThatThrownBy(writer::get)
                .cause()
                .isInstanceOf(StreamResetException.class)
                .hasMessageContaining("rate limited");
        assertThatThrownBy(reader::get).cause().isInstanceOf(StreamResetException.class);
        assertThatThrownBy(() -> there.read(MemorySegment.ofArray(new byte[1])))
                .isInstanceOf(StreamResetException.class)
                .hasMessageContaining("on this side");
    }

    @Test
    void a_lost_connection_wakes_everybody() throws Exception {
        var here = alice.open();
        var reader = start(() -> here.read(MemorySegment.ofArray(new byte[1])));
        accepted.take();

        bob.close();

        assertThatThrownBy(reader::get)
                .cause()
                .isInstanceOf(StreamResetException.class)
                .hasMessageContaining("the remote closed the connection");
        assertThatThrownBy(alice::open).isInstanceOf(IOException.class);
    }

    @Test
    void a_read_that_times_out_takes_nothing_and_leaves_the_stream_usable() throws Exception {
        var here = alice.open();
        here.timeout(Duration.ofSeconds(5));
        var read = new FutureTask<>(() -> here.read(MemorySegment.ofArray(new byte[10])));
        var reader = scheduler.fork("reader", read);
        var there = accepted.take();
        Eventually.isWaiting(reader);
        scheduler.advance(Duration.ofMillis(4999));
        assertThat(read.isDone()).isFalse();

        scheduler.advance(Duration.ofMillis(1));

        assertThatThrownBy(read::get)
                .cause()
                .isInstanceOf(StreamTimeoutException.class)
                .hasMessageContaining("PT5S");
        there.write(MemorySegment.ofArray(new byte[] {7}));
        assertThat(start(() -> here.read(MemorySegment.ofArray(new byte[10]))).get()).isEqualTo(1);
    }

    @Test
    void the_timeout_bounds_each_wait_and_not_their_sum() throws Exception {
        var here = alice.open();
        here.write(MemorySegment.ofArray(new byte[1]));
        var there = accepted.take();
        here.timeout(Duration.ofSeconds(5));
        for (int i = 0; i < 5; i++) {
            var read = new FutureTask<>(() -> here.read(MemorySegment.ofArray(new byte[10])));
            var reader = scheduler.fork("reader", read);
            Eventually.isWaiting(reader);
            scheduler.advance(Duration.ofSeconds(4));
            there.write(MemorySegment.ofArray(new byte[] {7}));

            assertThat(read.get()).isEqualTo(1);
        }
    }

    @Test
    void a_write_that_times_out_resets_the_stream() throws Exception {
        var here = alice.open();
        here.timeout(Duration.ofSeconds(5));
        var write =
                new FutureTask<>(() -> {
                    here.write(MemorySegment.ofArray(new byte[WINDOW + 1]));
                    return true;
                });
        var writer = scheduler.fork("writer", write);
        var there = accepted.take();
        Eventually.isWaiting(writer);

        scheduler.advance(Duration.ofSeconds(5));

        assertThatThrownBy(write::get).cause().isInstanceOf(StreamTimeoutException.class);
        Eventually.until("the reset arrived", () -> there.available() == 0);
        assertThatThrownBy(() -> there.read(MemorySegment.ofArray(new byte[1])))
                .isInstanceOf(StreamResetException.class);
    }

    @Test
    void a_timeout_may_be_shortened() throws Exception {
        var here = alice.open();
        here.write(MemorySegment.ofArray(new byte[1]));
        var there = accepted.take();
        here.timeout(Duration.ofHours(1));
        var patient = new FutureTask<>(() -> here.read(MemorySegment.ofArray(new byte[1])));
        Eventually.isWaiting(scheduler.fork("patient", patient));
        there.write(MemorySegment.ofArray(new byte[1]));
        assertThat(patient.get()).isEqualTo(1);

        here.timeout(Duration.ofSeconds(1));
        var impatient = new FutureTask<>(() -> here.read(MemorySegment.ofArray(new byte[1])));
        Eventually.isWaiting(scheduler.fork("impatient", impatient));
        scheduler.advance(Duration.ofSeconds(1));

        assertThatThrownBy(impatient::get).cause().isInstanceOf(StreamTimeoutException.class);
    }

    @Test
    void a_target_that_cannot_be_written_takes_nothing() throws Exception {
        for (int size : new int[] {10, 10_000}) {
            var here = alice.open();
            here.write(MemorySegment.ofArray(new byte[size]));
            var there = accepted.take();
            Eventually.until("it is here", () -> there.available() == size);

            assertThatThrownBy(() -> there.read(MemorySegment.ofArray(new byte[size]).asReadOnly()))
                    .isInstanceOf(IllegalArgumentException.class);

            assertThat(there.available()).isEqualTo(size);
            readFully(there, size);
        }
    }

    @Test
    void a_source_that_cannot_be_read_resets_the_stream() throws Exception {
        var here = alice.open();
        MemorySegment gone;
        try (var arena = Arena.ofShared()) {
            gone = arena.allocate(100);
        }

        assertThatThrownBy(() -> here.write(gone)).isInstanceOf(IllegalStateException.class);

        assertThatThrownBy(() -> here.write(MemorySegment.ofArray(new byte[1])))
                .isInstanceOf(StreamResetException.class);
    }

    @Test
    void an_interrupted_reader_leaves_the_stream_usable() throws Exception {
        var here = alice.open();
        var read = new FutureTask<>(() -> here.read(MemorySegment.ofArray(new byte[1])));
        var reader = scheduler.fork("reader", read);
        var there = accepted.take();
        Eventually.isWaiting(reader);

        reader.interrupt();

        assertThatThrownBy(read::get).cause().isInstanceOf(InterruptedException.class);
        there.write(MemorySegment.ofArray(new byte[] {7}));
        assertThat(start(() -> here.read(MemorySegment.ofArray(new byte[1]))).get()).isEqualTo(1);
    }

    @Test
    void an_interrupted_writer_resets_the_stream() throws Exception {
        var here = alice.open();
        var write =
                new FutureTask<>(() -> {
                    here.write(MemorySegment.ofArray(new byte[WINDOW + 1]));
                    return true;
                });
        var writer = scheduler.fork("writer", write);
        var there = accepted.take();
        Eventually.isWaiting(writer);

        writer.interrupt();

        assertThatThrownBy(write::get).cause().isInstanceOf(InterruptedException.class);
        Eventually.until("the reset arrived", () -> there.available() == 0);
        assertThatThrownBy(() -> there.read(MemorySegment.ofArray(new byte[1])))
                .isInstanceOf(StreamResetException.class);
    }

    @Test
    void closing_a_stream_wakes_its_own_reader() throws Exception {
        var here = alice.open();
        var read = new FutureTask<>(() -> here.read(MemorySegment.ofArray(new byte[1])));
        var reader = scheduler.fork("reader", read);
        accepted.take();
        Eventually.isWaiting(reader);

        here.close();

        assertThatThrownBy(read::get)
                .cause()
                .isInstanceOf(IOException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void many_threads_use_many_streams_of_one_connection() throws Exception {
        var sent = new ArrayList<FutureTask<String>>();
        var received = new ArrayList<FutureTask<String>>();
        for (int i = 0; i < 32; i++) {
            int seed = i;
            var stream = alice.open();
            sent.add(start(() -> send(stream, seed, 300_000)));
        }
        for (int i = 0; i < 32; i++) {
            var stream = accepted.take();
            received.add(start(() -> receive(stream)));
        }

        var sentDigests = new ArrayList<String>();
        var receivedDigests = new ArrayList<String>();
        for (int i = 0; i < 32; i++) {
            sentDigests.add(sent.get(i).get());
            receivedDigests.add(received.get(i).get());
        }
        assertThat(receivedDigests).containsExactlyInAnyOrderElementsOf(sentDigests);
    }

    @Test
    void an_echo_sends_back_all_that_comes_and_ends_with_the_remote() throws Exception {
        var echoed = new AtomicLong();
        var here = alice.open();
        var digest = start(() -> send(here, 6, 4 << 20));
        var there = accepted.take();

        var echo =
                start(() -> {
                    there.echo(echoed::addAndGet);
                    there.close();
                    return echoed.get();
                });

        assertThat(receive(here)).isEqualTo(digest.get());
        assertThat(echo.get()).isEqualTo(4 << 20);
    }

    @Test
    void an_echo_needs_no_thread_for_what_comes() throws Exception {
        var echoing = new LinkedBlockingQueue<Thread>();
        var here = alice.open();
        here.write(MemorySegment.ofArray(new byte[1]));
        var there = accepted.take();
        readFully(there, 1);
        var echo =
                new FutureTask<>(() -> {
                    there.echo(_ -> echoing.add(Thread.currentThread()));
                    return true;
                });
        var thread = scheduler.fork("echo", echo);
        Eventually.isWaiting(thread);

        for (int i = 0; i < 100; i++) {
            here.write(MemorySegment.ofArray(new byte[32]));
            readFully(here, 32);
        }

        assertThat(echoing).hasSize(100).doesNotContain(thread);
        here.closeWrite();
        assertThat(echo.get()).isTrue();
    }

    @Test
    void an_echo_keeps_one_window_of_what_is_not_taken_back() throws Exception {
        var written = new AtomicLong();
        var here = alice.open();
        var writer =
                scheduler.fork(
                        "writer",
                        () -> {
                            try {
                                for (int i = 0; i < 1024; i++) {
                                    here.write(MemorySegment.ofArray(new byte[1024]));
                                    written.addAndGet(1024);
                                }
                                here.closeWrite();
                            } catch (IOException | InterruptedException unexpected) {
                                written.set(-1);
                            }
                        });
        var there = accepted.take();
        var echo =
                start(() -> {
                    there.echo(_ -> {});
                    there.close();
                    return true;
                });

        Eventually.until("one window came back", () -> here.available() == WINDOW);
        Eventually.until(
                "the writer is held",
                () ->
                        there.available() >= WINDOW / 2
                                && written.get() > WINDOW + there.available() - 1024);
        assertThat(there.available()).isLessThanOrEqualTo(WINDOW);
        Eventually.isWaiting(writer);
        readFully(here, 1024 * 1024);

        assertThat(echo.get()).isTrue();
        assertThat(here.read(MemorySegment.ofArray(new byte[1]))).isEqualTo(-1);
    }

    @Test
    void an_echo_times_out_when_the_remote_is_silent_and_not_before() throws Exception {
        var here = alice.open();
        here.write(MemorySegment.ofArray(new byte[1]));
        var there = accepted.take();
        readFully(there, 1);
        there.timeout(Duration.ofSeconds(5));
        var echo =
                new FutureTask<>(() -> {
                    there.echo(_ -> {});
                    return true;
                });
        var thread = scheduler.fork("echo", echo);
        Eventually.isWaiting(thread);

        for (int i = 0; i < 5; i++) {
            scheduler.advance(Duration.ofSeconds(4));
            here.write(MemorySegment.ofArray(new byte[1]));
            readFully(here, 1);
        }
        assertThat(echo.isDone()).isFalse();
        scheduler.advance(Duration.ofSeconds(5));

        assertThatThrownBy(echo::get).cause().isInstanceOf(StreamTimeoutException.class);
    }

    @Test
    void nothing_can_be_echoed_after_the_end() throws Exception {
        var here = alice.open();
        here.write(MemorySegment.ofArray(new byte[1]));
        var there = accepted.take();
        there.closeWrite();

        assertThatThrownBy(() -> there.echo(_ -> {}))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("closed for writing");

        readFully(there, 1);
    }

    private ChannelInitializer<Channel> end(Direction direction) {
        var events =
                new MuxedConnection.Events() {
                    @Override
                    public void opened(MuxedStream stream) {
                        accepted.add(stream);
                    }

                    @Override
                    public void closed(IOException reason) {}
                };
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                var session =
                        new YamuxSession(
                                channel, FrameRoom.NOISE, direction, LIMITS, scheduler, events);
                channel.pipeline().addLast(session);
                sessions.add(session);
            }
        };
    }

    private <T> FutureTask<T> start(Callable<T> body) {
        var task = new FutureTask<>(body);
        scheduler.fork("test", task);
        return task;
    }

    private static String send(MuxedStream stream, int seed, int total) throws Exception {
        var random = new Random(seed);
        var digest = MessageDigest.getInstance("SHA-256");
        int left = total;
        while (left > 0) {
            var part = new byte[Math.min(left, 1 + random.nextInt(150_000))];
            random.nextBytes(part);
            digest.update(part);
            stream.write(MemorySegment.ofArray(part));
            left -= part.length;
        }
        stream.closeWrite();
        return HexFormat.of().formatHex(digest.digest());
    }

    private static String receive(MuxedStream stream) throws Exception {
        var digest = MessageDigest.getInstance("SHA-256");
        var part = new byte[50_000];
        for (int count; (count = stream.read(MemorySegment.ofArray(part))) >= 0; ) {
            digest.update(part, 0, count);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void readFully(MuxedStream stream, int count) throws Exception {
        var target = MemorySegment.ofArray(new byte[count]);
        long at = 0;
        while (at < count) {
            at += stream.read(target.asSlice(at));
        }
    }
}
