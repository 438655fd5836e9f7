package tensorlink.p2p.mux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ManualScheduler;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.core.StreamResetException;

/** A session on the accepting side, driven byte by byte by a scripted remote that dialled. */
class YamuxSessionTest {
    private static final String SYN = "0001";
    private static final String ACK = "0002";
    private static final String FIN = "0004";
    private static final String RST = "0008";
    private static final String NONE = "0000";
    private static final int WINDOW = 262_144;

    private final List<Remote> remotes = new ArrayList<>();
    private final Remote remote = remote();

    @AfterEach
    void release() {
        for (var each : remotes) {
            for (var stream : each.opened) {
                stream.close();
            }
            each.channel.finishAndReleaseAll();
        }
    }

    @Test
    void a_stream_carries_what_the_remote_sends_and_ends_when_it_ends() throws Exception {
        remote.send(data(SYN, 1, "hello"), data(NONE, 1, " world"), data(FIN, 1, "!"));

        var stream = remote.opened.getFirst();

        assertThat(text(stream)).isEqualTo("hello world!");
        assertThat(stream.read(MemorySegment.ofArray(new byte[1]))).isEqualTo(-1);
    }

    @Test
    void every_flag_of_a_frame_counts_and_so_does_its_payload() throws Exception {
        remote.send(data("0005", 1, "all at once"));

        var stream = remote.opened.getFirst();

        assertThat(text(stream)).isEqualTo("all at once");
        assertThat(stream.read(MemorySegment.ofArray(new byte[1]))).isEqualTo(-1);
    }

    @Test
    void the_first_frame_back_acknowledges_the_stream_and_no_other_does() throws Exception {
        remote.send(data(SYN, 1, "a"));
        var stream = remote.opened.getFirst();

        stream.write(bytes("one"));
        assertThat(remote.received()).containsExactly(data(ACK, 1, "one"));

        stream.write(bytes("two"));
        stream.closeWrite();
        assertThat(remote.received()).containsExactly(data(NONE, 1, "two"), update(FIN, 1, 0));
    }

    @Test
    void a_stream_of_ours_announces_itself_with_its_first_bytes() throws Exception {
        var stream = remote.session.open();
        assertThat(remote.received()).isEmpty();

        stream.write(bytes("hi"));

        assertThat(remote.received()).containsExactly(data(SYN, 2, "hi"));
    }

    @Test
    void a_stream_of_ours_that_is_closed_without_a_word_still_tells_of_itself() throws Exception {
        var stream = remote.session.open();

        stream.close();

        assertThat(remote.received()).containsExactly(update("0005", 2, 0));
    }

    @Test
    void a_stream_of_ours_that_is_reset_before_its_first_byte_is_never_heard_of() throws Exception {
        remote.session.open().reset(StreamError.NONE);

        assertThat(remote.received()).isEmpty();
    }

    @Test
    void a_reset_carries_its_reason_both_ways() throws Exception {
        remote.send(data(SYN, 1, "a"), data(SYN, 3, "b"));

        remote.opened.getFirst().reset(StreamError.RESOURCE_LIMIT);
        remote.send(update(RST, 3, 0x1003));

        assertThat(remote.received()).containsExactly(update(RST, 1, 0x1002));
        assertThatThrownBy(() -> text(remote.opened.getLast()))
                .isInstanceOf(StreamResetException.class)
                .hasMessageContaining("rate limited");
    }

    /** Seen from python: the specification allows any type for a frame that only carries flags. */
    @Test
    void flags_may_come_with_either_type_of_frame() throws Exception {
        remote.send(data(SYN, 1, ""), update(SYN, 3, 0), data(NONE, 3, "x"));

        remote.send(data(RST, 1, ""), data(FIN, 3, ""));

        assertThatThrownBy(() -> text(remote.opened.getFirst()))
                .isInstanceOf(StreamResetException.class);
        assertThat(text(remote.opened.getLast())).isEqualTo("x");
    }

    @Test
    void a_ping_is_answered_with_its_value() {
        remote.send("000200010000000000c0ffee");

        assertThat(remote.received()).containsExactly("000200020000000000c0ffee");
    }

