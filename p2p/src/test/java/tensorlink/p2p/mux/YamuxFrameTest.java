package tensorlink.p2p.mux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.mux.YamuxFrame.Flags;

class YamuxFrameTest {

    @ParameterizedTest
    @CsvSource({
        "000000000000000100000005, 'Data[flags=Flags[syn=false, ack=false, fin=false, rst=false],"
                + " stream=1, length=5]'",
        "0001000100000002fffffff0, 'WindowUpdate[flags=Flags[syn=true, ack=false, fin=false,"
                + " rst=false], stream=2, value=4294967280]'",
        "0001000600000003deadbeef, 'WindowUpdate[flags=Flags[syn=false, ack=true, fin=true,"
                + " rst=false], stream=3, value=3735928559]'",
        "000200010000000001020304, 'Ping[isAnswer=false, value=16909060]'",
        "000200020000000000000007, 'Ping[isAnswer=true, value=7]'",
        "000300000000000000000002, GoAway[code=2]"
    })
    void has_the_twelve_bytes_of_the_specification(String hex, String text) throws Exception {
        var bytes = ByteBufUtil.decodeHexDump(hex);

        var frame = YamuxFrame.read(Unpooled.wrappedBuffer(bytes));
        var written = Unpooled.buffer();
        frame.write(written);

        assertThat(frame).hasToString(text);
        assertThat(ByteBufUtil.hexDump(written)).isEqualTo(hex);
    }

    @ParameterizedTest
    @CsvSource({
        "010000000000000100000000, version 1",
        "ff0000000000000100000000, version 255",
        "000400000000000100000000, type 4",
        "00ff00000000000100000000, type 255",
        "000000000000000000000000, id 0",
        "000100010000000000000000, id 0",
        "000200010000000100000000, stream id 1",
        "000200000000000000000000, neither question nor answer",
        "000200030000000000000000, neither question nor answer",
        "0003000000000001ffffffff, stream id 1"
    })
    void refuses_headers_that_make_no_sense(String hex, String reason) {
        var bytes = Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex));

        assertThatThrownBy(() -> YamuxFrame.read(bytes))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining(reason);
    }

    @Test
    void any_twelve_bytes_are_a_frame_or_a_violation() {
        var random = new Random(2);
        for (int i = 0; i < 100_000; i++) {
            var bytes = new byte[12];
            random.nextBytes(bytes);
            bytes[0] = (byte) (random.nextInt(10) == 0 ? 1 : 0);
            bytes[1] = (byte) random.nextInt(5);
            try {
                var frame = YamuxFrame.read(Unpooled.wrappedBuffer(bytes));
                var written = Unpooled.buffer();
                frame.write(written);
                assertThat(YamuxFrame.read(written)).as("seed 2, case %d", i).isEqualTo(frame);
            } catch (ProtocolViolation refused) {
                assertThat(refused).hasMessageContaining("yamux");
            }
        }
    }

    @Test
    void flags_combine() {
        for (int bits = 0; bits < 16; bits++) {
            assertThat(Flags.of(bits).bits()).isEqualTo(bits);
        }
        assertThat(Flags.of(0xfff0)).isEqualTo(Flags.NONE);
    }
}
