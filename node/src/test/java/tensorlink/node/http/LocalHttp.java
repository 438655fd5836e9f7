package tensorlink.node.http;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Servers that tests stand up for others to ask. */
public final class LocalHttp {
    private LocalHttp() {}

    /**
     * One on a free port of loopback, made after the process has the limits of {@link ApiServer}.
     */
    public static HttpServer create() throws IOException {
        ApiServer.limit();
        return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    }
}