    @Test
    void a_pong_that_nobody_asked_for_is_ignored() {
        remote.send("000200020000000000c0ffee");

        assertThat(remote.received()).isEmpty();
        assertThat(remote.channel.isOpen()).isTrue();
    }

    /** What the stream or the connection did wrong, and what the remote must see of it. */
    @ParameterizedTest
    @CsvSource({
        "010000000000000100000000, goes away",
        "000400000000000100000000, goes away",
        "00ff00000000000100000000, goes away",
        "000000010000000000000000, goes away",
        "000100010000000000000000, goes away",
        "000200010000000100000000, goes away",
        "000200000000000000000000, goes away",
        // SYN on an open stream; SYN with an id of the other side's
        "000000010000000300000000, goes away",
        "000000010000000200000000, goes away",
        "000100010000000400000000, goes away",
        // a frame of more than 16 MiB
        "000000000000000301000001, goes away",
        // credit beyond 2^32 - 1 in two steps
        "0001000000000003ffffffff, goes away",
        // data on streams that were never opened, of either side
        "000000000000000900000000, resets 9",
        "000000020000000900000000, resets 9",
        "00010000000000090000ffff, resets 9",
        "000000000000000800000000, resets 8",
        // more data than may be sent: with SYN, and one byte beyond the window
        "000000010000000900040001, resets 9",
        "000000000000000300040000, resets 3",
        // nothing to act on
        "0001000d0000000900000000, is ignored",
        "0000000d0000000900000000, is ignored",
        "000100080000000900001001, is ignored",
        "000100020000000300000000, is ignored",
        "000300000000000000000007, is ignored"
    })
    void misbehaviour_hits_the_stream_or_the_connection_however_the_bytes_are_cut(
            String hex, String outcome) {
        var bytes = HexFormat.of().parseHex(hex);
        for (int cut = 0; cut <= bytes.length; cut++) {
            var peer = remote();
            peer.send(data(SYN, 3, "x"), data(SYN, 5, "good"));

            peer.sendCut(bytes, cut);

            switch (outcome) {
                case "goes away" -> {
                    assertThat(peer.received())
                            .as("cut at %d", cut)
                            .containsExactly("000300000000000000000001");
                    assertThat(peer.channel.isOpen()).isFalse();
                    assertThat(peer.end).isInstanceOf(ProtocolViolation.class);
                }
                case "is ignored" -> {
                    assertThat(peer.received()).as("cut at %d", cut).isEmpty();
                    assertThat(peer.opened).hasSize(2);
                    assertIntact(peer);
                }
                default -> {
                    int id = Integer.parseInt(outcome.substring("resets ".length()));
                    assertThat(peer.received())
                            .as("cut at %d", cut)
                            .containsExactly(update(RST, id, 0x1004));
                    peer.skipPayloadOf(bytes);
                    assertThat(peer.opened).hasSize(2);
                    assertIntact(peer);
                }
            }
            for (var stream : peer.opened) {
                stream.close();
            }
            peer.channel.finishAndReleaseAll();
        }
    }

    /** The neighbour of a stream that misbehaved has lost nothing. */
    private static void assertIntact(Remote peer) {
        peer.send(data(FIN, 5, " neighbour"));
        assertThat(text(peer.opened.get(1))).isEqualTo("good neighbour");
    }

    @Test
    void credit_may_reach_two_to_the_32_minus_one_and_no_more() throws Exception {
        remote.send(update(SYN, 1, 0xffff_ffffL - WINDOW));
        assertThat(remote.channel.isOpen()).isTrue();

        remote.send(update(NONE, 1, 1));

        assertThat(remote.end).isInstanceOf(ProtocolViolation.class);
    }

    @Test
    void a_full_window_is_taken_and_one_byte_more_resets_the_stream() {
        remote.send(data(SYN, 1, "x".repeat(WINDOW)));
        assertThat(remote.opened.getFirst().available()).isEqualTo(WINDOW);
        assertThat(remote.received()).isEmpty();

        remote.send(data(NONE, 1, "y"));

        assertThat(remote.received()).containsExactly(update(RST, 1, 0x1004));
        assertThatThrownBy(() -> text(remote.opened.getFirst()))
                .isInstanceOf(StreamResetException.class);
    }

