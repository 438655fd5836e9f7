package tensorlink.p2p.swarm;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.mux.MuxedStream;
import tensorlink.p2p.mux.StreamError;

/** A muxed stream whose protocol is agreed. */
record SwarmStream(
        MuxedStream muxed, ProtocolId protocol, Connection connection, TrafficTable.Count traffic)
        implements Stream {
    @Override
    public int read(MemorySegment target) throws IOException, InterruptedException {
        int count = muxed.read(target);
        traffic.received(Math.max(0, count));
        return count;
    }

    @Override
    public void write(MemorySegment source) throws IOException, InterruptedException {
        muxed.write(source);
        traffic.sent(source.byteSize());
    }

    @Override
    public void echo() throws IOException, InterruptedException {
        muxed.echo(count -> {
            traffic.received(count);
            traffic.sent(count);
        });
    }

    @Override
    public void closeWrite() throws IOException, InterruptedException {
        muxed.closeWrite();
    }

    @Override
    public void reset() {
        muxed.reset(StreamError.NONE);
    }

    @Override
    public void close() {
        muxed.close();
    }

    @Override
    public void timeout(Duration limit) {
        muxed.timeout(limit);
    }

    @Override
    public void purpose(Purpose kind) {
        muxed.purpose(kind);
    }

    @Override
    public String toString() {
        return protocol + " with " + connection.remotePeer().shortText();
    }
}
