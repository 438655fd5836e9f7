package tensorlink.p2p.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.KeyPair;

@Timeout(60)
class TracerTest {
    private final Tracer tracer = new Tracer(new Limits.Tracing(100, 2), Scheduler.system());

    @Test
    void while_nobody_is_interested_there_is_one_trace_that_is_off() {
        assertThat(tracer.begin()).isSameAs(ConnectionTrace.OFF);
        assertThat(ConnectionTrace.OFF.isOn()).isFalse();
    }

    @Test
    void the_trace_of_an_uninteresting_peer_is_off_once_the_peer_is_known() {
        var wanted = KeyPair.generate().peerId();
        var text = new StringWriter();
        var subscription = tracer.add(wanted::equals, text);
        var trace = tracer.begin();
        trace.event("before");
        assertThat(trace.isOn()).isTrue();

        trace.peer(KeyPair.generate().peerId());

        assertThat(trace.isOn()).isFalse();
        trace.event("after");
        subscription.close();
        assertThat(text.toString().lines()).singleElement().asString().contains("qlog_version");
    }

    @Test
    void a_sink_that_is_too_slow_misses_lines_and_is_told_how_many() {
        var goOn = new CountDownLatch(1);
        var text =
                new StringWriter() {
                    @Override
                    public StringWriter append(CharSequence line) {
                        super.append(line);
                        try {
                            goOn.await();
                        } catch (InterruptedException ended) {
                            Thread.currentThread().interrupt();
                        }
                        return this;
                    }
                };
        var subscription = tracer.add(_ -> true, text);
        Eventually.until("the first line is stuck", () -> !text.toString().isEmpty());
        var trace = tracer.begin();
        trace.peer(KeyPair.generate().peerId());

        for (int i = 0; i < 10; i++) {
            trace.event("event:" + i);
        }
        goOn.countDown();
        subscription.close();

        assertThat(text.toString())
                .contains("event:0", "event:1", "\"trace:lines_left_out\",\"data\":{\"lines\":8}")
                .doesNotContain("event:2");
    }

    @Test
    void lines_are_json_whatever_is_in_them() {
        var members = new LinkedHashMap<String, Object>();
        members.put("text", "a \"quoted\" \\ line\nbreak \u00e9 \ud83d\ude00");
        members.put("number", 1.5);
        members.put("truth", true);
        members.put("object", Map.of("long", "x".repeat(5000)));

        assertThat(Json.line(members))
                .startsWith(
                        "{\"text\":\"a \\\"quoted\\\" \\\\ line\\u000abreak \\u00e9"
                                + " \\ud83d\\ude00\",\"number\":1.5,\"truth\":true,"
                                + "\"object\":{\"long\":\"xxx")
                .endsWith("x\"}}\n")
                .hasSizeLessThan(1200);
    }
}
