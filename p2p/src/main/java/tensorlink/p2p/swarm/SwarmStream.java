package tensorlink.p2p.swarm;

import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.Traffic;
import tensorlink.p2p.mux.MuxedStream;
import tensorlink.p2p.mux.StreamError;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/** A muxed stream whose protocol is agreed. */
record SwarmStream(MuxedStream muxed, ProtocolId protocol, Connection connection)
        implements Stream {
    @Override
    public int read(MemorySegment target) throws IOException, InterruptedException {
        return muxed.read(target);
    }

    @Override
    public void write(MemorySegment source) throws IOException, InterruptedException {
        muxed.write(source);
    }

    @Override
    public void closeWrite() throws IOException {
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
    public void traffic(Traffic kind) {
        muxed.traffic(kind);
    }

    @Override
    public String toString() {
        return protocol + " with " + connection.remotePeer().shortText();
    }
}