    @Test
    void data_after_the_end_resets_the_stream() {
        remote.send(data("0005", 1, "all"), data(NONE, 1, "more"));

        assertThat(remote.received()).containsExactly(update(RST, 1, 0x1004));
    }

    @Test
    void late_frames_of_a_stream_that_is_over_are_skipped() {
        remote.send(data(SYN, 1, "a"));
        remote.opened.getFirst().reset(StreamError.NONE);
        assertThat(remote.received()).containsExactly(update(RST, 1, 0));

        remote.send(data(NONE, 1, "late"), update(NONE, 1, 5), update(FIN, 1, 0));

        assertThat(remote.received()).isEmpty();
        remote.send(data(SYN, 3, "fresh"));
        assertThat(text(remote.opened.getLast())).isEqualTo("fresh");
    }

    @Test
    void a_hundred_thousand_rapid_resets_leave_nothing_behind() {
        for (int round = 0; round < 100; round++) {
            var batch = Unpooled.buffer();
            for (int i = 0; i < 1000; i++) {
                int id = 1 + 2 * (round * 1000 + i);
                batch.writeBytes(HexFormat.of().parseHex(data(SYN, id, "")));
                batch.writeBytes(HexFormat.of().parseHex(update(RST, id, 0)));
            }
            remote.channel.writeInbound(batch);
            remote.opened.clear();
        }

        assertThat(remote.received()).isEmpty();
        remote.send(
                IntStream.range(0, 512)
                        .mapToObj(i -> data(SYN, 300_001 + 2 * i, ""))
                        .toArray(String[]::new));
        assertThat(remote.opened).hasSize(512);
    }

    @Test
    void the_513th_stream_of_the_remote_is_refused_until_one_ends() {
        for (int i = 0; i < 512; i++) {
            remote.send(data(SYN, 1 + 2 * i, ""));
        }

        remote.send(data(SYN, 2001, "one too many"));
        assertThat(remote.received()).containsExactly(update(RST, 2001, 0x1002));
        remote.send(update(RST, 1, 0), data(SYN, 2003, "fits"));

        assertThat(remote.received()).isEmpty();
        assertThat(text(remote.opened.getLast())).isEqualTo("fits");
    }

    @Test
    void we_open_no_more_streams_than_the_limit_and_again_when_one_ends() throws Exception {
        for (int i = 0; i < 512; i++) {
            remote.session.open().write(bytes("x"));
            remote.send(update(ACK, 2 + 2 * i, 0));
        }

        assertThatThrownBy(remote.session::open)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("512 streams");
        remote.send(update(RST, 2, 0));

        remote.session.open().write(bytes("x"));
    }

    @Test
    void we_open_no_more_streams_than_the_remote_takes_note_of() throws Exception {
        var limits = Limits.defaults();
        var impatient =
                remote(
                        limits.withStreams(
                                limits.streams().withNegotiateTimeout(Duration.ofMillis(1))));
        for (int i = 0; i < 256; i++) {
            impatient.session.open().write(bytes("x"));
        }

        assertThatThrownBy(impatient.session::open)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not acknowledged 256 streams");
        impatient.send(update(ACK, 2, 0));

        impatient.session.open().write(bytes("x"));
    }

    @Test
    void after_the_remote_goes_away_streams_go_on_but_no_new_one_comes_or_goes() throws Exception {
        remote.send(data(SYN, 1, "before"), "000300000000000000000007");

        assertThat(remote.session.isOpen()).isFalse();
        assertThatThrownBy(remote.session::open).hasMessageContaining("closing");
        remote.send(data(SYN, 3, "new"), data(NONE, 1, " after"));

        assertThat(remote.received()).containsExactly(update(RST, 3, 0x1007));
        assertThat(text(remote.opened.getFirst())).isEqualTo("before after");
    }

