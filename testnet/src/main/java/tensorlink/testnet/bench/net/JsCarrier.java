package tensorlink.testnet.bench.net;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** js-libp2p in two processes of its own. */
record JsCarrier(Way way, String remote, Child dialling, Child listening)
        implements Carrier.OfStreams {

    static JsCarrier start(Way way, Child dialling, Child listening)
            throws IOException, InterruptedException {
        var remote = listening.ask("address", way.label()).path("address").asString();
        return new JsCarrier(way, remote, dialling, listening);
    }

    @Override
    public String name() {
        return "js-" + way.label();
    }

    @Override
    public int lightness() {
        return way == Way.QUIC ? 10 : 4;
    }

    @Override
    public Duration cpu() {
        return dialling.cpu().plus(listening.cpu());
    }

    @Override
    public StreamLink open() throws IOException, InterruptedException {
        dialling.ask("connect", way.label(), remote);
        return new JsLink();
    }

    /** The one connection between the two. */
    private final class JsLink implements StreamLink {
        @Override
        public void upload(long bytes) throws IOException, InterruptedException {
            dialling.ask("upload", way.label(), bytes);
        }

        @Override
        public List<Double> pings(int count) throws IOException, InterruptedException {
            var micros = new ArrayList<Double>();
            for (var value : dialling.ask("pings", way.label(), count).path("micros")) {
                micros.add(value.asDouble());
            }
            return micros;
        }

        @Override
        public void streams(int count) throws IOException, InterruptedException {
            dialling.ask("streams", way.label(), count);
        }

        @Override
        public void connections(int count) throws IOException, InterruptedException {
            dialling.ask("connections", way.label(), remote, count);
        }

        @Override
        public void close() throws IOException {
            try {
                dialling.ask("disconnect", way.label());
            } catch (InterruptedException hurried) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
