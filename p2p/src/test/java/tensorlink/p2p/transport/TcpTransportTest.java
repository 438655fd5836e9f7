package tensorlink.p2p.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.multiaddr.Multiaddr;

@Timeout(30)
class TcpTransportTest {
    /**
     * Netty closes the channels of a loop only if the loop had time for a round of I/O meanwhile.
     */
    @Test
    void closing_closes_the_channels_of_a_loop_that_is_busy() throws Exception {
        var transport = new TcpTransport(1, Duration.ofSeconds(5), false);
        var opened = new CountDownLatch(1);
        var ended = new CountDownLatch(1);
        var listener =
                transport.listen(
                        Multiaddr.parse("/ip4/127.0.0.1/tcp/0"),
                        new ChannelInboundHandlerAdapter());
        var channel =
                transport
                        .dial(
                                listener.addresses().getFirst(),
                                new ChannelInboundHandlerAdapter() {
                                    @Override
                                    public void channelActive(ChannelHandlerContext context) {
                                        opened.countDown();
                                    }

                                    @Override
                                    public void channelInactive(ChannelHandlerContext context) {
                                        ended.countDown();
                                    }
                                })
                        .sync()
                        .channel();
        opened.await();
        listener.close();

        var busy = new CountDownLatch(1);
        channel.eventLoop()
                .execute(() -> {
                    busy.countDown();
                    while (!transport.loops().isShuttingDown()) {
                        Thread.onSpinWait();
                    }
                });
        busy.await();
        transport.close();

        assertThat(channel.isOpen()).isFalse();
        assertThat(ended.getCount()).isZero();
    }
}