    @Test
    void closing_sends_what_was_written_says_good_bye_and_resets_the_streams() throws Exception {
        remote.send(data(SYN, 1, "x"));
        var stream = remote.opened.getFirst();
        stream.write(bytes("last words"));

        remote.session.close();

        assertThat(remote.received())
                .containsExactly(data(ACK, 1, "last words"), "000300000000000000000000");
        assertThat(remote.channel.isOpen()).isFalse();
        assertThat(text(stream)).isEqualTo("x");
        assertThatThrownBy(() -> text(stream))
                .isInstanceOf(StreamResetException.class)
                .hasMessageContaining("closed on this side");
    }

    @Test
    void what_came_before_the_connection_was_lost_can_still_be_read() throws Exception {
        remote.send(data("0005", 1, "complete"), data(SYN, 3, "torn"));

        remote.channel.close().syncUninterruptibly();

        var complete = remote.opened.getFirst();
        assertThat(text(complete)).isEqualTo("complete");
        assertThat(complete.read(MemorySegment.ofArray(new byte[1]))).isEqualTo(-1);
        var torn = remote.opened.getLast();
        assertThat(text(torn)).isEqualTo("torn");
        assertThatThrownBy(() -> text(torn))
                .isInstanceOf(StreamResetException.class)
                .hasMessageContaining("connection lost");
        assertThatThrownBy(() -> torn.write(bytes("x"))).isInstanceOf(StreamResetException.class);
        assertThat(remote.end).isNotNull();
    }

    @Test
    void credit_returns_only_as_the_application_takes_bytes() throws Exception {
        remote.send(data(SYN, 1, "x".repeat(WINDOW)));
        var stream = remote.opened.getFirst();
        assertThat(remote.received()).isEmpty();

        readFully(stream, WINDOW / 2 - 1);
        assertThat(remote.received()).isEmpty();
        readFully(stream, 1);

        assertThat(remote.received())
                .containsExactly("000200010000000000000001", update(ACK, 1, WINDOW / 2));
    }

    @Test
    void the_window_of_a_fast_reader_grows_once_the_round_trip_is_known() throws Exception {
        remote.send(data(SYN, 1, "x".repeat(WINDOW)));
        var stream = remote.opened.getFirst();
        readFully(stream, WINDOW / 2);
        remote.received();
        remote.scheduler.advance(Duration.ofMillis(10));
        remote.send("000200020000000000000001");
        remote.send(data(NONE, 1, "x".repeat(WINDOW / 2)));
        remote.scheduler.advance(Duration.ofMillis(29));
        readFully(stream, WINDOW / 2);
        assertThat(remote.received()).containsExactly(update(NONE, 1, WINDOW / 2));
        remote.send(data(NONE, 1, "x".repeat(WINDOW / 2)));

        readFully(stream, WINDOW);

        assertThat(remote.received()).containsExactly(update(NONE, 1, WINDOW + WINDOW / 2));
    }

    @Test
    void bytes_for_a_stream_that_was_closed_are_dropped_and_their_credit_returned()
            throws Exception {
        remote.send(data(SYN, 1, "x".repeat(1000)));
        var stream = remote.opened.getFirst();
        stream.close();
        assertThat(remote.received()).containsExactly(update("0006", 1, 0));

        remote.send(data(NONE, 1, "x".repeat(WINDOW / 2 - 1000)));

        assertThat(remote.received())
                .containsExactly("000200010000000000000001", update(NONE, 1, WINDOW / 2));
    }

    @Test
    void a_stream_that_the_remote_never_closes_is_reset_in_the_end() {
        remote.send(data(SYN, 1, "x"));
        remote.opened.getFirst().close();
        remote.received();

        remote.keepAliveFor(Duration.ofSeconds(29));
        assertThat(remote.received()).doesNotContain(update(RST, 1, 0));
        remote.keepAliveFor(Duration.ofSeconds(10));

        assertThat(remote.received()).contains(update(RST, 1, 0));
        assertThat(remote.channel.isOpen()).isTrue();
    }

    @Test
    void a_silent_remote_is_asked_for_a_sign_of_life_and_then_given_up() {
        remote.scheduler.advance(Duration.ofSeconds(4));
        remote.run();
        assertThat(remote.received()).containsExactly("000200010000000000000001");

        remote.scheduler.advance(Duration.ofSeconds(6));
        remote.run();

        assertThat(remote.channel.isOpen()).isFalse();
        assertThat(remote.end).hasMessageContaining("no sign of life");
    }

