package tensorlink.p2p.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.multiaddr.Multiaddr;

/**
 * Bytes in binary WebSocket messages (RFC 6455) over TCP, with or without the web's TLS around
 * them. Peers prove themselves inside, so the origin of a request is not looked at, and the web's
 * certificates only matter where an address asks for them.
 */
public final class WebSocketTransport implements Transport {
    /** A request or an error page may have so much besides its head. */
    private static final int BODY_BYTES_MAX = 1024;

    private static final int INITIAL_LINE_BYTES_MAX = 1024;

    private final TcpTransport tcp;
    private final Limits.WebSocket limits;
    private final Optional<SSLContext> webTls;

    /**
     * @param tcp is lent and stays open
     * @param webTls for secure addresses: the certificate to show, whom to trust. Without one
     *     nothing secure can be listened at, and whom the JDK trusts is trusted.
     */
    public WebSocketTransport(
            TcpTransport tcp, Limits.WebSocket limits, Optional<SSLContext> webTls) {
        this.tcp = tcp;
        this.limits = limits;
        this.webTls = webTls;
    }

    @Override
    public boolean handles(Multiaddr address) {
        return WebSocketAddress.parse(address).isPresent();
    }

    private static WebSocketAddress parse(Multiaddr address) {
        return WebSocketAddress.parse(address)
                .orElseThrow(() -> new IllegalArgumentException(address + " is no WebSocket"));
    }

    @Override
    public ChannelFuture dial(Multiaddr address, ChannelHandler pipeline) throws IOException {
        var to = parse(address);
        Optional<SSLEngine> tls = to.isSecure() ? Optional.of(clientTls(to)) : Optional.empty();
        return tcp.dial(
                to.tcp(),
                new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        var handlers = channel.pipeline();
                        tls.ifPresent(engine -> handlers.addLast(new SslHandler(engine)));
                        handlers.addLast(new HttpClientCodec(head(), false, false))
                                .addLast(new HttpObjectAggregator(BODY_BYTES_MAX))
                                .addLast(new WebSocketClientProtocolHandler(client(to)))
                                .addLast(new WebSocketBytes(payload(false)))
                                .addLast(pipeline);
                    }
                });
    }

    /** The certificate must be made out to the name in the address. */
    private SSLEngine clientTls(WebSocketAddress to) throws IOException {
        try {
            var engine =
                    webTls.isPresent()
                            ? webTls.get().createSSLEngine(to.name(), to.port())
                            : SSLContext.getDefault().createSSLEngine(to.name(), to.port());
            engine.setUseClientMode(true);
            var parameters = engine.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            engine.setSSLParameters(parameters);
            return engine;
        } catch (NoSuchAlgorithmException broken) {
            throw new IOException("this JDK has no TLS", broken);
        }
    }

    private WebSocketPayload payload(boolean expectsMask) {
        return new WebSocketPayload(expectsMask, limits.frameBytesMax());
    }

    private HttpDecoderConfig head() {
        return new HttpDecoderConfig()
                .setMaxInitialLineLength(INITIAL_LINE_BYTES_MAX)
                .setMaxHeaderSize(limits.headBytesMax())
                .setMaxChunkSize(BODY_BYTES_MAX);
    }

    private WebSocketClientProtocolConfig client(WebSocketAddress to) {
        var name = to.name().indexOf(':') < 0 ? to.name() : "[" + to.name() + "]";
        return WebSocketClientProtocolConfig.newBuilder()
                .webSocketUri((to.isSecure() ? "wss" : "ws") + "://" + name + ":" + to.port() + "/")
                .allowExtensions(false)
                .generateOriginHeader(false)
                .build();
    }

    @Override
    public Listener listen(Multiaddr address, ChannelHandler pipeline)
            throws IOException, InterruptedException {
        var at = parse(address);
        if (at.isSecure() && webTls.isEmpty()) {
            throw new IOException("cannot listen at " + address + " without a certificate to show");
        }
        var listener =
                tcp.listen(
                        at.tcp(),
                        new ChannelInitializer<Channel>() {
                            @Override
                            protected void initChannel(Channel channel) {
                                var handlers = channel.pipeline();
                                if (at.isSecure()) {
                                    handlers.addLast(new SslHandler(serverTls()));
                                }
                                handlers.addLast(new HttpServerCodec(head()))
                                        .addLast(new HttpObjectAggregator(BODY_BYTES_MAX))
                                        .addLast(new WebSocketRequest())
                                        .addLast(new WebSocketServerProtocolHandler(server()))
                                        .addLast(new WebSocketBytes(payload(true)))
                                        .addLast(pipeline);
                            }
                        });
        return new Bound(listener, at.isSecure());
    }

    private SSLEngine serverTls() {
        var engine = webTls.orElseThrow().createSSLEngine();
        engine.setUseClientMode(false);
        return engine;
    }

    private WebSocketServerProtocolConfig server() {
        return WebSocketServerProtocolConfig.newBuilder()
                .websocketPath("/")
                .checkStartsWith(true)
                .decoderConfig(WebSocketDecoderConfig.newBuilder().allowExtensions(false).build())
                .build();
    }

    @Override
    public Multiaddr remoteAddress(Channel channel) {
        boolean isSecure = channel.pipeline().get(SslHandler.class) != null;
        return WebSocketAddress.over(tcp.remoteAddress(channel), isSecure);
    }

    @Override
    public void close() {}

    private record Bound(Listener tcp, boolean isSecure) implements Listener {
        @Override
        public List<Multiaddr> addresses() {
            var addresses = new ArrayList<Multiaddr>();
            for (var address : tcp.addresses()) {
                addresses.add(WebSocketAddress.over(address, isSecure));
            }
            return addresses;
        }

        @Override
        public void close() {
            tcp.close();
        }
    }
}
