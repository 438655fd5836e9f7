package tensorlink.p2p.mux;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.trace.ConnectionTrace;

/**
 * Reports the yamux frames of a traced connection, from between the cipher and the session. It only
 * looks: what is malformed it leaves to the session to judge, and looks no further.
 */
public final class FrameTap extends ChannelDuplexHandler {
    /** Questions whose answer is awaited; more are not timed. */
    private static final int PINGS_MAX = 32;

    private static final double NANOS_PER_MILLI = 1e6;

    private final ConnectionTrace trace;
    private final LongSupplier clock;
    private final YamuxDecoder received = new YamuxDecoder();
    private final YamuxDecoder sent = new YamuxDecoder();
    private final Map<Integer, Long> pings = new HashMap<>();
    private boolean isLost;

    /**
     * @param clock in nanoseconds
     */
    public FrameTap(ConnectionTrace trace, LongSupplier clock) {
        this.trace = trace;
        this.clock = clock;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        look(message, received, "mux:frame_received");
        context.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        look(message, sent, "mux:frame_sent");
        var _ = context.write(message, promise);
    }

    private void look(Object message, YamuxDecoder decoder, String event) {
        if (isLost || !trace.isOn() || !(message instanceof ByteBuf bytes)) {
            return;
        }
        try {
            decoder.decode(bytes.duplicate(), new Report(event));
        } catch (ProtocolViolation violation) {
            isLost = true;
            trace.event("mux:malformed", Map.of("reason", String.valueOf(violation.getMessage())));
        }
    }

    private final class Report implements YamuxDecoder.Sink {
        private final String event;

        Report(String event) {
            this.event = event;
        }

        @Override
        public void frame(YamuxFrame frame) {
            switch (frame) {
                case YamuxFrame.Data(var flags, int stream, long length) ->
                        report("data", stream, flags, "length", length);
                case YamuxFrame.WindowUpdate(var flags, int stream, long value) ->
                        report(
                                "window_update",
                                stream,
                                flags,
                                flags.rst() ? "error_code" : "credit",
                                value);
                case YamuxFrame.Ping(boolean isAnswer, int value) -> {
                    report(isAnswer ? "pong" : "ping", 0, null, "value", value);
                    time(isAnswer, value);
                }
                case YamuxFrame.GoAway(int code) -> report("go_away", 0, null, "code", code);
            }
        }

        private void report(
                String type, int stream, YamuxFrame.@Nullable Flags flags, String key, long value) {
            var data = new LinkedHashMap<String, Object>();
            data.put("frame_type", type);
            if (flags != null) {
                data.put("stream_id", Integer.toUnsignedLong(stream));
                data.put("flags", flags(flags));
            }
            data.put(key, value);
            trace.event(event, data);
        }

        private static String flags(YamuxFrame.Flags flags) {
            var text = new StringBuilder();
            text.append(flags.syn() ? "S" : "").append(flags.ack() ? "A" : "");
            return text.append(flags.fin() ? "F" : "").append(flags.rst() ? "R" : "").toString();
        }

        /** Question and answer pass here in opposite directions. */
        private void time(boolean isAnswer, int value) {
            if (!isAnswer && pings.size() < PINGS_MAX) {
                pings.put(value, clock.getAsLong());
            } else if (isAnswer) {
                var asked = pings.remove(value);
                if (asked != null) {
                    trace.event(
                            "mux:round_trip",
                            Map.of("ms", (clock.getAsLong() - asked) / NANOS_PER_MILLI));
                }
            }
        }

        @Override
        public void payload(ByteBuf input, int length, boolean isLast) {}
    }
}