    @Test
    void a_remote_that_answers_is_kept() {
        for (int beat = 1; beat <= 10; beat++) {
            remote.scheduler.advance(Duration.ofSeconds(4));
            remote.run();
            for (var frame : remote.received()) {
                remote.send(frame.replace("00020001", "00020002"));
            }
        }

        assertThat(remote.channel.isOpen()).isTrue();
    }

    @Test
    void half_a_header_and_then_silence_is_nothing_until_the_connection_is_given_up() {
        remote.channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {0, 0, 0}));
        assertThat(remote.channel.isOpen()).isTrue();

        for (int i = 0; i < 4; i++) {
            remote.scheduler.advance(Duration.ofSeconds(4));
            remote.run();
        }

        assertThat(remote.channel.isOpen()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65_506, 65_507, 200_000, 262_144})
    void what_is_written_arrives_in_frames_that_fill_one_encrypted_message(int size)
            throws Exception {
        remote.send(data(SYN, 1, "x"));
        var source = MemorySegment.ofArray("y".repeat(size).getBytes(StandardCharsets.US_ASCII));

        remote.opened.getFirst().write(source);

        var received = remote.received();
        assertThat(received).hasSize((size + 65_505) / 65_506);
        int total = 0;
        for (var frame : received) {
            total += frame.length() / 2 - 12;
        }
        assertThat(total).isEqualTo(size);
    }

    @Test
    void frames_without_data_go_first_and_data_takes_turns() throws Exception {
        remote.send(data(SYN, 1, ""), data(SYN, 3, ""), data(SYN, 5, ""));
        var bulk = remote.opened.get(0);
        var small = remote.opened.get(1);
        var ending = remote.opened.get(2);

        bulk.write(MemorySegment.ofArray(new byte[3 * 65_506]));
        small.write(bytes("urgent"));
        ending.closeWrite();

        assertThat(remote.received().stream().map(frame -> frame.substring(0, 24)))
                .containsExactly(
                        update("0006", 5, 0),
                        "00000002000000010000ffe2",
                        "000000020000000300000006",
                        "00000000000000010000ffe2",
                        "00000000000000010000ffe2");
    }

    @Test
    void what_was_written_in_small_pieces_leaves_in_large_frames() throws Exception {
        remote.send(data(SYN, 1, ""));
        var stream = remote.opened.getFirst();

        for (int i = 0; i < 100; i++) {
            stream.write(bytes("0123456789"));
        }
        stream.closeWrite();

        var received = remote.received();
        assertThat(received).hasSizeLessThan(10);
        assertThat(received.getLast()).isEqualTo(update(FIN, 1, 0));
        assertThat(received.stream().mapToInt(frame -> frame.length() / 2 - 12).sum())
                .isEqualTo(1000);
    }

    @Test
    void control_passes_what_waits_and_bulk_lets_requests_pass() throws Exception {
        remote.send(data(SYN, 1, ""), data(SYN, 3, ""), data(SYN, 5, ""));
        var bulk = remote.opened.get(0);
        bulk.purpose(Purpose.BULK);
        var control = remote.opened.get(2);
        control.purpose(Purpose.CONTROL);
        remote.received();

        bulk.write(MemorySegment.ofArray(new byte[2 * 65_506]));
        remote.opened.get(1).write(bytes("request"));
        control.write(bytes("control"));

        assertThat(remote.received().stream().map(frame -> frame.substring(8, 16)))
                .containsExactly("00000005", "00000003", "00000001", "00000001");
    }

    @Test
    void a_stream_of_bulk_lets_the_remote_send_a_mebibyte_at_once() throws Exception {
        remote.send(data(SYN, 1, ""));

        remote.opened.getFirst().purpose(Purpose.BULK);

        assertThat(remote.received()).containsExactly(update(ACK, 1, 1_048_576 - WINDOW));
    }

    private Remote remote() {
        return remote(Limits.defaults());
    }

    private Remote remote(Limits limits) {
        var created = new Remote(limits);
        remotes.add(created);
        return created;
    }

    private static String data(String flags, long id, String payload) {
        var bytes = payload.getBytes(StandardCharsets.UTF_8);
        return "0000%s%08x%08x%s"
                .formatted(flags, id, bytes.length, HexFormat.of().formatHex(bytes));
    }

    private static String update(String flags, long id, long value) {
        return "0001%s%08x%08x".formatted(flags, id, value);
    }

    private static MemorySegment bytes(String text) {
        return MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8));
    }

    /** What the stream has ready. */
    private static String text(MuxedStream stream) {
        try {
            var all = new StringBuilder();
            do {
                var part = new byte[Math.max(1, stream.available())];
                int count = stream.read(MemorySegment.ofArray(part));
                all.append(new String(part, 0, count, StandardCharsets.UTF_8));
            } while (stream.available() > 0);
            return all.toString();
        } catch (IOException | InterruptedException failure) {
            throw asRuntime(failure);
        }
    }

    @SuppressWarnings("unchecked")
    private static <X extends Throwable> RuntimeException asRuntime(Throwable failure) throws X {
        throw (X) failure;
    }

    private static void readFully(MuxedStream stream, int count) throws Exception {
        var target = MemorySegment.ofArray(new byte[count]);
        long at = 0;
        while (at < count) {
            at += stream.read(target.asSlice(at));
        }
    }

    /** The other end of the wire: sends hexadecimal, sees hexadecimal. */
    private static final class Remote implements MuxedConnection.Events {
        private final ManualScheduler scheduler = new ManualScheduler();
        private final EmbeddedChannel channel =
                new EmbeddedChannel(new ChannelInboundHandlerAdapter());
        private final List<MuxedStream> opened = new ArrayList<>();
        private final MuxedConnection session;
        private @Nullable IOException end;

        Remote(Limits limits) {
            session =
                    new Yamux(limits, scheduler)
                            .attach(channel.pipeline().firstContext(), Direction.INBOUND, this);
        }

        @Override
        public void opened(MuxedStream stream) {
            opened.add(stream);
        }

        @Override
        public void closed(IOException reason) {
            assertThat(end).isNull();
            end = reason;
        }

        void send(String... frames) {
            for (var frame : frames) {
                var bytes = HexFormat.of().parseHex(frame);
                sendCut(bytes, bytes.length);
            }
        }

        void sendCut(byte[] bytes, int cut) {
            channel.writeInbound(pooled(bytes, 0, cut));
            if (channel.isOpen()) {
                channel.writeInbound(pooled(bytes, cut, bytes.length));
            }
        }

        private static ByteBuf pooled(byte[] bytes, int from, int to) {
            return PooledByteBufAllocator.DEFAULT
                    .heapBuffer(Math.max(1, to - from))
                    .writeBytes(bytes, from, to - from);
        }

        /** Sends the payload that a refused data frame announced. */
        void skipPayloadOf(byte[] header) {
            long length = Unpooled.wrappedBuffer(header).getUnsignedInt(8);
            if (header[1] == 0 && length > 0) {
                channel.writeInbound(Unpooled.wrappedBuffer(new byte[(int) length]));
            }
        }

        void run() {
            channel.runPendingTasks();
        }

        /** Lets time pass while the remote pings now and then. */
        void keepAliveFor(Duration time) {
            for (long second = 0; second < time.toSeconds(); second++) {
                scheduler.advance(Duration.ofSeconds(1));
                run();
                send("000200010000000000000000");
            }
        }

        /** The frames that came since the last call. */
        List<String> received() {
            run();
            var all = Unpooled.buffer();
            for (ByteBuf next; (next = channel.readOutbound()) != null; next.release()) {
                all.writeBytes(next);
            }
            var frames = new ArrayList<String>();
            while (all.isReadable()) {
                int payload =
                        all.getByte(all.readerIndex() + 1) == 0
                                ? (int) all.getUnsignedInt(all.readerIndex() + 8)
                                : 0;
                frames.add(ByteBufUtil.hexDump(all.readSlice(12 + payload)));
            }
            return frames;
        }
    }
}
